/* SPDX-License-Identifier: MIT */
/* Sessions in place, slices of packets, workers side by side. */
#include "bench/world.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/tee.h"
#include "common/rtcp.h"
#include "common/util.h"
#include "dataplane/arrivals.h"
#include "dataplane/stream.h"
#include "dataplane/table.h"
#include "dataplane/worker.h"

#define SLICE      512 /* media packets in */
#define SLICE_NEAR 128 /* so few that the cache has them still, as it has what was just decrypted */
#define FEEDBACK   100 /* packets out for one receiver report and NACK */
#define REPORTS    250 /* packets of a stream for one sender report */
#define HISTORY    64
#define CACHE      256
#define TX_POOL    4095
#define START_US   1000000
#define NS_PER_OUT 100 /* by the clock of the sessions' timers */
#define HEADERS    42
#define MEDIA_PORT 31001
#define EXT_BYTES  16
#define VIDEO_PT   96
#define VP8_LATER  "\x10\x01\x02\x03\x9d\x01\x2a" /* first packet of no key frame */
#define VP8_KEY    "\x10\x00\x02\x03\x9d\x01\x2a"
#define EXTENSIONS                                                                                    \
    "\xbe\xde\x00\x03\x10\x55\x31\x00\x01\x40v\x52\x00\x00\x00\x00" /* level, transport-cc, mid, time \
                                                                     */

struct lane { /* what belongs to one worker */
    struct world *world;
    struct worker *worker;
    struct rte_mempool *rx_pool;
    struct rte_mbuf **rx;
    uint32_t slice; /* media packets of one */
    uint32_t rx_n, rx_at, rx_size;
    struct session *sessions;
    struct stream *streams;
    struct subscription *subs;
    uint32_t n_streams, n_subs, next_stream, next_sub;
    uint64_t sent, due_feedback;
    uint32_t *packets; /* of each stream, that were sent */
    uint32_t srtcp_index;
    struct srtp_engine *engine; /* of those who send */
    int64_t now_us, now_ns;
    struct world_run run;
};

struct world {
    struct world_conf conf;
    struct dataplane_conf dataplane;
    struct tables tables;
    struct port port;
    struct rte_mempool *mails;
    struct mailbox ctl;
    struct srtp_ctx *peer; /* all who send have the same keys, each a context of its own here */
    struct worker *workers[DP_WORKERS_MAX];
    struct lane lanes[DP_WORKERS_MAX];
    struct tee tee; /* once asked for */
    _Atomic uint32_t ready;
};

static void *must(void *p)
{
    if (p)
        return p;
    fputs("bench: out of memory\n", stderr);
    exit(1);
}

static void *zeroed(size_t n, size_t bytes)
{
    size_t all = RTE_ALIGN_CEIL(n * bytes, RTE_CACHE_LINE_SIZE);
    return memset(must(aligned_alloc(RTE_CACHE_LINE_SIZE, all)), 0, all);
}

static const uint8_t *key_of(uint32_t serial)
{
    static uint8_t bytes[SRTP_KEY_BYTES_MAX + SRTP_SALT_BYTES_MAX];

    put_be32(bytes, serial);
    return bytes;
}

static struct srtp_ctx *make_ctx(enum srtp_profile profile, uint32_t serial, bool tx)
{
    const uint8_t *key = key_of(serial);
    return must(srtp_ctx_create(profile, key, key + SRTP_KEY_BYTES_MAX, tx));
}

/* ---- The port ---- */

static uint16_t take(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
    uint16_t got = (uint16_t)MIN(n, lane->rx_n - lane->rx_at);

    memcpy(m, lane->rx + lane->rx_at, got * sizeof(m[0]));
    lane->rx_at += got;
    return got;
}

static uint16_t rx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct world *world = CONTAINER_OF(port, struct world, port);

    return world->conf.clear ? 0 : take(&world->lanes[queue], m, n);
}

static uint16_t tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    rte_pktmbuf_free_bulk(m, n);
    return n;
}

static const struct port_ops port_ops = {.rx_burst = rx_burst, .tx_burst = tx_burst};

/* ---- Frames of peers: session i has the address 10.0.0.0 + i ---- */

static struct rte_mbuf *frame(struct lane *lane, uint32_t serial, uint16_t len)
{
    static const uint8_t head[HEADERS] = {
        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, [22] = 64, [23] = IPPROTO_UDP, [30] = 192, 0, 2, 1};
    struct rte_mbuf *m = must(rte_pktmbuf_alloc(lane->rx_pool));
    uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

    memcpy(p, head, HEADERS);
    put_be16(p + 16, (uint16_t)(28 + len));
    put_be32(p + 26, 0x0a000000u + serial);
    put_be16(p + 34, 5000);
    put_be16(p + 36, (uint16_t)(MEDIA_PORT + lane->worker->index));
    put_be16(p + 38, (uint16_t)(8 + len));
    m->data_len = (uint16_t)(HEADERS + len);
    m->pkt_len = m->data_len;
    return m;
}

static void push(struct lane *lane, struct rte_mbuf *m)
{
    if (lane->rx_n == lane->rx_size) {
        lane->rx_size = lane->rx_size ? 2 * lane->rx_size : 1024;
        lane->rx = must(realloc(lane->rx, lane->rx_size * sizeof(*lane->rx)));
    }
    lane->rx[lane->rx_n++] = m;
}

static void push_rtcp(struct lane *lane, const struct session *s, const uint8_t *rtcp, uint16_t len)
{
    struct rte_mbuf *m = frame(lane, (uint32_t)s->id, len);
    struct srtp_job job = {.ctx = lane->world->peer,
                           .src = rtcp + 8,
                           .dst = rte_pktmbuf_mtod_offset(m, uint8_t *, HEADERS),
                           .hdr_len = 8,
                           .len = (uint16_t)(len - 8),
                           .index = ++lane->srtcp_index};
    memcpy(job.dst, rtcp, 8);
    srtcp_protect_burst(lane->engine, &job, 1);
    put_be16(rte_pktmbuf_mtod_offset(m, uint8_t *, 16), (uint16_t)(28 + job.len));
    put_be16(rte_pktmbuf_mtod_offset(m, uint8_t *, 38), (uint16_t)(8 + job.len));
    m->data_len = (uint16_t)(HEADERS + job.len);
    m->pkt_len = m->data_len;
    push(lane, m);
}

static void push_sender_report(struct lane *lane, const struct stream *st, uint32_t index)
{
    uint8_t rtcp[128];
    const struct rtcp_sr sr = {.ntp = (uint64_t)lane->now_us << 12, .ssrc = st->rtp.ssrc, .packets = index};
    int len = rtcp_write_sr(rtcp, sizeof(rtcp), &sr, NULL, 0);

    push_rtcp(lane, st->session, rtcp, (uint16_t)len);
}

/* As receive leaves it. */
static void make_clear(struct lane *lane, struct rte_mbuf *m, struct stream *st, uint16_t hdr_len, uint32_t index)
{
    *pkt(m) = (struct pkt){.session = st->session,
                           .stream = st,
                           .rx_us = lane->now_us,
                           .rx_tsc = rte_rdtsc(),
                           .index = index,
                           .l4_off = HEADERS - sizeof(struct rte_udp_hdr),
                           .payload_off = HEADERS,
                           .payload_len = (uint16_t)lane->world->conf.size,
                           .rtp_hdr_len = hdr_len,
                           .keyframe = index == 1};
}

static void push_media(struct lane *lane, uint32_t i)
{
    const struct world_conf *conf = &lane->world->conf;
    struct stream *st = &lane->streams[i];
    uint32_t index = ++lane->packets[i], hdr_len = RTP_HEADER_BYTES + (conf->lively ? EXT_BYTES : 0);
    struct rte_mbuf *m =
        frame(lane, (uint32_t)st->session->id, (uint16_t)(conf->size + srtp_overhead(lane->world->peer)));
    uint8_t *rtp = rte_pktmbuf_mtod_offset(m, uint8_t *, HEADERS);

    memset(rtp, 0, conf->size);
    rtp[0] = conf->lively ? 0x90 : 0x80;
    rtp[1] = VIDEO_PT;
    put_be16(rtp + 2, (uint16_t)index);
    put_be32(rtp + 4, index / 8 * 3000);
    put_be32(rtp + 8, st->rtp.ssrc);
    if (conf->lively) {
        memcpy(rtp + RTP_HEADER_BYTES, EXTENSIONS, EXT_BYTES);
        put_be16(rtp + RTP_HEADER_BYTES + 7, (uint16_t)index); /* its transport carries nothing else */
    }
    memcpy(rtp + hdr_len, index == 1 ? VP8_KEY : VP8_LATER, sizeof(VP8_KEY) - 1);
    if (conf->clear) {
        make_clear(lane, m, st, (uint16_t)hdr_len, index);
        push(lane, m);
        return;
    }
    struct srtp_job job = {.ctx = lane->world->peer,
                           .dst = rtp,
                           .hdr_len = (uint16_t)hdr_len,
                           .len = (uint16_t)(conf->size - hdr_len),
                           .index = index};
    srtp_protect_burst(lane->engine, &job, 1);
    push(lane, m);
    if (conf->lively && index % REPORTS == 1)
        push_sender_report(lane, st, index);
}

/* The next subscriber says what it has, and that the newest packet but seven is missing. */
static void push_feedback(struct lane *lane)
{
    const struct subscription *sub = &lane->subs[lane->next_sub++ % lane->n_subs];
    const struct rtcp_report report = {.ssrc = sub->rtp.ssrc};
    const struct rtcp_feedback fb = {.sender = 1, .media = sub->rtp.ssrc};
    const struct leg *leg = subscription_leg(sub);
    uint16_t seq = (uint16_t)(leg->newest - 7);
    uint8_t rtcp[128];

    if (!leg->running || lane->packets[sub->stream - lane->streams] < 8)
        return;
    int len = rtcp_write_rr(rtcp, sizeof(rtcp), (uint32_t)sub->session->id, &report, 1);
    len += rtcp_write_nack(rtcp + len, sizeof(rtcp) - (size_t)len, &fb, &seq, 1);
    push_rtcp(lane, sub->session, rtcp, (uint16_t)len);
}

static void generate(struct lane *lane)
{
    const struct world_conf *conf = &lane->world->conf;

    lane->rx_n = lane->rx_at = 0;
    for (uint32_t i = 0; i < lane->slice; i++) {
        push_media(lane, lane->next_stream);
        lane->next_stream = (lane->next_stream + 1) % lane->n_streams;
        lane->due_feedback += conf->lively && !conf->clear ? conf->fan : 0;
        for (; lane->due_feedback >= FEEDBACK; lane->due_feedback -= FEEDBACK)
            push_feedback(lane);
    }
}

/* ---- Sessions in place ---- */

static void enter_session(struct lane *lane, struct session *s, uint32_t serial)
{
    struct world *world = lane->world;
    struct tuple *t = &s->ice.tuples[0];

    s->id = serial;
    s->owner = lane->worker->index;
    s->rtcp_ssrc = serial;
    s->ice.dtls = TUPLE_NONE;
    s->srtp_rx = make_ctx(world->conf.profile, 0, false);
    s->srtp_tx = make_ctx(world->conf.profile, serial, true);
    struct rte_mbuf *m = frame(lane, serial, 0);
    *pkt(m) = (struct pkt){.l4_off = 34};
    struct tuple_key key;
    tuple_key_of(m, &key);
    tuple_fill(t, m, &key);
    rte_pktmbuf_free(m);
    t->used = t->entered = true;
    s->ice.send = 0;
    s->ice.consent = true;
    s->ice.consent_us = START_US;
    if (tables_add_tuple(&world->tables, &key, s, 0) != 0)
        must(NULL);
    session_attach(lane->worker, s);
    session_route(lane->worker, s, START_US);
}

static void publish(struct lane *lane, uint32_t i, uint32_t serial)
{
    struct stream *st = &lane->streams[i];
    struct session *s = &lane->sessions[i];

    enter_session(lane, s, serial);
    *st = (struct stream){
        .id = serial,
        .codec = CODEC_VP8,
        .kind = MEDIA_VIDEO,
        .clock_hz = 90000,
        .session = s,
        .rtp = {.ssrc = serial,
                .pt = VIDEO_PT,
                .rtx_pt = DP_PT_NONE,
                .feedback = DP_FB_NACK | DP_FB_PLI,
                .ext = {[RTP_EXT_AUDIO_LEVEL] = 1, [RTP_EXT_TRANSPORT_CC] = 3, [RTP_EXT_MID] = 4}},
    };
    if (history_init(&st->history, HISTORY) != 0)
        must(NULL);
    st->fan = must(fan_create(lane->world->conf.fan));
    s->arrivals = lane->world->conf.lively ? must(arrivals_create()) : NULL;
    stream_attach(lane->worker, st, START_US);
}

static void play(struct lane *lane, uint32_t i, uint32_t serial)
{
    struct subscription *sub = &lane->subs[i];

    enter_session(lane, &lane->sessions[lane->n_streams + i], serial);
    sub->id = serial;
    sub->session = &lane->sessions[lane->n_streams + i];
    sub->stream = &lane->streams[i / lane->world->conf.fan];
    sub->rtp = (struct dp_rtp){.ssrc = 0x10000000u + serial,
                               .rtx_ssrc = 0x20000000u + serial,
                               .pt = 100,
                               .rtx_pt = 101,
                               .feedback = DP_FB_NACK | DP_FB_PLI,
                               .ext = {[RTP_EXT_AUDIO_LEVEL] = 7}};
    subscription_attach(lane->worker, sub, START_US);
}

static struct rte_mempool *pool(const char *what, uint32_t n)
{
    static uint32_t serial;
    char name[32];

    snprintf(name, sizeof(name), "bench_%s%u", what, serial++);
    return must(pkt_pool_create(name, n, CACHE, SOCKET_ID_ANY));
}

static void make_worker(struct world *world, uint32_t i)
{
    struct worker *w = zeroed(1, sizeof(*w));

    w->index = i;
    w->n_ports = 1;
    w->ports[0].port = &world->port;
    w->ports[0].queue = (uint16_t)i;
    w->conf = &world->dataplane;
    w->tables = &world->tables;
    w->tx_pool = pool("tx", TX_POOL);
    w->ctl_mailbox = &world->ctl;
    w->peers = world->workers;
    w->seats = must(calloc(world->dataplane.max_sessions, sizeof(*w->seats)));
    w->srtp = must(srtp_engine_create());
    w->random = 88172645463325252;
    meter_init(&w->meter);
    char name[32];
    snprintf(name, sizeof(name), "bench_mail%u", i);
    if (mailbox_init(&w->mailbox, name, 1024, world->mails, false, SOCKET_ID_ANY) != 0)
        must(NULL);
    world->workers[i] = w;
}

static void make_lane(struct world *world, uint32_t i)
{
    struct lane *lane = &world->lanes[i];
    const struct world_conf *conf = &world->conf;
    uint32_t serial = 1 + i * (1u << 22);

    lane->world = world;
    lane->worker = world->workers[i];
    lane->slice = conf->clear ? SLICE_NEAR : SLICE;
    lane->now_us = START_US;
    lane->engine = must(srtp_engine_create());
    lane->n_streams = MAX(conf->n_subscriptions / conf->fan, 1u);
    lane->n_subs = lane->n_streams * conf->fan;
    lane->rx_pool = pool("rx", world->dataplane.history_mbufs + 4 * SLICE);
    lane->streams = zeroed(lane->n_streams, sizeof(*lane->streams));
    lane->subs = zeroed(lane->n_subs, sizeof(*lane->subs));
    lane->sessions = zeroed(lane->n_streams + lane->n_subs, sizeof(*lane->sessions));
    lane->packets = must(calloc(lane->n_streams, sizeof(*lane->packets)));
    for (uint32_t k = 0; k < lane->n_streams; k++)
        publish(lane, k, serial++);
    for (uint32_t k = 0; k < lane->n_subs; k++)
        play(lane, k, serial++);
}

struct world *world_create(const struct world_conf *conf)
{
    struct world *world = zeroed(1, sizeof(*world));
    uint32_t sessions = conf->n_subscriptions + conf->n_subscriptions / conf->fan + conf->fan + 1;

    world->conf = *conf;
    world->dataplane = (struct dataplane_conf){.consent_us = INT64_C(1) << 60,
                                               .history_age_us = 1000000,
                                               .history_mbufs = 8192,
                                               .mtu = 1500,
                                               .max_sessions = sessions * conf->n_workers,
                                               .burst = conf->burst,
                                               .media_port = MEDIA_PORT,
                                               .n_workers = (uint16_t)conf->n_workers};
    world->port =
        (struct port){.ops = &port_ops, .n_queues = (uint16_t)conf->n_workers, .n_tx = (uint16_t)conf->n_workers};
    world->mails = pool("mails", 1023);
    world->peer = make_ctx(conf->profile, 0, true);
    if (tables_init(&world->tables, world->dataplane.max_sessions, conf->n_workers, 1, SOCKET_ID_ANY) != 0 ||
        mailbox_init(&world->ctl, "bench_ctl", 1024, world->mails, false, SOCKET_ID_ANY) != 0)
        must(NULL);
    for (uint32_t i = 0; i < conf->n_workers; i++) {
        make_worker(world, i);
        make_lane(world, i);
    }
    return world;
}

static void destroy_lane(struct lane *lane)
{
    struct worker *w = lane->worker;

    while (w->n_sessions)
        session_detach(w, w->seats[0].session);
    worker_turn(w, lane->now_us); /* frees what was spent */
    for (uint32_t i = 0; i < lane->n_streams + lane->n_subs; i++) {
        srtp_ctx_destroy(lane->sessions[i].srtp_rx);
        srtp_ctx_destroy(lane->sessions[i].srtp_tx);
        if (lane->sessions[i].arrivals)
            arrivals_destroy(lane->sessions[i].arrivals);
    }
    for (uint32_t i = 0; i < lane->n_streams; i++) {
        history_finish(&lane->streams[i].history);
        fan_destroy(lane->streams[i].fan);
    }
    mailbox_finish(&w->mailbox);
    srtp_engine_destroy(w->srtp);
    srtp_engine_destroy(lane->engine);
    rte_mempool_free(w->tx_pool);
    rte_mempool_free(lane->rx_pool);
    free(w->seats);
    free(w);
    free(lane->streams);
    free(lane->subs);
    free(lane->sessions);
    free(lane->packets);
    free(lane->rx);
}

void world_destroy(struct world *world)
{
    for (uint32_t i = 0; i < world->conf.n_workers; i++)
        destroy_lane(&world->lanes[i]);
    tee_finish(&world->tee);
    tables_finish(&world->tables);
    mailbox_finish(&world->ctl);
    srtp_ctx_destroy(world->peer);
    rte_mempool_free(world->mails);
    free(world);
}

/* ---- The recorder ---- */

void world_record(struct world *world, bool all)
{
    if (!world->tee.tails)
        tee_init(&world->tee, world->workers, world->conf.n_workers);
    for (uint32_t i = 0; i < world->conf.n_workers; i++) {
        struct lane *lane = &world->lanes[i];
        for (uint32_t k = 0; k < lane->n_streams; k++)
            lane->streams[k].tapped = all; /* not tap_attach: a key frame would be waited for */
        lane->worker->n_tapped = all ? lane->n_streams : 0;
    }
}

/* ---- Runs ---- */

static void check_all_came(const struct lane *lane, uint64_t out)
{
    const struct worker_stats *stats = &lane->worker->stats;

    for (int why = 0; why < DROP_COUNT; why++)
        if (stats->drops[why]) {
            fprintf(stderr, "bench: %llu packets dropped: %s\n", (unsigned long long)stats->drops[why],
                    drop_text((enum drop)why));
            exit(1);
        }
    if (out != (uint64_t)lane->slice * lane->world->conf.fan) {
        fprintf(stderr, "bench: %llu packets came out of %u\n", (unsigned long long)out, lane->slice);
        exit(1);
    }
}

/* All lanes begin together, so that each works while the others do. */
static void meet(struct world *world)
{
    uint32_t n = world->conf.n_workers, mine = atomic_fetch_add(&world->ready, 1) / n;

    while (atomic_load(&world->ready) / n == mine)
        rte_pause();
}

static uint32_t turn(struct lane *lane, int64_t now_us)
{
    struct burst b;

    if (!lane->world->conf.clear)
        return worker_turn(lane->worker, now_us);
    b.n = take(lane, b.m, PKT_BURST);
    uint32_t n = b.n;
    forward_burst(lane->worker, &b, now_us);
    worker_turn(lane->worker, now_us);
    return n;
}

static int run_lane(void *arg)
{
    struct lane *lane = arg;
    struct worker *w = lane->worker;
    uint64_t out = w->stats.rtp_forwarded;
    struct meter before;

    generate(lane);
    memcpy(before.cycles, w->meter.cycles, sizeof(before.cycles));
    meet(lane->world);
    double start = bench_now_ns();
    do
        lane->now_ns += NS_PER_OUT * PKT_BURST * (int64_t)lane->world->conf.fan;
    while (turn(lane, START_US + lane->now_ns / 1000) > 0); /* the last one finds the port empty */
    double spent = bench_now_ns() - start;
    meet(lane->world);
    lane->now_us = START_US + lane->now_ns / 1000;
    tee_follow(&lane->world->tee, w);
    out = w->stats.rtp_forwarded - out;
    check_all_came(lane, out);
    lane->run = (struct world_run){.out = out, .ns = spent / (double)out};
    for (int s = 0; s < STAGE_COUNT; s++)
        lane->run.stage_ns[s] = (double)meter_ns(&w->meter, w->meter.cycles[s] - before.cycles[s]) / (double)out;
    return 0;
}

void world_run(struct world *world, struct world_run *runs)
{
    for (uint32_t i = 1; i < world->conf.n_workers; i++)
        rte_eal_remote_launch(run_lane, &world->lanes[i], i);
    run_lane(&world->lanes[0]);
    rte_eal_mp_wait_lcore();
    for (uint32_t i = 0; i < world->conf.n_workers; i++)
        runs[i] = world->lanes[i].run;
}

void world_init(uint32_t n_lcores)
{
    static char lcores[256] = "--lcores=";
    static char *args[] = {"bench",          "--no-huge",   "-m",   "512",         "--no-pci",
                           "--no-telemetry", "--no-shconf", lcores, "--log-level", "3"};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    for (uint32_t i = 0; i < n_lcores; i++) {
        size_t at = strlen(lcores);
        snprintf(lcores + at, sizeof(lcores) - at, "%s%u@%ld", i ? "," : "", i, (long)i % cpus);
    }
    if (rte_eal_init(ARRAY_SIZE(args), args) < 0 || srtp_global_init(CONF_SRTP_BACKEND_AUTO) != 0) {
        fprintf(stderr, "bench: the EAL does not start: %s\n", rte_strerror(rte_errno));
        exit(1);
    }
}
