/* SPDX-License-Identifier: MIT */
/* Pools, tables, ports, workers: made, started, stopped, unmade. */
#include "dataplane/plane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/log.h"
#include "common/util.h"
#include "dataplane/eal.h"
#include "dataplane/xdp.h"
#include "dataplane/xdp_link.h"

#define CACHE_MBUFS          256
#define TX_SHARE             4    /* one part in four of the packet buffers is for sending */
#define WORKER_MBUFS_MIN     1024 /* of dataplane.mbufs: bursts in and out, caches */
#define WORKER_ETH_MBUFS_MIN 6144 /* more: the descriptors of an ethdev's queues */
#define CHANNEL_MBUFS        4096 /* more, per AF_XDP channel: the fill ring, copies that are being sent */
#define MAIL_MBUFS           16383
#define DTLS_MBUFS           1023 /* of the controlplane, on their way to workers */
#define CTL_MAILS            16384
#define MTU                  1500
#define STOP_ROUNDS          1000

static char text[256]; /* of *err */

static const char *fail(const char *format, const char *detail)
{
    snprintf(text, sizeof(text), format, detail);
    return text;
}

/* ---- Validation ---- */

const char *plane_validate(const struct conf *conf)
{
    uint32_t n = conf->workers_count;
    bool socket = eal_port_is_socket(conf) || eal_port_is_xdp(conf); /* the addresses are the host's own */
    uint32_t least = n * (socket ? WORKER_MBUFS_MIN : WORKER_ETH_MBUFS_MIN);
    char number[32];

    if (conf->workers_cores.n != 0 && conf->workers_cores.n != n)
        return "workers.cores: names as many CPUs as workers.count says, or none";
    if (conf->media_port + n - 1 > UINT16_MAX)
        return "media.port: too high, each worker takes the next port";
    if (conf->dataplane_mbufs < least) {
        snprintf(number, sizeof(number), "%u", least);
        return fail("dataplane.mbufs: so many workers on this port need at least %s", number);
    }
    if (!socket && conf->media_announce.n == 0)
        return "media.announce: names the addresses that are ours on dataplane.port";
    if (conf->dataplane_port[0] == '\0')
        return "dataplane.port: is empty";
    cpu_set_t ours;
    CPU_ZERO(&ours);
    if (sched_getaffinity(0, sizeof(ours), &ours) != 0)
        return NULL;
    for (size_t i = 0; i < conf->workers_cores.n; i++)
        if (!CPU_ISSET((unsigned)strtoul(conf->workers_cores.items[i], NULL, 10), &ours))
            return fail("workers.cores: CPU %s does not exist, or this process may not run on it",
                        conf->workers_cores.items[i]);
    return NULL;
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

/* What the driver holds for receiving is not for histories. */
static int set_conf(struct plane *p, const struct conf *conf, const struct xdp *xdp)
{
    uint32_t rx_mbufs = conf->dataplane_mbufs / conf->workers_count;
    rx_mbufs -= rx_mbufs / TX_SHARE;
    rx_mbufs -= MIN(rx_mbufs, xdp ? xdp_channels_per_worker(xdp, conf->workers_count) * PORT_XDP_RX_MBUFS : 0);
    p->conf = (struct dataplane_conf){
        .consent_us = (int64_t)conf->consent_timeout_ms * 1000,
        .history_age_us = (int64_t)conf->history_age_ms * 1000,
        .history_packets = conf->history_packets,
        .history_mbufs = (uint32_t)((uint64_t)rx_mbufs * conf->history_pool_share_percent / 100),
        .mtu = MTU,
        .max_sessions = conf->dataplane_max_sessions,
        .media_port = conf->media_port,
        .n_workers = (uint16_t)conf->workers_count,
    };
    return set_addresses(p, conf);
}

static int make_pools(struct plane *p, const struct conf *conf)
{
    uint32_t all = conf->dataplane_mbufs / conf->workers_count, tx = all / TX_SHARE;
    char name[32];

    for (uint32_t i = 0; i < conf->workers_count; i++) {
        snprintf(name, sizeof(name), "rx%u", i);
        p->rx_pools[i] = pkt_pool_create(name, all - tx, MIN(CACHE_MBUFS, (all - tx) / 4), SOCKET_ID_ANY);
        snprintf(name, sizeof(name), "tx%u", i);
        p->tx_pools[i] = pkt_pool_create(name, tx, MIN(CACHE_MBUFS, tx / 4), SOCKET_ID_ANY);
        if (!p->rx_pools[i] || !p->tx_pools[i])
            return -rte_errno;
    }
    p->mail_pool = pkt_mail_pool_create("mails", MAIL_MBUFS, CACHE_MBUFS, SOCKET_ID_ANY);
    p->dtls_pool = pkt_pool_create("dtls", DTLS_MBUFS, 0, SOCKET_ID_ANY);
    return p->mail_pool && p->dtls_pool ? 0 : -rte_errno;
}

static int add_port(struct plane *p, struct port *port)
{
    if (!port)
        return -ENODEV;
    port->id = p->n_ports;
    p->ports[p->n_ports++] = port;
    return 0;
}

static void destroy_ports(struct plane *p)
{
    while (p->n_ports > 0) {
        struct port *port = p->ports[--p->n_ports];
        port->ops->destroy(port);
    }
}

static struct port *make_xdp_port(struct plane *p, const struct xdp *xdp, uint32_t interface, const char **err)
{
    const struct xdp_interface *itf = &xdp->interfaces[interface];
    uint16_t ethdevs[PORT_CHANNELS_MAX];
    char name[XDP_DEVICE_NAME_BYTES];

    for (uint16_t c = 0; c < itf->n_channels; c++) {
        xdp_device_name(name, interface, c);
        if (rte_eth_dev_get_port_by_name(name, &ethdevs[c]) != 0) { /* a failed probe does not stop the EAL */
            *err = fail("AF_XDP on %s did not start: what its driver says is above", itf->name);
            return NULL;
        }
    }
    struct port *port =
        port_xdp_create(itf->name, itf->index, ethdevs, itf->n_channels, p->conf.n_workers, p->rx_pools, err);
    if (port)
        LOG_INFO(PORT, "AF_XDP interface=%s channels=%u mode=%s", itf->name, itf->n_channels,
                 xdp_link_mode(itf->index));
    return port;
}

static int make_xdp_ports(struct plane *p, const struct conf *conf, const struct xdp *xdp, const char **err)
{
    uint32_t n = conf->workers_count;
    uint32_t least = n * (WORKER_MBUFS_MIN + CHANNEL_MBUFS * xdp_channels_per_worker(xdp, n));
    char number[32];
    int ret = 0;

    if (conf->dataplane_mbufs < least) {
        snprintf(number, sizeof(number), "%u", least);
        *err = fail("dataplane.mbufs: AF_XDP with so many channels needs at least %s", number);
        return -ENOBUFS;
    }
    for (uint32_t i = 0; i < xdp->n && ret == 0; i++)
        ret = add_port(p, make_xdp_port(p, xdp, i, err));
    if (ret == 0 && conf->dataplane_same_host == CONF_SAME_HOST_KERNEL)
        ret = add_port(p, port_socket_create((uint16_t)n, NULL, conf->media_port, p->rx_pools, err));
    return ret;
}

static struct port *make_port(struct plane *p, const struct conf *conf, const char **err)
{
    uint16_t n = (uint16_t)conf->workers_count, ethdev;
    char name[RTE_ETH_NAME_MAX_LEN];

    if (eal_port_is_socket(conf) || eal_port_is_auto(conf))
        return port_socket_create(n, NULL, conf->media_port, p->rx_pools, err);
    eal_port_name(conf, name, sizeof(name));
    if (rte_eth_dev_get_port_by_name(name, &ethdev) != 0) { /* a failed probe does not stop the EAL */
        *err =
            fail(eal_port_is_pci(conf)
                     ? "dataplane.port: DPDK found no network device at %s: does it exist, and is it bound to vfio-pci?"
                     : "dataplane.port: %s did not start: what its driver says is above",
                 name);
        return NULL;
    }
    return port_eth_create(ethdev, n, p->rx_pools, err);
}

static int make_ports(struct plane *p, const struct conf *conf, const struct xdp *xdp, const char **err)
{
    int ret = xdp ? make_xdp_ports(p, conf, xdp, err) : -ENODEV;
    if (ret == 0 || (xdp && !eal_port_is_auto(conf)))
        return ret;
    if (xdp) {
        destroy_ports(p);
        LOG_WARN(PORT, "kernel sockets in place of AF_XDP reason=%s", *err);
    }
    return add_port(p, make_port(p, conf, err));
}

static struct worker *make_worker(struct plane *p, uint32_t index)
{
    char name[32];
    struct worker *w = rte_zmalloc("worker", sizeof(*w), RTE_CACHE_LINE_SIZE);

    if (!w)
        return NULL;
    w->index = index;
    w->n_ports = p->n_ports;
    for (uint32_t i = 0; i < p->n_ports; i++) {
        w->ports[i].port = p->ports[i];
        w->ports[i].queue = (uint16_t)index;
    }
    w->conf = &p->conf;
    w->tables = &p->tables;
    w->rcu = p->tables.rcu;
    w->tx_pool = p->tx_pools[index];
    w->ctl_mailbox = &p->ctl_mailbox;
    w->peers = p->workers;
    w->sessions = calloc(p->conf.max_sessions, sizeof(struct session *));
    w->srtp = srtp_engine_create();
    snprintf(name, sizeof(name), "mailbox%u", index);
    int err = mailbox_init(&w->mailbox, name, MAILBOX_WORKER_MAIL, p->mail_pool, true, SOCKET_ID_ANY);
    if (err || !w->sessions || !w->srtp || getrandom(&w->random, sizeof(w->random), 0) != sizeof(w->random)) {
        mailbox_finish(&w->mailbox);
        srtp_engine_destroy(w->srtp);
        free(w->sessions);
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
        p->runs[i] = (struct run){.worker = p->workers[i], .sleep = conf->dataplane_idle == CONF_IDLE_SLEEP};
    }
    return 0;
}

int plane_init(struct plane *p, const struct conf *conf, const struct xdp *xdp, const struct objects_ops *ops,
               void *arg, const char **err)
{
    uint64_t random[2];

    *p = (struct plane){0};
    *err = "memory for pools and tables: raise dataplane.eal -m, or lower dataplane.mbufs";
    int ret = getrandom(random, sizeof(random), 0) == sizeof(random) ? set_conf(p, conf, xdp) : -EIO;
    if (ret == 0)
        ret = make_pools(p, conf);
    if (ret == 0)
        ret = tables_init(&p->tables, p->conf.max_sessions, p->conf.n_workers, (uint32_t)random[0], SOCKET_ID_ANY);
    if (ret == 0)
        ret = mailbox_init(&p->ctl_mailbox, "ctl", CTL_MAILS, p->mail_pool, true, SOCKET_ID_ANY);
    if (ret == 0)
        ret = make_ports(p, conf, xdp, err);
    if (ret == 0)
        ret = make_workers(p, conf);
    if (ret) {
        plane_finish(p);
        return ret;
    }
    objects_init(&p->objects, &p->conf, &p->tables, p->workers, &p->ctl_mailbox, p->dtls_pool, random[1] | 1, ops, arg);
    return 0;
}

void plane_port_names(const struct plane *p, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < p->n_ports && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " " : "", p->ports[i]->name);
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
    mailbox_finish(&w->mailbox);
    srtp_engine_destroy(w->srtp);
    free(w->sessions);
    rte_free(w);
}

void plane_finish(struct plane *p)
{
    for (uint32_t i = 0; i < DP_WORKERS_MAX; i++)
        if (p->workers[i])
            destroy_worker(p->workers[i]);
    destroy_ports(p);
    mailbox_finish(&p->ctl_mailbox);
    tables_finish(&p->tables);
    for (uint32_t i = 0; i < DP_WORKERS_MAX; i++) {
        rte_mempool_free(p->rx_pools[i]);
        rte_mempool_free(p->tx_pools[i]);
    }
    rte_mempool_free(p->mail_pool);
    rte_mempool_free(p->dtls_pool);
    free(p->addresses);
    *p = (struct plane){0};
}
