/* SPDX-License-Identifier: MIT */
/* Frames into the kernel's sockets and out at real ones on loopback: whole, in order for each receiver, whether they
 * leave in runs or one by one. */
#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/util.h"
#include "dataplane/socket_tx.h"

#define RECEIVERS 5
#define POOL      255

struct scene {
    struct rte_mempool *pool;
    struct socket_tx *tx;
    int fds[2]; /* senders, at first_udp_port and the next */
    uint16_t first_udp_port;
    int receivers[RECEIVERS];
    struct rte_mbuf *m[PKT_BURST];
    uint16_t n;
};

static int open_socket(uint16_t *port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&addr, len)) {
        close(fd);
        return -1;
    }
    getsockname(fd, (struct sockaddr *)&addr, &len);
    *port = ntohs(addr.sin_port);
    return fd;
}

static void open_scene(struct scene *s)
{
    *s = (struct scene){.pool = pkt_pool_create("socket_tx", POOL, 0, SOCKET_ID_ANY), .tx = calloc(1, sizeof(*s->tx))};
    for (uint16_t port = 20000; port < 30000; port = (uint16_t)(port + 2)) { /* two neighbours */
        uint16_t next = (uint16_t)(port + 1);
        s->first_udp_port = port;
        s->fds[0] = open_socket(&port);
        s->fds[1] = open_socket(&next);
        if (s->fds[0] >= 0 && s->fds[1] >= 0)
            break;
        close(s->fds[0] >= 0 ? s->fds[0] : s->fds[1]);
    }
    for (size_t i = 0; i < RECEIVERS; i++) {
        uint16_t port = 0;
        s->receivers[i] = open_socket(&port);
    }
    socket_tx_init(s->tx, false, s->first_udp_port);
}

static void close_scene(struct scene *s)
{
    assert_int_equal(rte_mempool_avail_count(s->pool), POOL);
    for (size_t i = 0; i < RECEIVERS; i++)
        close(s->receivers[i]);
    close(s->fds[0]);
    close(s->fds[1]);
    rte_mempool_free(s->pool);
    free(s->tx);
}

/* One more frame of the burst: its payload is its number in the burst, over and over. */
static void add_frame(struct scene *s, uint16_t sender, size_t receiver, uint16_t len)
{
    struct sockaddr_in to;
    socklen_t to_len = sizeof(to);
    struct rte_mbuf *m = rte_pktmbuf_alloc(s->pool);
    uint8_t *frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(14 + 20 + 8 + len));
    getsockname(s->receivers[receiver], (struct sockaddr *)&to, &to_len);
    memset(frame, 0, 14 + 20 + 8);
    frame[14] = 0x45;
    put_be32(frame + 14 + 12, INADDR_LOOPBACK);
    memcpy(frame + 14 + 16, &to.sin_addr, 4);
    put_be16(frame + 14 + 20, (uint16_t)(s->first_udp_port + sender));
    memcpy(frame + 14 + 22, &to.sin_port, 2);
    memset(frame + 14 + 28, s->n, len);
    s->m[s->n++] = m;
}

static void send_all(struct scene *s)
{
    assert_int_equal(socket_tx_burst(s->tx, s->fds, 2, 0, s->m, s->n), s->n);
    s->n = 0;
}

/* The next datagram of a receiver is frame number of that burst. */
static void expect(struct scene *s, size_t receiver, uint16_t sender, uint8_t number, uint16_t len)
{
    uint8_t bytes[2048];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    ssize_t n = recvfrom(s->receivers[receiver], bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);
    assert_int_equal(n, len);
    assert_int_equal(ntohs(from.sin_port), s->first_udp_port + sender);
    for (ssize_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], number);
}

static void expect_nothing(struct scene *s)
{
    uint8_t byte;
    for (size_t i = 0; i < RECEIVERS; i++)
        assert_true(recv(s->receivers[i], &byte, 1, 0) < 0 && errno == EAGAIN);
}

static void test_fan_out(void **state)
{
    struct scene s;
    open_scene(&s);
    for (uint16_t k = 0; k < PKT_BURST / RECEIVERS; k++)
        for (size_t r = 0; r < RECEIVERS; r++)
            add_frame(&s, 0, r, 1200);
    send_all(&s);
    assert_int_equal(s.tx->n_runs, RECEIVERS);
    for (size_t r = 0; r < RECEIVERS; r++)
        for (uint16_t k = 0; k < PKT_BURST / RECEIVERS; k++)
            expect(&s, r, 0, (uint8_t)(k * RECEIVERS + r), 1200);
    expect_nothing(&s);
    close_scene(&s);
}

/* A shorter packet ends a run, a longer one begins the next; nobody's packets pass each other. */
static void test_lengths(void **state)
{
    static const uint16_t lens[] = {1200, 1200, 700, 1200, 300, 300, 301, 1, 0, 0, 1200};
    struct scene s;
    open_scene(&s);
    for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
        for (size_t r = 0; r < 2; r++)
            add_frame(&s, 0, r, lens[i]);
    send_all(&s);
    assert_int_equal(s.tx->n_runs, 2 * 7); /* 1200 1200 700, 1200 300, 300, 301 1, 0, 0, 1200 */
    for (size_t r = 0; r < 2; r++)
        for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
            expect(&s, r, 0, (uint8_t)(2 * i + r), lens[i]);
    expect_nothing(&s);
    close_scene(&s);
}

static void test_sender_is_the_frames_own(void **state)
{
    struct scene s;
    open_scene(&s);
    for (uint16_t i = 0; i < 6; i++)
        add_frame(&s, i % 2, 0, 100);
    add_frame(&s, 7, 1, 100); /* nobody's: ours */
    send_all(&s);
    for (uint16_t sender = 0; sender < 2; sender++)
        for (uint16_t i = sender; i < 6; i = (uint16_t)(i + 2))
            expect(&s, 0, sender, (uint8_t)i, 100);
    expect(&s, 1, 0, 6, 100);
    expect_nothing(&s);
    close_scene(&s);
}

/* Without UDP checksums the kernel cuts nothing. And what it never sends is done with, but nothing else. */
static void test_what_the_kernel_refuses(void **state)
{
    struct scene s;
    int on = 1;
    open_scene(&s);
    setsockopt(s.fds[0], SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on));
    for (uint16_t i = 0; i < 9; i++)
        add_frame(&s, 0, i % 3, 500);
    uint8_t *ip = rte_pktmbuf_mtod(s.m[0], uint8_t *) + 14;
    put_be32(ip + 16, UINT32_MAX); /* broadcast: EACCES */
    send_all(&s);
    for (uint16_t i = 1; i < 3; i++)
        for (uint16_t k = i; k < 9; k = (uint16_t)(k + 3))
            expect(&s, i, 0, (uint8_t)k, 500);
    expect(&s, 0, 0, 3, 500);
    expect(&s, 0, 0, 6, 500);
    expect_nothing(&s);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fan_out),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_sender_is_the_frames_own),
        cmocka_unit_test(test_what_the_kernel_refuses),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
