/* SPDX-License-Identifier: MIT */
/* Statistics through rte_telemetry: /roomline/..., see telemetry.h. Telemetry runs on threads of its own, which never
 * see a table or an object: a callback asks the ctl thread for a snapshot and waits for it; nobody waits for the
 * callback. */
#ifndef ROOMLINE_DATAPLANE_STATS_H
#define ROOMLINE_DATAPLANE_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct objects;
struct snapshot;
struct stats;

/* Once in a process, for its whole life: telemetry knows no way to unregister. NULL: out of memory or descriptors. */
struct stats *stats_create(const struct objects *objects, uint64_t boot_id);

/* ctl: readable when a snapshot is wanted; then stats_serve makes it. */
int stats_fd(const struct stats *st);
void stats_serve(struct stats *st);

/* Telemetry's threads: a fresh snapshot, locked until stats_unlock; NULL when ctl does not answer. */
const struct snapshot *stats_lock(bool sessions);
void stats_unlock(void);
uint64_t stats_boot_id(void);

#endif
