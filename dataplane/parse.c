/* SPDX-License-Identifier: MIT */
/* worker path */
/* First stage: Ethernet, IPv4 (RFC 791) or IPv6 (RFC 8200, no extension headers), UDP. Everything is checked against
 * the bytes that are there. The UDP checksum is not verified: packets of the local kernel carry a partial one, SRTP and
 * STUN carry better ones. What belongs to the link layer goes to neigh.c. */
#include <string.h>

#include "common/util.h"
#include "dataplane/worker.h"

enum verdict { /* beyond enum drop */
               VERDICT_UDP = DROP_COUNT,
               VERDICT_NEIGH,
};

/* The network layer as both families see it. */
struct l3 {
    uint16_t payload_off; /* from the start of data */
    uint16_t end;         /* of the IP packet: what follows is Ethernet padding */
    uint8_t proto;
    uint8_t dst[16];
};

static int parse_ipv4(const uint8_t *data, uint16_t len, struct l3 *l3)
{
    const uint8_t *ip = data + RTE_ETHER_HDR_LEN;
    uint16_t avail = (uint16_t)(len - RTE_ETHER_HDR_LEN);

    if (avail < sizeof(struct rte_ipv4_hdr) || ip[0] >> 4 != 4)
        return DROP_IP_MALFORMED;
    uint16_t hdr_len = (uint16_t)((ip[0] & 0xf) * 4);
    uint16_t total = get_be16(ip + 2);
    if (hdr_len < sizeof(struct rte_ipv4_hdr) || total < hdr_len || total > avail)
        return DROP_IP_MALFORMED;
    if (get_be16(ip + 6) & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK))
        return DROP_IP_FRAGMENT;
    l3->payload_off = (uint16_t)(RTE_ETHER_HDR_LEN + hdr_len);
    l3->end = (uint16_t)(RTE_ETHER_HDR_LEN + total);
    l3->proto = ip[9];
    memset(l3->dst, 0, 10);
    memset(l3->dst + 10, 0xff, 2);
    memcpy(l3->dst + 12, ip + 16, 4);
    return VERDICT_UDP;
}

static int parse_ipv6(const uint8_t *data, uint16_t len, struct l3 *l3)
{
    const uint8_t *ip = data + RTE_ETHER_HDR_LEN;
    uint16_t avail = (uint16_t)(len - RTE_ETHER_HDR_LEN);
    uint16_t hdr_len = sizeof(struct rte_ipv6_hdr);

    if (avail < hdr_len || ip[0] >> 4 != 6 || get_be16(ip + 4) > avail - hdr_len)
        return DROP_IP_MALFORMED;
    l3->proto = ip[6];
    if (l3->proto == IPPROTO_FRAGMENT)
        return DROP_IP_FRAGMENT;
    l3->payload_off = (uint16_t)(RTE_ETHER_HDR_LEN + hdr_len);
    l3->end = (uint16_t)(l3->payload_off + get_be16(ip + 4));
    memcpy(l3->dst, ip + 24, 16);
    return VERDICT_UDP;
}

static int parse_udp(const struct worker *w, struct rte_mbuf *m, const struct l3 *l3)
{
    const uint8_t *udp = rte_pktmbuf_mtod_offset(m, const uint8_t *, l3->payload_off);
    uint16_t avail = (uint16_t)(l3->end - l3->payload_off);

    if (avail < sizeof(struct rte_udp_hdr))
        return DROP_IP_MALFORMED;
    uint16_t udp_len = get_be16(udp + 4);
    if (udp_len < sizeof(struct rte_udp_hdr) || udp_len > avail)
        return DROP_IP_MALFORMED;
    if ((uint16_t)(get_be16(udp + 2) - w->conf->media_port) >= w->conf->n_workers)
        return DROP_NOT_OURS;
    pkt(m)->l4_off = l3->payload_off;
    pkt(m)->payload_off = (uint16_t)(l3->payload_off + sizeof(struct rte_udp_hdr));
    pkt(m)->payload_len = (uint16_t)(udp_len - sizeof(struct rte_udp_hdr));
    return VERDICT_UDP;
}

static int parse(const struct worker *w, struct rte_mbuf *m, const struct port *port)
{
    const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
    struct l3 l3;

    if (m->nb_segs != 1 || m->pkt_len != m->data_len)
        return DROP_MULTI_SEGMENT;
    if (m->data_len < RTE_ETHER_HDR_LEN)
        return DROP_NOT_IP;
    uint16_t ether_type = get_be16(data + 12);
    if (ether_type == RTE_ETHER_TYPE_ARP && port->link_layer)
        return VERDICT_NEIGH;
    if (ether_type != RTE_ETHER_TYPE_IPV4 && ether_type != RTE_ETHER_TYPE_IPV6)
        return DROP_NOT_IP;
    bool v4 = ether_type == RTE_ETHER_TYPE_IPV4;
    int verdict = v4 ? parse_ipv4(data, m->data_len, &l3) : parse_ipv6(data, m->data_len, &l3);
    if (verdict != VERDICT_UDP)
        return verdict;
    if (l3.proto == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) && port->link_layer)
        return VERDICT_NEIGH;
    if (l3.proto != IPPROTO_UDP)
        return DROP_NOT_UDP;
    if (port->link_layer && !worker_owns(w, l3.dst))
        return DROP_NOT_OURS;
    return parse_udp(w, m, &l3);
}

void parse_burst(struct worker *w, struct burst *b, const struct port *port, int64_t now_us)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < b->n; i++) {
        struct rte_mbuf *m = b->m[i];
        w->stats.rx_packets++;
        w->stats.rx_bytes += m->pkt_len;
        *pkt(m) = (struct pkt){.rx_us = now_us, .rx_tsc = w->meter.mark, .port_id = port->id, .tuple = TUPLE_NONE};
        int verdict = parse(w, m, port);
        if (verdict == VERDICT_UDP)
            b->m[kept++] = m;
        else if (verdict == VERDICT_NEIGH)
            neigh_input(w, m, port);
        else
            worker_drop(w, m, (enum drop)verdict);
    }
    b->n = kept;
}
