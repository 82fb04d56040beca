/* SPDX-License-Identifier: MIT */
/* Everything the packet path needs, made after the EAL has started: pools, tables, the ports, the workers and their
 * mailboxes. */
#ifndef ROOMLINE_DATAPLANE_PLANE_H
#define ROOMLINE_DATAPLANE_PLANE_H

#include "common/dp_proto.h"
#include "conf/conf.h"
#include "dataplane/objects.h"
#include "dataplane/run.h"
#include "dataplane/table.h"
#include "dataplane/worker.h"

struct xdp;

struct plane {
    struct dataplane_conf conf;
    uint8_t (*addresses)[16];
    struct tables tables;
    struct rte_mempool *rx_pools[DP_WORKERS_MAX], *tx_pools[DP_WORKERS_MAX], *mail_pool, *dtls_pool;
    struct port *ports[WORKER_PORTS_MAX]; /* port.id is the index */
    uint16_t n_ports;
    struct mailbox ctl_mailbox;
    struct worker *workers[DP_WORKERS_MAX];
    struct run runs[DP_WORKERS_MAX];
    struct objects objects;
};

/* Before the EAL starts: is the configuration one we can run? NULL, or what is wrong with it. */
const char *plane_validate(const struct conf *conf);

/* xdp: its devices are known to the EAL; NULL: none. ops, arg: of the objects. 0, or -errno with *err. */
int plane_init(struct plane *p, const struct conf *conf, const struct xdp *xdp, const struct objects_ops *ops,
               void *arg, const char **err);

/* As in "xdp:eth0 xdp:lo". */
void plane_port_names(const struct plane *p, char *out, size_t size);

/* Starts the workers on their lcores; stops them, lets them detach all that is left. */
int plane_start(struct plane *p);
void plane_stop(struct plane *p);

void plane_finish(struct plane *p);

#endif
