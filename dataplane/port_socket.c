/* SPDX-License-Identifier: MIT */
/* The kernel's UDP sockets as a port: one socket per queue, datagrams received into and sent from mbufs, with Ethernet,
 * IP and UDP headers made up on the way in and left out on the way out.
 *
 * Packet info (RFC 3542 6.2) tells the local address of each datagram and picks the source of each answer, so answers
 * leave from the address that was asked. The made-up Ethernet addresses carry what the kernel needs beyond that: the
 * scope (interface index) of a link-local peer. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/util.h"
#include "dataplane/line.h"
#include "dataplane/port.h"
#include "dataplane/socket_tx.h"

#define SOCKET_BUFFER_BYTES (4 << 20)
#define CMSG_BYTES          CMSG_SPACE(sizeof(struct in6_pktinfo)) /* larger than IPv4's */

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Room for one received burst, prepared once: messages point to their parts. */
struct batch {
    struct mmsghdr msgs[PKT_BURST];
    struct iovec iov[PKT_BURST];
    struct sockaddr_in6 addr[PKT_BURST]; /* or sockaddr_in */
    _Alignas(struct cmsghdr) uint8_t cmsg[PKT_BURST][CMSG_BYTES];
};

struct queue { /* of one worker: shares no cache line with another's */
    _Alignas(RTE_CACHE_LINE_SIZE) struct rte_mempool *pool;
    uint32_t n_stock; /* mbufs that wait for datagrams */
    struct rte_mbuf *stock[PKT_BURST];
    struct batch rx;
    struct socket_tx tx;
};

struct port_socket {
    struct port port;
    bool v6; /* dual-stack sockets; false: the host has no IPv6 */
    uint16_t first_udp_port;
    struct queue *queues;
    int *fds; /* by queue; -1: none */
};

static struct port_socket *self(struct port *port)
{
    return CONTAINER_OF(port, struct port_socket, port);
}

static void init_batch(struct batch *b)
{
    for (uint32_t i = 0; i < PKT_BURST; i++)
        b->msgs[i].msg_hdr =
            (struct msghdr){.msg_name = &b->addr[i], .msg_iov = &b->iov[i], .msg_iovlen = 1, .msg_control = b->cmsg[i]};
}

/* ---- Receive ---- */

static void remote_end(const struct port_socket *ps, const struct sockaddr_in6 *from, struct socket_end *end)
{
    *end = (struct socket_end){0};
    if (ps->v6) {
        memcpy(end->ip, &from->sin6_addr, sizeof(end->ip));
        end->port = from->sin6_port;
        end->scope = from->sin6_scope_id;
        return;
    }
    const struct sockaddr_in *from4 = (const struct sockaddr_in *)from;
    memcpy(end->ip, v4_mapped, sizeof(v4_mapped));
    memcpy(end->ip + sizeof(v4_mapped), &from4->sin_addr, 4);
    end->port = from4->sin_port;
}

/* A dual-stack socket tells IPv4 addresses mapped into IPv6. */
static bool local_end(struct msghdr *msg, uint16_t udp_port, struct socket_end *end)
{
    *end = (struct socket_end){.port = htons(udp_port)};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            memcpy(end->ip, CMSG_DATA(c) + offsetof(struct in6_pktinfo, ipi6_addr), sizeof(end->ip));
            return true;
        }
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            memcpy(end->ip, v4_mapped, sizeof(v4_mapped));
            memcpy(end->ip + sizeof(v4_mapped), CMSG_DATA(c) + offsetof(struct in_pktinfo, ipi_addr), 4);
            return true;
        }
    }
    return false;
}

static void make_ethernet(uint8_t *frame, uint16_t ether_type, uint32_t scope)
{
    memset(frame, 0, RTE_ETHER_HDR_LEN);
    frame[0] = frame[6] = 0x02; /* locally administered */
    put_be32(frame + 8, scope); /* source: comes back as the destination of an answer */
    put_be16(frame + 12, ether_type);
}

static void make_ipv4(uint8_t *ip, const struct socket_end *src, const struct socket_end *dst, uint16_t len)
{
    struct rte_ipv4_hdr *hdr = (struct rte_ipv4_hdr *)ip;
    *hdr = (struct rte_ipv4_hdr){.version_ihl = RTE_IPV4_VHL_DEF,
                                 .total_length = htons((uint16_t)(sizeof(*hdr) + len)),
                                 .time_to_live = 64,
                                 .next_proto_id = IPPROTO_UDP};
    memcpy(&hdr->src_addr, src->ip + sizeof(v4_mapped), 4);
    memcpy(&hdr->dst_addr, dst->ip + sizeof(v4_mapped), 4);
}

static void make_ipv6(uint8_t *ip, const struct socket_end *src, const struct socket_end *dst, uint16_t len)
{
    struct rte_ipv6_hdr *hdr = (struct rte_ipv6_hdr *)ip;
    *hdr = (struct rte_ipv6_hdr){
        .vtc_flow = RTE_BE32(6u << 28), .payload_len = htons(len), .proto = IPPROTO_UDP, .hop_limits = 64};
    memcpy(hdr->src_addr, src->ip, 16);
    memcpy(hdr->dst_addr, dst->ip, 16);
}

/* The payload stands at PKT_HEADROOM + PKT_L4_MAX; the headers go right before it, whatever their length. A datagram
 * that was cut says so by pkt_len > data_len, and parse drops it. */
static void make_frame(struct rte_mbuf *m, const struct socket_end *src, const struct socket_end *dst, uint32_t len,
                       uint32_t full)
{
    bool v4 = memcmp(src->ip, v4_mapped, sizeof(v4_mapped)) == 0;
    uint16_t l3_len = v4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
    uint16_t hdr_len = (uint16_t)(RTE_ETHER_HDR_LEN + l3_len + sizeof(struct rte_udp_hdr));
    uint16_t udp_len = (uint16_t)(sizeof(struct rte_udp_hdr) + len);

    m->data_off = (uint16_t)(PKT_HEADROOM + PKT_L4_MAX - hdr_len);
    m->data_len = (uint16_t)(hdr_len + len);
    m->pkt_len = hdr_len + full;
    uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
    make_ethernet(frame, v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6, src->scope);
    (v4 ? make_ipv4 : make_ipv6)(frame + RTE_ETHER_HDR_LEN, src, dst, udp_len);
    struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(frame + hdr_len - sizeof(*udp));
    *udp = (struct rte_udp_hdr){.src_port = src->port, .dst_port = dst->port, .dgram_len = htons(udp_len)};
}

static uint32_t fill_stock(struct queue *q, uint32_t n)
{
    if (q->n_stock < n && rte_pktmbuf_alloc_bulk(q->pool, q->stock + q->n_stock, n - q->n_stock) == 0)
        q->n_stock = n;
    for (uint32_t i = 0; i < q->n_stock; i++) {
        struct msghdr *msg = &q->rx.msgs[i].msg_hdr;
        q->rx.iov[i].iov_base = (uint8_t *)q->stock[i]->buf_addr + PKT_HEADROOM + PKT_L4_MAX;
        q->rx.iov[i].iov_len = PKT_DATAROOM - PKT_L4_MAX;
        msg->msg_namelen = sizeof(q->rx.addr[i]);
        msg->msg_controllen = CMSG_BYTES;
    }
    return MIN(q->n_stock, n);
}

static uint16_t rx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct port_socket *ps = self(port);
    struct queue *q = &ps->queues[queue];
    uint16_t kept = 0;
    struct socket_end src, dst;

    uint32_t stock = fill_stock(q, MIN(n, PKT_BURST));
    int got = stock ? recvmmsg(ps->fds[queue], q->rx.msgs, stock, MSG_DONTWAIT | MSG_TRUNC, NULL) : 0;
    if (got <= 0)
        return 0;
    for (int i = 0; i < got; i++) {
        uint32_t full = q->rx.msgs[i].msg_len; /* MSG_TRUNC: as sent, not as received */
        remote_end(ps, &q->rx.addr[i], &src);
        if (!local_end(&q->rx.msgs[i].msg_hdr, (uint16_t)(ps->first_udp_port + queue), &dst)) {
            rte_pktmbuf_free(q->stock[i]);
            continue;
        }
        make_frame(q->stock[i], &src, &dst, MIN(full, PKT_DATAROOM - PKT_L4_MAX), full);
        m[kept++] = q->stock[i];
    }
    q->n_stock -= (uint32_t)got;
    memmove(q->stock, q->stock + got, q->n_stock * sizeof(q->stock[0]));
    return kept;
}

static uint16_t tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct port_socket *ps = self(port);

    return socket_tx_burst(&ps->queues[queue].tx, ps->fds, port->n_queues, queue, m, MIN(n, PKT_BURST));
}

static int rx_fill(struct port *port, uint16_t queue)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof(memory);

    if (getsockopt(self(port)->fds[queue], SOL_SOCKET, SO_MEMINFO, memory, &len) != 0 || memory[SK_MEMINFO_RCVBUF] == 0)
        return -ENOTSUP;
    return (int)MIN(UINT64_C(1000) * memory[SK_MEMINFO_RMEM_ALLOC] / memory[SK_MEMINFO_RCVBUF], UINT64_C(1000));
}

static int poll_fds(struct port *port, uint16_t queue, struct pollfd *fds, int n)
{
    if (n < 1)
        return 0;
    fds[0] = (struct pollfd){.fd = self(port)->fds[queue], .events = POLLIN};
    return 1;
}

/* ---- Life ---- */

static void destroy(struct port *port)
{
    struct port_socket *ps = self(port);

    for (uint16_t i = 0; i < port->n_queues && ps->queues; i++) {
        rte_pktmbuf_free_bulk(ps->queues[i].stock, ps->queues[i].n_stock);
        if (ps->fds[i] >= 0)
            close(ps->fds[i]);
    }
    free(ps->queues);
    free(ps->fds);
    free(ps);
}

static const struct port_ops ops = {
    .rx_burst = rx_burst, .tx_burst = tx_burst, .rx_fill = rx_fill, .poll_fds = poll_fds, .destroy = destroy};

static void set_option(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof(value));
}

/* Root may go beyond net.core.rmem_max. */
static void set_buffers(int fd)
{
    set_option(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER_BYTES);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER_BYTES);
    set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER_BYTES);
    set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER_BYTES);
}

static int open_socket(const struct port_socket *ps)
{
    int fd = socket(ps->v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (ps->v6) {
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
        set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
        set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
    }
    set_buffers(fd);
    return fd;
}

static int bind_socket(const struct port_socket *ps, int fd, const uint8_t *ip, uint16_t udp_port)
{
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(udp_port)};
    struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(udp_port)};
    memcpy(&any6.sin6_addr, ip, sizeof(any6.sin6_addr));
    memcpy(&any4.sin_addr, ip + sizeof(v4_mapped), sizeof(any4.sin_addr));
    const void *addr = ps->v6 ? (const void *)&any6 : (const void *)&any4;
    socklen_t len = ps->v6 ? sizeof(any6) : sizeof(any4);
    return bind(fd, addr, len) == 0 ? 0 : -errno;
}

/* IPv6 unless the kernel has none: compiled out, or disabled (then binding [::] fails). */
static bool host_has_ipv6(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool ok = bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;
    close(fd);
    return ok;
}

static bool parse_address(const struct port_socket *ps, const char *text, uint8_t ip[16])
{
    memset(ip, 0, 16);
    if (!text)
        return true;
    if (inet_pton(AF_INET, text, ip + sizeof(v4_mapped)) == 1) {
        memcpy(ip, v4_mapped, sizeof(v4_mapped));
        return true;
    }
    return ps->v6 && inet_pton(AF_INET6, text, ip) == 1;
}

struct port *port_socket_create(uint16_t n_queues, const char *address, uint16_t first_udp_port,
                                struct rte_mempool **pools, const char **err)
{
    static char text[128];
    uint8_t ip[16];
    struct port_socket *ps = calloc(1, sizeof(*ps));
    if (!ps) {
        *err = "out of memory";
        return NULL;
    }
    ps->v6 = host_has_ipv6();
    ps->first_udp_port = first_udp_port;
    ps->port = (struct port){.ops = &ops, .n_queues = n_queues, .n_tx = n_queues};
    snprintf(ps->port.name, sizeof(ps->port.name), "socket");
    ps->queues = line_alloc(n_queues * sizeof(*ps->queues));
    ps->fds = malloc(n_queues * sizeof(*ps->fds));
    if (!ps->queues || !ps->fds || !parse_address(ps, address, ip)) {
        *err = ps->queues && ps->fds ? "not an address of this host" : "out of memory";
        ps->port.n_queues = 0;
        goto fail;
    }
    for (uint16_t i = 0; i < n_queues; i++)
        ps->fds[i] = -1;
    for (uint16_t i = 0; i < n_queues; i++) {
        struct queue *q = &ps->queues[i];
        uint16_t udp_port = (uint16_t)(first_udp_port + i);
        q->pool = pools[i];
        ps->fds[i] = open_socket(ps);
        int ret = ps->fds[i] < 0 ? ps->fds[i] : bind_socket(ps, ps->fds[i], ip, udp_port);
        if (ret) {
            snprintf(text, sizeof(text), "bind %s:%u: %s",
                     address  ? address
                     : ps->v6 ? "[::]"
                              : "0.0.0.0",
                     udp_port, strerror(-ret));
            *err = text;
            goto fail;
        }
        init_batch(&q->rx);
        socket_tx_init(&q->tx, ps->v6, first_udp_port);
    }
    return &ps->port;

fail:
    destroy(&ps->port);
    return NULL;
}
