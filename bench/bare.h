/* SPDX-License-Identifier: MIT */
/* The ceilings: what this machine does at best at this moment, with nothing around it. */
#ifndef ROOMLINE_BENCH_BARE_H
#define ROOMLINE_BENCH_BARE_H

#include <stdint.h>

#include "bench/bench.h"
#include "common/media.h"

struct bare;

/* Packets of size bytes, header and all: the cipher with one key, everything in cache, its jobs made before. GCM by the
 * direct call, CM by full bursts. SRTP_PROFILE_NONE: memcpy. Aborts when out of memory. */
struct bare *bare_create(enum srtp_profile profile, uint32_t size);
void bare_destroy(struct bare *bare);
struct bench_work bare_work(struct bare *bare);

#endif
