/* SPDX-License-Identifier: MIT */
/* Captures that an earlier run of the recorder left behind: found at the start, and closed where nobody goes on with
 * them. */
#ifndef ROOMLINE_RECORDER_SALVAGE_H
#define ROOMLINE_RECORDER_SALVAGE_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/rec_proto.h"
#include "recorder/hand.h"
#include "recorder/scan.h"
#include "recorder/told.h"

/* Looks through the captures and calls for each room in which there are any, and then for each of its takes; borrowed
 * for the call. A room whose room.json is not to be read is as its takes say. Files and folders that are none of ours
 * stay where they are. A capture that is cut off within its META is deleted, there is nothing in it; so are a room's
 * folder without captures, and one that an earlier run was deleting. 0 or -errno of the folder. */
int salvage_list(const char *records, void (*on_room)(void *arg, const struct rec_room_put *room),
                 void (*on_take)(void *arg, const struct rec_take_put *take, enum told told), void *arg);

struct salvage {
    struct hand_job job; /* first */
    const char *records;
    const atomic_bool *stop;
    uint64_t room, take;
    void *arg;
    void (*on_done)(void *arg, const struct salvage *s); /* it is freed after the call */
    int err;                                             /* 0 or -errno */
    struct scan scan;                                    /* of the file as it was */
};

/* Cuts a capture to its last whole record and closes it, unless it is. */
void salvage_start(struct hand *hand, const char *records, const atomic_bool *stop, uint64_t room, uint64_t take,
                   void (*on_done)(void *arg, const struct salvage *s), void *arg);

/* The same for an open file, at once. now_us: CLOCK_MONOTONIC, of its END. 0 or -errno. */
int salvage_file(int fd, struct scan *s, const atomic_bool *stop, int64_t now_us);

#endif
