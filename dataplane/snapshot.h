/* SPDX-License-Identifier: MIT */
/* What statistics tell: copies of the counters of all workers and, when asked for, of all sessions. Made by ctl, which
 * alone may look at objects; read by whoever holds it. */
#ifndef ROOMLINE_DATAPLANE_SNAPSHOT_H
#define ROOMLINE_DATAPLANE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dp_proto.h"
#include "dataplane/port_stats.h"
#include "dataplane/worker.h"

struct objects;

struct session_stats {
    uint64_t id;
    uint32_t worker, streams, subscriptions;
    bool alive, keys;
    struct dp_addr remote;
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
};

struct worker_snapshot {
    struct worker_stats stats;
    struct meter meter;
    uint64_t tsc; /* when it was made */
    uint32_t sessions, tx_free;
    uint32_t tapped; /* streams */
    uint64_t tap_copies, tap_lost, tap_bad_tails;
    uint32_t n_queues;
    char queues[WORKER_PORTS_MAX][80]; /* "xdp:eth0:1" */
    char cpus[64];                     /* where it may run: "3", "0-7" */
    bool pinned;                       /* to one */
};

struct snapshot { /* zeroed: empty */
    uint32_t n_sessions, n_streams, n_subscriptions, epoch;
    uint64_t dtls_dropped;
    struct session_stats *sessions; /* n_listed of them */
    uint32_t n_listed;
    uint32_t n_workers;
    struct worker_snapshot workers[DP_WORKERS_MAX];
    uint32_t n_ports;
    struct port_stats ports[PORTS_MAX];
};

void snapshot_take(struct snapshot *snap, const struct objects *o, bool sessions);

#endif
