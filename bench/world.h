/* SPDX-License-Identifier: MIT */
/* Workers and the sessions they serve, without a network: a port hands over packets that were encrypted before, another
 * frees what comes out. Sessions are put in place directly, without ctl. Each worker serves streams of its own, each
 * played by `fan` subscribers, each session with keys of its own. Failures end the process. */
#ifndef ROOMLINE_BENCH_WORLD_H
#define ROOMLINE_BENCH_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/media.h"
#include "dataplane/meter.h"

struct world;

struct world_conf {
    enum srtp_profile profile;
    uint32_t size;            /* RTP packet before its tag, bytes */
    uint32_t fan;             /* subscribers of a stream */
    uint32_t n_subscriptions; /* of one worker, about: a multiple of fan */
    uint32_t n_workers;
    uint32_t burst; /* as of dataplane_conf */
    bool lively;    /* as in a room of browsers: header extensions, transport-wide feedback, a sender report each second
                       and stream, a receiver report and a NACK for each hundred packets that a subscriber gets */
    bool clear;     /* packets come in as receive leaves them: forwarding alone. Lively: their extensions only */
};

/* Once, before all else: the EAL with so many lcores, each on a CPU of its own if there are as many. */
void world_init(uint32_t n_lcores);

struct world *world_create(const struct world_conf *conf);
void world_destroy(struct world *world);

struct world_run {
    uint64_t out; /* media packets forwarded */
    double ns;    /* CPU time of the worker for one of them */
    double stage_ns[STAGE_COUNT];
};

/* Whether all streams are copied for a recorder, which keeps up: its tails follow between the slices, by this thread.
 */
void world_record(struct world *world, bool all);

/* Makes a slice of packets, then lets every worker work it off: all at the same time, each on its lcore. */
void world_run(struct world *world, struct world_run *runs);

#endif
