/* SPDX-License-Identifier: MIT */
/* Everything the packet path needs, made after the EAL has started: pools, tables, the ports, the workers and their
 * mailboxes. */
#ifndef ROOMLINE_DATAPLANE_PLANE_H
#define ROOMLINE_DATAPLANE_PLANE_H

#include "common/dp_proto.h"
#include "conf/conf.h"
#include "dataplane/objects.h"
#include "dataplane/pools.h"
#include "dataplane/ports.h"
#include "dataplane/run.h"
#include "dataplane/table.h"
#include "dataplane/tap_memory.h"
#include "dataplane/worker.h"

struct xdp;

struct plane {
    struct dataplane_conf conf;
    uint8_t (*addresses)[16];
    struct tables tables;
    struct pools pools;
    struct ports ports;
    struct mailbox ctl_mailbox;
    struct tap_memory tap;
    struct worker *workers[DP_WORKERS_MAX];
    struct run runs[DP_WORKERS_MAX];
    struct objects objects;
};

/* Before the EAL starts: is the configuration one we can run? NULL, or what is wrong with it. */
const char *plane_validate(const struct conf *conf);

/* xdp: its devices are known to the EAL; NULL: none. ops, arg: of the objects. 0, or -errno with *err. */
int plane_init(struct plane *p, const struct conf *conf, const struct xdp *xdp, const struct objects_ops *ops,
               void *arg, const char **err);

/* Starts the workers on their lcores; stops them, lets them detach all that is left. */
int plane_start(struct plane *p);
void plane_stop(struct plane *p);

void plane_finish(struct plane *p);

#endif
