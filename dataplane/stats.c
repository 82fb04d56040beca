/* SPDX-License-Identifier: MIT */
/* Snapshots by ctl, read by telemetry's threads. */
#include "dataplane/stats.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <rte_telemetry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/util.h"
#include "dataplane/objects.h"
#include "dataplane/srtp.h"
#include "dataplane/worker.h"

#define WAIT_S       1
#define SESSIONS_MAX 512 /* listed in one answer; a telemetry array holds no more */

struct session_stats {
    uint64_t id;
    uint32_t worker, streams, subscriptions;
    bool alive, keys;
    struct dp_addr remote;
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
};

struct snapshot {
    uint32_t n_sessions, n_streams, n_subscriptions, epoch;
    uint64_t dtls_dropped;
    struct session_stats *sessions;
    struct worker_stats workers[DP_WORKERS_MAX];
    uint32_t owned[DP_WORKERS_MAX]; /* sessions of each worker */
    uint32_t tx_free[DP_WORKERS_MAX];
};

struct stats {
    const struct objects *objects;
    struct worker *const *workers;
    uint32_t n_workers;
    uint64_t boot_id;
    int event_fd;
    pthread_mutex_t lock; /* telemetry's threads and ctl; never a worker */
    pthread_cond_t served_cond;
    uint64_t wanted, served;
    struct snapshot snap;
};

static struct stats *instance; /* telemetry callbacks have no argument */

/* ---- ctl: makes the snapshot ---- */

static uint64_t relaxed(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void copy_worker(struct worker_stats *to, const struct worker_stats *from)
{
    uint64_t *dst = (uint64_t *)to;
    const uint64_t *src = (const uint64_t *)from;

    _Static_assert(sizeof(*to) % sizeof(*dst) == 0, "worker_stats is all counters");
    for (size_t i = 0; i < sizeof(*to) / sizeof(*dst); i++)
        dst[i] = relaxed(&src[i]);
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

static void take(struct stats *st)
{
    struct snapshot *snap = &st->snap;
    const struct session_object *so;
    uint32_t n = HASH_COUNT(st->objects->sessions);

    free(snap->sessions);
    *snap = (struct snapshot){.n_streams = HASH_COUNT(st->objects->streams),
                              .n_subscriptions = HASH_COUNT(st->objects->subscriptions),
                              .epoch = st->objects->epoch,
                              .dtls_dropped = st->objects->dtls_dropped,
                              .sessions = calloc(MAX(n, 1u), sizeof(*snap->sessions))};
    for (so = st->objects->sessions; so && snap->sessions; so = so->hh.next) {
        snap->owned[so->worker]++;
        copy_session(&snap->sessions[snap->n_sessions++], so);
    }
    for (uint32_t i = 0; i < st->n_workers; i++) {
        copy_worker(&snap->workers[i], &st->workers[i]->stats);
        snap->tx_free[i] = rte_mempool_avail_count(st->workers[i]->tx_pool);
    }
}

int stats_fd(const struct stats *st)
{
    return st->event_fd;
}

void stats_serve(struct stats *st)
{
    uint64_t count;
    ssize_t n = read(st->event_fd, &count, sizeof(count));
    (void)n;
    pthread_mutex_lock(&st->lock);
    take(st);
    st->served = st->wanted;
    pthread_cond_broadcast(&st->served_cond);
    pthread_mutex_unlock(&st->lock);
}

/* ---- Telemetry's threads: a fresh snapshot, locked ---- */

static struct snapshot *lock_snapshot(void)
{
    struct stats *st = instance;
    struct timespec end;
    uint64_t one = 1;
    int err = 0;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += WAIT_S;
    pthread_mutex_lock(&st->lock);
    uint64_t mine = ++st->wanted;
    ssize_t n = write(st->event_fd, &one, sizeof(one));
    (void)n;
    while (st->served < mine && err == 0)
        err = pthread_cond_timedwait(&st->served_cond, &st->lock, &end);
    if (err == 0)
        return &st->snap;
    pthread_mutex_unlock(&st->lock);
    return NULL;
}

static void unlock_snapshot(void)
{
    pthread_mutex_unlock(&instance->lock);
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
    const struct snapshot *snap = lock_snapshot();
    if (!snap)
        return -ETIMEDOUT;
    rte_tel_data_start_dict(d);
    rte_tel_data_add_dict_string(d, "srtp", srtp_backend());
    rte_tel_data_add_dict_u64(d, "boot_id", instance->boot_id);
    rte_tel_data_add_dict_u64(d, "epoch", snap->epoch);
    rte_tel_data_add_dict_u64(d, "workers", instance->n_workers);
    rte_tel_data_add_dict_u64(d, "sessions", snap->n_sessions);
    rte_tel_data_add_dict_u64(d, "streams", snap->n_streams);
    rte_tel_data_add_dict_u64(d, "subscriptions", snap->n_subscriptions);
    rte_tel_data_add_dict_u64(d, "dtls_dropped", snap->dtls_dropped);
    unlock_snapshot();
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

static void write_worker(struct rte_tel_data *d, const struct snapshot *snap, uint64_t i)
{
    rte_tel_data_add_dict_u64(d, "sessions", snap->owned[i]);
    rte_tel_data_add_dict_u64(d, "tx_mbufs_free", snap->tx_free[i]);
#define X(name) rte_tel_data_add_dict_u64(d, #name, snap->workers[i].name);
    WORKER_COUNTERS(X)
#undef X
}

/* All workers with a few counters each (an answer has 16 KB), or one with all. */
static void write_overview(struct rte_tel_data *d, const struct snapshot *snap)
{
    for (uint32_t i = 0; i < instance->n_workers; i++) {
        struct rte_tel_data *one = rte_tel_data_alloc();
        char name[16];
        if (!one)
            return;
        snprintf(name, sizeof(name), "%u", i);
        rte_tel_data_start_dict(one);
        rte_tel_data_add_dict_u64(one, "sessions", snap->owned[i]);
        rte_tel_data_add_dict_u64(one, "rx_packets", snap->workers[i].rx_packets);
        rte_tel_data_add_dict_u64(one, "tx_packets", snap->workers[i].tx_packets);
        rte_tel_data_add_dict_u64(one, "loops", snap->workers[i].loops);
        rte_tel_data_add_dict_u64(one, "busy_loops", snap->workers[i].busy_loops);
        rte_tel_data_add_dict_container(d, name, one, 0);
    }
}

static int on_workers(const char *cmd, const char *params, struct rte_tel_data *d)
{
    uint64_t i = 0;
    bool one = parse_id(params, &i);
    const struct snapshot *snap;

    if (i >= instance->n_workers || !(snap = lock_snapshot()))
        return -EINVAL;
    rte_tel_data_start_dict(d);
    if (one)
        write_worker(d, snap, i);
    else
        write_overview(d, snap);
    unlock_snapshot();
    return 0;
}

static int on_drops(const char *cmd, const char *params, struct rte_tel_data *d)
{
    uint64_t only = 0;
    bool one = parse_id(params, &only);
    const struct snapshot *snap;

    if (only >= instance->n_workers || !(snap = lock_snapshot()))
        return -EINVAL;
    rte_tel_data_start_dict(d);
    for (int why = 0; why < DROP_COUNT; why++) {
        uint64_t n = 0;
        for (uint32_t i = 0; i < instance->n_workers; i++)
            n += !one || i == only ? snap->workers[i].drops[why] : 0;
        rte_tel_data_add_dict_u64(d, drop_name((enum drop)why), n);
    }
    unlock_snapshot();
    return 0;
}

static int on_sessions(const char *cmd, const char *params, struct rte_tel_data *d)
{
    const struct snapshot *snap = lock_snapshot();
    if (!snap)
        return -ETIMEDOUT;
    rte_tel_data_start_array(d, RTE_TEL_U64_VAL);
    for (uint32_t i = 0; i < MIN(snap->n_sessions, SESSIONS_MAX); i++)
        rte_tel_data_add_array_u64(d, snap->sessions[i].id);
    unlock_snapshot();
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

    if (!parse_id(params, &id) || !(snap = lock_snapshot()))
        return -EINVAL;
    for (uint32_t i = 0; i < snap->n_sessions && ret; i++) {
        if (snap->sessions[i].id != id)
            continue;
        rte_tel_data_start_dict(d);
        write_session(d, &snap->sessions[i]);
        ret = 0;
    }
    unlock_snapshot();
    return ret;
}

/* ---- Life ---- */

static const struct {
    const char *cmd, *help;
    telemetry_cb cb;
} commands[] = {
    {"/roomline/info", "What runs, how many objects. No parameters", on_info},
    {"/roomline/workers", "Counters of workers. Parameter: worker index, for all of its counters", on_workers},
    {"/roomline/drops", "Dropped packets by reason. Parameter: worker index (none: all together)", on_drops},
    {"/roomline/sessions", "Ids of up to 512 sessions. No parameters", on_sessions},
    {"/roomline/session", "One session. Parameter: its id", on_session},
};

struct stats *stats_create(const struct objects *objects, struct worker *const *workers, uint32_t n_workers,
                           uint64_t boot_id)
{
    pthread_condattr_t attr;
    struct stats *st = calloc(1, sizeof(*st));

    if (!st)
        return NULL;
    st->objects = objects;
    st->workers = workers;
    st->n_workers = n_workers;
    st->boot_id = boot_id;
    st->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (st->event_fd < 0) {
        free(st);
        return NULL;
    }
    pthread_mutex_init(&st->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&st->served_cond, &attr);
    pthread_condattr_destroy(&attr);
    instance = st;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        rte_telemetry_register_cmd(commands[i].cmd, commands[i].cb, commands[i].help);
    return st;
}
