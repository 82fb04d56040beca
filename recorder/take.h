/* SPDX-License-Identifier: MIT */
/* A take: what one published stream sends, from its PUT to the end of its capture. */
#ifndef ROOMLINE_RECORDER_TAKE_H
#define ROOMLINE_RECORDER_TAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "common/rec_proto.h"
#include "common/tap.h"
#include "recorder/keyframes.h"
#include "recorder/link.h"

struct recorder;
struct room;

enum take_phase {
    TAKE_LIVE,     /* being captured */
    TAKE_CLOSING,  /* its END is on the way to the disk */
    TAKE_CAPTURED, /* closed */
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
    struct capture *capture; /* LIVE, CLOSING */
    struct source sources[MEDIA_KINDS];
    int64_t clock_us; /* when the next clock record is due */
    int64_t start_unix_us;
    struct tale tale;
    LIST_ENTRY(take) in_room;
    UT_hash_handle hh;
};

struct take *take_find(struct recorder *rec, uint64_t id);
void take_put(struct recorder *rec, const struct rec_take_put *m);

/* file: "" or the name that holds; why: for the capture's END. One that is not live: nothing. */
void take_end(struct recorder *rec, struct take *take, const char *file, const char *why);

/* From the dataplane. */
void take_on_record(struct recorder *rec, uint32_t ring, const struct tap_record *r);
void take_on_lost(struct recorder *rec, uint32_t ring, uint64_t records);

/* From the capture. */
void take_on_error(struct recorder *rec, struct take *take, int err);
void take_on_closed(struct recorder *rec, struct take *take);

void take_flush(struct recorder *rec, struct take *take); /* and the clock record, when it is due */
void take_tell_recording(struct recorder *rec, struct take *take);
void take_destroy(struct recorder *rec, struct take *take); /* its capture is closed */

#endif
