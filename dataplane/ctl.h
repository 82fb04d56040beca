/* SPDX-License-Identifier: MIT */
/* The control thread: three listening sockets (common/dp_proto.h, common/tap.h), one controlplane and one recorder at a
 * time, the mails of the workers, statistics. A new controlplane takes the place of the old one. */
#ifndef ROOMLINE_DATAPLANE_CTL_H
#define ROOMLINE_DATAPLANE_CTL_H

#include <stdbool.h>

#include "common/dp_proto.h"

struct ctl;
struct objects;
struct stats;
struct tap_memory;

/* The objects' callbacks are ctl_ops with the ctl as argument. NULL: out of memory. */
struct ctl *ctl_create(void);
void ctl_destroy(struct ctl *ctl); /* removes the sockets */

extern const struct objects_ops ctl_ops;
void ctl_attach(struct ctl *ctl, struct objects *objects, struct stats *stats);

/* Listens in run_dir: from now on the dataplane counts as ready. hello: what is said first on each connection. tap:
 * what recorders get; borrowed. 0 or -errno, *err says what failed. */
int ctl_listen(struct ctl *ctl, const char *run_dir, const struct dp_hello *hello, const struct tap_memory *tap,
               const char **err);

/* Runs until signal_fd (a signalfd) reports a signal; returns its number. */
int ctl_run(struct ctl *ctl, int signal_fd);

#endif
