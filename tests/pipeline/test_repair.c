/* SPDX-License-Identifier: MIT */
/* Loss on both hops: what a publisher is asked for again, and what a subscriber gets again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "media.h"

#define CM  SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80
#define GCM SRTP_PROFILE_AEAD_AES_128_GCM

struct call {
    struct media *media;
    struct client *alice, *bob;
    struct stream video;
    struct subscription sub;
};

static void open_call(struct call *c, bool rtx, enum srtp_profile bob)
{
    *c = (struct call){.media = media_create(), .video = media_video(), .sub = media_sub(0)};
    if (!rtx) {
        c->sub.rtp.rtx_pt = DP_PT_NONE;
        c->sub.rtp.rtx_ssrc = 0;
    }
    c->alice = media_client(c->media, CM);
    c->bob = media_client(c->media, bob);
    media_publish(c->alice, &c->video);
    media_play(c->bob, &c->sub, &c->video);
}

static void close_call(struct call *c)
{
    media_destroy(c->media);
    history_finish(&c->video.history);
}

static void send_range(struct call *c, int64_t from, int64_t to)
{
    for (int64_t i = from; i <= to; i++)
        media_send_video(c->alice, i, i == from);
    media_turn(c->media, 1000);
}

static struct rtp_view view_of(const struct packet *packet)
{
    struct rtp_view v;
    assert_true(packet && packet->len > 0);
    assert_int_equal(rtp_parse(&v, packet->bytes, packet->len), 0);
    return v;
}

/* ---- Uplink ---- */

static uint32_t nacked(const struct client *client, uint16_t *seqs)
{
    struct rtcp_packet packet;
    struct rtcp_feedback fb;
    struct rtcp_nack_iter it;
    uint32_t n = 0;

    if (!media_find_rtcp(client, RTCP_NACK, &packet))
        return 0;
    assert_true(rtcp_read_feedback(&packet, &fb));
    assert_int_equal(fb.sender, client->session.rtcp_ssrc);
    assert_int_equal(fb.media, 0x1000);
    rtcp_nack_begin(&it, &packet);
    while (rtcp_nack_next(&it, &seqs[n]))
        n++;
    return n;
}

/* RTX of a video packet as media_send_video makes it. */
static void send_rtx(struct call *c, uint16_t rtx_seq, int64_t index)
{
    uint8_t payload[102], packet[200];

    memset(payload, (int)index, sizeof(payload));
    put_be16(payload, (uint16_t)index);
    memcpy(payload + 2, (const uint8_t[]){0x10, 1}, 2);
    size_t len = media_rtp(packet, 97, rtx_seq, (uint32_t)index * 3000, 0x1001, payload, sizeof(payload));
    packet[1] |= 0x80;
    media_send_rtp(c->alice, packet, len);
}

static void a_gap_is_asked_for_and_its_rtx_forwarded(void **state)
{
    struct call c;
    uint16_t seqs[64];

    open_call(&c, true, GCM);
    send_range(&c, 65530, 65534);
    media_send_video(c.alice, 65538, false); /* 65535, 0 and 1 are missing */
    media_turn(c.media, 1000);
    assert_int_equal(nacked(c.alice, seqs), 0); /* it may be reordering */
    media_ticks(c.media, 25000);
    assert_int_equal(nacked(c.alice, seqs), 3);
    assert_int_equal(seqs[0], 65535);
    assert_int_equal(seqs[1], 0);
    assert_int_equal(seqs[2], 1);
    inbox_clear(&c.bob->rtp);

    send_rtx(&c, 9, 65536);
    media_turn(c.media, 1000);
    assert_int_equal(c.bob->rtp.n, 1);
    const struct packet *got = inbox_at(&c.bob->rtp, 0);
    struct rtp_view v = view_of(got);
    assert_int_equal(v.ssrc, 0x5000);
    assert_int_equal(v.pt, 100);
    assert_true(v.marker);
    assert_int_equal(v.seq, (uint16_t)(65536 + subscription_leg(&c.sub)->seq_offset));
    assert_int_equal(v.ts, 65536u * 3000 + subscription_leg(&c.sub)->ts_offset);
    assert_int_equal(v.payload_bytes, 100);
    assert_int_equal(got->bytes[v.payload + 50], (uint8_t)65536);

    send_rtx(&c, 10, 65536); /* once more, then one that came late by itself */
    media_send_video(c.alice, 65535, false);
    media_turn(c.media, 1000);
    assert_int_equal(c.bob->rtp.n, 2);
    assert_int_equal(media_drops(c.media, DROP_RTX_DUPLICATE), 1);
    inbox_clear(&c.alice->rtcp);
    media_ticks(c.media, 120000);
    assert_int_equal(nacked(c.alice, seqs), 1); /* only this one is still missing */
    assert_int_equal(seqs[0], 1);
    close_call(&c);
}

static void without_an_answer_a_key_frame_is_asked_for(void **state)
{
    struct call c;

    open_call(&c, true, GCM);
    send_range(&c, 10, 12);
    media_ticks(c.media, 400000); /* the request for the first key frame is long ago */
    uint64_t plis = c.media->worker.stats.plis_sent;
    media_send_video(c.alice, 14, false);
    media_ticks(c.media, 3000000);
    assert_int_equal(c.media->worker.stats.nacks_sent, NACK_TRIES_MAX);
    assert_true(c.media->worker.stats.plis_sent > plis);
    assert_true(c.video.keyframe_wanted);
    media_send_video(c.alice, 15, true);
    media_turn(c.media, 1000);
    assert_false(c.video.keyframe_wanted);
    close_call(&c);
}

static void an_outage_asks_for_a_key_frame_at_once(void **state)
{
    struct call c;

    open_call(&c, true, GCM);
    send_range(&c, 10, 12);
    media_ticks(c.media, 400000);
    media_send_video(c.alice, 13 + NACK_MISSING_MAX + 10, false);
    media_ticks(c.media, 30000);
    assert_int_equal(c.media->worker.stats.nacks_sent, 0);
    assert_true(c.video.keyframe_wanted);
    close_call(&c);
}

static void without_nack_agreed_nothing_is_asked_for(void **state)
{
    struct call c;

    open_call(&c, true, GCM);
    c.video.rtp.feedback = DP_FB_PLI;
    send_range(&c, 10, 12);
    media_send_video(c.alice, 20, false);
    media_ticks(c.media, 100000);
    assert_int_equal(c.media->worker.stats.nacks_sent, 0);
    close_call(&c);
}

/* ---- Downlink ---- */

static void send_nack(struct call *c, const uint16_t *seqs, size_t n)
{
    const struct rtcp_feedback fb = {.sender = 1, .media = 0x5000};
    uint8_t rtcp[400];

    int len = rtcp_write_nack(rtcp, sizeof(rtcp), &fb, seqs, n);
    assert_true(len > 0);
    media_send_rtcp(c->bob, rtcp, (size_t)len); /* reduced-size */
    media_turn(c->media, 1000);
}

static void a_nack_is_answered_over_rtx(void **state)
{
    struct call c;
    uint16_t rtx_seq = 0;

    open_call(&c, true, GCM);
    send_range(&c, 65530, 65540); /* the publisher's numbers wrap in between */
    assert_int_equal(c.bob->rtp.n, 11);
    uint16_t first = view_of(inbox_at(&c.bob->rtp, 0)).seq;
    const uint16_t seqs[] = {(uint16_t)(first + 1), (uint16_t)(first + 9)};
    send_nack(&c, seqs, 2);
    assert_int_equal(c.bob->rtp.n, 13);
    for (uint32_t i = 0; i < 2; i++) {
        const struct packet *orig = inbox_at(&c.bob->rtp, i ? 9 : 1), *rtx = inbox_at(&c.bob->rtp, 11 + i);
        struct rtp_view o = view_of(orig), v = view_of(rtx);
        assert_int_equal(v.ssrc, 0x6000);
        assert_int_equal(v.pt, 101);
        assert_int_equal(v.ts, o.ts);
        assert_int_equal(v.marker, o.marker);
        assert_int_equal(v.payload_bytes, o.payload_bytes + 2);
        assert_int_equal(get_be16(rtx->bytes + v.payload), o.seq);
        assert_memory_equal(rtx->bytes + v.payload + 2, orig->bytes + o.payload, o.payload_bytes);
        if (i)
            assert_int_equal(v.seq, rtx_seq + 1);
        rtx_seq = v.seq;
    }
    assert_int_equal(c.media->worker.stats.retransmitted, 2);
    close_call(&c);
}

static void without_rtx_it_is_the_same_ciphertext(void **state)
{
    static const enum srtp_profile profiles[] = {CM, GCM, SRTP_PROFILE_AEAD_AES_256_GCM};

    for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
        struct call c;
        open_call(&c, false, profiles[p]);
        send_range(&c, 65500, 65600);
        uint16_t first = view_of(inbox_at(&c.bob->rtp, 0)).seq;
        for (uint32_t i = 0; i < 101; i += 25) {
            inbox_clear(&c.bob->rtcp);
            uint32_t before = c.bob->rtp.n;
            uint16_t seq = (uint16_t)(first + i);
            send_nack(&c, &seq, 1);
            assert_int_equal(c.bob->rtp.n, before + 1);
            const struct packet *orig = inbox_at(&c.bob->rtp, i), *again = inbox_at(&c.bob->rtp, before);
            assert_int_equal(again->len, 0); /* the receiver's libsrtp knows it for a replay */
            assert_int_equal(again->cipher_len, orig->cipher_len);
            assert_memory_equal(again->cipher, orig->cipher, orig->cipher_len);
        }
        close_call(&c);
    }
}

static void not_more_often_than_once_a_round_trip(void **state)
{
    struct call c;

    open_call(&c, true, GCM);
    send_range(&c, 1, 5);
    uint16_t seq = (uint16_t)(view_of(inbox_at(&c.bob->rtp, 0)).seq + 2);
    c.sub.rtt_us = 80000;
    send_nack(&c, &seq, 1);
    send_nack(&c, &seq, 1);
    media_turn(c.media, 70000);
    send_nack(&c, &seq, 1);
    assert_int_equal(c.media->worker.stats.retransmitted, 1);
    media_turn(c.media, 10000);
    send_nack(&c, &seq, 1);
    assert_int_equal(c.media->worker.stats.retransmitted, 2);
    close_call(&c);
}

static void what_was_never_sent_is_not_sent_again(void **state)
{
    struct call c;

    open_call(&c, true, GCM);
    send_range(&c, 100, 105);
    uint16_t first = view_of(inbox_at(&c.bob->rtp, 0)).seq;
    media_send_video(c.alice, 99, false); /* before the start: in the history, but not Bob's */
    media_turn(c.media, 1000);
    assert_non_null(history_find(&c.video.history, 99));
    for (int i = -3; i < 20; i++) {
        uint16_t seq = (uint16_t)(first + i);
        if (i < 0 || i > 5)
            send_nack(&c, &seq, 1);
    }
    assert_int_equal(c.media->worker.stats.retransmitted, 0);
    media_ticks(c.media, c.media->conf.history_age_us + 70000); /* too old */
    send_nack(&c, &first, 1);
    assert_int_equal(c.media->worker.stats.retransmitted, 0);
    assert_int_equal(c.media->worker.history_used, 0);
    close_call(&c);
}

static void a_greedy_subscriber_has_a_budget(void **state)
{
    struct call c;
    uint16_t seqs[64];

    open_call(&c, true, GCM);
    c.bob->deaf = true;
    send_range(&c, 0, 999);
    c.sub.rtt_us = 0;
    for (int round = 0; round < 20; round++) {
        for (uint16_t i = 0; i < 64; i++)
            seqs[i] = (uint16_t)(subscription_leg(&c.sub)->seq_offset + (round % 10) * 64 + i);
        send_nack(&c, seqs, 64);
    }
    assert_in_range(c.media->worker.stats.retransmitted, 256, 256 + 21);
    media_turn(c.media, 100000);
    send_nack(&c, seqs, 64);
    assert_in_range(c.media->worker.stats.retransmitted, 256 + 64, 256 + 21 + 64);
    close_call(&c);
}

/* The pool's share is capped: histories give way before receiving suffers. */
static void histories_do_not_starve_receiving(void **state)
{
    struct call c;

    open_call(&c, true, GCM);
    c.media->conf.history_mbufs = 50;
    c.bob->deaf = true;
    send_range(&c, 0, 999);
    assert_int_equal(c.media->worker.history_used, 50);
    assert_int_equal(rte_mempool_avail_count(c.media->rx_pool), MEDIA_POOL - 50);
    assert_int_equal(c.bob->rtp.n, 1000);
    close_call(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_is_asked_for_and_its_rtx_forwarded),
        cmocka_unit_test(without_an_answer_a_key_frame_is_asked_for),
        cmocka_unit_test(an_outage_asks_for_a_key_frame_at_once),
        cmocka_unit_test(without_nack_agreed_nothing_is_asked_for),
        cmocka_unit_test(a_nack_is_answered_over_rtx),
        cmocka_unit_test(without_rtx_it_is_the_same_ciphertext),
        cmocka_unit_test(not_more_often_than_once_a_round_trip),
        cmocka_unit_test(what_was_never_sent_is_not_sent_again),
        cmocka_unit_test(a_greedy_subscriber_has_a_budget),
        cmocka_unit_test(histories_do_not_starve_receiving),
    };
    return cmocka_run_group_tests(tests, media_global_init, media_global_finish);
}
