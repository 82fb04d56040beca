/* SPDX-License-Identifier: MIT */
/* The answers to telemetry's questions, each from a snapshot (stats.h):
 *
 *   /roomline/info              what runs, how many objects
 *   /roomline/workers[,N]       counters of workers
 *   /roomline/drops[,N]         dropped packets by reason
 *   /roomline/ports[,N]         names of ports; what one counts itself: port_stats.h
 *   /roomline/sessions          ids
 *   /roomline/session,ID
 *   /roomline/cores,N           worker N: its CPUs, queues, cycles by stage, sizes of bursts
 *   /roomline/times,N,WHAT      its histogram: turns, or the time from rx to tx of audio, video, rtcp */
#ifndef ROOMLINE_DATAPLANE_TELEMETRY_H
#define ROOMLINE_DATAPLANE_TELEMETRY_H

#include <stdint.h>

struct snapshot;

void telemetry_register(void);

/* A parameter that begins with the index of a worker. The snapshot is locked; NULL: no such worker, or ctl does not
 * answer. rest: what follows a comma, or NULL. */
const struct snapshot *telemetry_lock_worker(const char *params, uint32_t *worker, const char **rest);

#endif
