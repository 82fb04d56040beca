/* SPDX-License-Identifier: MIT */
/* An interface of the host as a port, by DPDK's AF_XDP driver: each channel is a device with one queue each way and
 * one socket. */
#include <errno.h>
#include <linux/if_xdp.h>
#include <poll.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/util.h"
#include "dataplane/driver_sockets.h"
#include "dataplane/port.h"
#include "dataplane/port_stats.h"
#include "dataplane/xdp_link.h"
#include "dataplane/xdp_probe.h"

#define RX_DESCRIPTORS 1024 /* and of the tx ring: the driver makes both the same */
#define PAGE_BYTES     4096

struct channel {
    uint16_t ethdev;
    int socket;
};

struct turn { /* of one worker */
    _Alignas(RTE_CACHE_LINE_SIZE) uint16_t next;
    uint64_t lost; /* of its channels, when rx_fill was asked last */
};

struct port_xdp {
    struct port port;
    int ifindex;
    uint16_t n_channels;
    struct channel channels[PORT_CHANNELS_MAX];
    struct turn turns[]; /* by queue */
};

static struct port_xdp *self(struct port *port)
{
    return CONTAINER_OF(port, struct port_xdp, port);
}

static uint16_t channels_of(const struct port_xdp *px, uint16_t queue)
{
    return queue < px->n_channels ? (uint16_t)((px->n_channels - 1 - queue) / px->port.n_queues + 1) : 0;
}

/* Each channel in turn is the first to fill the burst. */
static uint16_t rx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct port_xdp *px = self(port);
    uint16_t n_mine = channels_of(px, queue), got = 0;

    for (uint16_t i = 0; i < n_mine && got < n; i++) {
        uint16_t mine = (uint16_t)((px->turns[queue].next + i) % n_mine);
        uint16_t c = (uint16_t)(queue + mine * port->n_queues);
        got = (uint16_t)(got + rte_eth_rx_burst(px->channels[c].ethdev, 0, m + got, (uint16_t)(n - got)));
    }
    if (n_mine > 1)
        px->turns[queue].next = (uint16_t)((px->turns[queue].next + 1) % n_mine);
    return got;
}

static uint16_t tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    return rte_eth_tx_burst(self(port)->channels[queue].ethdev, 0, m, n);
}

static int poll_fds(struct port *port, uint16_t queue, struct pollfd *fds, int n)
{
    const struct port_xdp *px = self(port);
    int n_mine = channels_of(px, queue);

    if (n_mine > n)
        return -ENOTSUP;
    for (int i = 0; i < n_mine; i++) {
        const struct channel *c = &px->channels[queue + i * port->n_queues];
        if (c->socket < 0)
            return -ENOTSUP;
        fds[i] = (struct pollfd){.fd = c->socket, .events = POLLIN};
    }
    return n_mine;
}

/* The driver tells what the kernel dropped, but not what found the rx ring full or the fill ring empty. */
static struct xdp_statistics read_kernel(const struct channel *c)
{
    struct xdp_statistics kernel = {0};
    socklen_t len = sizeof(kernel);

    if (getsockopt(c->socket, SOL_XDP, XDP_STATISTICS, &kernel, &len) != 0)
        kernel = (struct xdp_statistics){0};
    return kernel;
}

static void stats(struct port *port, struct port_stats *stats)
{
    const struct port_xdp *px = self(port);

    for (uint16_t i = 0; i < px->n_channels; i++) {
        struct xdp_statistics kernel = read_kernel(&px->channels[i]);
        port_stats_add_ethdev(stats, px->channels[i].ethdev);
        stats->rx_missed += kernel.rx_ring_full;
        stats->rx_no_mbuf += kernel.rx_fill_ring_empty_descs;
    }
}

/* The ring is the driver's; but it was full when packets found no place in it since the last question. */
static int rx_fill(struct port *port, uint16_t queue)
{
    struct port_xdp *px = self(port);
    uint64_t before = px->turns[queue].lost, lost = 0;

    for (uint16_t c = queue; c < px->n_channels; c = (uint16_t)(c + port->n_queues)) {
        struct xdp_statistics kernel = read_kernel(&px->channels[c]);
        lost += kernel.rx_ring_full + kernel.rx_fill_ring_empty_descs;
    }
    px->turns[queue].lost = lost;
    return lost > before ? 1000 : 0;
}

static void destroy(struct port *port)
{
    struct port_xdp *px = self(port);

    xdp_link_drop(px->ifindex); /* first: from here the kernel answers */
    for (uint16_t i = 0; i < px->n_channels; i++) {
        rte_eth_dev_stop(px->channels[i].ethdev);
        rte_eth_dev_close(px->channels[i].ethdev);
    }
    free(px);
}

static const struct port_ops ops = {.rx_burst = rx_burst,
                                    .tx_burst = tx_burst,
                                    .rx_fill = rx_fill,
                                    .poll_fds = poll_fds,
                                    .stats = stats,
                                    .destroy = destroy};

/* ---- Creation ---- */

/* The one that is in now and not in before; -1: not one. */
static int new_socket(const int *before, int n_before)
{
    int now[DRIVER_SOCKETS_MAX], n = driver_sockets_list(AF_XDP, now), found = -1;

    if (n != n_before + 1)
        return -1;
    for (int i = 0; i < n; i++) {
        bool old = false;
        for (int k = 0; k < n_before; k++)
            old |= before[k] == now[i];
        if (!old)
            found = now[i];
    }
    return found;
}

static int start_channel(struct channel *c, struct rte_mempool *pool)
{
    struct rte_eth_conf conf = {0};
    int before[DRIVER_SOCKETS_MAX], n_before = driver_sockets_list(AF_XDP, before);
    int socket = rte_eth_dev_socket_id(c->ethdev);

    int ret = rte_eth_dev_configure(c->ethdev, 1, 1, &conf);
    if (ret == 0)
        ret = rte_eth_rx_queue_setup(c->ethdev, 0, RX_DESCRIPTORS, (unsigned)socket, NULL, pool);
    if (ret == 0)
        ret = rte_eth_tx_queue_setup(c->ethdev, 0, RX_DESCRIPTORS, (unsigned)socket, NULL);
    if (ret == 0)
        ret = rte_eth_dev_start(c->ethdev);
    c->socket = new_socket(before, n_before);
    return ret;
}

/* The driver shows the kernel the memory from the pool's first object on, as much as its objects take side by side;
 * what lies behind would be lost without a word. */
static bool is_dense(const struct rte_mempool *pool)
{
    const struct rte_mempool_memhdr *chunk = STAILQ_FIRST(&pool->mem_list);
    size_t object = pool->header_size + pool->elt_size + pool->trailer_size;

    return pool->nb_mem_chunks == 1 && chunk->len < pool->populated_size * object + PAGE_BYTES;
}

static const char *explain(int ret, const struct rte_mempool *pool)
{
    if (xdp_link_error() == -EBUSY)
        return "another XDP program is attached, see ip link";
    if (xdp_link_error() == -EPERM || ret == -EPERM)
        return XDP_NOT_PERMITTED;
    if (xdp_link_error() != 0)
        return strerror(-xdp_link_error());
    if (!xdp_may_lock(STAILQ_FIRST(&pool->mem_list)->len))
        return "no memory may be locked for it (RLIMIT_MEMLOCK, CAP_IPC_LOCK)";
    if (ret == -EFBIG)
        return "its packet buffers are not in one piece: raise dataplane.eal -m";
    return rte_strerror(-ret);
}

struct port *port_xdp_create(const char *interface, int ifindex, const uint16_t *ethdevs, uint16_t n_channels,
                             uint16_t n_queues, struct rte_mempool **pools, const char **err)
{
    static char text[256];
    struct port_xdp *px = aligned_alloc(
        RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(sizeof(*px) + n_queues * sizeof(px->turns[0]), RTE_CACHE_LINE_SIZE));
    int ret = 0;

    if (!px) {
        *err = "out of memory";
        return NULL;
    }
    memset(px, 0, sizeof(*px) + n_queues * sizeof(px->turns[0]));
    px->port =
        (struct port){.ops = &ops, .n_queues = n_queues, .n_tx = RTE_MIN(n_queues, n_channels), .checksum = true};
    snprintf(px->port.name, sizeof(px->port.name), "xdp:%s", interface);
    px->ifindex = ifindex;
    px->n_channels = n_channels;
    for (uint16_t i = 0; i < n_channels; i++)
        px->channels[i] = (struct channel){.ethdev = ethdevs[i], .socket = -1};
    for (uint16_t i = 0; i < n_channels && ret == 0; i++) {
        struct rte_mempool *pool = pools[i % n_queues];
        ret = is_dense(pool) ? start_channel(&px->channels[i], pool) : -EFBIG;
    }
    if (ret) {
        snprintf(text, sizeof(text), "AF_XDP on %s: %s; what its driver says is above", interface,
                 explain(ret, pools[0]));
        *err = text;
        destroy(&px->port);
        return NULL;
    }
    return &px->port;
}
