/* SPDX-License-Identifier: MIT */
/* A source and a sink over a wire that loses, repeats, reorders and damages packets: the sink counts each of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/codec.h"
#include "tests/peer/peer_sdp.h"
#include "tests/peer/sink.h"
#include "tests/peer/source.h"

#define START_US 1000000

static const enum codec all_codecs[] = {CODEC_OPUS, CODEC_PCMU, CODEC_PCMA, CODEC_VP8, CODEC_H264};

static void test_payload_is_verified(void **state)
{
    uint8_t bytes[300];
    struct payload out = {.source = 7, .ts = 9, .seq = 70000, .sent_us = 123456, .frame = 300, .last = true}, in;
    for (size_t c = 0; c < ARRAY_SIZE(all_codecs); c++) {
        for (unsigned i = 0; i < 4; i++) {
            out.first = i & 1;
            out.key = i & 2;
            payload_write(bytes, sizeof(bytes), all_codecs[c], &out);
            assert_true(payload_read(&in, all_codecs[c], bytes, sizeof(bytes)));
            assert_memory_equal(&in, &out, offsetof(struct payload, key) + sizeof(bool));
            assert_int_equal(codec_is_keyframe_start(all_codecs[c], bytes, sizeof(bytes)),
                             peer_sdp_kind(all_codecs[c]) == MEDIA_AUDIO || (out.first && out.key));
        }
        for (size_t at = 0; at < sizeof(bytes); at++) {
            bytes[at] ^= 0x10;
            assert_false(payload_read(&in, all_codecs[c], bytes, sizeof(bytes)));
            bytes[at] ^= 0x10;
        }
        assert_false(payload_read(&in, all_codecs[c], bytes, sizeof(bytes) - 1));
    }
}

struct wire {
    struct source source;
    struct sink sink;
    int64_t now_us;
    uint8_t bytes[1500];
    int len;
};

static void set_up(struct wire *w, enum codec codec, unsigned frame_packets)
{
    struct source_conf out = {
        .codec = codec,
        .ssrc = 11,
        .rtx_ssrc = 12,
        .pt = 96,
        .rtx_pt = 97,
        .interval_us = 20000,
        .frame_packets = (uint16_t)frame_packets,
        .payload_bytes = 400,
        .first_seq = 65500,
        .first_ts = UINT32_MAX - 5000,
    };
    struct sink_conf in = {.codec = codec,
                           .ssrc = 11,
                           .rtx_ssrc = 12,
                           .pt = 96,
                           .rtx_pt = 97,
                           .clock_hz = 90000,
                           .nack = true,
                           .pli = true};
    w->now_us = START_US;
    source_init(&w->source, &out, w->now_us);
    sink_init(&w->sink, &in);
}

/* The next packet of the source, when it is due. */
static void next(struct wire *w)
{
    w->now_us = MAX(w->now_us, w->source.left ? 0 : w->source.due_us);
    w->len = source_write(&w->source, w->bytes, sizeof(w->bytes), w->now_us);
    assert_true(w->len > 0);
}

static void deliver(struct wire *w)
{
    assert_true(sink_on_rtp(&w->sink, w->bytes, (size_t)w->len, w->now_us + 1500));
}

/* Answers every NACK over RTX. How many numbers were asked for. */
static unsigned repair(struct wire *w, bool answer)
{
    uint8_t rtcp[512];
    struct rtcp_iter it;
    struct rtcp_packet packet;
    struct rtcp_nack_iter nacks;
    uint16_t seq;
    unsigned n = 0;
    int len = sink_write_feedback(&w->sink, rtcp, sizeof(rtcp), w->now_us);
    assert_true(len >= 0);
    rtcp_begin(&it, rtcp, (size_t)len);
    while (rtcp_next(&it, &packet)) {
        rtcp_nack_begin(&nacks, &packet);
        for (; rtcp_nack_next(&nacks, &seq); n++) {
            w->len = source_write_rtx(&w->source, seq, w->bytes, sizeof(w->bytes), w->now_us);
            if (answer && w->len > 0)
                deliver(w);
        }
    }
    return n;
}

static void test_clean_wire(void **state)
{
    struct wire *w = calloc(1, sizeof(*w));
    set_up(w, CODEC_VP8, 3);
    for (int i = 0; i < 3000; i++) {
        next(w);
        deliver(w);
    }
    const struct sink_stats *s = &w->sink.stats;
    assert_int_equal(s->unique, 3000);
    assert_int_equal(s->keys, 1);
    assert_int_equal(sink_lost(&w->sink, w->source.seq), 0);
    assert_int_equal(s->duplicates + s->late + s->repaired + s->corrupt + s->wrong_head + s->rebased + s->early, 0);
    assert_int_equal(s->latency_max_us, 1500);
    assert_int_equal(sink_latency_us(&w->sink, 99), 2048);
    assert_int_equal(repair(w, true), 0);
    source_request_key(&w->source);
    for (int i = 0; i < 3; i++) {
        next(w);
        deliver(w);
    }
    assert_int_equal(w->sink.stats.keys, 2);
    free(w);
}

static void test_loss_is_counted_and_repaired(void **state)
{
    struct wire *w = calloc(1, sizeof(*w));
    set_up(w, CODEC_H264, 4);
    for (int i = 0; i < 2000; i++) {
        next(w);
        if (i % 10 != 5)
            deliver(w);
        if (i < 1000 && i % 8 == 7) {
            w->now_us += 6000;
            repair(w, true);
        }
    }
    assert_in_range(sink_lost(&w->sink, w->source.seq), 100, 102);
    assert_in_range(w->sink.stats.repaired, 98, 100);
    assert_int_equal(w->sink.stats.rebased, 0);
    for (int i = 0; i < 20; i++) {
        w->now_us += 41000;
        repair(w, true);
    }
    uint64_t lost = sink_lost(&w->sink, w->source.seq);
    assert_in_range(lost, 40, 60); /* those that had left the window of 512 */
    assert_int_equal(w->sink.missing, 0);
    free(w);
}

static void test_asking_ends(void **state)
{
    struct wire *w = calloc(1, sizeof(*w));
    unsigned asked = 0;
    set_up(w, CODEC_OPUS, 1);
    for (int i = 0; i < 5; i++) {
        next(w);
        if (i != 2)
            deliver(w);
    }
    for (int i = 0; i < 1000; i++) {
        w->now_us += 1000;
        asked += repair(w, false);
    }
    assert_int_equal(asked, 10);
    assert_int_equal(w->sink.missing, 0);
    assert_int_equal(sink_lost(&w->sink, w->source.seq), 1);
    free(w);
}

static void test_repeats_reorder_and_damage(void **state)
{
    struct wire *w = calloc(1, sizeof(*w));
    uint8_t held[1500];
    set_up(w, CODEC_VP8, 2);
    next(w);
    deliver(w);
    deliver(w);
    assert_int_equal(w->sink.stats.duplicates, 1);
    next(w);
    int held_len = w->len;
    memcpy(held, w->bytes, (size_t)w->len);
    next(w);
    deliver(w);
    assert_true(sink_on_rtp(&w->sink, held, (size_t)held_len, w->now_us));
    assert_int_equal(w->sink.stats.late, 1);
    next(w);
    w->bytes[60] ^= 1;
    deliver(w);
    assert_int_equal(w->sink.stats.corrupt, 1);
    next(w);
    w->bytes[1] ^= 0x80;
    deliver(w);
    assert_int_equal(w->sink.stats.wrong_head, 1);
    next(w);
    put_be32(w->bytes + 4, get_be32(w->bytes + 4) + 90);
    deliver(w);
    assert_int_equal(w->sink.stats.rebased, 1);
    next(w);
    put_be32(w->bytes + 8, 99);
    assert_false(sink_on_rtp(&w->sink, w->bytes, (size_t)w->len, w->now_us));
    free(w);
}

static void test_asks_for_a_key_frame(void **state)
{
    struct wire *w = calloc(1, sizeof(*w));
    uint8_t rtcp[512];
    struct rtcp_iter it;
    struct rtcp_packet packet;
    set_up(w, CODEC_VP8, 1);
    next(w); /* the key frame is lost */
    next(w);
    deliver(w);
    int len = sink_write_feedback(&w->sink, rtcp, sizeof(rtcp), w->now_us);
    rtcp_begin(&it, rtcp, (size_t)len);
    assert_true(rtcp_next(&it, &packet));
    assert_int_equal(packet.kind, RTCP_PLI);
    assert_int_equal(w->sink.stats.early, 1);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payload_is_verified),          cmocka_unit_test(test_clean_wire),
        cmocka_unit_test(test_loss_is_counted_and_repaired), cmocka_unit_test(test_asking_ends),
        cmocka_unit_test(test_repeats_reorder_and_damage),   cmocka_unit_test(test_asks_for_a_key_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
