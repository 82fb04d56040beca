/* SPDX-License-Identifier: MIT */
/* The whole packet path on one core: the real worker between a port that hands over packets made before and one that
 * frees what comes out. One publisher, n subscribers, each with its own key. Everything is on that is on in a room:
 * history, reports, statistics. The ceiling is the bare cipher for one packet out, sample by sample in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/bare.h"
#include "bench/bench.h"
#include "media.h"

#define SLICE        512 /* packets in, made before they are timed */
#define POOL         8191
#define CACHE        256
#define SUBS_MAX     49
#define US_PER_OUT   0.3
#define HEADER       12
#define VP8_PARTS    "\x10\x01\x02\x03\x9d\x01\x2a" /* of a later packet: not a key frame */
#define VP8_KEYFRAME "\x10\x00\x02\x03\x9d\x01\x2a"

static const uint32_t sizes[] = {160, 1200}, fans[] = {1, 9, SUBS_MAX};
static const enum srtp_profile profiles[] = {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};
static const char *const profile_names[SRTP_PROFILE_COUNT] = {
#define X(id, ...) [SRTP_PROFILE_##id] = #id,
    SRTP_PROFILE_LIST(X)
#undef X
};

struct room {
    struct media *media;
    struct client *publisher;
    struct stream video;
    struct subscription subs[SUBS_MAX];
    uint32_t n_subs, size;
    uint32_t index;
};

static uint16_t rx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct media *media = CONTAINER_OF(port, struct media, port);
    uint16_t got = (uint16_t)MIN(n, media->rx_n - media->rx_at);

    memcpy(m, media->rx + media->rx_at, got * sizeof(m[0]));
    media->rx_at += got;
    return got;
}

static uint16_t tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    rte_pktmbuf_free_bulk(m, n);
    return n;
}

static const struct port_ops port_ops = {.rx_burst = rx_burst, .tx_burst = tx_burst};

static struct rte_mempool *pool(const char *what)
{
    static uint32_t serial;
    char name[32];

    snprintf(name, sizeof(name), "bench_%s%u", what, serial++);
    struct rte_mempool *made = pkt_pool_create(name, POOL, CACHE, SOCKET_ID_ANY);
    if (!made)
        abort();
    return made;
}

/* The tests' room with a quick port, and with pools that have a cache as the daemon's have. */
static void open_room(struct room *r, enum srtp_profile profile, uint32_t n_subs, uint32_t size)
{
    *r = (struct room){.media = media_create(), .n_subs = n_subs, .size = size, .index = 1};
    r->media->port.ops = &port_ops;
    rte_mempool_free(r->media->rx_pool);
    rte_mempool_free(r->media->worker.tx_pool);
    r->media->rx_pool = pool("rx");
    r->media->worker.tx_pool = pool("tx");
    r->publisher = media_client(r->media, profile);
    r->video = media_video();
    media_publish(r->publisher, &r->video);
    for (uint32_t i = 0; i < n_subs; i++) {
        r->subs[i] = media_sub(i);
        media_play(media_client(r->media, profile), &r->subs[i], &r->video);
    }
}

static void close_room(struct room *r)
{
    struct worker *w = &r->media->worker;

    while (w->n_sessions)
        session_detach(w, w->sessions[0]);
    history_finish(&r->video.history);
    worker_turn(w, r->media->now_us);
    rte_mempool_free(r->media->rx_pool);
    rte_mempool_free(w->tx_pool);
    r->media->rx_pool = pkt_pool_create("bench_end_rx", MEDIA_POOL, 0, SOCKET_ID_ANY);
    w->tx_pool = pkt_pool_create("bench_end_tx", 255, 0, SOCKET_ID_ANY);
    media_destroy(r->media);
}

static void generate(struct room *r)
{
    uint8_t payload[MEDIA_PACKET_MAX] = {0}, packet[MEDIA_PACKET_MAX];

    for (uint32_t i = 0; i < SLICE; i++, r->index++) {
        memcpy(payload, r->index == 1 ? VP8_KEYFRAME : VP8_PARTS, sizeof(VP8_PARTS));
        size_t len = media_rtp(packet, 96, (uint16_t)r->index, r->index / 8 * 3000, r->video.rtp.ssrc, payload,
                               r->size - HEADER);
        media_send_rtp(r->publisher, packet, len);
    }
}

/* ns per packet out of one slice. */
static double run_slice(struct room *r)
{
    struct media *media = r->media;
    uint64_t before = media->worker.stats.rtp_forwarded;

    generate(r);
    double start = bench_now_ns();
    while (media->rx_at < media->rx_n) {
        media->now_us += (int64_t)(US_PER_OUT * PKT_BURST * r->n_subs);
        worker_turn(&media->worker, media->now_us);
    }
    double spent = bench_now_ns() - start;
    uint64_t out = media->worker.stats.rtp_forwarded - before;
    if (out != (uint64_t)SLICE * r->n_subs) {
        fprintf(stderr, "bench: %llu packets came out of %u\n", (unsigned long long)out, SLICE * r->n_subs);
        exit(1);
    }
    return spent / (double)out;
}

static void measure(enum srtp_profile profile, uint32_t size, uint32_t n_subs)
{
    static struct room room;
    double samples[BENCH_SAMPLES], ceilings[BENCH_SAMPLES];
    struct bare *bare = bare_create(profile, size);
    struct bench_work ceiling = bare_work(bare);

    open_room(&room, profile, n_subs, size);
    for (int i = 0; i < 4; i++) /* fills the history */
        run_slice(&room);
    for (int i = 0; i < BENCH_SAMPLES; i++) {
        samples[i] = run_slice(&room);
        ceilings[i] = bench_sample(&ceiling);
    }
    close_room(&room);
    bare_destroy(bare);
    bench_print(&(struct bench_row){.bench = "pipeline",
                                    .name = srtp_backend(),
                                    .profile = profile_names[profile],
                                    .size = size,
                                    .n = n_subs,
                                    .keys = n_subs,
                                    .ns = bench_median(samples),
                                    .ceiling_ns = bench_median(ceilings)});
}

int main(int argc, char **argv)
{
    bench_start(argc, argv, "Packet path, one core, one publisher; n: subscribers",
                ARRAY_SIZE(profiles) * ARRAY_SIZE(sizes) * ARRAY_SIZE(fans));
    if (media_global_init(NULL) != 0)
        return 1;
    for (size_t p = 0; p < ARRAY_SIZE(profiles); p++)
        for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
            for (size_t f = 0; f < ARRAY_SIZE(fans); f++)
                measure(profiles[p], sizes[s], fans[f]);
    bench_finish();
    return media_global_finish(NULL);
}
