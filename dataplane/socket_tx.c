/* SPDX-License-Identifier: MIT */
/* worker path */
/* A burst sorted into runs, a message for each. */
#include "dataplane/socket_tx.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "common/util.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* of Linux 4.18 */
#endif

#define RUN_BYTES_MAX (UINT16_MAX - 40 - 8)

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

/* ---- Runs ---- */

/* Our own frames: complete and well formed. */
static void read_frame(const struct rte_mbuf *m, struct socket_end *src, struct socket_end *dst, struct iovec *payload)
{
    const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
    const uint8_t *ip = frame + RTE_ETHER_HDR_LEN;
    bool v4 = ip[0] >> 4 == 4;
    const uint8_t *udp = ip + (v4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr));

    memcpy(src->ip, v4_mapped, sizeof(v4_mapped));
    memcpy(dst->ip, v4_mapped, sizeof(v4_mapped));
    memcpy(v4 ? src->ip + sizeof(v4_mapped) : src->ip, ip + (v4 ? 12 : 8), v4 ? 4 : 16);
    memcpy(v4 ? dst->ip + sizeof(v4_mapped) : dst->ip, ip + (v4 ? 16 : 24), v4 ? 4 : 16);
    memcpy(&src->port, udp, 2);
    memcpy(&dst->port, udp + 2, 2);
    src->scope = dst->scope = get_be32(frame + 2); /* what port_socket put there, turned round */
    payload->iov_base = (void *)(uintptr_t)(udp + sizeof(struct rte_udp_hdr));
    payload->iov_len = m->data_len - (size_t)((const uint8_t *)payload->iov_base - frame);
}

static bool same_end(const struct socket_end *a, const struct socket_end *b)
{
    return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->port == b->port && a->scope == b->scope;
}

/* The slot of the youngest run to this end, or a free one. */
static uint8_t *find_slot(struct socket_tx *tx, const struct socket_end *src, const struct socket_end *dst)
{
    uint32_t at = (get_be32(dst->ip + 12) ^ (uint32_t)dst->port << 16) * UINT32_C(0x9e3779b1) >> 16;

    for (;; at++) {
        uint8_t *slot = &tx->slots[at % SOCKET_TX_SLOTS];
        if (*slot == 0)
            return slot;
        const struct socket_run *run = &tx->runs[*slot - 1];
        if (same_end(&run->dst, dst) && same_end(&run->src, src))
            return slot;
    }
}

static bool takes(const struct socket_run *run, size_t len)
{
    return !run->closed && len <= run->len && len > 0 && (run->n + 1u) * run->len <= RUN_BYTES_MAX;
}

static void sort(struct socket_tx *tx, uint16_t n_fds, uint16_t own, struct rte_mbuf **m, uint16_t n)
{
    struct rte_mbuf *sorted[PKT_BURST];
    struct socket_end src, dst;
    uint16_t first = 0, place[PKT_BURST];

    tx->n_runs = 0;
    memset(tx->slots, 0, sizeof(tx->slots));
    for (uint16_t i = 0; i < n; i++) {
        read_frame(m[i], &src, &dst, &tx->payload[i]);
        size_t len = tx->payload[i].iov_len;
        uint8_t *slot = find_slot(tx, &src, &dst);
        if (*slot == 0 || !takes(&tx->runs[*slot - 1], len)) {
            uint16_t socket = (uint16_t)(ntohs(src.port) - tx->first_udp_port);
            tx->runs[tx->n_runs] = (struct socket_run){
                .src = src, .dst = dst, .socket = socket < n_fds ? socket : own, .len = (uint16_t)len};
            *slot = (uint8_t)++tx->n_runs;
        }
        struct socket_run *run = &tx->runs[*slot - 1];
        run->closed = len < run->len;
        run->n++;
        tx->run_of[i] = (uint8_t)(*slot - 1);
    }
    for (uint16_t r = 0; r < tx->n_runs; r++) {
        tx->runs[r].first = place[r] = first;
        first = (uint16_t)(first + tx->runs[r].n);
    }
    for (uint16_t i = 0; i < n; i++) {
        uint16_t at = place[tx->run_of[i]]++;
        sorted[at] = m[i];
        tx->iov[at] = tx->payload[i];
    }
    memcpy(m, sorted, n * sizeof(m[0]));
}

/* ---- Messages ---- */

static void add_cmsg(struct msghdr *msg, int level, int type, const void *data, size_t len)
{
    struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)msg->msg_control + msg->msg_controllen);

    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(c), data, len);
    msg->msg_controllen += CMSG_SPACE(len);
}

static void set_ends_v6(struct msghdr *msg, const struct socket_run *run)
{
    struct in6_pktinfo info = {.ipi6_ifindex = run->src.scope};
    struct sockaddr_in6 *to = msg->msg_name;

    memcpy(&info.ipi6_addr, run->src.ip, sizeof(info.ipi6_addr));
    add_cmsg(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    *to = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = run->dst.port, .sin6_scope_id = run->dst.scope};
    memcpy(&to->sin6_addr, run->dst.ip, sizeof(to->sin6_addr));
    msg->msg_namelen = sizeof(*to);
}

static void set_ends_v4(struct msghdr *msg, const struct socket_run *run)
{
    struct in_pktinfo info = {0};
    struct sockaddr_in *to = msg->msg_name;

    memcpy(&info.ipi_spec_dst, run->src.ip + sizeof(v4_mapped), 4);
    add_cmsg(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = run->dst.port};
    memcpy(&to->sin_addr, run->dst.ip + sizeof(v4_mapped), 4);
    msg->msg_namelen = sizeof(*to);
}

static void make_message(struct socket_tx *tx, uint16_t r)
{
    const struct socket_run *run = &tx->runs[r];
    struct msghdr *msg = &tx->msgs[r].msg_hdr;

    msg->msg_iov = &tx->iov[run->first];
    msg->msg_iovlen = run->n;
    msg->msg_controllen = 0;
    (tx->v6 ? set_ends_v6 : set_ends_v4)(msg, run);
    if (run->n > 1)
        add_cmsg(msg, IPPROTO_UDP, UDP_SEGMENT, &run->len, sizeof(run->len));
}

static bool is_full(void)
{
    return errno == EAGAIN || errno == ENOBUFS;
}

/* What the kernel will not cut (a smaller path MTU, IPsec on the way) goes as single datagrams, which it can still
 * fragment. One that it refuses for itself (no route, too long) is passed over as sent: the network would have lost it.
 * Returns how many are done with. */
static uint16_t send_singly(struct socket_tx *tx, int fd, const struct socket_run *run)
{
    struct msghdr one = tx->msgs[run - tx->runs].msg_hdr;
    uint16_t done;

    one.msg_iovlen = 1;
    if (run->n > 1)
        one.msg_controllen -= CMSG_SPACE(sizeof(run->len));
    for (done = 0; done < run->n; done++, one.msg_iov++)
        if (sendmsg(fd, &one, MSG_DONTWAIT) < 0 && is_full())
            break;
    return done;
}

/* Sends a row of runs that share a socket, or the first of them. Returns how many packets are done with; none: the
 * socket buffer is full. */
static uint16_t send_runs(struct socket_tx *tx, int fd, const struct socket_run *run, uint16_t n)
{
    int sent = sendmmsg(fd, tx->msgs + (run - tx->runs), n, MSG_DONTWAIT);

    if (sent > 0)
        return (uint16_t)(run[sent - 1].first + run[sent - 1].n - run->first);
    return is_full() ? 0 : send_singly(tx, fd, run);
}

uint16_t socket_tx_burst(struct socket_tx *tx, const int *fds, uint16_t n_fds, uint16_t own, struct rte_mbuf **m,
                         uint16_t n)
{
    uint16_t done = 0, r = 0, went;

    sort(tx, n_fds, own, m, n);
    for (uint16_t i = 0; i < tx->n_runs; i++)
        make_message(tx, i);
    while (r < tx->n_runs && tx->runs[r].first == done) { /* else a run is half through */
        uint16_t end = r;
        while (end < tx->n_runs && tx->runs[end].socket == tx->runs[r].socket)
            end++;
        went = send_runs(tx, fds[tx->runs[r].socket], &tx->runs[r], (uint16_t)(end - r));
        if (went == 0)
            break;
        done = (uint16_t)(done + went);
        while (r < tx->n_runs && tx->runs[r].first < done)
            r++;
    }
    rte_pktmbuf_free_bulk(m, done);
    return done;
}

void socket_tx_init(struct socket_tx *tx, bool v6, uint16_t first_udp_port)
{
    tx->v6 = v6;
    tx->first_udp_port = first_udp_port;
    for (uint32_t i = 0; i < PKT_BURST; i++)
        tx->msgs[i].msg_hdr = (struct msghdr){.msg_name = &tx->addr[i], .msg_control = tx->cmsg[i]};
}
