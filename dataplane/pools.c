/* SPDX-License-Identifier: MIT */
/* How many packet buffers, and on which NUMA node. */
#include "dataplane/pools.h"

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <stdio.h>

#include "common/log.h"
#include "common/util.h"
#include "dataplane/eal.h"
#include "dataplane/pkt.h"
#include "dataplane/xdp.h"

#define CACHE_MBUFS   256
#define TX_SHARE      4    /* one part in four of the packet buffers is for sending */
#define BURST_MBUFS   1024 /* of a worker at least: bursts in and out, caches */
#define TX_MBUFS      512  /* of them beside the descriptors: a burst, a cache */
#define CHANNEL_MBUFS 4096 /* per AF_XDP channel: the rings to and from the kernel, copies that are being sent */
#define MBUF_BYTES    2560 /* with headroom, private area, mempool header */
#define MAIL_MBUFS    16383
#define DTLS_MBUFS    1023 /* of the controlplane, on their way to workers */

static uint32_t worker_mbufs(const struct conf *conf)
{
    return conf->dataplane_mbufs / conf->workers_count;
}

static uint32_t tx_mbufs(const struct conf *conf)
{
    return worker_mbufs(conf) / TX_SHARE;
}

uint32_t pools_rx_mbufs(const struct conf *conf)
{
    return worker_mbufs(conf) - tx_mbufs(conf);
}

/* A device keeps an mbuf in every descriptor. */
const char *pools_validate(const struct conf *conf)
{
    static char text[128];
    uint32_t least = BURST_MBUFS;

    if (!eal_port_is_socket(conf) && !eal_port_is_xdp(conf))
        least = MAX(TX_SHARE * (conf->dataplane_tx_descriptors + TX_MBUFS),
                    (conf->dataplane_rx_descriptors + BURST_MBUFS) * TX_SHARE / (TX_SHARE - 1) + TX_SHARE);
    if (worker_mbufs(conf) >= least)
        return NULL;
    snprintf(text, sizeof(text), "dataplane.mbufs: so many workers on this port need at least %u",
             least * conf->workers_count);
    return text;
}

uint64_t pools_bytes(const struct conf *conf, const struct xdp *xdp)
{
    uint64_t n = conf->dataplane_mbufs;

    for (uint16_t i = 0; i < conf->workers_count; i++)
        n += xdp_channels_of(xdp, i, (uint16_t)conf->workers_count) * CHANNEL_MBUFS;
    return n * MBUF_BYTES;
}

/* Where the worker runs, or anywhere: it floats, or that node has no memory for it. */
static struct rte_mempool *make(const char *name, uint32_t n, int node)
{
    struct rte_mempool *pool = pkt_pool_create(name, n, MIN(CACHE_MBUFS, n / 4), node);
    if (pool || node == SOCKET_ID_ANY)
        return pool;
    LOG_WARN(PORT, "no memory on the worker's NUMA node: another's is used pool=%s node=%d", name, node);
    return pkt_pool_create(name, n, MIN(CACHE_MBUFS, n / 4), SOCKET_ID_ANY);
}

int pools_init(struct pools *p, const struct conf *conf, const struct xdp *xdp)
{
    char name[32];

    *p = (struct pools){0};
    for (uint16_t i = 0; i < conf->workers_count; i++) {
        uint32_t held = xdp_channels_of(xdp, i, (uint16_t)conf->workers_count) * CHANNEL_MBUFS;
        int node = (int)rte_lcore_to_socket_id(i + 1u);
        snprintf(name, sizeof(name), "rx%u", i);
        p->rx[i] = make(name, pools_rx_mbufs(conf) + held, node);
        snprintf(name, sizeof(name), "tx%u", i);
        p->tx[i] = make(name, tx_mbufs(conf), node);
        if (!p->rx[i] || !p->tx[i])
            return -rte_errno;
    }
    p->mail = pkt_mail_pool_create("mails", MAIL_MBUFS, CACHE_MBUFS, SOCKET_ID_ANY);
    p->dtls = pkt_pool_create("dtls", DTLS_MBUFS, 0, SOCKET_ID_ANY);
    return p->mail && p->dtls ? 0 : -rte_errno;
}

void pools_finish(struct pools *p)
{
    for (uint32_t i = 0; i < DP_WORKERS_MAX; i++) {
        rte_mempool_free(p->rx[i]);
        rte_mempool_free(p->tx[i]);
    }
    rte_mempool_free(p->mail);
    rte_mempool_free(p->dtls);
    *p = (struct pools){0};
}
