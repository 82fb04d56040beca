/* SPDX-License-Identifier: MIT */
/* The tee: what is copied for the recorder, and what is not. */
#include "tee.h"

#include <string.h>

#include "common/util.h"
#include "media.h"

#define GCM  SRTP_PROFILE_AEAD_AES_128_GCM
#define RING TAP_RING_BYTES_MIN
#define ID   INT64_C(0x1234500000007)

struct call {
    struct media *media;
    struct client *alice, *bob;
    struct stream video, audio;
    struct subscription sub;
    struct tee tee;
};

/* Alice's picture is recorded, her sound is not; Bob plays the picture. */
static int open_call(void **state)
{
    struct call *c = aligned_alloc(64, (sizeof(*c) + 63) / 64 * 64);

    *c = (struct call){.media = media_create(), .video = media_video(), .audio = media_audio(), .sub = media_sub(0)};
    tee_init(&c->tee, c->media->workers, 1, RING);
    c->alice = media_client(c->media, GCM);
    c->bob = media_client(c->media, GCM);
    c->video.id = ID;
    media_publish(c->alice, &c->video);
    media_publish(c->alice, &c->audio);
    media_play(c->bob, &c->sub, &c->video);
    tap_attach(&c->media->worker, &c->video, c->media->now_us);
    *state = c;
    return 0;
}

static int close_call(void **state)
{
    struct call *c = *state;

    media_destroy(c->media);
    tee_finish(&c->tee);
    history_finish(&c->video.history);
    free(c);
    return 0;
}

static void expect_video(struct call *c, int64_t index)
{
    const struct tap_record *r = tee_next(&c->tee, 0);

    assert_non_null(r);
    assert_int_equal(r->type, TAP_RTP);
    assert_int_equal(r->stream, ID);
    assert_int_equal(r->index, index);
    assert_int_equal(r->rx_us, c->media->now_us);
    assert_int_equal(r->body_bytes, 112);
    struct rtp_view v;
    assert_int_equal(rtp_parse(&v, tee_body(r), r->body_bytes), 0);
    assert_int_equal(v.seq, (uint16_t)index);
    assert_int_equal(v.ssrc, 0x1000);
    assert_int_equal(v.pt, 96);
    assert_int_equal(v.ts, (uint32_t)index * 3000);
    assert_int_equal(tee_body(r)[50], (uint8_t)index);
}

static void expect_nothing(struct call *c)
{
    assert_null(tee_next(&c->tee, 0));
}

static void send_sound(struct call *c, uint16_t seq)
{
    uint8_t payload[60] = {0}, packet[100];

    media_send_rtp(c->alice, packet, media_rtp(packet, 111, seq, seq * 960u, 0x2000, payload, sizeof(payload)));
}

static void copies_are_what_was_sent_in_the_clear(void **state)
{
    struct call *c = *state;

    for (int64_t i = 65500; i < 65600; i += 10) { /* across the wrap */
        for (int64_t k = i; k < i + 10; k++) {
            media_send_video(c->alice, k, k == 65500);
            send_sound(c, (uint16_t)k);
        }
        media_turn(c->media, 1000);
        for (int64_t k = i; k < i + 10; k++)
            expect_video(c, k);
        expect_nothing(c);
    }
    assert_int_equal(c->bob->rtp.n, 100);
    assert_int_equal(c->media->worker.tap.records, 100);
    assert_int_equal(c->media->worker.tap.lost + c->tee.lost, 0);
    assert_true(c->media->worker.meter.cycles[STAGE_TAP] > 0);
}

/* RFC 4588: what comes by retransmission is recorded as if it had come by itself, and nothing is twice. */
static void restored_packets_are_copied_once(void **state)
{
    struct call *c = *state;
    uint8_t payload[102] = {0, 11, 0x10, 1}, rtx[200];

    memset(payload + 4, 11, sizeof(payload) - 4);
    media_send_video(c->alice, 10, true);
    media_send_video(c->alice, 12, false);
    for (uint16_t i = 0; i < 2; i++) {
        size_t len = media_rtp(rtx, 97, i, 11 * 3000, 0x1001, payload, sizeof(payload));
        media_send_rtp(c->alice, rtx, len);
    }
    media_send_video(c->alice, 11, false); /* late, and known by now */
    media_turn(c->media, 1000);
    expect_video(c, 10);
    expect_video(c, 12);
    expect_video(c, 11);
    expect_nothing(c);
    assert_int_equal(media_drops(c->media, DROP_RTX_DUPLICATE), 1);
}

static void padding_is_not_copied(void **state)
{
    struct call *c = *state;
    uint8_t payload[120] = {0x10, 0}, packet[200];

    payload[sizeof(payload) - 1] = 20;
    size_t len = media_rtp(packet, 96, 7, 1, 0x1000, payload, sizeof(payload));
    packet[0] |= 0x20;
    media_send_rtp(c->alice, packet, len);
    media_turn(c->media, 1000);
    const struct tap_record *r = tee_next(&c->tee, 0);
    assert_non_null(r);
    assert_int_equal(r->body_bytes, 112);
    assert_int_equal(tee_body(r)[0], 0x80);
}

static void send_sr(struct call *c, uint32_t ssrc)
{
    const struct rtcp_sr sr = {.ssrc = ssrc, .ntp = 0x1122334455667788, .rtp_ts = 0xcafe, .packets = 99};
    uint8_t rtcp[100];
    int len = rtcp_write_sr(rtcp, sizeof(rtcp), &sr, NULL, 0);

    assert_true(len > 0);
    media_send_rtcp(c->alice, rtcp, (size_t)len);
}

/* Also one that comes alone, and only of what is recorded. */
static void sender_reports_are_told(void **state)
{
    struct call *c = *state;

    media_send_video(c->alice, 1, true);
    send_sound(c, 1);
    media_turn(c->media, 1000);
    expect_video(c, 1);
    send_sr(c, 0x2000);
    send_sr(c, 0x1000);
    media_turn(c->media, 1000);
    const struct tap_record *r = tee_next(&c->tee, 0);
    assert_non_null(r);
    assert_int_equal(r->type, TAP_SR);
    assert_int_equal(r->stream, ID);
    assert_int_equal(r->rx_us, c->media->now_us);
    assert_int_equal(r->body_bytes, sizeof(struct tap_sr));
    const struct tap_sr expected = {.ntp = 0x1122334455667788, .rtp_ts = 0xcafe, .packets = 99};
    assert_memory_equal(tee_body(r), &expected, sizeof(expected));
    expect_nothing(c);
}

/* Who records is asked for no more than who plays: a key frame, at once and until it comes. */
static void a_tap_asks_for_a_key_frame(void **state)
{
    struct call *c = *state;

    media_send_video(c->alice, 1, true);
    media_turn(c->media, 1000);
    expect_video(c, 1);
    media_ticks(c->media, 1000000);
    subscription_detach(&c->media->worker, &c->sub);
    tap_detach(&c->media->worker, &c->video);
    inbox_clear(&c->alice->rtcp);
    tap_attach(&c->media->worker, &c->video, c->media->now_us);
    media_turn(c->media, 0);
    assert_int_equal(media_count_rtcp(c->alice, RTCP_PLI), 1);
    media_ticks(c->media, 1000000);
    assert_true(media_count_rtcp(c->alice, RTCP_PLI) > 1);
    assert_true(c->video.keyframe_wanted);
    media_send_video(c->alice, 2, true);
    media_turn(c->media, 1000);
    assert_false(c->video.keyframe_wanted);
    expect_video(c, 2); /* though nobody plays it */
}

/* The last subscriber leaves, the recorder stays. */
static void a_wish_outlives_the_subscribers(void **state)
{
    struct call *c = *state;

    media_send_video(c->alice, 1, true);
    media_turn(c->media, 0);
    stream_want_keyframe(&c->media->worker, &c->video, c->media->now_us);
    subscription_detach(&c->media->worker, &c->sub);
    assert_true(c->video.keyframe_wanted);
    expect_video(c, 1);
}

static void detached_means_no_copy(void **state)
{
    struct call *c = *state;
    struct worker *w = &c->media->worker;

    tap_detach(w, &c->video);
    tap_detach(w, &c->video);
    assert_int_equal(w->n_tapped, 0);
    media_send_video(c->alice, 1, true);
    send_sr(c, 0x1000);
    media_turn(c->media, 1000);
    expect_nothing(c);
    assert_int_equal(w->meter.cycles[STAGE_TAP], 0);
    tap_attach(w, &c->video, c->media->now_us);
    tap_attach(w, &c->video, c->media->now_us);
    assert_int_equal(w->n_tapped, 1);
    media_send_video(c->alice, 2, false);
    media_turn(c->media, 1000);
    expect_video(c, 2);
    expect_nothing(c);
}

static void send_many(struct call *c, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) {
        media_send_video(c->alice, i, i == from);
        if (i % 32 == 0)
            media_turn(c->media, 1000);
    }
    media_turn(c->media, 1000);
}

/* A recorder that stands still costs the recording what does not fit, and the room nothing. */
static void a_full_ring_loses_copies_only(void **state)
{
    struct call *c = *state;
    const struct tap_writer *tap = &c->media->worker.tap;

    send_many(c, 0, 1000);
    assert_int_equal(c->bob->rtp.n, 1000);
    assert_true(tap->lost > 0);
    assert_int_equal(tap->records, RING / tap_record_bytes(112));
    assert_int_equal(tap->records + tap->lost, 1000);
    uint64_t n = 0;
    for (const struct tap_record *r; (r = tee_next(&c->tee, 0)); n++)
        assert_int_equal(r->index, n);
    assert_int_equal(n, tap->records);
    assert_int_equal(c->tee.lost, tap->lost);
    send_many(c, 1000, 1010);
    for (int64_t i = 1000; i < 1010; i++)
        assert_int_equal(tee_next(&c->tee, 0)->index, i);
    assert_int_equal(c->bob->rtp.n, 1010);
}

/* A recorder that writes nonsense where it may write at all. */
static void a_mad_tail_costs_nobody_else(void **state)
{
    struct call *c = *state;
    struct tap_tail *tail = c->tee.tails;

    srandom(1);
    for (int64_t i = 0; i < 2000; i++) {
        atomic_store(&tail->tail, i % 3 ? (uint64_t)random() << (i % 40) : c->media->worker.tap.head - RING - 8);
        media_send_video(c->alice, i, i == 0);
        media_turn(c->media, 1000);
    }
    assert_int_equal(c->bob->rtp.n, 2000);
    assert_true(c->media->worker.tap.bad_tail > 0);
    tee_read_anew(&c->tee); /* the next one is sane */
    media_send_video(c->alice, 2000, false);
    media_turn(c->media, 1000);
    expect_video(c, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(copies_are_what_was_sent_in_the_clear, open_call, close_call),
        cmocka_unit_test_setup_teardown(restored_packets_are_copied_once, open_call, close_call),
        cmocka_unit_test_setup_teardown(padding_is_not_copied, open_call, close_call),
        cmocka_unit_test_setup_teardown(sender_reports_are_told, open_call, close_call),
        cmocka_unit_test_setup_teardown(a_tap_asks_for_a_key_frame, open_call, close_call),
        cmocka_unit_test_setup_teardown(a_wish_outlives_the_subscribers, open_call, close_call),
        cmocka_unit_test_setup_teardown(detached_means_no_copy, open_call, close_call),
        cmocka_unit_test_setup_teardown(a_full_ring_loses_copies_only, open_call, close_call),
        cmocka_unit_test_setup_teardown(a_mad_tail_costs_nobody_else, open_call, close_call),
    };
    return cmocka_run_group_tests(tests, media_global_init, media_global_finish);
}
