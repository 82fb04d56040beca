/* SPDX-License-Identifier: MIT */
/* A wire over the kernel's UDP: all of 127/8 is local, so one socket on every address has as many ends as are wanted,
 * told apart by packet info, and many datagrams of many ends take one system call. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/wire.h"
#include "common/util.h"

#define FIRST_IP     0x7f010000u /* 127.1.0.0 */
#define BUFFER_BYTES (64 << 20)  /* of the kernel, each way: a burst of a thousand receivers waits there */
#define CMSG_BYTES   (CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)))

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

struct batch {
    struct mmsghdr msgs[WIRE_BURST];
    struct iovec iov[WIRE_BURST];
    _Alignas(struct cmsghdr) uint8_t cmsg[WIRE_BURST][CMSG_BYTES];
    uint8_t bytes[WIRE_BURST][2048];
};

struct wire_socket {
    struct wire wire;
    int fd;
    struct sockaddr_in *addrs; /* the remote ones, by end; port 0: none */
    struct batch rx, tx;
};

static struct wire_socket *self(struct wire *wire)
{
    return CONTAINER_OF(wire, struct wire_socket, wire);
}

static int connect_end(struct wire *wire, uint32_t end, uint32_t ip, uint16_t udp_port)
{
    self(wire)->addrs[end] =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(udp_port), .sin_addr.s_addr = htonl(ip)};
    return 0;
}

/* ---- Receive ---- */

static uint32_t end_of(const struct wire *wire, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            const struct in_pktinfo *info = (const struct in_pktinfo *)CMSG_DATA(c);
            return ntohl(info->ipi_addr.s_addr) - wire->first_ip;
        }
    return UINT32_MAX;
}

static uint32_t receive(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct wire_socket *ws = self(wire);
    struct batch *b = &ws->rx;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++)
        b->msgs[i].msg_hdr.msg_controllen = sizeof(b->cmsg[i]);
    int got = recvmmsg(ws->fd, b->msgs, n, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        uint32_t end = end_of(wire, &b->msgs[i].msg_hdr);
        if (end < wire->n_ends)
            d[kept++] = (struct wire_datagram){.bytes = b->bytes[i], .end = end, .len = (uint16_t)b->msgs[i].msg_len};
        else
            wire->stats.foreign++;
    }
    wire->stats.received += kept;
    return kept;
}

static void release(struct wire *wire, struct wire_datagram *d, uint32_t n) {}

/* ---- Send ---- */

static uint32_t reserve(struct wire *wire, struct wire_datagram *d, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        d[i] = (struct wire_datagram){.bytes = self(wire)->tx.bytes[i]};
    return n;
}

static void add_cmsg(struct msghdr *msg, int level, int type, const void *data, size_t len)
{
    struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)msg->msg_control + msg->msg_controllen);

    *c = (struct cmsghdr){.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};
    memcpy(CMSG_DATA(c), data, len);
    msg->msg_controllen += CMSG_SPACE(len);
}

/* A run of datagrams of one end, all of one length but the last, which may be shorter. */
static uint32_t run_length(const struct wire_datagram *d, uint32_t n)
{
    uint32_t k = 1, bytes = d->len;

    while (k < n && d[k].end == d->end && d[k - 1].len == d->len && d[k].len <= d->len && d[k].len > 0 &&
           (bytes += d[k].len) <= UINT16_MAX - 28)
        k++;
    return k;
}

static void set_message(struct wire_socket *ws, uint32_t at, const struct wire_datagram *d, uint32_t first, uint32_t n)
{
    struct batch *b = &ws->tx;
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(ws->wire.first_ip + d[first].end)};
    struct msghdr *msg = &b->msgs[at].msg_hdr;

    *msg = (struct msghdr){.msg_name = &ws->addrs[d[first].end],
                           .msg_namelen = sizeof(ws->addrs[0]),
                           .msg_iov = &b->iov[first],
                           .msg_iovlen = n,
                           .msg_control = b->cmsg[at]};
    for (uint32_t i = first; i < first + n; i++)
        b->iov[i] = (struct iovec){.iov_base = d[i].bytes, .iov_len = d[i].len};
    add_cmsg(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    if (n > 1)
        add_cmsg(msg, IPPROTO_UDP, UDP_SEGMENT, &d[first].len, sizeof(d[first].len));
}

static void send_messages(struct wire_socket *ws, uint32_t n)
{
    struct mmsghdr *msgs = ws->tx.msgs;

    for (uint32_t sent = 0; sent < n;) {
        int k = sendmmsg(ws->fd, msgs + sent, n - sent, 0);
        for (int i = 0; i < k; i++)
            ws->wire.stats.sent += msgs[sent + (uint32_t)i].msg_hdr.msg_iovlen;
        if (k <= 0) /* the first of them cannot go: ECONNREFUSED of an earlier one, mostly */
            ws->wire.stats.refused += msgs[sent].msg_hdr.msg_iovlen;
        sent += k > 0 ? (uint32_t)k : 1;
    }
}

static void send_burst(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct wire_socket *ws = self(wire);
    uint32_t n_msgs = 0;

    for (uint32_t i = 0, k; i < n; i += k) {
        k = 1;
        if (d[i].len == 0)
            continue;
        k = run_length(d + i, n - i);
        if (ws->addrs[d[i].end].sin_port == 0)
            wire->stats.refused += k;
        else
            set_message(ws, n_msgs++, d, i, k);
    }
    send_messages(ws, n_msgs);
}

/* ---- Life ---- */

static void destroy(struct wire *wire)
{
    struct wire_socket *ws = self(wire);

    if (ws->fd >= 0)
        close(ws->fd);
    wire_finish(wire);
    free(ws->addrs);
    free(ws);
}

static const struct wire_ops ops = {.connect = connect_end,
                                    .receive = receive,
                                    .release = release,
                                    .reserve = reserve,
                                    .send = send_burst,
                                    .destroy = destroy};

static void set_buffer(int fd, int forced, int plain)
{
    int size = BUFFER_BYTES;

    if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) != 0)
        setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
}

static int open_socket(uint16_t *udp_port)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t len = sizeof(any);
    int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 || getsockname(fd, (struct sockaddr *)&any, &len) != 0) {
        int err = errno;
        close(fd);
        errno = err;
        return -1;
    }
    *udp_port = ntohs(any.sin_port);
    return fd;
}

struct wire *wire_socket_create(uint32_t max_ends)
{
    struct wire_socket *ws = calloc(1, sizeof(*ws));

    if (!ws)
        return NULL;
    int ret = wire_init(&ws->wire, &ops, FIRST_IP, max_ends);
    ws->addrs = calloc(max_ends, sizeof(*ws->addrs));
    ws->fd = open_socket(&ws->wire.udp_port);
    if (ws->fd < 0 || ret || !ws->addrs) {
        int err = errno;
        destroy(&ws->wire);
        errno = err;
        return NULL;
    }
    struct batch *rx = &ws->rx;
    for (uint32_t i = 0; i < WIRE_BURST; i++) {
        rx->iov[i] = (struct iovec){.iov_base = rx->bytes[i], .iov_len = sizeof(rx->bytes[i])};
        rx->msgs[i].msg_hdr = (struct msghdr){.msg_iov = &rx->iov[i], .msg_iovlen = 1, .msg_control = rx->cmsg[i]};
    }
    return &ws->wire;
}
