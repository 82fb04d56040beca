/* SPDX-License-Identifier: MIT */
/* The engine between itself and a relay of a few lines, that loses, repeats and spoils what it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/engine.h"
#include "common/rtp.h"
#include "common/util.h"
#include "dataplane/srtp.h"

#define SUBSCRIBERS 3
#define SHIFT       1000 /* of sequence numbers by the relay */
#define SSRC        0x1000
#define QUEUE       65536
#define RATE_PPS    20000
#define TIME_US     200000

struct datagram {
    uint8_t bytes[2048];
    uint16_t len;
    uint32_t end;
};

/* End 0 publishes, the others play it. */
struct relay {
    struct wire wire;
    struct srtp_engine *srtp;
    struct srtp_ctx *rx, *tx[SUBSCRIBERS];
    uint8_t buffers[WIRE_BURST][2048];
    struct datagram *queue;
    uint32_t first, n;
    uint32_t n_in;
    uint32_t lose_nth, repeat_nth, spoil_nth; /* for each subscriber; 0: never */
};

static struct relay *self(struct wire *wire)
{
    return CONTAINER_OF(wire, struct relay, wire);
}

static int connect_end(struct wire *wire, uint32_t end, uint32_t ip, uint16_t udp_port)
{
    return 0;
}

static uint32_t receive(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct relay *r = self(wire);
    uint32_t got = 0;

    for (; got < n && r->n > 0; r->n--, r->first++) {
        struct datagram *from = &r->queue[r->first % QUEUE];
        d[got++] = (struct wire_datagram){.bytes = from->bytes, .end = from->end, .len = from->len};
    }
    return got;
}

static void release(struct wire *wire, struct wire_datagram *d, uint32_t n) {}

static uint32_t reserve(struct wire *wire, struct wire_datagram *d, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        d[i].bytes = self(wire)->buffers[i];
    return n;
}

static struct datagram *push(struct relay *r)
{
    assert_true(r->n < QUEUE);
    return &r->queue[(r->first + r->n++) % QUEUE];
}

static void forward(struct relay *r, uint32_t subscriber, const struct srtp_job *clear)
{
    bool spoiled = r->spoil_nth && r->n_in % r->spoil_nth == 0;

    if (r->lose_nth && r->n_in % r->lose_nth == 0)
        return;
    struct datagram *to = push(r);
    memcpy(to->bytes, clear->dst, clear->len);
    put_be16(to->bytes + 2, (uint16_t)(clear->index + SHIFT));
    to->bytes[clear->len - 50] ^= spoiled;
    struct srtp_job job = {.ctx = r->tx[subscriber],
                           .dst = to->bytes,
                           .hdr_len = clear->hdr_len,
                           .len = (uint16_t)(clear->len - clear->hdr_len),
                           .index = clear->index + SHIFT};
    srtp_protect_burst(r->srtp, &job, 1);
    to->len = job.len;
    to->end = 1 + subscriber;
    if (r->repeat_nth && r->n_in % r->repeat_nth == 0) {
        struct datagram *again = push(r);
        *again = *to;
    }
}

static void send_burst(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct relay *r = self(wire);
    struct rtp_view view;

    for (uint32_t i = 0; i < n; i++) {
        if (d[i].len == 0 || rtp_demux(d[i].bytes, d[i].len) != RTP_DEMUX_RTP)
            continue;
        assert_int_equal(d[i].end, 0);
        assert_int_equal(rtp_parse_header(&view, d[i].bytes, d[i].len), 0);
        assert_int_equal(view.seq, r->n_in & 0xffff);
        struct srtp_job job = {
            .ctx = r->rx, .dst = d[i].bytes, .hdr_len = view.payload, .len = d[i].len, .index = r->n_in++};
        srtp_unprotect_burst(r->srtp, &job, 1);
        assert_int_equal(job.error, 0);
        for (uint32_t s = 0; s < SUBSCRIBERS; s++)
            forward(r, s, &job);
    }
}

static void destroy(struct wire *wire)
{
    struct relay *r = self(wire);

    srtp_ctx_destroy(r->rx);
    for (uint32_t i = 0; i < SUBSCRIBERS; i++)
        srtp_ctx_destroy(r->tx[i]);
    srtp_engine_destroy(r->srtp);
    wire_finish(wire);
    free(r->queue);
    free(r);
}

static const struct wire_ops ops = {.connect = connect_end,
                                    .receive = receive,
                                    .release = release,
                                    .reserve = reserve,
                                    .send = send_burst,
                                    .destroy = destroy};

static const uint8_t keys[1 + SUBSCRIBERS][SRTP_KEY_BYTES_MAX] = {{1}, {2}, {3}, {4}}, salt[SRTP_SALT_BYTES_MAX];

static struct relay *make_relay(enum srtp_profile profile)
{
    struct relay *r = calloc(1, sizeof(*r));

    assert_int_equal(wire_init(&r->wire, &ops, 0x0a000000, 1 + SUBSCRIBERS), 0);
    r->queue = calloc(QUEUE, sizeof(*r->queue));
    r->srtp = srtp_engine_create();
    r->rx = srtp_ctx_create(profile, keys[0], salt, false);
    for (uint32_t i = 0; i < SUBSCRIBERS; i++)
        r->tx[i] = srtp_ctx_create(profile, keys[1 + i], salt, true);
    return r;
}

static struct engine *make_engine(struct relay *r, enum srtp_profile profile)
{
    struct engine *e = engine_create(&r->wire);
    struct source_conf conf = {.codec = CODEC_VP8,
                               .ssrc = SSRC,
                               .pt = 96,
                               .ext = {[RTP_EXT_TRANSPORT_CC] = 3},
                               .interval_us = 33333,
                               .frame_packets = 4};

    conf.payload_bytes = engine_payload_bytes(&conf, 1200);
    for (uint32_t i = 0; i < 1 + SUBSCRIBERS; i++) {
        struct engine_session session = {.end = (uint32_t)wire_add_end(&r->wire),
                                         .profile = profile,
                                         .tx_key = keys[i],
                                         .tx_salt = salt,
                                         .rx_key = keys[i],
                                         .rx_salt = salt};
        assert_int_equal(engine_add_session(e, &session), i);
    }
    assert_int_equal(engine_add_flow(e, 0, &conf), 0);
    for (uint32_t i = 0; i < SUBSCRIBERS; i++)
        assert_int_equal(engine_add_leg(e, 1 + i, 0, i % 2 ? SSRC : 0, 96), i); /* some learn the SSRC */
    return e;
}

static const struct {
    enum srtp_profile profile;
    uint32_t verify_every, lose_nth, repeat_nth, spoil_nth;
} cases[] = {
    {SRTP_PROFILE_AEAD_AES_128_GCM, 1, 0, 0, 0},   {SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, 1, 0, 0, 0},
    {SRTP_PROFILE_AEAD_AES_128_GCM, 16, 0, 0, 0},  {SRTP_PROFILE_AEAD_AES_128_GCM, 16, 10, 0, 0},
    {SRTP_PROFILE_AEAD_AES_128_GCM, 16, 0, 10, 0}, {SRTP_PROFILE_AEAD_AES_128_GCM, 1, 0, 0, 10},
};

static void check_case(size_t i)
{
    static struct engine_result result, second;
    struct relay *r = make_relay(cases[i].profile);
    struct engine *e = make_engine(r, cases[i].profile);
    struct engine_run run = {.rate_pps = RATE_PPS,
                             .warm_us = 5000,
                             .time_us = TIME_US,
                             .drain_us = 5000,
                             .verify_every = cases[i].verify_every};

    assert_int_equal(engine_run(e, &run, &second), 0);
    assert_int_equal(second.lost, 0);
    r->lose_nth = cases[i].lose_nth;
    r->repeat_nth = cases[i].repeat_nth;
    r->spoil_nth = cases[i].spoil_nth;
    assert_int_equal(engine_run(e, &run, &result), 0);
    uint64_t tenth = result.expected / 10, slack = 3 * SUBSCRIBERS;
    /* In real time, on a machine that may stall: what is late is sent then. How fast is test_pace's. */
    assert_in_range(result.sent, 100, 2 * (uint64_t)RATE_PPS * TIME_US / 1000000);
    assert_int_equal(result.expected, SUBSCRIBERS * result.sent);
    assert_int_equal(result.delivered + result.lost, result.expected);
    assert_in_range(result.lost + slack, cases[i].lose_nth || cases[i].spoil_nth ? tenth : slack,
                    (cases[i].lose_nth || cases[i].spoil_nth ? tenth : 0) + 2 * slack);
    assert_in_range(result.duplicated + slack, cases[i].repeat_nth ? tenth : slack,
                    (cases[i].repeat_nth ? tenth : 0) + 2 * slack);
    assert_int_equal(result.corrupt, cases[i].spoil_nth ? result.lost : 0);
    if (cases[i].verify_every == 1)
        assert_true(result.verified >= result.delivered);
    assert_in_range(result.verified, result.delivered / (cases[i].verify_every + 1), 2 * result.expected);
    assert_int_equal(result.unknown, 0);
    assert_int_equal(result.latency.count, result.delivered);
    engine_destroy(e);
    wire_destroy(&r->wire);
}

static void test_accounts(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_case(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accounts)};

    if (srtp_global_init(CONF_SRTP_BACKEND_AUTO) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    srtp_global_finish();
    return failed;
}
