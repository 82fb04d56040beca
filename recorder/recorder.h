/* SPDX-License-Identifier: MIT */
/* The recorder: rooms and takes as the controlplane says them, the dataplane's records on their way into captures, and
 * what becomes of those. One thread owns all of this and waits for nothing; what may wait for the disk is given to
 * hands. */
#ifndef ROOMLINE_RECORDER_RECORDER_H
#define ROOMLINE_RECORDER_RECORDER_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "recorder/capture.h"
#include "recorder/disk.h"
#include "recorder/finish.h"
#include "recorder/hand.h"
#include "recorder/intake.h"
#include "recorder/link.h"
#include "recorder/loop.h"
#include "recorder/manifest.h"

struct take;
struct source;
struct room;

#define RECORDER_PATIENCE_US INT64_C(30000000) /* that what an earlier run left waits for a controlplane */

enum recorder_hand {
    HAND_WRITER, /* opens captures and appends to them */
    HAND_SYNCER, /* sees that it reaches the disk, and how much room there is */
    HAND_CHORES, /* all that can wait: salvage, starting finishers, the manifest */
    RECORDER_HANDS
};

struct recorder {
    const struct conf *conf;
    char records[PATH_MAX]; /* absolute */
    atomic_bool stopping;
    struct loop loop;
    struct recorder_worker {
        struct hand hand;
        struct watch watch;
    } workers[RECORDER_HANDS];
    struct captures captures;
    struct link link;
    struct intake intake;
    struct finish finish;
    struct manifest manifest;
    struct disk disk;
    struct room *rooms;                                   /* uthash by id */
    struct take *takes;                                   /* uthash by id */
    struct source *sources;                               /* uthash by RTP stream, of live takes */
    int64_t now_us;                                       /* CLOCK_MONOTONIC, of this turn */
    int64_t poll_us, flush_us, sync_us, tell_us, tick_us; /* when each is due */
    int64_t orphans_us; /* when what an earlier run left is ended without a controlplane; INT64_MAX: one came */
};

/* conf is borrowed. finisher: path of that program; NULL: the one beside ours. 0 or -errno, which it has logged. After
 * either, recorder_finish. */
int recorder_init(struct recorder *rec, const struct conf *conf, const char *finisher);

void recorder_turn(struct recorder *rec); /* waits a little, and serves what has come */

/* Live takes are left as they are, for the next run to go on with; all that came is on the disk. */
void recorder_finish(struct recorder *rec);

bool recorder_is_full(const struct recorder *rec); /* less than record.min_free_mbytes are free */
int64_t recorder_unix_us(void);

#endif
