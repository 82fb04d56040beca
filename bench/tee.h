/* SPDX-License-Identifier: MIT */
/* A recorder that keeps up: rings as the dataplane shares them, whose tails follow when told. Failures end the process.
 */
#ifndef ROOMLINE_BENCH_TEE_H
#define ROOMLINE_BENCH_TEE_H

#include "common/tap_ring.h"
#include "dataplane/tap_memory.h"

struct worker;

struct tee { /* zeroed: there is none */
    struct tap_memory memory;
    struct tap_tail *tails; /* as a recorder has them */
};

void tee_init(struct tee *tee, struct worker *const *workers, uint32_t n_workers);
void tee_finish(struct tee *tee);

/* All that the worker has copied counts as read. */
void tee_follow(struct tee *tee, const struct worker *w);

#endif
