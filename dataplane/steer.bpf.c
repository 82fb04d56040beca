/* SPDX-License-Identifier: MIT */
/* The XDP program of our interfaces: UDP to the media ports of this host goes to the AF_XDP socket of its channel,
 * everything else to the kernel, as if we were not there. So do IPv4 with options, fragments and IPv6 with extension
 * headers, which parse.c does not take, and, while no socket is bound, the media ports too. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "dataplane/steer.h"

#define IP_FRAGMENT  0x3fff /* more fragments, or an offset */
#define FAMILY_INET  2
#define FAMILY_INET6 10

struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, __u32);
} xsks_map SEC(".maps"); /* the name is the driver's choice */

const volatile struct steer_media steer_media = {.mark = STEER_MARK};

/* A router forwards packets that only pass through here, whatever their port: its own routing table knows. Where
 * forwarding is off there are none. */
static __always_inline int passes_through(struct xdp_md *ctx, struct bpf_fib_lookup *fib)
{
    fib->ifindex = ctx->ingress_ifindex;
    long result = bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
    return result != BPF_FIB_LKUP_RET_NOT_FWDED && result != BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* Once per family: with one load for both, at an offset that varies, the verifier asks for CAP_PERFMON. */
static __always_inline __u32 read_port(const struct udphdr *udp)
{
    __u32 port = bpf_ntohs(udp->dest);
    __asm__ volatile("" : "+r"(port));
    return port;
}

/* Takes packets in several pieces, for the sake of the kernel's own: TCP's on lo are 64 KB, and would be copied into
 * one piece before we have even looked. Ours are in one. */
SEC("xdp.frags") int steer(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct bpf_fib_lookup fib = {};
    struct udphdr *udp;
    __u32 port;

    if ((void *)(eth + 1) > end)
        return XDP_PASS;
    if (eth->h_proto == bpf_htons(ETH_P_IP)) {
        struct iphdr *ip = (void *)(eth + 1);
        udp = (void *)(ip + 1);
        if ((void *)(udp + 1) > end || ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_UDP ||
            (ip->frag_off & bpf_htons(IP_FRAGMENT)))
            return XDP_PASS;
        port = read_port(udp);
        fib.family = FAMILY_INET;
        fib.ipv4_src = ip->saddr;
        fib.ipv4_dst = ip->daddr;
    } else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
        struct ipv6hdr *ip = (void *)(eth + 1);
        udp = (void *)(ip + 1);
        if ((void *)(udp + 1) > end || ip->version != 6 || ip->nexthdr != IPPROTO_UDP)
            return XDP_PASS;
        port = read_port(udp);
        fib.family = FAMILY_INET6;
        __builtin_memcpy(fib.ipv6_src, &ip->saddr, sizeof(fib.ipv6_src));
        __builtin_memcpy(fib.ipv6_dst, &ip->daddr, sizeof(fib.ipv6_dst));
    } else {
        return XDP_PASS;
    }
    if (port < steer_media.first_port || port - steer_media.first_port >= steer_media.n_ports)
        return XDP_PASS;
    if (passes_through(ctx, &fib))
        return XDP_PASS;
    return bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
}

char steer_license[] SEC("license") = "Dual MIT/GPL"; /* the kernel asks for it where bpf_fib_lookup is used */
