/* SPDX-License-Identifier: MIT */
/* The packet path behind decryption, against a publisher and a subscriber that hold the keys and mean harm: the input
 * is a script of RTP and RTCP in the clear and of time. The SRTP backend is replaced by one that encrypts nothing and
 * watches: an index of an SSRC is never used twice for different bytes. Whatever leaves is well-formed, what is copied
 * for the recorder is what is forwarded, and every mbuf comes back. */
#include <rte_eal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtcp.h"
#include "common/rtp.h"
#include "common/tap_ring.h"
#include "dataplane/arrivals.h"
#include "dataplane/eal.h"
#include "dataplane/stream.h"
#include "dataplane/table.h"
#include "dataplane/worker.h"

#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)

#define POOL       1023
#define USED_SLOTS 65536
#define HEADERS    42
#define STEPS_MAX  512
#define RING       (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op {
    OP_RTP,       /* length, bytes: from the publisher, as they are */
    OP_VIDEO,     /* sequence number, length, bytes: the same, behind a plain header of the video stream */
    OP_RTX,       /* the same of its RTX */
    OP_SR,        /* length, bytes: RTCP from the publisher */
    OP_RTCP,      /* length, bytes: RTCP from the subscriber */
    OP_NACK,      /* sequence number, mask: from the subscriber, about what it plays */
    OP_TIME,      /* 10 ms each */
    OP_SUBSCRIBE, /* leaves, or comes back as another */
    OP_COUNT
};

/* ---- SRTP that watches ---- */

struct srtp_ctx {
    int unused;
};

static struct {
    uint64_t key, hash; /* SSRC and index; of the bytes */
} used[USED_SLOTS];

static uint64_t hash_of(const uint8_t *p, size_t len)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a */
    while (len--)
        h = (h ^ *p++) * 1099511628211u;
    return h;
}

static void watch(uint64_t key, const uint8_t *p, size_t len)
{
    uint64_t hash = hash_of(p, len);
    uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 48);
    while (used[at].key && used[at].key != key)
        at = (at + 1) % USED_SLOTS;
    MUST(!used[at].key || used[at].hash == hash);
    used[at].key = key;
    used[at].hash = hash;
}

struct srtp_ctx *srtp_ctx_create(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt, bool tx)
{
    return calloc(1, sizeof(struct srtp_ctx));
}

void srtp_ctx_destroy(struct srtp_ctx *ctx)
{
    free(ctx);
}

uint16_t srtp_overhead(const struct srtp_ctx *ctx)
{
    return 16;
}

uint16_t srtcp_overhead(const struct srtp_ctx *ctx)
{
    return 20;
}

static void protect(struct srtp_job *job, uint16_t overhead)
{
    if (job->src)
        memcpy(job->dst + job->hdr_len, job->src, job->len);
    job->len += job->hdr_len;
    memset(job->dst + job->len, 0xee, overhead);
    job->len += overhead;
    job->error = 0;
}

void srtp_protect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        protect(&jobs[i], 16);
        MUST((uint16_t)jobs[i].index == get_be16(jobs[i].dst + 2));
        watch((uint64_t)get_be32(jobs[i].dst + 8) << 32 | (uint32_t)jobs[i].index, jobs[i].dst, jobs[i].len);
    }
}

void srtcp_protect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        protect(&jobs[i], 20);
        uint32_t sender = get_be32(jobs[i].dst + 4);
        MUST(jobs[i].index > 0);
        watch(UINT64_C(1) << 63 | (uint64_t)sender << 32 | (uint32_t)jobs[i].index, jobs[i].dst, jobs[i].len);
    }
}

void srtp_unprotect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        jobs[i].error = 0;
}

void srtcp_unprotect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    srtp_unprotect_burst(engine, jobs, n);
}

struct srtp_engine *srtp_engine_create(void)
{
    return NULL;
}

void srtp_engine_destroy(struct srtp_engine *engine) {}

const char *srtp_backend(void)
{
    return "none";
}

uint64_t srtp_profiles(void)
{
    return 0;
}

int srtp_global_init(enum conf_srtp_backend choice)
{
    return 0;
}

void srtp_global_finish(void) {}

/* ---- The world: made once, a room of its own for every input ---- */

static struct worker w;
static struct tap_reader reader;
static struct mailbox ctl;
static struct tables tables;
static struct rte_mempool *rx_pool, *mail_pool;
static int64_t now_us;
static struct session alice, bob;
static struct stream video;
static struct subscription sub;
static uint32_t generation;
static struct burst burst; /* received together */

static uint16_t rx_nothing(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    return 0;
}

static void check_sent(const uint8_t *p, size_t len)
{
    struct rtp_view v;

    MUST(len <= 1500 - 28);
    if (rtp_demux(p, len) == RTP_DEMUX_RTCP) {
        MUST(rtcp_check(p, len - 20));
        return;
    }
    MUST(rtp_demux(p, len) == RTP_DEMUX_RTP && rtp_parse(&v, p, len - 16) == 0);
    MUST(v.ssrc == sub.rtp.ssrc || v.ssrc == sub.rtp.rtx_ssrc);
}

static uint16_t tx_check(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    for (uint16_t i = 0; i < n; i++)
        check_sent(rte_pktmbuf_mtod_offset(m[i], const uint8_t *, HEADERS), m[i]->data_len - HEADERS);
    rte_pktmbuf_free_bulk(m, n);
    return n;
}

static void start(void)
{
    static char cpus[1024], lcores[sizeof(cpus) + 16];
    static char *args[] = {"fuzz",           "--no-huge",   "-m",   "64",          "--no-pci",
                           "--no-telemetry", "--no-shconf", lcores, "--log-level", "3"};
    static const struct port_ops ops = {.rx_burst = rx_nothing, .tx_burst = tx_check};
    static struct port port = {.ops = &ops, .n_queues = 1, .n_tx = 1};
    static const struct dataplane_conf conf = {.consent_us = INT64_MAX,
                                               .history_age_us = 500000,
                                               .history_packets = 64,
                                               .history_mbufs = 200,
                                               .mtu = 1500,
                                               .max_sessions = 4,
                                               .n_workers = 1};
    static struct seat seats[4];
    static struct worker *workers[] = {&w};
    static _Alignas(TAP_PAGE_BYTES) uint8_t slab[TAP_PAGE_BYTES + RING], tails[TAP_PAGE_BYTES];

    struct eal_host host;

    eal_host_read(&host, cpus, sizeof(cpus));
    snprintf(lcores, sizeof(lcores), "--lcores=0@(%s)", cpus);
    MUST(rte_eal_init(ARRAY_SIZE(args), args) >= 0);
    rx_pool = pkt_pool_create("rx", POOL, 0, SOCKET_ID_ANY);
    mail_pool = pkt_mail_pool_create("mail", 63, 0, SOCKET_ID_ANY);
    w.tx_pool = pkt_pool_create("tx", POOL, 0, SOCKET_ID_ANY);
    MUST(rx_pool && mail_pool && w.tx_pool);
    MUST(mailbox_init(&w.mailbox, "worker", 64, mail_pool, false, SOCKET_ID_ANY) == 0);
    MUST(mailbox_init(&ctl, "ctl", 64, mail_pool, false, SOCKET_ID_ANY) == 0);
    w.n_ports = 1;
    w.ports[0].port = &port;
    w.conf = &conf;
    w.tables = &tables;
    w.ctl_mailbox = &ctl;
    w.peers = workers;
    w.seats = seats;
    tap_writer_init(&w.tap, slab, tails, 0, RING);
    tap_reader_init(&reader, slab, tails, 0, RING);
}

static void open_session(struct session *s, uint32_t id)
{
    memset(s, 0, sizeof(*s));
    s->id = id;
    s->rtcp_ssrc = 0x70000000u + id;
    s->srtp_rx = srtp_ctx_create(0, NULL, NULL, false);
    s->srtp_tx = srtp_ctx_create(0, NULL, NULL, true);
    s->ice.tuples[0].used = s->ice.tuples[0].entered = true;
    s->ice.tuples[0].head.len = HEADERS;
    s->ice.tuples[0].head.bytes[14] = 0x45;
    s->ice.dtls = TUPLE_NONE;
    s->ice.consent = true;
    session_attach(&w, s);
    session_route(&w, s, now_us);
}

static void close_session(struct session *s)
{
    session_detach(&w, s);
    srtp_ctx_destroy(s->srtp_rx);
    srtp_ctx_destroy(s->srtp_tx);
    arrivals_destroy(s->arrivals);
}

static void subscribe(void)
{
    bool rtx = generation % 2;

    memset(&sub, 0, sizeof(sub));
    sub.session = &bob;
    sub.stream = &video;
    sub.rtp = (struct dp_rtp){.ssrc = 0x5000 + generation,
                              .rtx_ssrc = rtx ? 0x6000 + generation : 0,
                              .pt = 100,
                              .rtx_pt = rtx ? 101 : DP_PT_NONE,
                              .ext = {[RTP_EXT_AUDIO_LEVEL] = 20}};
    generation++;
    subscription_attach(&w, &sub, now_us);
}

static void open_room(void)
{
    memset(used, 0, sizeof(used));
    memset(&w.stats, 0, sizeof(w.stats));
    w.random = 88172645463325252;
    w.tick_us = now_us = 1000000;
    generation = 0;
    open_session(&alice, 1);
    open_session(&bob, 2);
    alice.arrivals = arrivals_create();
    video = (struct stream){
        .id = 7,
        .session = &alice,
        .codec = CODEC_VP8,
        .kind = MEDIA_VIDEO,
        .clock_hz = 90000,
        .rtp = {.ssrc = 0x1000,
                .pt = 96,
                .rtx_pt = 97,
                .feedback = DP_FB_NACK | DP_FB_PLI | DP_FB_REMB,
                .ext = {[RTP_EXT_AUDIO_LEVEL] = 1, [RTP_EXT_TRANSPORT_CC] = 3, [RTP_EXT_MID] = 4}},
        .put = {.mid = "0", .max_kbps = 1000},
    };
    MUST(history_init(&video.history, w.conf->history_packets) == 0);
    MUST((video.fan = fan_create(1)));
    stream_attach(&w, &video, now_us);
    tap_attach(&w, &video, now_us);
    subscribe();
}

static void close_room(void)
{
    struct rte_mbuf *m;

    close_session(&bob);
    close_session(&alice);
    worker_turn(&w, now_us);
    history_finish(&video.history);
    fan_destroy(video.fan);
    while (mailbox_receive(&ctl, &m, 1))
        rte_pktmbuf_free(m);
    MUST(w.history_used == 0 && w.egress.n == 0 && w.n_tapped == 0);
    MUST(rte_mempool_avail_count(rx_pool) == POOL && rte_mempool_avail_count(w.tx_pool) == POOL);
}

/* ---- The script ---- */

struct script {
    const uint8_t *at;
    size_t left;
};

static uint8_t take(struct script *s)
{
    if (!s->left)
        return 0;
    s->left--;
    return *s->at++;
}

static uint16_t take16(struct script *s)
{
    uint16_t high = take(s);
    return (uint16_t)(high << 8 | take(s));
}

/* One record for each packet that goes on, as it is, behind those of the sender reports. */
static void check_copies(void)
{
    static uint8_t buf[RING];
    uint64_t lost;
    int64_t n = tap_read(&reader, buf, sizeof(buf), &lost);
    uint32_t copied = 0;

    MUST(n >= 0 && lost == 0);
    for (int64_t at = 0; at < n;) {
        const struct tap_record *r = (const struct tap_record *)(buf + at);
        at += r->bytes;
        MUST(r->stream == video.id && r->rx_us == now_us && (r->type == TAP_SR || r->type == TAP_RTP));
        if (r->type == TAP_SR)
            continue;
        struct rte_mbuf *m = burst.m[copied++];
        struct rtp_view view;
        MUST(copied <= burst.n && r->index == pkt(m)->index && r->body_bytes == pkt(m)->payload_len);
        MUST(memcmp(r + 1, pkt_payload(m), r->body_bytes) == 0);
        MUST(rtp_parse(&view, (const uint8_t *)(r + 1), r->body_bytes) == 0);
        MUST(view.seq == (uint16_t)r->index && view.ssrc == video.primary.ssrc);
    }
    MUST(copied == burst.n);
}

static void receive(void)
{
    receive_burst(&w, &burst, now_us);
    tap_burst(&w, &burst);
    check_copies();
    forward_burst(&w, &burst, now_us);
    MUST(burst.n == 0);
}

/* A packet of the session: head, then a length and as many bytes of the script. */
static void inject(struct script *s, struct session *session, const uint8_t *head, size_t head_len)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(rx_pool);
    size_t len = take(s);

    len = MIN(len, s->left);
    MUST(m);
    m->data_len = (uint16_t)(HEADERS + head_len + len);
    m->pkt_len = m->data_len;
    memset(pkt(m), 0, sizeof(struct pkt));
    pkt(m)->session = session;
    pkt(m)->l4_off = HEADERS - 8;
    pkt(m)->payload_off = HEADERS;
    pkt(m)->payload_len = (uint16_t)(head_len + len);
    pkt(m)->rx_us = now_us;
    memcpy(pkt_payload(m), head, head_len);
    memcpy(pkt_payload(m) + head_len, s->at, len);
    s->at += len;
    s->left -= len;
    burst.m[burst.n++] = m;
    if (burst.n == PKT_BURST)
        receive();
}

static void inject_rtp(struct script *s, uint8_t first_pt, uint32_t ssrc)
{
    uint8_t head[RTP_HEADER_BYTES] = {0};

    put_be16(head + 2, take16(s));
    head[0] = 0x80 | (take(s) & 0x3f); /* padding, extension, CSRCs as the script wants */
    head[1] = first_pt;
    put_be32(head + 4, get_be16(head + 2) * 3000u);
    put_be32(head + 8, ssrc);
    inject(s, &alice, head, sizeof(head));
}

static void inject_nack(struct script *s)
{
    uint8_t nack[16] = {0x81, RTCP_TYPE_RTPFB, 0, 3};
    struct script none = {.at = nack, .left = 0};

    put_be32(nack + 8, sub.rtp.ssrc);
    put_be16(nack + 12, (uint16_t)(take16(s) + subscription_leg(&sub)->seq_offset));
    put_be16(nack + 14, take16(s));
    inject(&none, &bob, nack, sizeof(nack));
}

static void step(struct script *s)
{
    uint8_t op = take(s);

    if (op < 128) /* else in one burst with those before */
        receive();
    switch ((enum op)(op % OP_COUNT)) {
    case OP_RTP:
        inject(s, &alice, s->at, 0);
        break;
    case OP_VIDEO:
        inject_rtp(s, 96, 0x1000);
        break;
    case OP_RTX:
        inject_rtp(s, 97, 0x1001);
        break;
    case OP_SR:
        inject(s, &alice, s->at, 0);
        break;
    case OP_RTCP:
        inject(s, &bob, s->at, 0);
        break;
    case OP_NACK:
        inject_nack(s);
        break;
    case OP_TIME:
        receive();
        now_us += 10000 * (int64_t)take(s);
        worker_turn(&w, now_us);
        break;
    case OP_SUBSCRIBE:
        receive();
        if (sub.attached)
            subscription_detach(&w, &sub);
        else
            subscribe();
        worker_turn(&w, now_us); /* what belongs to the one before has left */
        break;
    case OP_COUNT:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script s = {data, size};

    if (!rx_pool)
        start();
    open_room();
    for (int i = 0; i < STEPS_MAX && s.left; i++)
        step(&s);
    receive();
    close_room();
    return 0;
}
