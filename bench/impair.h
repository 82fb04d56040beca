/* SPDX-License-Identifier: MIT */
/* A bad network: a wire before another one, that loses, delays and reorders datagrams, each way by itself. Repeatable
 * by its seed; the time is the caller's, so tests give their own. */
#ifndef ROOMLINE_BENCH_IMPAIR_H
#define ROOMLINE_BENCH_IMPAIR_H

#include "bench/wire.h"

struct impair_conf {
    double loss, reorder;        /* shares of datagrams, 0 to 1; reorder: held back behind those that follow */
    int64_t delay_ns, jitter_ns; /* jitter: up to so much more, which alone does not reorder */
    uint64_t seed;
};

/* Takes the wire below over, also when it fails. Ends are added to the new one. NULL: out of memory. */
struct wire *impair_create(struct wire *below, const struct impair_conf *conf);

#endif
