/* SPDX-License-Identifier: MIT */
/* Statistics through rte_telemetry: /roomline/info, /roomline/workers[,N], /roomline/drops[,N], /roomline/sessions,
 * /roomline/session,ID. Telemetry runs on threads of its own, which never see a table or an object: a callback asks the
 * ctl thread for a snapshot and waits for it; nobody waits for the callback. */
#ifndef ROOMLINE_DATAPLANE_STATS_H
#define ROOMLINE_DATAPLANE_STATS_H

#include <stdint.h>

struct objects;
struct stats;
struct worker;

/* Once in a process, for its whole life: telemetry knows no way to unregister. NULL: out of memory or descriptors. */
struct stats *stats_create(const struct objects *objects, struct worker *const *workers, uint32_t n_workers,
                           uint64_t boot_id);

/* ctl: readable when a snapshot is wanted; then stats_serve makes it. */
int stats_fd(const struct stats *st);
void stats_serve(struct stats *st);

#endif
