/* SPDX-License-Identifier: MIT */
#include "media.h"

#include <arpa/inet.h>
#include <errno.h>
#include <rte_eal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"

#define FIRST_CLIENT_PORT 20000
#define CLIENTS_MAX       1100
#define HEADERS           42 /* Ethernet, IPv4, UDP */
#define MEDIA_PORT        5000

/* ---- The port ---- */

static struct media *media_of(struct port *port)
{
    return CONTAINER_OF(port, struct media, port);
}

static uint16_t rx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct media *media = media_of(port);
    uint16_t got = 0;

    while (got < n && media->rx_at < media->rx_n)
        m[got++] = media->rx[media->rx_at++ % MEDIA_RX_MAX];
    return got;
}

static int rx_fill(struct port *port, uint16_t queue)
{
    const struct media *media = media_of(port);

    return media->rx_room ? (int)MIN((media->rx_n - media->rx_at) * 1000 / media->rx_room, 1000u) : -ENOTSUP;
}

static struct packet *append(struct inbox *in)
{
    if (in->n == in->size) {
        in->size = in->size ? 2 * in->size : 16;
        in->packets = realloc(in->packets, in->size * sizeof(*in->packets));
        assert_non_null(in->packets);
    }
    return memset(&in->packets[in->n++], 0, sizeof(struct packet));
}

static void deliver(struct client *client, const uint8_t *bytes, size_t len)
{
    bool rtcp = rtp_demux(bytes, len) == RTP_DEMUX_RTCP;
    int clear_len = (int)len;

    if (client->deaf) {
        client->rtp.n += !rtcp;
        return;
    }
    struct packet *packet = append(rtcp ? &client->rtcp : &client->rtp);
    packet->cipher_len = len;
    memcpy(packet->cipher, bytes, len);
    memcpy(packet->bytes, bytes, len);
    srtp_err_status_t status = rtcp ? srtp_unprotect_rtcp(client->rx, packet->bytes, &clear_len)
                                    : srtp_unprotect(client->rx, packet->bytes, &clear_len);
    packet->len = status == srtp_err_status_ok ? (size_t)clear_len : 0;
}

static void check_headers(struct rte_mbuf *m, uint16_t *udp_port)
{
    const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

    assert_int_equal(m->pkt_len, m->data_len);
    assert_int_equal(get_be16(p + 12), RTE_ETHER_TYPE_IPV4);
    assert_int_equal(get_be16(p + 16), m->pkt_len - 14);
    assert_int_equal(get_be16(p + 38), m->pkt_len - 34);
    assert_in_range(m->pkt_len - 14, 0, 1500);
    *udp_port = get_be16(p + 36);
}

static uint16_t tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct media *media = media_of(port);

    if (media->tx_blocked) {
        media->tx_blocked -= MIN(media->tx_blocked, n);
        return 0;
    }
    for (uint16_t i = 0; i < n; i++) {
        uint16_t udp_port;
        check_headers(m[i], &udp_port);
        assert_in_range(udp_port, FIRST_CLIENT_PORT, FIRST_CLIENT_PORT + media->n_clients - 1);
        deliver(media->clients[udp_port - FIRST_CLIENT_PORT], rte_pktmbuf_mtod_offset(m[i], const uint8_t *, HEADERS),
                m[i]->data_len - HEADERS);
        rte_pktmbuf_free(m[i]);
    }
    return n;
}

static const struct port_ops port_ops = {.rx_burst = rx_burst, .tx_burst = tx_burst, .rx_fill = rx_fill};

/* ---- The world ---- */

int media_global_init(void **state)
{
    static char cpus[1024], lcores[sizeof(cpus) + 16]; /* any CPU: tests run side by side */
    static char *args[] = {"media",          "--no-huge",   "-m",   "256",         "--no-pci",
                           "--no-telemetry", "--no-shconf", lcores, "--log-level", "3"};
    struct eal_host host;

    eal_host_read(&host, cpus, sizeof(cpus));
    snprintf(lcores, sizeof(lcores), "--lcores=0@(%s)", cpus);
    return rte_eal_init(ARRAY_SIZE(args), args) < 0 || start_srtp() != 0;
}

int media_global_finish(void **state)
{
    srtp_global_finish();
    return rte_eal_cleanup();
}

/* Names are unique, so that a test which fails and leaves its pools behind does not fail the next. */
static const char *unique(const char *what)
{
    static char name[32];
    static uint32_t serial;

    snprintf(name, sizeof(name), "media_%s_%u", what, serial++);
    return name;
}

struct media *media_create(void)
{
    struct media *media = calloc(1, sizeof(*media));
    struct worker *w = &media->worker;

    assert_non_null(media);
    media->now_us = MEDIA_START_US;
    media->conf = (struct dataplane_conf){.consent_us = INT64_C(1) << 60,
                                          .history_age_us = 2000000,
                                          .history_packets = 1024,
                                          .history_mbufs = 2048,
                                          .mtu = 1500,
                                          .max_sessions = CLIENTS_MAX,
                                          .media_port = MEDIA_PORT,
                                          .n_workers = 1};
    media->rx_pool = pkt_pool_create(unique("rx"), MEDIA_POOL, 0, SOCKET_ID_ANY);
    media->mail_pool = pkt_pool_create(unique("mail"), 63, 0, SOCKET_ID_ANY);
    w->tx_pool = pkt_pool_create(unique("tx"), 255, 0, SOCKET_ID_ANY); /* little: a fan-out must not need more */
    assert_true(media->rx_pool && media->mail_pool && w->tx_pool);
    assert_int_equal(tables_init(&media->tables, CLIENTS_MAX, 1, 1, SOCKET_ID_ANY), 0);
    assert_int_equal(mailbox_init(&w->mailbox, unique("worker"), 64, media->mail_pool, false, SOCKET_ID_ANY), 0);
    assert_int_equal(mailbox_init(&media->ctl, unique("ctl"), 64, media->mail_pool, false, SOCKET_ID_ANY), 0);
    media->port = (struct port){.ops = &port_ops, .n_queues = 1, .n_tx = 1, .name = "clients"};
    media->clients = calloc(CLIENTS_MAX, sizeof(*media->clients));
    w->n_ports = 1;
    w->ports[0].port = &media->port;
    w->conf = &media->conf;
    w->tables = &media->tables;
    w->ctl_mailbox = &media->ctl;
    w->peers = media->workers;
    media->workers[0] = w;
    w->seats = calloc(CLIENTS_MAX, sizeof(*w->seats));
    w->srtp = srtp_engine_create();
    w->random = 88172645463325252;
    meter_init(&w->meter);
    assert_true(media->clients && w->seats && w->srtp);
    return media;
}

static void destroy_client(struct client *client)
{
    struct session *s = &client->session;

    srtp_ctx_destroy(s->srtp_rx);
    srtp_ctx_destroy(s->srtp_tx);
    srtp_dealloc(client->tx);
    srtp_dealloc(client->rx);
    free(client->rtp.packets);
    free(client->rtcp.packets);
    free(client);
}

void media_destroy(struct media *media)
{
    struct worker *w = &media->worker;

    media_turn(media, 0);
    while (w->n_sessions)
        session_detach(w, w->seats[0].session);
    media_turn(media, 0);
    for (uint32_t i = 0; i < media->n_clients; i++)
        destroy_client(media->clients[i]);
    for (uint32_t i = 0; i < media->n_fans; i++)
        fan_destroy(media->fans[i]);
    frame_finish(w);
    mailbox_finish(&w->mailbox);
    mailbox_finish(&media->ctl);
    tables_finish(&media->tables);
    assert_int_equal(w->history_used + w->n_tapped, 0);
    assert_int_equal(rte_mempool_avail_count(media->rx_pool), MEDIA_POOL);
    assert_int_equal(rte_mempool_avail_count(w->tx_pool), 255);
    rte_mempool_free(media->rx_pool);
    rte_mempool_free(media->mail_pool);
    rte_mempool_free(w->tx_pool);
    srtp_engine_destroy(w->srtp);
    free(w->seats);
    free(media->clients);
    free(media);
}

/* ---- Peers ---- */

static srtp_t create_srtp(enum srtp_profile profile, uint8_t *key, bool tx)
{
    srtp_policy_t policy = {.key = key, .window_size = 2048, .allow_repeat_tx = 1};
    void (*const set[SRTP_PROFILE_COUNT])(srtp_crypto_policy_t *) = {
        [SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80] = srtp_crypto_policy_set_rtp_default,
        [SRTP_PROFILE_AEAD_AES_128_GCM] = srtp_crypto_policy_set_aes_gcm_128_16_auth,
        [SRTP_PROFILE_AEAD_AES_256_GCM] = srtp_crypto_policy_set_aes_gcm_256_16_auth,
    };
    srtp_t srtp;

    set[profile](&policy.rtp);
    set[profile](&policy.rtcp);
    policy.ssrc.type = tx ? ssrc_any_outbound : ssrc_any_inbound;
    assert_int_equal(srtp_create(&srtp, &policy), srtp_err_status_ok);
    return srtp;
}

static void write_headers(uint8_t *p, uint16_t udp_port, size_t payload)
{
    static const uint8_t ethernet[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};

    memset(p, 0, HEADERS);
    memcpy(p, ethernet, sizeof(ethernet));
    p[14] = 0x45;
    put_be16(p + 16, (uint16_t)(28 + payload));
    p[22] = 64;
    p[23] = IPPROTO_UDP;
    put_be32(p + 26, 0x0a000000u | udp_port);
    put_be32(p + 30, 0xc0000201);
    put_be16(p + 34, udp_port);
    put_be16(p + 36, MEDIA_PORT);
    put_be16(p + 38, (uint16_t)(8 + payload));
    uint16_t sum = rte_ipv4_cksum((struct rte_ipv4_hdr *)(p + 14));
    memcpy(p + 24, &sum, 2);
}

static struct rte_mbuf *frame(struct client *client, const uint8_t *bytes, size_t len)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(client->media->rx_pool);

    assert_non_null(m);
    assert_true(HEADERS + len <= rte_pktmbuf_tailroom(m));
    m->data_len = (uint16_t)(HEADERS + len);
    m->pkt_len = m->data_len;
    uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
    write_headers(p, client->udp_port, len);
    memcpy(p + HEADERS, bytes, len);
    pkt(m)->port_id = 0;
    pkt(m)->l4_off = 34;
    return m;
}

/* As if the client had been checked and had shown its face by DTLS. */
static void enter_tuple(struct client *client)
{
    struct session *s = &client->session;
    struct rte_mbuf *m = frame(client, (const uint8_t *)"", 0);

    tuple_key_of(m, &s->ice.tuples[0].key);
    struct tuple_key key = s->ice.tuples[0].key;
    tuple_fill(&s->ice.tuples[0], m, &key);
    s->ice.tuples[0].used = s->ice.tuples[0].entered = true;
    s->ice.send = 0;
    s->ice.dtls = TUPLE_NONE;
    s->ice.consent = true;
    s->ice.consent_us = client->media->now_us;
    assert_int_equal(tables_add_tuple(&client->media->tables, &key, s, 0), 0);
    rte_pktmbuf_free(m);
}

struct client *media_client(struct media *media, enum srtp_profile profile)
{
    struct client *client = aligned_alloc(64, (sizeof(*client) + 63) / 64 * 64);
    uint8_t up[SRTP_KEY_BYTES_MAX + SRTP_SALT_BYTES_MAX], down[sizeof(up)];
    size_t key_bytes = profile == SRTP_PROFILE_AEAD_AES_256_GCM ? 32 : 16;

    assert_true(client && media->n_clients < CLIENTS_MAX);
    memset(client, 0, sizeof(*client));
    client->media = media;
    client->udp_port = (uint16_t)(FIRST_CLIENT_PORT + media->n_clients);
    for (size_t i = 0; i < sizeof(up); i++) {
        up[i] = (uint8_t)(3 * i + media->n_clients);
        down[i] = (uint8_t)(5 * i + 100 + media->n_clients);
    }
    client->tx = create_srtp(profile, up, true);
    client->rx = create_srtp(profile, down, false);
    client->session.id = 1 + media->n_clients;
    client->session.rtcp_ssrc = 0x77000000u + media->n_clients;
    strcpy(client->session.ice.local_ufrag, "ufrag");
    client->session.srtp_rx = srtp_ctx_create(profile, up, up + key_bytes, false);
    client->session.srtp_tx = srtp_ctx_create(profile, down, down + key_bytes, true);
    assert_true(client->session.srtp_rx && client->session.srtp_tx);
    media->clients[media->n_clients++] = client;
    enter_tuple(client);
    session_attach(&media->worker, &client->session);
    session_route(&media->worker, &client->session, media->now_us);
    return client;
}

void media_route(struct media *media)
{
    for (uint32_t i = 0; i < media->n_clients; i++)
        session_route(&media->worker, &media->clients[i]->session, media->now_us);
}

struct stream media_video(void)
{
    return (struct stream){
        .codec = CODEC_VP8,
        .kind = MEDIA_VIDEO,
        .clock_hz = 90000,
        .rtp = {.ssrc = 0x1000,
                .rtx_ssrc = 0x1001,
                .pt = 96,
                .rtx_pt = 97,
                .feedback = DP_FB_NACK | DP_FB_PLI,
                .ext = {[RTP_EXT_AUDIO_LEVEL] = 1, [RTP_EXT_TRANSPORT_CC] = 3, [RTP_EXT_MID] = 4}},
    };
}

struct stream media_audio(void)
{
    return (struct stream){
        .codec = CODEC_OPUS,
        .kind = MEDIA_AUDIO,
        .clock_hz = 48000,
        .rtp = {.ssrc = 0x2000, .pt = 111, .rtx_pt = DP_PT_NONE, .ext = {[RTP_EXT_AUDIO_LEVEL] = 1}},
    };
}

struct subscription media_sub(uint32_t n)
{
    return (struct subscription){
        .rtp = {.ssrc = 0x5000 + n,
                .rtx_ssrc = 0x6000 + n,
                .pt = 100,
                .rtx_pt = 101,
                .feedback = DP_FB_NACK | DP_FB_PLI,
                .ext = {[RTP_EXT_AUDIO_LEVEL] = 7}},
        .put = {.cname = "a-publisher"},
    };
}

struct stream *media_publish(struct client *client, struct stream *st)
{
    st->session = &client->session;
    if (st->kind == MEDIA_VIDEO)
        assert_int_equal(history_init(&st->history, client->media->conf.history_packets), 0);
    stream_attach(&client->media->worker, st, client->media->now_us);
    return st;
}

/* As ctl does. */
static void give_fan(struct media *media, struct stream *st)
{
    st->fan = fan_create(CLIENTS_MAX);
    assert_non_null(st->fan);
    assert_true(media->n_fans < MEDIA_FANS_MAX);
    media->fans[media->n_fans++] = st->fan;
}

struct subscription *media_play(struct client *client, struct subscription *sub, struct stream *st)
{
    sub->session = &client->session;
    sub->stream = st;
    if (!st->fan)
        give_fan(client->media, st);
    subscription_attach(&client->media->worker, sub, client->media->now_us);
    return sub;
}

/* ---- Packets ---- */

size_t media_rtp(uint8_t *p, uint8_t pt, uint16_t seq, uint32_t ts, uint32_t ssrc, const uint8_t *payload, size_t len)
{
    p[0] = 0x80;
    p[1] = pt;
    put_be16(p + 2, seq);
    put_be32(p + 4, ts);
    put_be32(p + 8, ssrc);
    memcpy(p + 12, payload, len);
    return 12 + len;
}

void media_send_raw(struct client *client, const uint8_t *bytes, size_t len)
{
    struct media *media = client->media;

    if (media->rx_at == media->rx_n)
        media->rx_at = media->rx_n = 0;
    assert_true(media->rx_n - media->rx_at < MEDIA_RX_MAX);
    media->rx[media->rx_n++ % MEDIA_RX_MAX] = frame(client, bytes, len);
}

void media_send_rtp(struct client *client, const uint8_t *rtp, size_t len)
{
    uint8_t packet[MEDIA_PACKET_MAX];
    int n = (int)len;

    memcpy(packet, rtp, len);
    assert_int_equal(srtp_protect(client->tx, packet, &n), srtp_err_status_ok);
    media_send_raw(client, packet, (size_t)n);
}

void media_send_rtcp(struct client *client, const uint8_t *rtcp, size_t len)
{
    uint8_t packet[MEDIA_PACKET_MAX];
    int n = (int)len;

    memcpy(packet, rtcp, len);
    assert_int_equal(srtp_protect_rtcp(client->tx, packet, &n), srtp_err_status_ok);
    media_send_raw(client, packet, (size_t)n);
}

void media_send_video(struct client *client, int64_t index, bool keyframe)
{
    uint8_t payload[100], packet[200];

    memset(payload, (int)index, sizeof(payload));
    payload[0] = 0x10;             /* S, partition 0 */
    payload[1] = keyframe ? 0 : 1; /* P bit of the VP8 frame header */
    memcpy(payload + 4, (const uint8_t[]){0x9d, 0x01, 0x2a}, 3);
    size_t len = media_rtp(packet, 96, (uint16_t)index, (uint32_t)index * 3000, 0x1000, payload, sizeof(payload));
    media_send_rtp(client, packet, len);
}

/* ---- Time ---- */

void media_turn(struct media *media, int64_t us)
{
    media->now_us += us;
    while (worker_turn(&media->worker, media->now_us) > 0) /* the last one finds the port empty, as a port mostly is */
        ;
}

void media_ticks(struct media *media, int64_t us)
{
    for (int64_t end = media->now_us + us; media->now_us < end;)
        media_turn(media, MIN(end - media->now_us, 1000));
}

/* ---- What came ---- */

const struct packet *inbox_at(const struct inbox *in, uint32_t i)
{
    return i < in->n ? &in->packets[i] : NULL;
}

void inbox_clear(struct inbox *in)
{
    in->n = 0;
}

static uint32_t walk_rtcp(const struct client *client, enum rtcp_kind kind, struct rtcp_packet *first)
{
    struct rtcp_packet packet;
    struct rtcp_iter it;
    uint32_t n = 0;

    for (uint32_t i = 0; i < client->rtcp.n; i++) {
        const struct packet *p = &client->rtcp.packets[i];
        assert_true(p->len > 0);
        assert_true(rtcp_check(p->bytes, p->len));
        for (rtcp_begin(&it, p->bytes, p->len); rtcp_next(&it, &packet);)
            if (packet.kind == kind && n++ == 0)
                *first = packet;
    }
    return n;
}

bool media_find_rtcp(const struct client *client, enum rtcp_kind kind, struct rtcp_packet *packet)
{
    return walk_rtcp(client, kind, packet) > 0;
}

uint32_t media_count_rtcp(const struct client *client, enum rtcp_kind kind)
{
    struct rtcp_packet packet;
    return walk_rtcp(client, kind, &packet);
}

uint64_t media_drops(const struct media *media, enum drop why)
{
    return media->worker.stats.drops[why];
}
