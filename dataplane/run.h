/* SPDX-License-Identifier: MIT */
/* A worker's thread: turns until it is told to stop, and sleep when there is nothing to do. */
#ifndef ROOMLINE_DATAPLANE_RUN_H
#define ROOMLINE_DATAPLANE_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

struct worker;

struct run {
    struct worker *worker;
    bool sleep; /* shared machine: sleep when idle; false: poll for ever */
    enum conf_priority priority;
    _Atomic bool stop;
};

int run_worker(void *run); /* as an lcore's function; returns 0 */

/* Any thread: the worker stops after its turn. */
void run_stop(struct run *run);

int64_t run_now_us(void); /* CLOCK_MONOTONIC, never 0 */

#endif
