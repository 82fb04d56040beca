/* SPDX-License-Identifier: MIT */
/* The recorder: rooms and takes as the controlplane says them, the dataplane's records on their way into captures. One
 * thread owns all of this and waits for nothing; what may wait for the disk is given to hands. */
#ifndef ROOMLINE_RECORDER_RECORDER_H
#define ROOMLINE_RECORDER_RECORDER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "recorder/capture.h"
#include "recorder/hand.h"
#include "recorder/intake.h"
#include "recorder/link.h"
#include "recorder/loop.h"

struct take;
struct source;
struct room;

enum recorder_hand { HAND_WRITER, HAND_SYNCER, RECORDER_HANDS };

struct recorder {
    const struct conf *conf;
    char records[PATH_MAX]; /* absolute */
    struct loop loop;
    struct recorder_worker {
        struct hand hand;
        struct watch watch;
    } workers[RECORDER_HANDS];
    struct captures captures;
    struct link link;
    struct intake intake;
    struct room *rooms;                                   /* uthash by id */
    struct take *takes;                                   /* uthash by id */
    struct source *sources;                               /* uthash by RTP stream, of live takes */
    int64_t now_us;                                       /* CLOCK_MONOTONIC, of this turn */
    int64_t poll_us, flush_us, sync_us, tell_us, tick_us; /* when each is due */
};

/* conf is borrowed. 0 or -errno, which it has logged. After either, recorder_finish. */
int recorder_init(struct recorder *rec, const struct conf *conf);

void recorder_turn(struct recorder *rec); /* waits a little, and serves what has come */

/* Live takes are left as they are, for the next run to go on with; all that came is on the disk. */
void recorder_finish(struct recorder *rec);

#endif
