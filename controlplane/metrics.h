/* SPDX-License-Identifier: MIT */
/* GET /metrics: the state of the server for Prometheus, in its text format 0.0.4. */
#ifndef ROOMLINE_CONTROLPLANE_METRICS_H
#define ROOMLINE_CONTROLPLANE_METRICS_H

#include <stdint.h>

struct hub;

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* To be freed. What stands outside the hub comes in: WebSockets, and those closed as slow readers. NULL: no memory. */
char *metrics_write(const struct hub *hub, uint32_t n_websockets, uint64_t n_slow_readers);

#endif
