/* SPDX-License-Identifier: MIT */
/* Reports of load. A worker is busy when it is in any stage of its turn but POLL. Its time is divided among publishers
 * by what was received and sent for each, plays included. */
#include "dataplane/load.h"

#include <string.h>

#include "common/util.h"
#include "dataplane/objects.h"
#include "dataplane/worker.h"

/* What a packet costs beside its encryption, in bytes of that: about 1,100 with GCM, 400 with CM at 1,200 bytes a
 * packet (tools/bench pipeline against tools/bench srtp). */
#define PACKET_BYTES 1000

static uint64_t relaxed(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static uint64_t busy_cycles(const struct meter *meter)
{
    uint64_t n = 0;

    for (uint32_t stage = 0; stage < STAGE_COUNT; stage++)
        n += stage == STAGE_POLL ? 0 : relaxed(&meter->cycles[stage]);
    return n;
}

/* What has grown since; the meter of a worker that has just started jumps back to 0. */
static uint64_t grown(uint64_t *before, uint64_t now)
{
    uint64_t by = now > *before ? now - *before : 0;
    *before = now;
    return by;
}

/* Who publishes what the session is about: itself, or whom it plays. */
static struct session_object *publisher_of(struct session_object *so)
{
    const struct subscription_object *sub = LIST_FIRST(&so->subs);
    return LIST_EMPTY(&so->streams) && sub ? objects_of(sub->sub.stream->session) : so;
}

static uint64_t cost_of(const struct session *s)
{
    return (relaxed(&s->rx_packets) + relaxed(&s->path.tx_packets)) * PACKET_BYTES + relaxed(&s->rx_bytes) +
           relaxed(&s->path.tx_bytes);
}

/* Each publisher gets the cost of its group; all[i] of all on worker i. */
static void weigh(struct objects *o, uint64_t *all, struct dp_load *report)
{
    for (struct session_object *so = o->sessions; so; so = so->hh.next)
        so->group_cost = 0;
    for (struct session_object *so = o->sessions; so; so = so->hh.next) {
        uint64_t cost = grown(&so->cost, cost_of(&so->session));
        publisher_of(so)->group_cost += cost;
        all[so->worker] += cost;
        report->workers[so->worker].sessions++;
    }
}

/* Into its place among the heaviest, which are in order; the last one of a full list falls out. */
static void insert(struct dp_load *report, uint64_t session, uint32_t permille)
{
    uint32_t at = report->n_heaviest;

    while (at > 0 && report->heaviest[at - 1].busy_permille < permille)
        at--;
    if (at == DP_HEAVIEST_MAX)
        return;
    report->n_heaviest = MIN(report->n_heaviest + 1, (uint32_t)DP_HEAVIEST_MAX);
    memmove(&report->heaviest[at + 1], &report->heaviest[at],
            (report->n_heaviest - at - 1) * sizeof(report->heaviest[0]));
    report->heaviest[at] = (struct dp_publish_load){.session = session, .busy_permille = permille};
}

static void find_heaviest(const struct objects *o, uint64_t all, struct dp_load *report)
{
    uint32_t busy = report->workers[report->busiest].busy_permille;

    for (const struct session_object *so = o->sessions; so && all > 0; so = so->hh.next)
        if (so->worker == report->busiest && !LIST_EMPTY(&so->streams))
            insert(report, so->session.id, (uint32_t)(busy * so->group_cost / all));
}

void load_start(struct load *l, struct objects *o, int64_t now_us, uint64_t tsc)
{
    struct dp_load ignored;

    *l = (struct load){.since_us = now_us - 1, .since_tsc = tsc - 1};
    load_report(l, o, now_us, tsc, &ignored);
}

void load_report(struct load *l, struct objects *o, int64_t now_us, uint64_t tsc, struct dp_load *report)
{
    uint64_t us = (uint64_t)(now_us - l->since_us), cycles = tsc - l->since_tsc, all[DP_WORKERS_MAX] = {0};

    *report = (struct dp_load){.head = {.type = DP_LOAD, .len = sizeof(*report)}, .n_workers = o->post.n_workers};
    for (uint32_t i = 0; i < o->post.n_workers; i++) {
        const struct worker *w = o->post.workers[i];
        struct dp_worker_load *load = &report->workers[i];
        uint64_t busy = grown(&l->before[i].busy_cycles, busy_cycles(&w->meter));
        load->busy_permille = (uint32_t)MIN(busy * 1000 / cycles, UINT64_C(1000));
        load->rx_pps = (uint32_t)(grown(&l->before[i].rx_packets, relaxed(&w->stats.rx_packets)) * 1000000 / us);
        load->tx_pps = (uint32_t)(grown(&l->before[i].tx_packets, relaxed(&w->stats.tx_packets)) * 1000000 / us);
        load->tap_copies = relaxed(&w->tap.records);
        load->tap_lost = relaxed(&w->tap.lost);
        if (load->busy_permille > report->workers[report->busiest].busy_permille)
            report->busiest = i;
    }
    weigh(o, all, report);
    find_heaviest(o, all[report->busiest], report);
    l->since_us = now_us;
    l->since_tsc = tsc;
}
