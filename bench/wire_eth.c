/* SPDX-License-Identifier: MIT */
/* A wire over a DPDK device: headers by template, the relay's link address by ARP. */
#include <errno.h>
#include <rte_arp.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/wire.h"
#include "common/util.h"
#include "dataplane/eal.h"
#include "dataplane/port.h"

#define FIRST_IP   0x0a010000u /* 10.1.0.0 */
#define UDP_PORT   40000
#define POOL_MBUFS 16383
#define POOL_CACHE 256
#define ARP_TRIES  100
#define ARP_MS     50
#define HEADERS    (RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))

struct header {
    struct rte_ether_hdr eth;
    struct rte_ipv4_hdr ip;
    struct rte_udp_hdr udp;
} __attribute__((packed, aligned(2)));

struct wire_eth {
    struct wire wire;
    struct port *port;
    struct rte_mempool *pool;
    struct header *headers; /* by end; UDP port 0: none */
    uint32_t mac_ip;        /* who has answered, network order; 0: nobody */
    struct rte_ether_addr mac;
};

static struct wire_eth *self(struct wire *wire)
{
    return CONTAINER_OF(wire, struct wire_eth, wire);
}

/* ---- Receive ---- */

/* Takes m when it becomes the answer to a question for one of our ends. */
static bool take_arp(struct wire_eth *we, struct rte_mbuf *m)
{
    struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
    struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, RTE_ETHER_HDR_LEN);
    struct rte_arp_ipv4 said = arp->arp_data;

    if (m->data_len < RTE_ETHER_HDR_LEN + sizeof(*arp))
        return false;
    if (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY)) {
        we->mac = said.arp_sha;
        we->mac_ip = said.arp_sip;
    }
    if (arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST) || rte_be_to_cpu_32(said.arp_tip) - FIRST_IP >= we->wire.n_ends)
        return false;
    eth->dst_addr = eth->src_addr;
    memcpy(&eth->src_addr, we->port->mac, sizeof(we->port->mac));
    arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
    arp->arp_data = (struct rte_arp_ipv4){
        .arp_sha = eth->src_addr, .arp_sip = said.arp_tip, .arp_tha = said.arp_sha, .arp_tip = said.arp_sip};
    return we->port->ops->tx_burst(we->port, 0, &m, 1) == 1;
}

/* false: no datagram of ours. */
static bool parse(const struct wire_eth *we, struct rte_mbuf *m, struct wire_datagram *d)
{
    const struct header *h = rte_pktmbuf_mtod(m, const struct header *);

    if (m->data_len < HEADERS || h->eth.ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
        return false;
    uint32_t end = rte_be_to_cpu_32(h->ip.dst_addr) - FIRST_IP;
    uint16_t len = rte_be_to_cpu_16(h->udp.dgram_len) - sizeof(h->udp);
    if (end >= we->wire.n_ends || h->ip.next_proto_id != IPPROTO_UDP || HEADERS + len > m->data_len)
        return false;
    *d = (struct wire_datagram){
        .bytes = rte_pktmbuf_mtod_offset(m, uint8_t *, HEADERS), .buffer = m, .end = end, .len = len};
    return true;
}

static bool is_arp(struct rte_mbuf *m)
{
    return m->data_len > RTE_ETHER_HDR_LEN &&
           rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP);
}

static uint32_t receive(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct wire_eth *we = self(wire);
    struct rte_mbuf *m[WIRE_BURST];
    uint32_t kept = 0, got = we->port->ops->rx_burst(we->port, 0, m, (uint16_t)n);

    for (uint32_t i = 0; i < got; i++) {
        if (parse(we, m[i], &d[kept])) {
            kept++;
        } else if (!is_arp(m[i]) || !take_arp(we, m[i])) {
            wire->stats.foreign++;
            rte_pktmbuf_free(m[i]);
        }
    }
    wire->stats.received += kept;
    return kept;
}

static void release(struct wire *wire, struct wire_datagram *d, uint32_t n)
{
    struct rte_mbuf *m[WIRE_BURST];

    for (uint32_t i = 0; i < n; i++)
        m[i] = d[i].buffer;
    rte_pktmbuf_free_bulk(m, n);
}

/* ---- Send ---- */

static uint32_t reserve(struct wire *wire, struct wire_datagram *d, uint32_t n)
{
    struct rte_mbuf *m[WIRE_BURST];

    if (rte_pktmbuf_alloc_bulk(self(wire)->pool, m, n) != 0)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        d[i] = (struct wire_datagram){.bytes = rte_pktmbuf_mtod_offset(m[i], uint8_t *, HEADERS), .buffer = m[i]};
    return n;
}

/* The UDP checksum is left out, as IPv4 permits: what is inside carries better ones. */
static void frame(const struct header *template, struct rte_mbuf *m, uint16_t len)
{
    struct header *h = rte_pktmbuf_mtod(m, struct header *);

    *h = *template;
    h->ip.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(h->ip) + sizeof(h->udp) + len));
    h->ip.hdr_checksum = rte_ipv4_cksum(&h->ip);
    h->udp.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(h->udp) + len));
    m->data_len = (uint16_t)(HEADERS + len);
    m->pkt_len = m->data_len;
}

static void send_burst(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct wire_eth *we = self(wire);
    struct rte_mbuf *m[WIRE_BURST];
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct header *template = &we->headers[d[i].end];
        if (d[i].len > 0 && template->udp.dst_port != 0) {
            m[kept++] = d[i].buffer;
            frame(template, d[i].buffer, d[i].len);
        } else {
            wire->stats.refused += d[i].len > 0;
            rte_pktmbuf_free(d[i].buffer);
        }
    }
    uint16_t sent = we->port->ops->tx_burst(we->port, 0, m, (uint16_t)kept);
    wire->stats.sent += sent;
    wire->stats.refused += kept - sent;
    rte_pktmbuf_free_bulk(m + sent, kept - sent);
}

/* ---- Neighbours ---- */

static void ask(struct wire_eth *we, uint32_t end, rte_be32_t ip)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(we->pool);

    if (!m)
        return;
    struct rte_ether_hdr *eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, RTE_ETHER_HDR_LEN);
    struct rte_arp_hdr *arp = (struct rte_arp_hdr *)rte_pktmbuf_append(m, sizeof(*arp));
    memset(&eth->dst_addr, 0xff, sizeof(eth->dst_addr));
    memcpy(&eth->src_addr, we->port->mac, sizeof(we->port->mac));
    eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
    *arp = (struct rte_arp_hdr){
        .arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
        .arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
        .arp_hlen = 6,
        .arp_plen = 4,
        .arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST),
        .arp_data = {.arp_sha = eth->src_addr, .arp_sip = rte_cpu_to_be_32(FIRST_IP + end), .arp_tip = ip},
    };
    if (we->port->ops->tx_burst(we->port, 0, &m, 1) != 1)
        rte_pktmbuf_free(m);
}

/* A memif connects in its own time, so that the first questions may be lost; and there is nobody but the relay who
 * could send anything else meanwhile. */
static int resolve(struct wire_eth *we, uint32_t end, rte_be32_t ip)
{
    struct timespec pause = {.tv_nsec = ARP_MS * 1000000};
    struct wire_datagram d[WIRE_BURST];

    for (int i = 0; we->mac_ip != ip && i < ARP_TRIES; i++) {
        ask(we, end, ip);
        nanosleep(&pause, NULL);
        release(&we->wire, d, receive(&we->wire, d, WIRE_BURST, 0));
    }
    return we->mac_ip == ip ? 0 : -EHOSTUNREACH;
}

static int connect_end(struct wire *wire, uint32_t end, uint32_t ip, uint16_t udp_port)
{
    struct wire_eth *we = self(wire);
    int err = resolve(we, end, rte_cpu_to_be_32(ip));

    if (err)
        return err;
    struct header *h = &we->headers[end];
    *h = (struct header){
        .eth = {.dst_addr = we->mac, .ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)},
        .ip = {.version_ihl = RTE_IPV4_VHL_DEF,
               .time_to_live = 64,
               .next_proto_id = IPPROTO_UDP,
               .src_addr = rte_cpu_to_be_32(FIRST_IP + end),
               .dst_addr = rte_cpu_to_be_32(ip)},
        .udp = {.src_port = RTE_BE16(UDP_PORT), .dst_port = rte_cpu_to_be_16(udp_port)},
    };
    memcpy(&h->eth.src_addr, we->port->mac, sizeof(we->port->mac));
    return 0;
}

/* ---- Life ---- */

static void destroy(struct wire *wire)
{
    struct wire_eth *we = self(wire);

    if (we->port)
        we->port->ops->destroy(we->port);
    rte_mempool_free(we->pool);
    wire_finish(wire);
    free(we->headers);
    free(we);
}

static const struct wire_ops ops = {.connect = connect_end,
                                    .receive = receive,
                                    .release = release,
                                    .reserve = reserve,
                                    .send = send_burst,
                                    .destroy = destroy};

static int start_eal(void)
{
    static bool started;
    static char cpus[1024], lcores[sizeof(cpus) + 16];
    char *argv[] = {"bench",       "--no-huge", "-m",          "256", "--no-pci", "--no-telemetry",
                    "--no-shconf", lcores,      "--log-level", "3",   NULL};
    struct eal_host host;

    eal_host_read(&host, cpus, sizeof(cpus));
    snprintf(lcores, sizeof(lcores), "--lcores=0@(%s)", cpus);
    if (!started && rte_eal_init(ARRAY_SIZE(argv) - 1, argv) < 0)
        return -rte_errno;
    started = true;
    return 0;
}

static struct port *open_port(const char *device, struct rte_mempool **pool, const char **err)
{
    char name[RTE_ETH_NAME_MAX_LEN];
    uint16_t ethdev;

    *err = "no such device";
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
    if (rte_dev_probe(device) != 0 || rte_eth_dev_get_port_by_name(name, &ethdev) != 0)
        return NULL;
    return port_eth_create(ethdev, &(struct port_eth_conf){.n_queues = 1, .rx_pools = pool}, err);
}

struct wire *wire_eth_create(const char *device, uint32_t max_ends)
{
    static unsigned serial;
    char name[32];
    const char *err = "memory";
    struct wire_eth *we = calloc(1, sizeof(*we));

    if (!we)
        return NULL;
    int ret = wire_init(&we->wire, &ops, FIRST_IP, max_ends);
    we->wire.udp_port = UDP_PORT;
    we->headers = calloc(max_ends, sizeof(*we->headers));
    snprintf(name, sizeof(name), "wire%u", serial++);
    if (ret || !we->headers || start_eal() != 0)
        goto fail;
    we->pool = pkt_pool_create(name, POOL_MBUFS, POOL_CACHE, SOCKET_ID_ANY);
    if (!we->pool)
        goto fail;
    we->port = open_port(device, &we->pool, &err);
    if (!we->port)
        goto fail;
    return &we->wire;
fail:
    fprintf(stderr, "bench: %s: %s\n", device, err);
    destroy(&we->wire);
    return NULL;
}
