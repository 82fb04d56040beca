/* SPDX-License-Identifier: MIT */
/* Snapshots: counters are read relaxed, one by one, while their workers go on. */
#include "dataplane/snapshot.h"

#include <rte_lcore.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/util.h"
#include "dataplane/eal.h"
#include "dataplane/objects.h"

static uint64_t relaxed(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void copy_counters(void *to, const void *from, size_t bytes)
{
    const uint64_t *src = from;
    uint64_t *dst = to;

    for (size_t i = 0; i < bytes / sizeof(*dst); i++)
        dst[i] = relaxed(&src[i]);
}

_Static_assert(sizeof(struct worker_stats) % sizeof(uint64_t) == 0, "worker_stats is all counters");
_Static_assert(sizeof(struct meter) % sizeof(uint64_t) == 0, "meter is all counters");

static void copy_worker(struct worker_snapshot *to, const struct worker *w)
{
    rte_cpuset_t cpus = rte_lcore_cpuset(w->index + 1); /* plane_start */

    copy_counters(&to->stats, &w->stats, sizeof(to->stats));
    copy_counters(&to->meter, &w->meter, sizeof(to->meter));
    to->tsc = rte_rdtsc();
    to->sessions = __atomic_load_n(&w->n_sessions, __ATOMIC_RELAXED);
    to->tx_free = rte_mempool_avail_count(w->tx_pool);
    to->tapped = __atomic_load_n(&w->n_tapped, __ATOMIC_RELAXED);
    to->tap_copies = relaxed(&w->tap.records);
    to->tap_lost = relaxed(&w->tap.lost);
    to->tap_bad_tails = relaxed(&w->tap.bad_tail);
    to->n_queues = w->n_ports;
    for (uint32_t i = 0; i < w->n_ports; i++)
        snprintf(to->queues[i], sizeof(to->queues[i]), "%s:%u", w->ports[i].port->name, w->ports[i].queue);
    eal_write_cpus(&cpus, to->cpus, sizeof(to->cpus));
    to->pinned = CPU_COUNT(&cpus) == 1;
}

static void copy_session(struct session_stats *to, const struct session_object *so)
{
    const struct session *s = &so->session;
    const struct subscription_object *sub;

    *to = (struct session_stats){.id = s->id,
                                 .worker = so->worker,
                                 .streams = so->n_streams,
                                 .alive = atomic_load_explicit(&s->alive, memory_order_relaxed),
                                 .keys = so->has_keys,
                                 .remote = so->remote,
                                 .rx_packets = relaxed(&s->rx_packets),
                                 .rx_bytes = relaxed(&s->rx_bytes),
                                 .tx_packets = relaxed(&s->path.tx_packets),
                                 .tx_bytes = relaxed(&s->path.tx_bytes)};
    LIST_FOREACH (sub, &so->subs, of_session)
        to->subscriptions++;
}

static void copy_sessions(struct snapshot *snap, const struct objects *o)
{
    snap->sessions = calloc(MAX(snap->n_sessions, 1u), sizeof(*snap->sessions));
    for (const struct session_object *so = o->sessions; so && snap->sessions; so = so->hh.next)
        copy_session(&snap->sessions[snap->n_listed++], so);
}

void snapshot_take(struct snapshot *snap, const struct objects *o, bool sessions)
{
    free(snap->sessions);
    snap->sessions = NULL;
    snap->n_listed = 0;
    snap->n_sessions = HASH_COUNT(o->sessions);
    snap->n_streams = HASH_COUNT(o->streams);
    snap->n_subscriptions = HASH_COUNT(o->subscriptions);
    snap->epoch = o->epoch;
    snap->dtls_dropped = o->dtls_dropped;
    snap->n_workers = o->post.n_workers;
    for (uint32_t i = 0; i < snap->n_workers; i++)
        copy_worker(&snap->workers[i], o->post.workers[i]);
    snap->n_ports = o->post.workers[0]->n_ports; /* every worker has the same */
    for (uint32_t i = 0; i < snap->n_ports; i++)
        port_stats_read(o->post.workers[0]->ports[i].port, &snap->ports[i]);
    if (sessions)
        copy_sessions(snap, o);
}
