/* SPDX-License-Identifier: MIT */
/* A room: the takes that have one timeline, and what becomes of them together when it ends. */
#ifndef ROOMLINE_RECORDER_ROOM_H
#define ROOMLINE_RECORDER_ROOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "common/rec_proto.h"
#include "recorder/link.h"

struct recorder;

LIST_HEAD(take_list, take);

struct room {
    uint64_t id;
    struct rec_room_put put;
    bool seen; /* in the snapshot that is coming in */
    bool ended;
    struct take_list takes;
    struct tale tale;
    UT_hash_handle hh;
};

struct room *room_find(struct recorder *rec, uint64_t id);
void room_put(struct recorder *rec, const struct rec_room_put *m);
void room_end(struct recorder *rec, struct room *room);     /* and its takes; once more: nothing */
void room_destroy(struct recorder *rec, struct room *room); /* has no takes */

#endif
