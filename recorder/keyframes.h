/* SPDX-License-Identifier: MIT */
/* When a recorded video stream is to be asked for a key frame: until the first one has come, when packets stay missing,
 * and when the last one is long ago. Asked only while packets come, and never more often than each
 * KEYFRAMES_WISH_US. */
#ifndef ROOMLINE_RECORDER_KEYFRAMES_H
#define ROOMLINE_RECORDER_KEYFRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/media.h"
#include "common/tap.h"

#define KEYFRAMES_WISH_US  (INT64_C(2) * 1000 * 1000)
#define KEYFRAMES_PATCH_US INT64_C(500000) /* in which retransmissions may yet fill a gap */

struct keyframes { /* zeroed: nothing has come */
    bool started;  /* highest is set */
    bool has_key;
    int64_t highest; /* index */
    int64_t missing; /* packets below highest that have not come */
    int64_t gap_us;  /* when the first of them was missed */
    int64_t key_us;  /* when the last key frame began */
    int64_t wish_us; /* when it was asked last; 0: never */
};

/* One RTP record of the stream, its packet behind it. interval_us: of record.keyframe_interval; 0: never by itself.
 * true: ask now. */
bool keyframes_take(struct keyframes *k, const struct tap_record *r, enum codec codec, int64_t interval_us);

#endif
