/* SPDX-License-Identifier: MIT */
/* Is there room to record? Looked after once a second, by a hand. And what people are told when a disk fails. */
#ifndef ROOMLINE_RECORDER_DISK_H
#define ROOMLINE_RECORDER_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder/hand.h"

#define DISK_LOOK_US INT64_C(1000000)

struct disk {
    struct hand_job job; /* first */
    struct hand *hand;
    const char *records;
    bool looking; /* the job is with the hand */
    int64_t due_us;
    bool known;
    uint64_t free_bytes; /* for us, when it was looked at last; while known */
    int err;             /* the hand's: of looking */
    uint64_t seen_bytes; /* the hand's */
};

void disk_init(struct disk *d, struct hand *hand, const char *records); /* looks at once, and waits for it */
void disk_tick(struct disk *d, int64_t now_us);
bool disk_is_full(const struct disk *d, uint32_t min_free_mbytes); /* what cannot be looked at is not full */

const char *disk_error(int err); /* -errno in words for an operator */

#endif
