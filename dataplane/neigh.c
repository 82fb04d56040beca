/* SPDX-License-Identifier: MIT */
/* worker path */
/* What a host on a link owes its neighbours, for the addresses we own: ARP replies (RFC 826), echo replies (RFC 792,
 * RFC 4443 4.2) and neighbour advertisements (RFC 4861 7.2.4). Each answer is made in place of its question. */
#include <rte_arp.h>
#include <rte_icmp.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/frame.h"
#include "dataplane/worker.h"

#define ICMP6_ECHO_REQUEST       128
#define ICMP6_ECHO_REPLY         129
#define ICMP6_NEIGHBOR_SOLICIT   135
#define ICMP6_NEIGHBOR_ADVERTISE 136
#define ND_HOP_LIMIT             255
#define ND_SOLICITED             0x40
#define ND_OVERRIDE              0x20
#define ND_OPT_TARGET_LINK       2

struct nd { /* solicitation and advertisement; the option only in ours */
    uint8_t type, code;
    uint16_t checksum;
    uint8_t flags, reserved[3];
    uint8_t target[16];
    uint8_t opt_type, opt_len8, opt_mac[6];
};
#define ND_SOLICIT_BYTES offsetof(struct nd, opt_type)

static bool is_ours_v4(const struct worker *w, const void *ip)
{
    uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
    memcpy(mapped + 12, ip, 4);
    return worker_owns(w, mapped);
}

static void turn_round(struct rte_mbuf *m, const struct port *port)
{
    struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
    eth->dst_addr = eth->src_addr;
    memcpy(&eth->src_addr, port->mac, sizeof(port->mac));
}

/* Each answer_x: the enum drop that ends the packet, or DROP_COUNT when m holds the answer. */

static int answer_arp(const struct worker *w, struct rte_mbuf *m, const struct port *port)
{
    struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, RTE_ETHER_HDR_LEN);

    if (m->data_len < RTE_ETHER_HDR_LEN + sizeof(*arp) || arp->arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
        arp->arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) || arp->arp_hlen != 6 || arp->arp_plen != 4)
        return DROP_IP_MALFORMED;
    if (arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST) || !is_ours_v4(w, &arp->arp_data.arp_tip))
        return DROP_NOT_OURS;
    struct rte_arp_ipv4 asked = arp->arp_data;
    arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
    arp->arp_data = (struct rte_arp_ipv4){.arp_sip = asked.arp_tip, .arp_tha = asked.arp_sha, .arp_tip = asked.arp_sip};
    memcpy(&arp->arp_data.arp_sha, port->mac, sizeof(port->mac));
    turn_round(m, port);
    return DROP_COUNT;
}

static int answer_icmp4(const struct worker *w, struct rte_mbuf *m, const struct port *port)
{
    struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
    uint16_t hdr_len = rte_ipv4_hdr_len(ip); /* parse has checked it, and total_length, against the bytes there are */
    uint16_t len = (uint16_t)(rte_be_to_cpu_16(ip->total_length) - hdr_len);
    struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)((uint8_t *)ip + hdr_len);

    if (!is_ours_v4(w, &ip->dst_addr))
        return DROP_NOT_OURS;
    if (len < sizeof(*icmp))
        return DROP_IP_MALFORMED;
    if (icmp->icmp_type != RTE_IP_ICMP_ECHO_REQUEST)
        return DROP_NOT_UDP;
    rte_be32_t asked = ip->dst_addr;
    ip->dst_addr = ip->src_addr;
    ip->src_addr = asked;
    ip->time_to_live = 64;
    ip->hdr_checksum = 0;
    ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, hdr_len);
    icmp->icmp_type = RTE_IP_ICMP_ECHO_REPLY;
    icmp->icmp_cksum = 0;
    icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, len);
    turn_round(m, port);
    return DROP_COUNT;
}

static void finish_icmp6(struct rte_ipv6_hdr *ip, const uint8_t src[16], const uint8_t dst[16])
{
    struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)(ip + 1);

    memmove(ip->dst_addr, dst, 16);
    memcpy(ip->src_addr, src, 16);
    ip->hop_limits = ND_HOP_LIMIT;
    icmp->icmp_cksum = 0;
    icmp->icmp_cksum = rte_ipv6_udptcp_cksum(ip, icmp); /* any protocol: the pseudo header names it */
}

static int answer_echo6(const struct worker *w, struct rte_mbuf *m, struct rte_ipv6_hdr *ip, const struct port *port)
{
    uint8_t asked[16];

    memcpy(asked, ip->dst_addr, sizeof(asked));
    if (!worker_owns(w, asked))
        return DROP_NOT_OURS;
    ((struct rte_icmp_hdr *)(ip + 1))->icmp_type = ICMP6_ECHO_REPLY;
    finish_icmp6(ip, asked, ip->src_addr);
    turn_round(m, port);
    return DROP_COUNT;
}

static int answer_solicit(const struct worker *w, struct rte_mbuf *m, struct rte_ipv6_hdr *ip, const struct port *port)
{
    static const uint8_t unspecified[16], all_nodes[16] = {0xff, 0x02, [15] = 1};
    static const struct rte_ether_addr all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};
    struct nd *nd = (struct nd *)(ip + 1);

    if (ip->hop_limits != ND_HOP_LIMIT || nd->code != 0 || rte_be_to_cpu_16(ip->payload_len) < ND_SOLICIT_BYTES)
        return DROP_IP_MALFORMED;
    if (!worker_owns(w, nd->target))
        return DROP_NOT_OURS;
    uint16_t frame_len = RTE_ETHER_HDR_LEN + sizeof(*ip) + sizeof(*nd);
    if (m->buf_len - m->data_off < frame_len)
        return DROP_MULTI_SEGMENT;
    m->data_len = frame_len;
    m->pkt_len = frame_len;
    bool probe = memcmp(ip->src_addr, unspecified, 16) == 0; /* duplicate address detection asks from nowhere */
    turn_round(m, port);
    if (probe)
        rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->dst_addr = all_nodes_mac;
    nd->type = ICMP6_NEIGHBOR_ADVERTISE;
    nd->flags = ND_OVERRIDE | (probe ? 0 : ND_SOLICITED);
    nd->opt_type = ND_OPT_TARGET_LINK;
    nd->opt_len8 = 1;
    memcpy(nd->opt_mac, port->mac, sizeof(nd->opt_mac));
    ip->payload_len = RTE_BE16(sizeof(*nd));
    finish_icmp6(ip, nd->target, probe ? all_nodes : ip->src_addr);
    return DROP_COUNT;
}

static int answer_icmp6(const struct worker *w, struct rte_mbuf *m, const struct port *port)
{
    struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, RTE_ETHER_HDR_LEN);
    const struct rte_icmp_hdr *icmp = (const struct rte_icmp_hdr *)(ip + 1);

    if (rte_be_to_cpu_16(ip->payload_len) < sizeof(*icmp))
        return DROP_IP_MALFORMED;
    switch (icmp->icmp_type) {
    case ICMP6_ECHO_REQUEST:
        return answer_echo6(w, m, ip, port);
    case ICMP6_NEIGHBOR_SOLICIT:
        return answer_solicit(w, m, ip, port);
    default:
        return DROP_NOT_UDP;
    }
}

void neigh_input(struct worker *w, struct rte_mbuf *m, const struct port *port)
{
    uint16_t ether_type = rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->ether_type;
    int verdict = ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP)    ? answer_arp(w, m, port)
                  : ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) ? answer_icmp4(w, m, port)
                                                                : answer_icmp6(w, m, port);
    if (verdict == DROP_COUNT)
        frame_send_raw(w, port->id, m);
    else
        worker_drop(w, m, (enum drop)verdict);
}
