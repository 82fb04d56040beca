/* SPDX-License-Identifier: MIT */
/* Answers about objects and counters. */
#include "dataplane/telemetry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <rte_telemetry.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/util.h"
#include "dataplane/cores.h"
#include "dataplane/port_stats.h"
#include "dataplane/snapshot.h"
#include "dataplane/srtp.h"
#include "dataplane/stats.h"

#define SESSIONS_MAX 512 /* listed in one answer; a telemetry array holds no more */

const struct snapshot *telemetry_lock_worker(const char *params, uint32_t *worker, const char **rest)
{
    char *end = NULL;
    unsigned long i = params ? strtoul(params, &end, 0) : ULONG_MAX;

    if (!params || end == params || (*end != '\0' && *end != ','))
        return NULL;
    const struct snapshot *snap = stats_lock(false);
    if (!snap)
        return NULL;
    if (i >= snap->n_workers) {
        stats_unlock();
        return NULL;
    }
    *worker = (uint32_t)i;
    *rest = *end == ',' ? end + 1 : NULL;
    return snap;
}

static bool parse_id(const char *params, uint64_t *id)
{
    char *end;

    if (!params || !*params)
        return false;
    errno = 0;
    *id = strtoull(params, &end, 0);
    return errno == 0 && *end == '\0';
}

static int on_info(const char *cmd, const char *params, struct rte_tel_data *d)
{
    const struct snapshot *snap = stats_lock(false);
    if (!snap)
        return -ETIMEDOUT;
    rte_tel_data_start_dict(d);
    rte_tel_data_add_dict_string(d, "srtp", srtp_backend());
    rte_tel_data_add_dict_u64(d, "boot_id", stats_boot_id());
    rte_tel_data_add_dict_u64(d, "epoch", snap->epoch);
    rte_tel_data_add_dict_u64(d, "workers", snap->n_workers);
    rte_tel_data_add_dict_u64(d, "sessions", snap->n_sessions);
    rte_tel_data_add_dict_u64(d, "streams", snap->n_streams);
    rte_tel_data_add_dict_u64(d, "subscriptions", snap->n_subscriptions);
    rte_tel_data_add_dict_u64(d, "dtls_dropped", snap->dtls_dropped);
    stats_unlock();
    return 0;
}

#define WORKER_COUNTERS(X) \
    X(rx_packets)          \
    X(rx_bytes)            \
    X(tx_packets)          \
    X(tx_bytes)            \
    X(stun_requests)       \
    X(stun_responses)      \
    X(dtls_punted)         \
    X(dtls_sent)           \
    X(rtp_received)        \
    X(rtcp_received)       \
    X(rtp_forwarded)       \
    X(rtcp_sent)           \
    X(retransmitted)       \
    X(nacks_sent)          \
    X(nacks_received)      \
    X(plis_sent)           \
    X(plis_received)       \
    X(handed_over)         \
    X(strays)              \
    X(loops)               \
    X(busy_loops)          \
    X(sleeps)

static void write_worker(struct rte_tel_data *d, const struct worker_snapshot *w)
{
    rte_tel_data_add_dict_u64(d, "sessions", w->sessions);
    rte_tel_data_add_dict_u64(d, "tx_mbufs_free", w->tx_free);
    rte_tel_data_add_dict_u64(d, "tapped", w->tapped);
    rte_tel_data_add_dict_u64(d, "tap_copies", w->tap_copies);
    rte_tel_data_add_dict_u64(d, "tap_lost", w->tap_lost);
    rte_tel_data_add_dict_u64(d, "tap_bad_tails", w->tap_bad_tails);
#define X(name) rte_tel_data_add_dict_u64(d, #name, w->stats.name);
    WORKER_COUNTERS(X)
#undef X
}

/* All workers with a few counters each (an answer has 16 KB), or one with all. */
static void write_overview(struct rte_tel_data *d, const struct snapshot *snap)
{
    for (uint32_t i = 0; i < snap->n_workers; i++) {
        const struct worker_snapshot *w = &snap->workers[i];
        struct rte_tel_data *one = rte_tel_data_alloc();
        char name[16];
        if (!one)
            return;
        snprintf(name, sizeof(name), "%u", i);
        rte_tel_data_start_dict(one);
        rte_tel_data_add_dict_u64(one, "sessions", w->sessions);
        rte_tel_data_add_dict_u64(one, "rx_packets", w->stats.rx_packets);
        rte_tel_data_add_dict_u64(one, "tx_packets", w->stats.tx_packets);
        rte_tel_data_add_dict_u64(one, "loops", w->stats.loops);
        rte_tel_data_add_dict_u64(one, "busy_loops", w->stats.busy_loops);
        rte_tel_data_add_dict_container(d, name, one, 0);
    }
}

/* Without a parameter: all workers. */
static const struct snapshot *lock(const char *params, uint32_t *worker, bool *one)
{
    const char *rest = NULL;

    *one = params && *params;
    return *one ? telemetry_lock_worker(params, worker, &rest) : stats_lock(false);
}

static int on_workers(const char *cmd, const char *params, struct rte_tel_data *d)
{
    uint32_t i = 0;
    bool one;
    const struct snapshot *snap = lock(params, &i, &one);

    if (!snap)
        return -EINVAL;
    rte_tel_data_start_dict(d);
    if (one)
        write_worker(d, &snap->workers[i]);
    else
        write_overview(d, snap);
    stats_unlock();
    return 0;
}

static int on_drops(const char *cmd, const char *params, struct rte_tel_data *d)
{
    uint32_t only = 0;
    bool one;
    const struct snapshot *snap = lock(params, &only, &one);

    if (!snap)
        return -EINVAL;
    rte_tel_data_start_dict(d);
    for (int why = 0; why < DROP_COUNT; why++) {
        uint64_t n = 0;
        for (uint32_t i = 0; i < snap->n_workers; i++)
            n += !one || i == only ? snap->workers[i].stats.drops[why] : 0;
        rte_tel_data_add_dict_u64(d, drop_name((enum drop)why), n);
    }
    stats_unlock();
    return 0;
}

static int on_sessions(const char *cmd, const char *params, struct rte_tel_data *d)
{
    const struct snapshot *snap = stats_lock(true);
    if (!snap)
        return -ETIMEDOUT;
    rte_tel_data_start_array(d, RTE_TEL_U64_VAL);
    for (uint32_t i = 0; i < MIN(snap->n_listed, SESSIONS_MAX); i++)
        rte_tel_data_add_array_u64(d, snap->sessions[i].id);
    stats_unlock();
    return 0;
}

static void write_session(struct rte_tel_data *d, const struct session_stats *s)
{
    char ip[INET6_ADDRSTRLEN] = "", remote[INET6_ADDRSTRLEN + 8];

    inet_ntop(AF_INET6, s->remote.ip, ip, sizeof(ip));
    snprintf(remote, sizeof(remote), "[%s]:%u", ip, s->remote.port);
    rte_tel_data_add_dict_u64(d, "id", s->id);
    rte_tel_data_add_dict_u64(d, "worker", s->worker);
    rte_tel_data_add_dict_u64(d, "consent", s->alive);
    rte_tel_data_add_dict_u64(d, "keys", s->keys);
    rte_tel_data_add_dict_string(d, "remote", remote);
    rte_tel_data_add_dict_u64(d, "streams", s->streams);
    rte_tel_data_add_dict_u64(d, "subscriptions", s->subscriptions);
    rte_tel_data_add_dict_u64(d, "rx_packets", s->rx_packets);
    rte_tel_data_add_dict_u64(d, "rx_bytes", s->rx_bytes);
    rte_tel_data_add_dict_u64(d, "tx_packets", s->tx_packets);
    rte_tel_data_add_dict_u64(d, "tx_bytes", s->tx_bytes);
}

static int on_session(const char *cmd, const char *params, struct rte_tel_data *d)
{
    uint64_t id;
    const struct snapshot *snap;
    int ret = -ENOENT;

    if (!parse_id(params, &id) || !(snap = stats_lock(true)))
        return -EINVAL;
    for (uint32_t i = 0; i < snap->n_listed && ret; i++) {
        if (snap->sessions[i].id != id)
            continue;
        rte_tel_data_start_dict(d);
        write_session(d, &snap->sessions[i]);
        ret = 0;
    }
    stats_unlock();
    return ret;
}

static const struct {
    const char *cmd, *help;
    telemetry_cb cb;
} commands[] = {
    {"/roomline/info", "What runs, how many objects. No parameters", on_info},
    {"/roomline/workers", "Counters of workers. Parameter: worker index, for all of its counters", on_workers},
    {"/roomline/drops", "Dropped packets by reason. Parameter: worker index (none: all together)", on_drops},
    {"/roomline/ports", "What a port counts itself. Parameter: its number (none: names)", port_stats_on_ports},
    {"/roomline/sessions", "Ids of up to 512 sessions. No parameters", on_sessions},
    {"/roomline/session", "One session. Parameter: its id", on_session},
    {"/roomline/cores", "Where a worker's time goes. Parameter: worker index", cores_on_cores},
    {"/roomline/times", "Histogram of a worker. Parameters: worker index, turns|audio|video|rtcp", cores_on_times},
};

void telemetry_register(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        rte_telemetry_register_cmd(commands[i].cmd, commands[i].cb, commands[i].help);
}
