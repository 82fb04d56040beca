/* SPDX-License-Identifier: MIT */
/* A DPDK ethdev as a port: one rx and tx queue per worker, as far as it has them. It computes checksums and frees what
 * it has sent in one piece if it can. */
#include <errno.h>
#include <poll.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/util.h"
#include "dataplane/driver_sockets.h"
#include "dataplane/port.h"
#include "dataplane/port_stats.h"
#include "dataplane/steering.h"

#define DESCRIPTORS      1024
#define CHECKSUM_OFFLOAD (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)
#define FAST_FREE        RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE

struct port_eth {
    struct port port;
    uint16_t ethdev;
    uint16_t n_rxd; /* descriptors of a queue */
    uint16_t n_rx;  /* a device may have fewer: a queue beyond gets nothing, its packets come as strays */
    struct rte_mempool **tx_pools;   /* fast free: all mbufs of a tx queue are of this one; NULL: of any */
    bool has_sockets;                /* else it cannot wake us */
    int sockets[DRIVER_SOCKETS_MAX]; /* the driver's, by rx queue */
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

/* ---- Transmit ---- */

static uint16_t tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    return rte_eth_tx_burst(self(port)->ethdev, queue, m, n);
}

/* The device computes what frame.c has left out: it is told where, and begins with the pseudo header's sum. ARP, ND and
 * ICMP come complete. */
static void ask_checksum(struct rte_mbuf *m)
{
    uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, RTE_ETHER_HDR_LEN);
    struct rte_ipv4_hdr *ip4 = (struct rte_ipv4_hdr *)l3;
    struct rte_ipv6_hdr *ip6 = (struct rte_ipv6_hdr *)l3;

    m->l2_len = RTE_ETHER_HDR_LEN;
    if (l3[0] == RTE_IPV4_VHL_DEF && ip4->next_proto_id == IPPROTO_UDP) {
        m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM;
        m->l3_len = sizeof(*ip4);
        ip4->hdr_checksum = 0;
        ((struct rte_udp_hdr *)(ip4 + 1))->dgram_cksum = rte_ipv4_phdr_cksum(ip4, m->ol_flags);
    } else if (l3[0] >> 4 == 6 && ip6->proto == IPPROTO_UDP) {
        m->ol_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
        m->l3_len = sizeof(*ip6);
        ((struct rte_udp_hdr *)(ip6 + 1))->dgram_cksum = rte_ipv6_phdr_cksum(ip6, m->ol_flags);
    }
}

/* What was received or is another worker's goes out as a copy of ours: answers and hand-overs, which are few. */
static bool own(struct rte_mempool *pool, struct rte_mbuf **m)
{
    if ((*m)->pool == pool)
        return true;
    struct rte_mbuf *copy = rte_pktmbuf_copy(*m, pool, 0, UINT32_MAX);
    if (!copy)
        return false;
    rte_pktmbuf_free(*m);
    *m = copy;
    return true;
}

static uint16_t tx_burst_offloaded(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    const struct port_eth *pe = self(port);
    uint16_t ready = 0;

    for (; ready < n && (!pe->tx_pools || own(pe->tx_pools[queue], &m[ready])); ready++)
        if (!port->checksum)
            ask_checksum(m[ready]);
    return rte_eth_tx_burst(pe->ethdev, queue, m, ready);
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

static int rx_fill(struct port *port, uint16_t queue)
{
    const struct port_eth *pe = self(port);

    if (queue >= pe->n_rx)
        return 0;
    int waiting = rte_eth_rx_queue_count(pe->ethdev, queue);
    return waiting < 0 ? -ENOTSUP : RTE_MIN(waiting * 1000 / pe->n_rxd, 1000);
}

static void stats(struct port *port, struct port_stats *stats)
{
    port_stats_add_ethdev(stats, self(port)->ethdev);
}

static void destroy(struct port *port)
{
    rte_eth_dev_stop(self(port)->ethdev);
    rte_eth_dev_close(self(port)->ethdev);
    free(self(port));
}

static const struct port_ops plain_ops = {.rx_burst = rx_burst,
                                          .tx_burst = tx_burst,
                                          .rx_fill = rx_fill,
                                          .poll_fds = poll_fds,
                                          .stats = stats,
                                          .destroy = destroy};
static const struct port_ops offloaded_ops = {.rx_burst = rx_burst,
                                              .tx_burst = tx_burst_offloaded,
                                              .rx_fill = rx_fill,
                                              .poll_fds = poll_fds,
                                              .stats = stats,
                                              .destroy = destroy};

/* ---- Start ---- */

static int domain_of(const char *driver)
{
    for (size_t i = 0; i < ARRAY_SIZE(socket_drivers); i++)
        if (strcmp(driver, socket_drivers[i].driver) == 0)
            return socket_drivers[i].domain;
    return AF_UNSPEC;
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

static uint64_t choose_offloads(struct port_eth *pe, const struct rte_eth_dev_info *info,
                                const struct port_eth_conf *conf)
{
    uint64_t offloads = 0;

    if ((info->tx_offload_capa & CHECKSUM_OFFLOAD) == CHECKSUM_OFFLOAD)
        offloads |= CHECKSUM_OFFLOAD;
    if (conf->tx_pools && (info->tx_offload_capa & FAST_FREE))
        offloads |= FAST_FREE;
    pe->port.checksum = !(offloads & CHECKSUM_OFFLOAD);
    pe->tx_pools = offloads & FAST_FREE ? conf->tx_pools : NULL;
    pe->port.ops = offloads ? &offloaded_ops : &plain_ops;
    return offloads;
}

static int set_up_queues(const struct port_eth *pe, const struct port_eth_conf *conf, struct rte_eth_txconf txconf,
                         uint16_t *n_rxd, uint16_t *n_txd)
{
    int node = rte_eth_dev_socket_id(pe->ethdev);

    *n_rxd = conf->n_rxd ? conf->n_rxd : DESCRIPTORS;
    *n_txd = conf->n_txd ? conf->n_txd : DESCRIPTORS;
    int ret = rte_eth_dev_adjust_nb_rx_tx_desc(pe->ethdev, n_rxd, n_txd);
    for (uint16_t q = 0; q < pe->n_rx && ret == 0; q++)
        ret = rte_eth_rx_queue_setup(pe->ethdev, q, *n_rxd, (unsigned)node, NULL, conf->rx_pools[q]);
    for (uint16_t q = 0; q < pe->port.n_tx && ret == 0; q++)
        ret = rte_eth_tx_queue_setup(pe->ethdev, q, *n_txd, (unsigned)node, &txconf);
    return ret;
}

/* Opened queue after queue. With more or fewer of them than queues they are not told apart, and the port is polled. */
static void find_sockets(struct port_eth *pe, int domain)
{
    pe->has_sockets = domain != AF_UNSPEC && driver_sockets_list(domain, pe->sockets) == pe->n_rx;
}

/* Rules if the device takes them; what it refuses is an error only for one who asked for it. */
static int steer(const struct port_eth *pe, const struct port_eth_conf *conf, enum steering *live, const char **failed)
{
    const char *why = "";

    bool asked = conf->steering == CONF_STEERING_FLOW;
    if (!asked && (conf->steering != CONF_STEERING_AUTO || pe->n_rx == 1 || conf->media_port == 0))
        return 0;
    int ret = steering_add_rules(pe->ethdev, pe->n_rx, conf->media_port, &why);
    if (ret == 0)
        *live = STEERING_FLOW;
    else if (asked)
        *failed = "dataplane.steering=flow: the device refuses the rule";
    else
        LOG_DEBUG(PORT, "no flow rules port=%s reason=%s", pe->port.name, why);
    return asked ? ret : 0;
}

static void report(const struct port_eth *pe, const struct rte_eth_dev_info *info, enum steering live, uint16_t n_rxd,
                   uint16_t n_txd)
{
    int node = rte_eth_dev_socket_id(pe->ethdev);

    LOG_INFO(PORT,
             "DPDK port=%s driver=%s rx_queues=%u tx_queues=%u rx_descriptors=%u tx_descriptors=%u steering=%s "
             "checksum=%s fast_free=%s",
             pe->port.name, info->driver_name, pe->n_rx, pe->port.n_tx, n_rxd, n_txd, steering_name(live),
             pe->port.checksum ? "software" : "hardware", pe->tx_pools ? "yes" : "no");
    if (strcmp(info->driver_name, "net_memif") == 0)
        LOG_INFO(PORT, "the other end of the memif must have as many queues each way queues=%u", pe->n_rx);
    for (uint16_t q = 0; q < pe->port.n_queues && node != SOCKET_ID_ANY; q++) {
        int core = (int)rte_lcore_to_socket_id(q + 1u);
        if (core != SOCKET_ID_ANY && core != node)
            LOG_WARN(PORT,
                     "worker runs on another NUMA node than its port: see workers.cores worker=%u node=%d "
                     "port_node=%d",
                     q, core, node);
    }
}

/* Returns what failed, or NULL with *ret 0. */
static const char *start(struct port_eth *pe, const struct port_eth_conf *conf, int *ret)
{
    struct rte_eth_conf eth = {0};
    struct rte_eth_dev_info info;
    enum steering live = STEERING_NONE;
    uint16_t n_rxd, n_txd;
    const char *failed = NULL;

    *ret = rte_eth_dev_info_get(pe->ethdev, &info);
    if (*ret)
        return "device info";
    *ret = -ENOTSUP;
    failed = choose_queues(pe, &info);
    if (failed)
        return failed;
    if (pe->n_rx > 1)
        live = steering_set_rss(&eth, &info, conf->steering);
    if (conf->steering == CONF_STEERING_RSS && pe->n_rx > 1 && live != STEERING_RSS)
        return "dataplane.steering=rss: the device has none";
    eth.txmode.offloads = info.default_txconf.offloads = choose_offloads(pe, &info, conf);
    *ret = rte_eth_dev_configure(pe->ethdev, pe->n_rx, pe->port.n_tx, &eth);
    if (*ret)
        return "configure";
    *ret = set_up_queues(pe, conf, info.default_txconf, &n_rxd, &n_txd);
    if (*ret)
        return "queue set-up";
    pe->n_rxd = n_rxd;
    *ret = rte_eth_dev_start(pe->ethdev);
    if (*ret)
        return "start";
    *ret = steer(pe, conf, &live, &failed);
    find_sockets(pe, domain_of(info.driver_name));
    if (*ret == 0)
        report(pe, &info, live, n_rxd, n_txd);
    return failed;
}

struct port *port_eth_create(uint16_t ethdev, const struct port_eth_conf *conf, const char **err)
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
    pe->port = (struct port){.n_queues = conf->n_queues, .link_layer = true};
    rte_eth_dev_get_name_by_port(ethdev, pe->port.name);
    const char *failed = start(pe, conf, &ret);
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
