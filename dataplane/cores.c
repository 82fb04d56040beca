/* SPDX-License-Identifier: MIT */
/* Answers about where the workers' time goes. Everything counts from the start; whoever wants rates asks twice. */
#include "dataplane/cores.h"

#include <errno.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/snapshot.h"
#include "dataplane/stats.h"
#include "dataplane/telemetry.h"

static uint64_t all_drops(const struct worker_stats *stats)
{
    uint64_t n = 0;

    for (int why = 0; why < DROP_COUNT; why++)
        n += stats->drops[why];
    return n;
}

static void add_queues(struct rte_tel_data *d, const struct worker_snapshot *w)
{
    struct rte_tel_data *queues = rte_tel_data_alloc();

    if (!queues)
        return;
    rte_tel_data_start_array(queues, RTE_TEL_STRING_VAL);
    for (uint32_t i = 0; i < w->n_queues; i++)
        rte_tel_data_add_array_string(queues, w->queues[i]);
    rte_tel_data_add_dict_container(d, "queues", queues, 0);
}

static void add_stages(struct rte_tel_data *d, const struct meter *meter)
{
    struct rte_tel_data *cycles = rte_tel_data_alloc();

    if (!cycles)
        return;
    rte_tel_data_start_dict(cycles);
    for (uint32_t i = 0; i < STAGE_COUNT; i++)
        rte_tel_data_add_dict_u64(cycles, stage_name((enum stage)i), meter->cycles[i]);
    rte_tel_data_add_dict_container(d, "cycles", cycles, 0);
}

static void add_bursts(struct rte_tel_data *d, const struct meter *meter)
{
    struct rte_tel_data *bursts = rte_tel_data_alloc();

    if (!bursts)
        return;
    rte_tel_data_start_array(bursts, RTE_TEL_U64_VAL);
    for (uint32_t i = 0; i < METER_BURSTS; i++)
        rte_tel_data_add_array_u64(bursts, meter->bursts[i]);
    rte_tel_data_add_dict_container(d, "bursts", bursts, 0);
}

int cores_on_cores(const char *cmd, const char *params, struct rte_tel_data *d)
{
    uint32_t i;
    const char *rest;
    const struct snapshot *snap = telemetry_lock_worker(params, &i, &rest);

    if (!snap)
        return -EINVAL;
    const struct worker_snapshot *w = &snap->workers[i];
    rte_tel_data_start_dict(d);
    rte_tel_data_add_dict_string(d, "cpus", w->cpus);
    rte_tel_data_add_dict_u64(d, "pinned", w->pinned);
    rte_tel_data_add_dict_u64(d, "sessions", w->sessions);
    rte_tel_data_add_dict_u64(d, "tsc", w->tsc);
    rte_tel_data_add_dict_u64(d, "tsc_hz", rte_get_tsc_hz());
    rte_tel_data_add_dict_u64(d, "asleep", w->meter.asleep);
    rte_tel_data_add_dict_u64(d, "rx_packets", w->stats.rx_packets);
    rte_tel_data_add_dict_u64(d, "tx_packets", w->stats.tx_packets);
    rte_tel_data_add_dict_u64(d, "handed_over", w->stats.handed_over);
    rte_tel_data_add_dict_u64(d, "strays", w->stats.strays);
    rte_tel_data_add_dict_u64(d, "drops", all_drops(&w->stats));
    rte_tel_data_add_dict_u64(d, "sleeps", w->stats.sleeps);
    add_queues(d, w);
    add_stages(d, &w->meter);
    add_bursts(d, &w->meter);
    stats_unlock();
    return 0;
}

static const struct hist *hist_of(const struct meter *meter, const char *what)
{
    if (what && strcmp(what, "turns") == 0)
        return &meter->turns;
    for (uint32_t i = 0; i < TRAFFIC_COUNT; i++)
        if (what && i != TRAFFIC_OTHER && strcmp(what, traffic_name((enum traffic)i)) == 0)
            return &meter->latency[i];
    return NULL;
}

/* Bins that hold something: the first time above each, and how many. */
static void write_bins(struct rte_tel_data *d, const struct hist *h)
{
    struct rte_tel_data *ends = rte_tel_data_alloc(), *counts = rte_tel_data_alloc();

    if (!ends || !counts) {
        rte_tel_data_free(ends);
        rte_tel_data_free(counts);
        return;
    }
    rte_tel_data_start_array(ends, RTE_TEL_U64_VAL);
    rte_tel_data_start_array(counts, RTE_TEL_U64_VAL);
    for (uint32_t i = 0; i < HIST_BINS; i++) {
        if (h->bins[i] == 0)
            continue;
        rte_tel_data_add_array_u64(ends, hist_bin_end(i));
        rte_tel_data_add_array_u64(counts, h->bins[i]);
    }
    rte_tel_data_add_dict_container(d, "ends_ns", ends, 0);
    rte_tel_data_add_dict_container(d, "counts", counts, 0);
}

int cores_on_times(const char *cmd, const char *params, struct rte_tel_data *d)
{
    uint32_t i;
    const char *what;
    const struct snapshot *snap = telemetry_lock_worker(params, &i, &what);
    const struct hist *h = snap ? hist_of(&snap->workers[i].meter, what) : NULL;

    if (h) {
        rte_tel_data_start_dict(d);
        rte_tel_data_add_dict_u64(d, "max_ns", h->max_ns);
        write_bins(d, h);
    }
    if (snap)
        stats_unlock();
    return h ? 0 : -EINVAL;
}
