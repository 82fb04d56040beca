/* SPDX-License-Identifier: MIT */
/* Placement: which worker takes a new publish, and whether there is room at all. What a stream will cost is not known
 * when it starts, so until the next report of load each counts as much as the average of those that are there. No
 * clock, no socket. */
#ifndef ROOMLINE_CONTROLPLANE_PLACEMENT_H
#define ROOMLINE_CONTROLPLANE_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dp_proto.h"

struct placement { /* zeroed: no workers yet */
    uint32_t n_workers;
    struct {
        uint32_t busy_permille; /* as reported */
        uint32_t sessions;      /* ours */
        uint32_t placed;        /* of them, since the report */
    } workers[DP_WORKERS_MAX];
};

void placement_start(struct placement *p, uint32_t n_workers); /* nothing is reported yet; sessions stay */
void placement_report(struct placement *p, const struct dp_load *load);

void placement_add(struct placement *p, uint32_t worker); /* a session starts */
void placement_del(struct placement *p, uint32_t worker);
void placement_move(struct placement *p, uint32_t from, uint32_t to);

/* Is the worker expected to be busy for less than max_permille of the time? */
bool placement_has_room(const struct placement *p, uint32_t worker, uint32_t max_permille);

/* The least busy worker with room; of those about as busy, the one with the fewest sessions. -EBUSY: none has room. */
int placement_pick(const struct placement *p, uint32_t max_permille);

#endif
