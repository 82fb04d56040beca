/* SPDX-License-Identifier: MIT */
/* Tables and workers, and all that they need: made, started, stopped, unmade. */
#include "dataplane/plane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/log.h"
#include "common/util.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"

#define CTL_MAILS   16384
#define MTU         1500
#define STOP_ROUNDS 1000

static char text[256]; /* of *err */

static const char *fail(const char *format, const char *detail)
{
    snprintf(text, sizeof(text), format, detail);
    return text;
}

/* ---- Validation ---- */

static const char *validate_cores(const struct conf *conf)
{
    cpu_set_t ours, taken;

    CPU_ZERO(&ours);
    CPU_ZERO(&taken);
    if (sched_getaffinity(0, sizeof(ours), &ours) != 0)
        return NULL;
    for (size_t i = 0; i < conf->workers_cores.n; i++) {
        unsigned cpu = (unsigned)strtoul(conf->workers_cores.items[i], NULL, 10);
        if (!CPU_ISSET(cpu, &ours))
            return fail("workers.cores: CPU %s does not exist, or this process may not run on it",
                        conf->workers_cores.items[i]);
        if (CPU_ISSET(cpu, &taken))
            return fail("workers.cores: names CPU %s twice", conf->workers_cores.items[i]);
        CPU_SET(cpu, &taken);
    }
    return NULL;
}

const char *plane_validate(const struct conf *conf)
{
    uint32_t n = conf->workers_count;
    bool socket = eal_port_is_socket(conf) || eal_port_is_xdp(conf); /* the addresses are the host's own */

    if (conf->workers_cores.n != 0 && conf->workers_cores.n != n)
        return "workers.cores: names as many CPUs as workers.count says, or none";
    if (conf->media_port + n - 1 > UINT16_MAX)
        return "media.port: too high, each worker takes the next port";
    const char *wrong = pools_validate(conf);
    if (wrong)
        return wrong;
    if (!socket && conf->media_announce.n == 0)
        return "media.announce: names the addresses that are ours on dataplane.port";
    if (conf->dataplane_port[0] == '\0')
        return "dataplane.port: is empty";
    return validate_cores(conf);
}

/* ---- Life ---- */

static int set_addresses(struct plane *p, const struct conf *conf)
{
    static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};
    size_t n = conf->media_announce.n;

    p->addresses = calloc(MAX(n, 1u), sizeof(*p->addresses));
    if (!p->addresses)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *name = conf->media_announce.items[i];
        if (inet_pton(AF_INET, name, p->addresses[i] + sizeof(v4_mapped)) == 1)
            memcpy(p->addresses[i], v4_mapped, sizeof(v4_mapped));
        else
            inet_pton(AF_INET6, name, p->addresses[i]);
    }
    p->conf.n_addresses = (uint16_t)n;
    p->conf.addresses = (const uint8_t(*)[16])p->addresses;
    return 0;
}

static int set_conf(struct plane *p, const struct conf *conf)
{
    p->conf = (struct dataplane_conf){
        .consent_us = (int64_t)conf->consent_timeout_ms * 1000,
        .history_age_us = (int64_t)conf->history_age_ms * 1000,
        .history_packets = conf->history_packets,
        .history_mbufs = (uint32_t)((uint64_t)pools_rx_mbufs(conf) * conf->history_pool_share_percent / 100),
        .mtu = MTU,
        .max_sessions = conf->dataplane_max_sessions,
        .burst = conf->dataplane_burst,
        .media_port = conf->media_port,
        .n_workers = (uint16_t)conf->workers_count,
    };
    return set_addresses(p, conf);
}

static struct worker *make_worker(struct plane *p, uint32_t index)
{
    char name[32];
    struct worker *w = rte_zmalloc("worker", sizeof(*w), RTE_CACHE_LINE_SIZE);

    if (!w)
        return NULL;
    w->index = index;
    w->n_ports = p->ports.n;
    for (uint32_t i = 0; i < p->ports.n; i++) {
        w->ports[i].port = p->ports.v[i];
        w->ports[i].queue = (uint16_t)index;
    }
    w->conf = &p->conf;
    w->tables = &p->tables;
    w->rcu = p->tables.rcu;
    w->tx_pool = p->pools.tx[index];
    w->ctl_mailbox = &p->ctl_mailbox;
    w->peers = p->workers;
    w->seats = calloc(p->conf.max_sessions, sizeof(*w->seats));
    w->srtp = srtp_engine_create();
    if (p->tap.slab)
        tap_writer_init(&w->tap, p->tap.slab, p->tap.tails, index, p->tap.ring_bytes);
    snprintf(name, sizeof(name), "mailbox%u", index);
    int err = mailbox_init(&w->mailbox, name, MAILBOX_WORKER_MAIL, p->pools.mail, true, SOCKET_ID_ANY);
    if (err || !w->seats || !w->srtp || getrandom(&w->random, sizeof(w->random), 0) != sizeof(w->random)) {
        mailbox_finish(&w->mailbox);
        srtp_engine_destroy(w->srtp);
        free(w->seats);
        rte_free(w);
        return NULL;
    }
    w->random |= 1; /* xorshift stays at 0 for ever */
    return w;
}

static int make_workers(struct plane *p, const struct conf *conf)
{
    for (uint32_t i = 0; i < conf->workers_count; i++) {
        p->workers[i] = make_worker(p, i);
        if (!p->workers[i])
            return -ENOMEM;
        p->runs[i] = (struct run){.worker = p->workers[i],
                                  .sleep = conf->dataplane_idle == CONF_IDLE_SLEEP,
                                  .priority = conf->workers_priority};
    }
    return 0;
}

/* Without one media is relayed all the same. */
static void make_tap(struct plane *p, const struct conf *conf)
{
    int err = tap_memory_init(&p->tap, conf->workers_count, (uint64_t)conf->record_ring_kbytes * 1024);
    if (err)
        LOG_WARN(REC, "nothing can be recorded: no memory to share error=%s", strerror(-err));
}

int plane_init(struct plane *p, const struct conf *conf, const struct xdp *xdp, const struct objects_ops *ops,
               void *arg, const char **err)
{
    uint64_t random[2];

    *p = (struct plane){0};
    *err = "memory for pools and tables: raise dataplane.eal -m, or lower dataplane.mbufs";
    int ret = getrandom(random, sizeof(random), 0) == sizeof(random) ? set_conf(p, conf) : -EIO;
    if (ret == 0)
        ret = pools_init(&p->pools, conf, xdp);
    if (ret == 0)
        ret = tables_init(&p->tables, p->conf.max_sessions, p->conf.n_workers, (uint32_t)random[0], SOCKET_ID_ANY);
    if (ret == 0)
        ret = mailbox_init(&p->ctl_mailbox, "ctl", CTL_MAILS, p->pools.mail, true, SOCKET_ID_ANY);
    if (ret == 0)
        ret = ports_init(&p->ports, conf, xdp, &p->pools, err);
    if (ret == 0) {
        make_tap(p, conf);
        ret = make_workers(p, conf);
    }
    if (ret) {
        plane_finish(p);
        return ret;
    }
    objects_init(&p->objects, &p->conf, &p->tables, p->workers, &p->ctl_mailbox, p->pools.dtls, random[1] | 1, ops,
                 arg);
    return 0;
}

int plane_start(struct plane *p)
{
    for (uint32_t i = 0; i < p->conf.n_workers; i++) {
        int err = rte_eal_remote_launch(run_worker, &p->runs[i], i + 1);
        if (err)
            return err;
    }
    return 0;
}

/* With the workers gone their mail is read here, so that histories and held packets go back to their pools. */
void plane_stop(struct plane *p)
{
    for (uint32_t i = 0; i < p->conf.n_workers; i++)
        run_stop(&p->runs[i]);
    rte_eal_mp_wait_lcore();
    for (int round = 0; round < STOP_ROUNDS && (p->objects.sessions || !STAILQ_EMPTY(&p->objects.graves)); round++) {
        objects_del_all(&p->objects);
        for (uint32_t i = 0; i < p->conf.n_workers; i++)
            mailbox_drain(p->workers[i], run_now_us());
        objects_poll(&p->objects, run_now_us());
    }
    objects_finish(&p->objects);
}

static void destroy_worker(struct worker *w)
{
    rte_pktmbuf_free_bulk(w->held, w->n_held);
    frame_finish(w);
    mailbox_finish(&w->mailbox);
    srtp_engine_destroy(w->srtp);
    free(w->seats);
    rte_free(w);
}

void plane_finish(struct plane *p)
{
    for (uint32_t i = 0; i < DP_WORKERS_MAX; i++)
        if (p->workers[i])
            destroy_worker(p->workers[i]);
    ports_finish(&p->ports);
    tap_memory_finish(&p->tap);
    mailbox_finish(&p->ctl_mailbox);
    tables_finish(&p->tables);
    pools_finish(&p->pools);
    free(p->addresses);
    *p = (struct plane){0};
}
