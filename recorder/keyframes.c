/* SPDX-License-Identifier: MIT */
/* keyframes: gaps in the index, and what begins a key frame. */
#include "recorder/keyframes.h"

#include "common/codec.h"
#include "common/rtp.h"

#define RESTART_PACKETS 32768 /* a jump this far back or ahead is another SSRC, not a gap */

static void note_key(struct keyframes *k, const struct tap_record *r)
{
    k->has_key = true;
    k->missing = 0; /* nothing behind it needs what was lost */
    k->key_us = r->rx_us;
}

static void note_index(struct keyframes *k, const struct tap_record *r)
{
    int64_t ahead = k->started ? r->index - k->highest : 1;
    if (ahead >= RESTART_PACKETS || ahead <= -RESTART_PACKETS) {
        *k = (struct keyframes){.wish_us = k->wish_us};
        ahead = 1;
    }
    if (ahead > 1 && !k->missing)
        k->gap_us = r->rx_us;
    if (ahead > 0) {
        k->missing += ahead - 1;
        k->highest = r->index;
        k->started = true;
    } else if (ahead < 0 && k->missing) {
        k->missing--;
    }
}

static bool begins_key(const struct tap_record *r, enum codec codec)
{
    const uint8_t *packet = (const uint8_t *)(r + 1);
    struct rtp_view v;
    return rtp_parse(&v, packet, r->body_bytes) == 0 &&
           codec_is_keyframe_start(codec, packet + v.payload, v.payload_bytes);
}

bool keyframes_take(struct keyframes *k, const struct tap_record *r, enum codec codec, int64_t interval_us)
{
    note_index(k, r);
    if (begins_key(r, codec))
        note_key(k, r);
    bool broken = k->missing && r->rx_us - k->gap_us >= KEYFRAMES_PATCH_US;
    bool old = interval_us && r->rx_us - k->key_us >= interval_us;
    if (k->has_key && !broken && !old)
        return false;
    if (k->wish_us && r->rx_us - k->wish_us < KEYFRAMES_WISH_US)
        return false;
    k->wish_us = r->rx_us;
    return true;
}
