/* SPDX-License-Identifier: MIT */
/* The queue of what is to be made of captures, and the processes (roomline-finisher) that do it: some at a time, at the
 * lowest priority. One that crashes is tried once more; one for which the disk is full, or that does not start, later,
 * for as long as it takes. What a process works on is locked (flock) until it ends, so that none of an earlier run of
 * the recorder, still at it, meets one of this. */
#ifndef ROOMLINE_RECORDER_FINISH_H
#define ROOMLINE_RECORDER_FINISH_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/rec_proto.h"
#include "recorder/hand.h"
#include "recorder/lines.h"
#include "recorder/loop.h"
#include "recorder/report.h"

#define FINISH_PROGRAM    "roomline-finisher"
#define FINISH_CRASHES    2                      /* so many by a signal, and it is given up */
#define FINISH_LATER_US   (INT64_C(5) * 1000000) /* until it is tried again, twice as long each time up to */
#define FINISH_LATEST_US  (INT64_C(600) * 1000000)
#define FINISH_GOODBYE_US (INT64_C(2) * 1000000) /* from SIGTERM to SIGKILL when we stop */

enum finish_kind { FINISH_TAKE, FINISH_ROOM, FINISH_STEP }; /* the finisher's first argument */

enum finish_outcome {
    FINISH_DONE,
    FINISH_EMPTY,  /* there is nothing usable in it */
    FINISH_FAILED, /* given up: error says why */
};

struct finish_job {
    struct hand_job spawn; /* first */
    struct finish *all;
    enum finish_kind kind;
    uint64_t room, take; /* take: 0 where it is about a room */
    void *arg;
    int64_t due_us, later_us;
    unsigned crashes;
    bool running; /* or about to */
    int pid, spawn_err, lock_err;
    struct watch exit, out, err; /* of the process: pidfd and its two pipes */
    struct lines out_lines, err_lines;
    uint32_t progress;           /* 0..1000 */
    struct report file;          /* kind is REPORT_FILE once it was said: TAKE: of it; ROOM: of the whole */
    char error[REC_ERROR_BYTES]; /* the last line that it said of errors */
    TAILQ_ENTRY(finish_job) entry;
};

TAILQ_HEAD(finish_jobs, finish_job);

struct finish {
    struct loop *loop;
    struct hand *hand; /* starts the processes */
    const char *records;
    char program[PATH_MAX];
    unsigned n_at_a_time, n_running;
    struct finish_jobs jobs;
    /* Set by the owner: a job has ended, and is freed after the call. */
    void (*on_done)(void *arg, struct finish_job *job, enum finish_outcome outcome);
    void *arg;
};

/* program: NULL: the one beside ours. records: borrowed. */
void finish_init(struct finish *f, struct loop *loop, struct hand *hand, const char *records, const char *program,
                 unsigned n_at_a_time);
void finish_stop(struct finish *f); /* ends the processes and forgets all jobs, without a call; before the hand ends */

struct finish_job *finish_add(struct finish *f, enum finish_kind kind, uint64_t room, uint64_t take, void *arg);
void finish_tick(struct finish *f, int64_t now_us); /* starts what is due; call it a few times a second */

#endif
