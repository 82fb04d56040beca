/* SPDX-License-Identifier: MIT */
/* A take: what one published stream sends, from its PUT, over its capture, to what becomes of that (outcome.h). */
#ifndef ROOMLINE_RECORDER_TAKE_H
#define ROOMLINE_RECORDER_TAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "common/rec_proto.h"
#include "common/tap.h"
#include "recorder/finish.h"
#include "recorder/keyframes.h"
#include "recorder/link.h"
#include "recorder/told.h"

struct recorder;
struct room;

enum take_phase {
    TAKE_LEFT,      /* by an earlier run; whether it goes on is not known yet */
    TAKE_LIVE,      /* being captured */
    TAKE_CLOSING,   /* its END is on the way to the disk */
    TAKE_CAPTURED,  /* closed */
    TAKE_FINISHING, /* its own file is being made */
    TAKE_FINISHED,  /* it has been, or cannot be, or is not wanted */
};

struct source {      /* an RTP stream of a take */
    uint64_t stream; /* 0: none, and in no table */
    struct take *take;
    int64_t ring; /* of the dataplane, where its last record came from; -1: none came */
    struct keyframes keyframes;
    UT_hash_handle hh;
};

struct take {
    uint64_t id;
    struct room *room;
    struct rec_take_put put;
    char file[REC_FILE_BYTES]; /* the name that holds */
    enum take_phase phase;
    bool seen;               /* in the snapshot that is coming in */
    bool over;               /* nobody will put it again */
    bool empty;              /* no media came */
    bool keep;               /* aside, when it is cleared away: something of it failed */
    bool marked;             /* it is told, and marked so */
    bool erased;             /* its capture has been cleared away, or never was */
    struct capture *capture; /* LIVE, CLOSING; else NULL */
    struct finish_job *job;  /* FINISHING; else NULL */
    struct source sources[MEDIA_KINDS];
    uint64_t bytes;   /* of the capture, when it was closed */
    int64_t clock_us; /* when the next clock record is due */
    int64_t start_us; /* CLOCK_MONOTONIC, of this run */
    int64_t start_unix_us;
    char error[REC_ERROR_BYTES]; /* why it is not all there; "": it is */
    struct tale tale;
    LIST_ENTRY(take) in_room;
    UT_hash_handle hh;
};

struct take *take_find(struct recorder *rec, uint64_t id);
void take_put(struct recorder *rec, const struct rec_take_put *m);
void take_leave(struct recorder *rec, const struct rec_take_put *m, enum told told); /* found on the disk */

/* The controlplane holds it no longer. file: "" or the name that holds. Once more: nothing. */
void take_end(struct recorder *rec, struct take *take, const char *file);
void take_fail(struct recorder *rec, struct take *take, const char *why); /* it cannot go on; that is told */

void take_flush(struct recorder *rec, struct take *take); /* a live one; and the clock record, when it is due */
void take_tell(struct recorder *rec, struct take *take, enum rec_state_id state);
uint64_t take_bytes(const struct take *take);               /* captured so far */
void take_destroy(struct recorder *rec, struct take *take); /* its capture is closed, no job is under way */

/* From the dataplane. */
void take_on_record(struct recorder *rec, uint32_t ring, const struct tap_record *r);
void take_on_lost(struct recorder *rec, uint32_t ring, uint64_t records);

/* From the capture. written: there is a file. */
void take_on_error(struct recorder *rec, struct take *take, int err);
void take_on_closed(struct recorder *rec, struct take *take, bool written);

#endif
