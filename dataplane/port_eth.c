/* SPDX-License-Identifier: MIT */
/* A DPDK ethdev as a port: one rx and tx queue per worker, no offloads, all checksums in software. The drivers that
 * read a socket of the kernel (AF_PACKET, AF_XDP) have no rx interrupts; a worker sleeps on that socket instead, which
 * is readable as long as a packet waits. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/util.h"
#include "dataplane/port.h"

#define RX_DESCRIPTORS 1024
#define TX_DESCRIPTORS 1024
#define SOCKETS_MAX    64

struct port_eth {
    struct port port;
    uint16_t ethdev;
    uint16_t n_rx;            /* a device may have fewer: a queue beyond gets nothing, its packets come as strays */
    bool has_sockets;         /* else it cannot wake us */
    int sockets[SOCKETS_MAX]; /* the driver's, by rx queue */
};

/* Drivers whose rx queues are sockets of this domain. All their queues receive, wanted or not. */
static const struct {
    const char *driver;
    int domain;
} socket_drivers[] = {{"net_af_packet", AF_PACKET}, {"net_af_xdp", AF_XDP}};

static struct port_eth *self(struct port *port)
{
    return CONTAINER_OF(port, struct port_eth, port);
}

static uint16_t rx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    const struct port_eth *pe = self(port);
    return queue < pe->n_rx ? rte_eth_rx_burst(pe->ethdev, queue, m, n) : 0;
}

static uint16_t tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    return rte_eth_tx_burst(self(port)->ethdev, queue, m, n);
}

static int poll_fds(struct port *port, uint16_t queue, struct pollfd *fds, int n)
{
    const struct port_eth *pe = self(port);

    if (queue >= pe->n_rx)
        return 0;
    if (!pe->has_sockets || n < 1)
        return -ENOTSUP;
    fds[0] = (struct pollfd){.fd = pe->sockets[queue], .events = POLLIN};
    return 1;
}

static void destroy(struct port *port)
{
    rte_eth_dev_stop(self(port)->ethdev);
    rte_eth_dev_close(self(port)->ethdev);
    free(self(port));
}

static const struct port_ops ops = {
    .rx_burst = rx_burst, .tx_burst = tx_burst, .poll_fds = poll_fds, .destroy = destroy};

/* Addresses and ports spread flows over the rx queues, as far as the device can. */
static void set_rss(struct rte_eth_conf *conf, const struct rte_eth_dev_info *info)
{
    uint64_t hash = info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
    if (hash == 0)
        return;
    conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf->rx_adv_conf.rss_conf.rss_hf = hash;
}

static int set_up_queues(const struct port_eth *pe, struct rte_mempool **pools)
{
    uint16_t n_rxd = RX_DESCRIPTORS, n_txd = TX_DESCRIPTORS;
    int socket = rte_eth_dev_socket_id(pe->ethdev);
    int err = rte_eth_dev_adjust_nb_rx_tx_desc(pe->ethdev, &n_rxd, &n_txd);

    for (uint16_t q = 0; q < pe->n_rx && err == 0; q++)
        err = rte_eth_rx_queue_setup(pe->ethdev, q, n_rxd, (unsigned)socket, NULL, pools[q]);
    for (uint16_t q = 0; q < pe->port.n_tx && err == 0; q++)
        err = rte_eth_tx_queue_setup(pe->ethdev, q, n_txd, (unsigned)socket, NULL);
    return err;
}

static int domain_of(const char *driver)
{
    for (size_t i = 0; i < ARRAY_SIZE(socket_drivers); i++)
        if (strcmp(driver, socket_drivers[i].driver) == 0)
            return socket_drivers[i].domain;
    return AF_UNSPEC;
}

static int compare_ints(const void *a, const void *b)
{
    const int *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Drivers keep their sockets to themselves: ours are the process's sockets of that domain, opened queue after queue.
 * With more or fewer of them than queues they are not told apart, and the port is polled. */
static void find_sockets(struct port_eth *pe, int domain)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");

    for (struct dirent *e; dir && n < SOCKETS_MAX && (e = readdir(dir));) {
        int fd = atoi(e->d_name), found = AF_UNSPEC;
        socklen_t len = sizeof(found);
        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &found, &len) == 0 && found == domain)
            pe->sockets[n++] = fd;
    }
    if (dir)
        closedir(dir);
    qsort(pe->sockets, (size_t)n, sizeof(pe->sockets[0]), compare_ints);
    pe->has_sockets = n == pe->n_rx;
}

/* How many queues each way; returns what is wrong, or NULL. */
static const char *choose_queues(struct port_eth *pe, const struct rte_eth_dev_info *info)
{
    if (info->max_rx_queues == 0 || info->max_tx_queues == 0)
        return "a device without rx or tx queues";
    if (domain_of(info->driver_name) != AF_UNSPEC && info->max_rx_queues > pe->port.n_queues)
        return "more queues than workers.count: nobody would read the last ones";
    pe->n_rx = MIN(pe->port.n_queues, info->max_rx_queues);
    pe->port.n_tx = MIN(pe->port.n_queues, info->max_tx_queues);
    return NULL;
}

/* Returns what failed, or NULL with *ret 0. */
static const char *start(struct port_eth *pe, struct rte_mempool **pools, int *ret)
{
    struct rte_eth_conf conf = {0};
    struct rte_eth_dev_info info;

    *ret = rte_eth_dev_info_get(pe->ethdev, &info);
    if (*ret)
        return "device info";
    *ret = -ENOTSUP;
    const char *wrong = choose_queues(pe, &info);
    if (wrong)
        return wrong;
    if (pe->n_rx > 1)
        set_rss(&conf, &info);
    *ret = rte_eth_dev_configure(pe->ethdev, pe->n_rx, pe->port.n_tx, &conf);
    if (*ret)
        return "configure";
    *ret = set_up_queues(pe, pools);
    if (*ret)
        return "queue set-up";
    *ret = rte_eth_dev_start(pe->ethdev);
    if (*ret)
        return "start";
    if (domain_of(info.driver_name) != AF_UNSPEC)
        find_sockets(pe, domain_of(info.driver_name));
    return NULL;
}

struct port *port_eth_create(uint16_t ethdev, uint16_t n_queues, struct rte_mempool **pools, const char **err)
{
    static char text[160];
    struct rte_ether_addr mac = {0};
    struct port_eth *pe = calloc(1, sizeof(*pe));
    int ret;

    if (!pe) {
        *err = "out of memory";
        return NULL;
    }
    pe->ethdev = ethdev;
    pe->port = (struct port){.ops = &ops, .n_queues = n_queues, .checksum = true, .link_layer = true};
    rte_eth_dev_get_name_by_port(ethdev, pe->port.name);
    const char *failed = start(pe, pools, &ret);
    if (failed) {
        snprintf(text, sizeof(text), "%s: %s: %s", pe->port.name, failed, rte_strerror(-ret));
        *err = text;
        free(pe);
        return NULL;
    }
    rte_eth_macaddr_get(ethdev, &mac);
    memcpy(pe->port.mac, mac.addr_bytes, sizeof(pe->port.mac));
    rte_eth_promiscuous_enable(ethdev); /* IPv6 neighbours solicit by multicast; parse keeps only what is ours */
    return &pe->port;
}
