/* SPDX-License-Identifier: MIT */
/* The dataplane program on DPDK's devices: a client at the other end of a memif or a veth pair, an EAL of its own in
 * this process, asks by ARP, checks connectivity and has SRTP relayed; idle workers sleep, and wake for each queue. */
#include "tests/pipeline/fixture.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/rtp.h"
#include "common/util.h"
#include "tests/peer/loop.h"
#include "tests/proc/process.h"

#define POOL_MBUFS  8191
#define RING_SIZE   1024
#define PACKETS     50
#define PAYLOAD     200
#define IDLE_MS     1000
#define IDLE_SLEEPS 20 /* of a worker in IDLE_MS; one that looks every 500 us sleeps some 1800 times */
#define ECHOES      16 /* from so many addresses: spread over the queues */
#define ECHO_PROTO  23 /* offsets into a frame: IPv4 protocol, ICMP type */
#define ECHO_TYPE   34
#define WAKE_US     250000 /* less than a worker sleeps that missed its packet */
#define SECOND_US   INT64_C(1000000)
#define EPOCH       1 /* of peer_init's ids */

static const uint8_t client_mac[6] = {0x02, 0, 0, 0, 0, 0xaa}; /* as the fixture's peers have it */
static const uint8_t no_mac[6];

static const struct kind {
    const char *name;
    const char *port, *device; /* dataplane.port; the client's device and its arguments. %s: the test's folder */
    uint16_t workers, queues;  /* queues: the client's */
    bool wakes;                /* the port wakes its workers */
    const char *again;         /* then a second client takes the place of the first */
} kinds[] = {
    {"memif", "net_memif0,role=server,socket=%s/memif,socket-abstract=no",
     "net_memif1,role=client,socket=%s/memif,socket-abstract=no", 1, 1, false,
     "net_memif3,role=client,socket=%s/memif,socket-abstract=no"},
    {"memif, two queues", "net_memif0,role=server,socket=%s/memif,socket-abstract=no",
     "net_memif2,role=client,socket=%s/memif,socket-abstract=no", 2, 2, false,
     "net_memif4,role=client,socket=%s/memif,socket-abstract=no"},
    {"AF_PACKET", "net_af_packet0,iface=relay", "net_af_packet1,iface=client", 1, 1, true},
    {"AF_PACKET, two queues", "net_af_packet0,iface=relay,qpairs=2", "net_af_packet2,iface=client", 2, 1, true},
    {"AF_PACKET, one queue for two workers", "net_af_packet0,iface=relay", "net_af_packet3,iface=client", 2, 1, true},
    {"AF_XDP", "net_af_xdp0,iface=relay", "net_af_packet4,iface=client", 1, 1, true},
};

/* What this process has at its end of the wire. The fixture's peers write to f.in and read from f.out. */
struct client {
    struct fixture f;
    char dir[64];
    struct process dataplane;
    int ctl;
    struct port *port;
    uint16_t queues;
    struct rte_mempool *pools[FIXTURE_WORKERS];
    uint8_t relay_mac[6];
    uint32_t n_arp_replies, n_echo_replies;
};

/* ---- The wire ---- */

static void send_frames(struct client *c, uint16_t queue)
{
    struct rte_mbuf *m;

    while (rte_ring_dequeue(c->f.in[queue], (void **)&m) == 0) {
        uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
        if (memcmp(c->relay_mac, no_mac, sizeof(no_mac)) != 0)
            memcpy(frame, c->relay_mac, sizeof(c->relay_mac));
        if (c->port->ops->tx_burst(c->port, queue % c->queues, &m, 1) != 1)
            rte_pktmbuf_free(m);
    }
}

static void take_frame(struct client *c, struct rte_mbuf *m)
{
    const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

    if (memcmp(frame, client_mac, sizeof(client_mac)) != 0) { /* the kernel's, on a veth */
        rte_pktmbuf_free(m);
    } else if (get_be16(frame + 12) == RTE_ETHER_TYPE_ARP) {
        memcpy(c->relay_mac, frame + 6, sizeof(c->relay_mac));
        c->n_arp_replies++;
        rte_pktmbuf_free(m);
    } else if (get_be16(frame + 12) == RTE_ETHER_TYPE_IPV4 && frame[ECHO_PROTO] == IPPROTO_ICMP) {
        c->n_echo_replies += frame[ECHO_TYPE] == 0;
        rte_pktmbuf_free(m);
    } else if (rte_ring_enqueue(c->f.out[0], m) != 0) {
        rte_pktmbuf_free(m);
    }
}

static void turn(struct client *c)
{
    struct rte_mbuf *m[PKT_BURST];

    for (uint16_t q = 0; q < FIXTURE_WORKERS; q++)
        send_frames(c, q);
    for (uint16_t q = 0; q < c->queues; q++) {
        uint16_t n = c->port->ops->rx_burst(c->port, q, m, PKT_BURST);
        for (uint16_t i = 0; i < n; i++)
            take_frame(c, m[i]);
    }
    assert_true(process_runs(&c->dataplane));
    usleep(50);
}

/* ---- The control link ---- */

static void connect_ctl(struct client *c)
{
    struct dp_hello hello;
    char path[128];
    int64_t until_us = loop_now_us() + 10 * SECOND_US;

    snprintf(path, sizeof(path), "%s/run/" DP_CTL_SOCKET, c->dir);
    while ((c->ctl = ipc_connect(path)) < 0) {
        assert_true(process_runs(&c->dataplane));
        assert_true(loop_now_us() < until_us);
        usleep(10000);
    }
    while (ipc_recv(c->ctl, &hello, sizeof(hello), NULL, NULL) == -EAGAIN && loop_now_us() < until_us)
        usleep(1000);
    assert_int_equal(hello.head.type, DP_HELLO);
    hello = (struct dp_hello){
        .head = {.type = DP_HELLO, .len = sizeof(hello)}, .version = DP_PROTO_VERSION, .epoch = EPOCH};
    assert_int_equal(ipc_send(c->ctl, &hello, sizeof(hello), NULL, 0), 0);
}

/* Of the fixture: a message, and the error of its acknowledgement. */
static int carry(struct fixture *f, const void *msg, size_t len)
{
    struct client *c = CONTAINER_OF(f, struct client, f);
    _Alignas(8) uint8_t record[sizeof(struct dp_load)]; /* the longest that comes */
    int64_t until_us = loop_now_us() + 5 * SECOND_US;

    assert_int_equal(ipc_send(c->ctl, msg, len, NULL, 0), 0);
    while (loop_now_us() < until_us) {
        const struct dp_ack *ack = (const struct dp_ack *)record;
        int n = ipc_recv(c->ctl, record, sizeof(record), NULL, NULL);
        assert_true(n > 0 || n == -EAGAIN);
        if (n == sizeof(*ack) && ack->head.type == DP_ACK && ack->type == ((const struct dp_head *)msg)->type)
            return ack->error;
        usleep(n > 0 ? 0 : 100);
    }
    fail_msg("no acknowledgement");
    return -ETIMEDOUT;
}

/* ---- What is asked ---- */

static void ask_arp(struct client *c, uint16_t queue)
{
    static const uint8_t arp[] = {255, 255, 255, 255, 255, 255, 2,    0,  0, 0, 0, 0xaa, 8, 6, 0, 1, 8, 0,   6, 4, 0,
                                  1,   2,   0,   0,   0,   0,   0xaa, 10, 0, 0, 9, 0,    0, 0, 0, 0, 0, 192, 0, 2, 1};

    fixture_inject(&c->f, queue, arp, sizeof(arp));
}

/* Asks until there is an answer: a memif connects in its own time. */
static void learn_mac(struct client *c)
{
    int64_t until_us = loop_now_us() + 5 * SECOND_US, next_us = 0;

    while (c->n_arp_replies == 0) {
        assert_true(loop_now_us() < until_us);
        if (loop_now_us() >= next_us) {
            ask_arp(c, 0);
            next_us = loop_now_us() + 50000;
        }
        turn(c);
    }
}

/* The next datagram to this peer that is not RTCP. false: none within the time. */
static bool receive(struct client *c, const struct peer *p, struct datagram *d, int64_t within_us)
{
    int64_t until_us = loop_now_us() + within_us;

    do {
        turn(c);
        while (fixture_receive(&c->f, d))
            if (peer_is_to(p, d) && (d->bytes[0] < 128 || d->bytes[1] < 192 || d->bytes[1] > 223))
                return true;
    } while (loop_now_us() < until_us);
    return false;
}

static void check_connectivity(struct client *c, struct peer *p, int64_t within_us)
{
    struct datagram d;

    peer_send_binding(&c->f, p, true);
    do
        assert_true(receive(c, p, &d, within_us));
    while (!peer_is_response(p, &d));
}

static void add_stream(struct client *c, const struct peer *publisher, const struct peer *player)
{
    struct dp_rtp rtp = {.ssrc = 0x1000, .pt = 111, .rtx_pt = DP_PT_NONE};
    struct dp_stream_put stream = {.kind = MEDIA_AUDIO,
                                   .codec = CODEC_OPUS,
                                   .id = (uint64_t)EPOCH << 32 | 100,
                                   .session = publisher->session,
                                   .clock_hz = 48000,
                                   .rtp = rtp};
    assert_int_equal(fixture_put(&c->f, DP_STREAM_PUT, &stream), 0);
    rtp.ssrc = 0x2000;
    rtp.pt = 99;
    struct dp_subscription_put sub = {.id = (uint64_t)EPOCH << 32 | 101,
                                      .session = player->session,
                                      .stream = stream.id,
                                      .rtp = rtp,
                                      .cname = "cname"};
    assert_int_equal(fixture_put(&c->f, DP_SUBSCRIPTION_PUT, &sub), 0);
}

static bool relay_packet(struct client *c, struct peer *publisher, struct peer *player, uint32_t i, int64_t within_us)
{
    uint8_t rtp[12 + PAYLOAD] = {0x80, 111};
    struct datagram d;
    struct rtp_view view;

    put_be16(rtp + 2, (uint16_t)(1000 + i));
    put_be32(rtp + 4, i * 960);
    put_be32(rtp + 8, 0x1000);
    memset(rtp + 12, (int)i, PAYLOAD);
    peer_send_srtp(&c->f, publisher, rtp, sizeof(rtp));
    if (!receive(c, player, &d, within_us))
        return false;
    assert_true(peer_unprotect(player, &d));
    assert_int_equal(rtp_parse(&view, d.bytes, d.len), 0);
    assert_int_equal(view.ssrc, 0x2000);
    assert_int_equal(view.pt, 99);
    assert_int_equal(d.len, sizeof(rtp));
    assert_memory_equal(d.bytes + 12, rtp + 12, PAYLOAD);
    return true;
}

/* An acknowledgement means that the worker has mail, not that it has read it: the first packet may be early. */
static void relay(struct client *c, struct peer *publisher, struct peer *player)
{
    uint32_t i = 0;

    while (!relay_packet(c, publisher, player, i++, SECOND_US / 2))
        assert_true(i < 3);
    for (uint32_t end = i + PACKETS; i < end; i++)
        assert_true(relay_packet(c, publisher, player, i, 2 * SECOND_US));
}

static uint64_t sleeps_of(const struct client *c, unsigned worker)
{
    char path[160], command[64], text[16384] = "";
    snprintf(path, sizeof(path), "%s/run/dpdk/roomline/dpdk_telemetry.v2", c->dir);
    snprintf(command, sizeof(command), "/roomline/workers,%u", worker);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    memcpy(addr.sun_path, path, MIN(strlen(path), sizeof(addr.sun_path) - 1));
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0); /* its greeting */
    assert_true(send(fd, command, strlen(command), 0) > 0);
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
    close(fd);
    assert_true(n > 0);
    text[n] = '\0';
    const char *found = strstr(text, "\"sleeps\":");
    assert_non_null(found);
    return strtoull(found + strlen("\"sleeps\":"), NULL, 10);
}

/* No session, no packet: workers sleep for long, at next to no cost. */
static void idle(struct client *c, const struct kind *k)
{
    uint64_t sleeps[FIXTURE_WORKERS];

    usleep(50000);
    for (unsigned i = 0; i < k->workers; i++)
        sleeps[i] = sleeps_of(c, i);
    int64_t cpu_us = process_cpu_us(&c->dataplane);
    usleep(IDLE_MS * 1000);
    cpu_us = process_cpu_us(&c->dataplane) - cpu_us;
    for (unsigned i = 0; i < k->workers; i++) {
        sleeps[i] = sleeps_of(c, i) - sleeps[i];
        printf("# %s: worker %u sleeps %u times in %u ms, CPU %.1f %%\n", k->name, i, (unsigned)sleeps[i], IDLE_MS,
               (double)cpu_us / (IDLE_MS * 10.0));
        if (k->wakes)
            assert_in_range(sleeps[i], 0, IDLE_SLEEPS);
    }
}

/* A packet on any queue wakes its worker. Parse does not look at checksums of requests. */
static void wake(struct client *c, const struct kind *k)
{
    for (uint32_t i = 0; i < ECHOES; i++) {
        uint8_t echo[] = {0,   0, 0,  0, 0, 1, 2, 0,  0, 0, 0, 0xaa, 8,   0,   0x45,
                          0,   0, 32, 0, 7, 0, 0, 64, 1, 0, 0, 10,   0,   1,   (uint8_t)(i + 1),
                          192, 0, 2,  1, 8, 0, 0, 0,  0, 1, 0, 2,    'p', 'i', 'n',
                          'g'};
        c->n_echo_replies = 0;
        usleep(5000);
        fixture_inject(&c->f, (uint16_t)(i % k->workers), echo, sizeof(echo));
        int64_t until_us = loop_now_us() + WAKE_US;
        do
            turn(c);
        while (c->n_echo_replies == 0 && loop_now_us() < until_us);
        assert_int_equal(c->n_echo_replies, 1);
    }
}

static void serve(struct client *c, const struct kind *k)
{
    struct peer peers[8];

    learn_mac(c);
    for (uint32_t i = 0; i < ARRAY_SIZE(peers); i++) { /* the two that talk share a worker; IPv6 takes part */
        peer_init(&c->f, &peers[i], i + 1, i < 2 ? k->workers - 1u : i % k->workers, i % 2 == 1);
        check_connectivity(c, &peers[i], 2 * SECOND_US);
    }
    peer_keys(&c->f, &peers[0], SRTP_PROFILE_AEAD_AES_128_GCM);
    peer_keys(&c->f, &peers[1], SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
    add_stream(c, &peers[0], &peers[1]);
    relay(c, &peers[0], &peers[1]);
    for (uint32_t i = 0; i < ARRAY_SIZE(peers); i++) {
        assert_int_equal(fixture_del(&c->f, DP_SESSION_DEL, peers[i].session), 0);
        peer_finish(&peers[i]);
    }
    idle(c, k);
    wake(c, k);
}

/* ---- Life ---- */

static void run(const char *command)
{
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    char *said = NULL;
    int status = process_run(argv, &said);

    if (status != 0)
        fail_msg("%s: %s", command, said);
    free(said);
}

static void start_dataplane(struct client *c, const struct kind *k)
{
    const char *build = getenv("ROOMLINE_BUILD");
    char path[256], log[128], run_dir[128], device[256], port[280], workers[32];

    snprintf(path, sizeof(path), "%s/dataplane/roomline-dataplane", build ? build : "build");
    snprintf(log, sizeof(log), "%s/log", c->dir);
    snprintf(run_dir, sizeof(run_dir), "run_dir=%s/run", c->dir);
    snprintf(device, sizeof(device), k->port, c->dir);
    snprintf(port, sizeof(port), "dataplane.port=%s", device);
    snprintf(workers, sizeof(workers), "workers.count=%u", k->workers);
    const char *argv[] = {
        path, "--set", run_dir, "--set", port, "--set", workers, "--set", "media.announce=192.0.2.1 fd01::1", NULL};
    assert_int_equal(process_start(&c->dataplane, log, argv), 0);
}

static void make_fixture(struct client *c)
{
    static unsigned count;
    char name[32];

    c->f.carry = carry;
    for (unsigned i = 0; i < FIXTURE_WORKERS; i++, count++) {
        snprintf(name, sizeof(name), "in%u", count);
        c->f.in[i] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
        snprintf(name, sizeof(name), "out%u", count);
        c->f.out[i] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
        snprintf(name, sizeof(name), "pool%u", count);
        c->pools[i] = pkt_pool_create(name, POOL_MBUFS, 0, SOCKET_ID_ANY);
        assert_true(c->f.in[i] && c->f.out[i] && c->pools[i]);
    }
    c->f.rx_pool = c->pools[0];
}

static void open_port(struct client *c, const struct kind *k, const char *what)
{
    char device[256];
    uint16_t ethdev;
    const char *err = "";

    snprintf(device, sizeof(device), what, c->dir);
    assert_int_equal(rte_dev_probe(device), 0);
    device[strcspn(device, ",")] = '\0';
    assert_int_equal(rte_eth_dev_get_port_by_name(device, &ethdev), 0);
    c->queues = k->queues;
    c->port = port_eth_create(ethdev, &(struct port_eth_conf){.n_queues = k->queues, .rx_pools = c->pools}, &err);
    if (!c->port)
        fail_msg("%s", err);
}

static int set_up(void **state)
{
    struct client *c = calloc(1, sizeof(*c));

    *state = c;
    snprintf(c->dir, sizeof(c->dir), "/tmp/roomline-ports-XXXXXX");
    assert_non_null(mkdtemp(c->dir));
    c->ctl = -1;
    make_fixture(c);
    run("ip link add relay numrxqueues 1 numtxqueues 1 type veth peer name client numrxqueues 1 numtxqueues 1 && "
        "sysctl -qw net.ipv6.conf.relay.disable_ipv6=1 net.ipv6.conf.client.disable_ipv6=1 && "
        "ip link set relay up && ip link set client up");
    return 0;
}

static int tear_down(void **state)
{
    struct client *c = *state;
    char command[128];

    if (process_runs(&c->dataplane)) {
        process_print_log(&c->dataplane, "dataplane", 20);
        process_stop(&c->dataplane, SIGTERM, 5 * SECOND_US);
    }
    if (c->port)
        c->port->ops->destroy(c->port);
    if (c->ctl >= 0)
        close(c->ctl);
    snprintf(command, sizeof(command), "ip link del relay; rm -rf %s", c->dir);
    run(command);
    fixture_discard(&c->f);
    for (unsigned i = 0; i < FIXTURE_WORKERS; i++) {
        rte_ring_free(c->f.in[i]);
        rte_ring_free(c->f.out[i]);
        rte_mempool_free(c->pools[i]);
    }
    free(c);
    return 0;
}

static void test_kind(struct client *c, const struct kind *k)
{
    start_dataplane(c, k);
    connect_ctl(c);
    open_port(c, k, k->device);
    serve(c, k);
    if (k->again) {
        c->port->ops->destroy(c->port);
        open_port(c, k, k->again);
        c->n_arp_replies = 0;
        serve(c, k);
    }
    int status = process_stop(&c->dataplane, SIGTERM, 10 * SECOND_US);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#define TEST(name, i)                 \
    static void name(void **state)    \
    {                                 \
        test_kind(*state, &kinds[i]); \
    }
TEST(test_memif, 0)
TEST(test_memif_two_queues, 1)
TEST(test_af_packet, 2)
TEST(test_af_packet_two_queues, 3)
TEST(test_af_packet_shared_queue, 4)
TEST(test_af_xdp, 5)

int main(void)
{
#define PORT_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PORT_TEST(test_memif),
        PORT_TEST(test_memif_two_queues),
        PORT_TEST(test_af_packet),
        PORT_TEST(test_af_packet_two_queues),
        PORT_TEST(test_af_packet_shared_queue),
        PORT_TEST(test_af_xdp),
    };
    if (unshare(CLONE_NEWNET) != 0) {
        printf("ok - ports # SKIP no network namespace of our own: %s (run as root)\n", strerror(errno));
        return 0;
    }
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
