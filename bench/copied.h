/* SPDX-License-Identifier: MIT */
/* The ceiling of what writes media down: copying bytes once and writing them to a file in /tmp, where the benchmarks
 * have their recordings too. */
#ifndef ROOMLINE_BENCH_COPIED_H
#define ROOMLINE_BENCH_COPIED_H

#include <stdint.h>

/* CPU time of doing that with so many bytes, 64 kB at a time, ns. */
double copied_ns(uint64_t bytes);

#endif
