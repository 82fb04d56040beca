/* SPDX-License-Identifier: MIT */
/* A room: the takes that have one timeline, and what becomes of them together when it ends (outcome.h). */
#ifndef ROOMLINE_RECORDER_ROOM_H
#define ROOMLINE_RECORDER_ROOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "common/rec_proto.h"
#include "recorder/finish.h"
#include "recorder/link.h"

struct recorder;

LIST_HEAD(take_list, take);

enum room_phase {
    ROOM_LIVE,
    ROOM_ENDED,    /* its takes are yet to be finished */
    ROOM_WHOLE,    /* they become one file */
    ROOM_STEP,     /* their own files are made anew */
    ROOM_FINISHED, /* or failed, or nothing was wanted */
};

struct room {
    uint64_t id;
    struct rec_room_put put;
    enum room_phase phase;
    bool seen; /* in the snapshot that is coming in */
    bool keep; /* its captures aside, when they are cleared away */
    struct take_list takes;
    struct finish_job *job; /* WHOLE, STEP; else NULL */
    int64_t start_us, start_unix_us;
    struct report file; /* WHOLE has been made: of it */
    char error[REC_ERROR_BYTES];
    struct tale tale;
    UT_hash_handle hh;
};

struct room *room_find(struct recorder *rec, uint64_t id);
void room_put(struct recorder *rec, const struct rec_room_put *m);
void room_leave(struct recorder *rec, const struct rec_room_put *m); /* found on the disk */
void room_end(struct recorder *rec, struct room *room);              /* and its takes; once more: nothing */
bool room_is_wanted(const struct room *room);                        /* something is made of its takes together */
void room_tell(struct recorder *rec, struct room *room, enum rec_state_id state); /* if it is wanted */
void room_destroy(struct recorder *rec, struct room *room); /* has no takes, no job is under way */

#endif
