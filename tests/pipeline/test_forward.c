/* SPDX-License-Identifier: MIT */
/* One to many: what subscribers get, field by field, through their own libsrtp. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media.h"

#define CM      SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80
#define GCM_128 SRTP_PROFILE_AEAD_AES_128_GCM
#define GCM_256 SRTP_PROFILE_AEAD_AES_256_GCM

/* A publisher of one video stream, and three that play it. */
struct room {
    struct media *media;
    struct client *alice, *players[3];
    struct stream video;
    struct subscription subs[3];
};

static void open_room(struct room *r, enum srtp_profile alice, const enum srtp_profile players[3])
{
    *r = (struct room){.media = media_create(), .video = media_video()};
    r->alice = media_client(r->media, alice);
    media_publish(r->alice, &r->video);
    for (uint32_t i = 0; i < 3; i++) {
        r->players[i] = media_client(r->media, players[i]);
        r->subs[i] = media_sub(i);
        media_play(r->players[i], &r->subs[i], &r->video);
    }
}

static void close_room(struct room *r)
{
    media_destroy(r->media);
    history_finish(&r->video.history);
}

static struct rtp_view view_of(const struct packet *packet)
{
    struct rtp_view v;
    assert_true(packet->len > 0);
    assert_int_equal(rtp_parse(&v, packet->bytes, packet->len), 0);
    return v;
}

static void each_field_for_each_profile(void **state)
{
    static const enum srtp_profile profiles[][4] = {
        {CM, CM, GCM_128, GCM_256}, {GCM_128, GCM_128, CM, GCM_256}, {GCM_256, CM, GCM_256, GCM_128}};
    /* marker, one CSRC; audio level (kept as id 7), transport-cc and mid (stripped); a key frame */
    static const uint8_t head[] = {0x91, 0x80 | 96, 0,   0,   0,    0,    0, 0, 0,    0,    0x10, 0,
                                   9,    9,         9,   9,   0xbe, 0xde, 0, 2, 0x10, 0x55, 0x31, 0x12,
                                   1,    0x41,      'v', '0', 0x10, 0,    0, 0, 0x9d, 1,    0x2a};
    static const uint8_t want_tail[] = {9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x70, 0x55, 0, 0};

    for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
        struct room r;
        open_room(&r, profiles[p][0], profiles[p] + 1);
        for (int i = 0; i < 5; i++) {
            uint8_t packet[MEDIA_PACKET_MAX];
            memcpy(packet, head, sizeof(head));
            put_be16(packet + 2, (uint16_t)(700 + i));
            put_be32(packet + 4, 90000u + 3000u * (uint32_t)i);
            memset(packet + sizeof(head), i, 1000);
            media_send_rtp(r.alice, packet, sizeof(head) + 1000);
        }
        media_turn(r.media, 1000);
        for (uint32_t s = 0; s < 3; s++) {
            assert_int_equal(r.players[s]->rtp.n, 5);
            struct rtp_view first = view_of(inbox_at(&r.players[s]->rtp, 0));
            assert_true(first.seq < 0x4000);
            for (uint32_t i = 0; i < 5; i++) {
                const struct packet *got = inbox_at(&r.players[s]->rtp, i);
                struct rtp_view v = view_of(got);
                assert_int_equal(v.pt, 100);
                assert_true(v.marker);
                assert_false(v.padded);
                assert_int_equal(v.ssrc, 0x5000 + s);
                assert_int_equal(v.seq, first.seq + i);
                assert_int_equal(v.ts, first.ts + 3000 * i);
                assert_int_equal(v.n_csrc, 1);
                assert_int_equal(v.payload, 12 + sizeof(want_tail));
                assert_memory_equal(got->bytes + 12, want_tail, sizeof(want_tail));
                assert_int_equal(v.payload_bytes, 1007);
                assert_memory_equal(got->bytes + v.payload, head + 28, 7);
                for (size_t b = 7; b < 1007; b++)
                    assert_int_equal(got->bytes[v.payload + b], i);
            }
        }
        assert_int_equal(r.media->worker.stats.rtp_forwarded, 15);
        assert_int_equal(subscription_leg(&r.subs[0])->packets, 5);
        assert_int_equal(subscription_leg(&r.subs[0])->octets, 5 * 1007);
        close_room(&r);
    }
}

static void sequence_and_timestamp_wrap_on_both_sides(void **state)
{
    struct room r;
    open_room(&r, GCM_128, (const enum srtp_profile[]){CM, GCM_128, GCM_256});
    for (uint32_t i = 1; i < 3; i++)
        subscription_detach(&r.media->worker, &r.subs[i]);
    uint16_t last_seq = 0;
    uint32_t first_ts = 0;
    uint32_t out_wraps = 0;
    /* Both the incoming and the outgoing sequence number wrap; the former within 31,000 lost packets. */
    for (int64_t i = 0; i < 100000; i++) {
        if ((i > 1000 && i < 1100) || (i >= 20000 && i < 51000))
            continue;
        media_send_video(r.alice, 32000 + i, i == 0);
        if (i % 64)
            continue;
        media_turn(r.media, 1000);
        const struct packet *got = inbox_at(&r.players[0]->rtp, r.players[0]->rtp.n - 1);
        struct rtp_view v = view_of(got);
        if (i == 0) {
            first_ts = v.ts;
        } else {
            out_wraps += v.seq < last_seq;
            assert_int_equal(v.ts, first_ts + (uint32_t)i * 3000);
        }
        last_seq = v.seq;
        inbox_clear(&r.players[0]->rtp);
    }
    media_turn(r.media, 1000);
    assert_int_equal(out_wraps, 1);
    assert_int_equal(media_drops(r.media, DROP_AUTH), 0);
    assert_int_equal(r.video.primary.packets, 100000 - 99 - 31000);
    close_room(&r);
}

/* Sends a packet; true: both players could decrypt what they got of it. */
static bool arrives(struct room *r, int64_t index)
{
    bool ok = true;

    media_send_video(r->alice, index, index == 0);
    media_turn(r->media, 1000);
    for (uint32_t i = 0; i < 2; i++) {
        const struct packet *got = inbox_at(&r->players[i]->rtp, 0);
        ok = ok && got && got->len > 0;
        inbox_clear(&r->players[i]->rtp);
    }
    return ok;
}

/* RFC 3711 3.3.1: a jump by half the range of sequence numbers, and a receiver counts the wraps wrongly for ever. */
static void nobody_sees_too_large_a_jump(void **state)
{
    struct room r;
    open_room(&r, GCM_128, (const enum srtp_profile[]){CM, GCM_128, GCM_256});
    for (int64_t i = 0; i <= 60000; i += 15000)
        assert_true(arrives(&r, i));
    struct ice *away = &r.players[0]->session.ice; /* for a minute, without consent */
    away->consent = false;
    media_route(r.media);
    for (int64_t i = 75000; i <= 120000; i += 15000)
        assert_false(arrives(&r, i));
    away->consent = true;
    media_route(r.media);
    for (int64_t i = 120001; i < 120010; i++)
        assert_true(arrives(&r, i));
    /* nothing it was sent before is sent again, under another index */
    assert_int_equal(subscription_leg(&r.subs[0])->first_index, 120000);
    assert_int_equal(subscription_leg(&r.subs[1])->first_index, 0);
    media_turn(r.media, 10000000); /* the publisher is away: 40,000 packets are lost on their way to us */
    for (int64_t i = 120010; i < 160000; i += 10000) { /* keeps its libsrtp in step */
        media_send_video(r.alice, i, false);
        r.media->rx_n--;
        rte_pktmbuf_free(r.media->rx[r.media->rx_n]);
    }
    for (int64_t i = 160010; i < 160020; i++)
        assert_true(arrives(&r, i));
    close_room(&r);
}

static void video_starts_at_a_key_frame(void **state)
{
    struct room r;
    open_room(&r, CM, (const enum srtp_profile[]){CM, CM, CM});
    for (int64_t i = 0; i < 4; i++)
        media_send_video(r.alice, 10 + i, false);
    media_turn(r.media, 1000);
    assert_int_equal(r.players[0]->rtp.n, 0);
    assert_int_equal(media_drops(r.media, DROP_WAIT_KEYFRAME), 4 * 3);
    media_send_video(r.alice, 15, true);
    media_send_video(r.alice, 14, false); /* older than the start: not for those who began at 15 */
    media_send_video(r.alice, 16, false);
    media_turn(r.media, 1000);
    assert_int_equal(r.players[0]->rtp.n, 2);
    assert_int_equal(media_drops(r.media, DROP_BEFORE_START), 3);

    struct subscription late_sub = media_sub(9);
    struct client *late = media_client(r.media, GCM_128);
    media_play(late, &late_sub, &r.video);
    media_send_video(r.alice, 17, false);
    media_turn(r.media, 1000);
    assert_int_equal(late->rtp.n, 0);
    media_send_video(r.alice, 18, true);
    media_send_video(r.alice, 19, false);
    media_turn(r.media, 1000);
    assert_int_equal(late->rtp.n, 2);
    assert_int_equal(r.players[0]->rtp.n, 5);
    subscription_detach(&r.media->worker, &late_sub);
    media_send_video(r.alice, 20, true);
    media_turn(r.media, 1000);
    assert_int_equal(late->rtp.n, 2);
    close_room(&r);
}

static void audio_starts_at_once(void **state)
{
    struct media *media = media_create();
    struct stream audio = media_audio();
    struct subscription sub = media_sub(0);
    struct client *alice = media_client(media, CM), *bob = media_client(media, CM);
    uint8_t packet[64];

    media_publish(alice, &audio);
    media_play(bob, &sub, &audio);
    size_t len = media_rtp(packet, 111, 65535, 7, 0x2000, (const uint8_t *)"opus", 4);
    media_send_rtp(alice, packet, len);
    media_turn(media, 1000);
    assert_int_equal(bob->rtp.n, 1);
    assert_memory_equal(inbox_at(&bob->rtp, 0)->bytes + 12, "opus", 4);
    assert_int_equal(media->worker.stats.plis_sent, 0);
    media_destroy(media);
}

static void nothing_is_sent_to_who_is_not_ready(void **state)
{
    struct room r;
    open_room(&r, CM, (const enum srtp_profile[]){CM, CM, CM});
    struct srtp_ctx *keys = r.players[0]->session.srtp_tx;
    r.players[0]->session.srtp_tx = NULL;
    r.players[1]->session.ice.consent = false;
    media_route(r.media);
    media_send_video(r.alice, 1, true);
    media_turn(r.media, 1000);
    assert_int_equal(r.players[0]->rtp.n, 0);
    assert_int_equal(r.players[1]->rtp.n, 0);
    assert_int_equal(r.players[2]->rtp.n, 1);
    assert_int_equal(media_drops(r.media, DROP_SUBSCRIBER_NOT_READY), 2);
    r.players[0]->session.srtp_tx = keys;
    media_route(r.media); /* now the handshake is over: the first it gets is a key frame */
    media_send_video(r.alice, 2, false);
    media_send_video(r.alice, 3, true);
    media_turn(r.media, 1000);
    assert_int_equal(r.players[0]->rtp.n, 1);
    close_room(&r);
}

static void nobody_plays(void **state)
{
    struct media *media = media_create();
    struct stream video = media_video();
    struct client *alice = media_client(media, CM);

    media_publish(alice, &video);
    media_send_video(alice, 1, true);
    media_turn(media, 1000);
    assert_int_equal(media_drops(media, DROP_NO_SUBSCRIBER), 1);
    assert_int_equal(video.primary.packets, 1);
    media_destroy(media);
    history_finish(&video.history);
}

static void growth_stays_within_the_mtu(void **state)
{
    struct room r;
    uint8_t packet[MEDIA_PACKET_MAX] = {0x80, 96, 0, 1, [10] = 0x10, [12] = 0x10, [16] = 0x9d, 0x01, 0x2a};

    open_room(&r, CM, (const enum srtp_profile[]){CM, GCM_128, GCM_256});
    media_send_rtp(r.alice, packet, 1500 - 28 - 10); /* fills the MTU with a CM tag; GCM's is 6 longer */
    media_turn(r.media, 1000);
    assert_int_equal(r.players[0]->rtp.n, 1);
    assert_int_equal(inbox_at(&r.players[0]->rtp, 0)->cipher_len, 1500 - 28);
    assert_int_equal(r.players[1]->rtp.n, 0);
    assert_int_equal(media_drops(r.media, DROP_OVERSIZE), 2);
    packet[3] = 2;
    media_send_rtp(r.alice, packet, 1500 - 28 - 16);
    media_turn(r.media, 1000);
    assert_int_equal(r.players[0]->rtp.n, 2);
    assert_int_equal(r.players[1]->rtp.n, 1);
    assert_int_equal(r.players[2]->rtp.n, 1);
    close_room(&r);
}

/* Full transmit queue: packets wait. Empty pool: counted. Both are over as soon as the cause is. */
static void the_way_out_is_blocked_for_a_while(void **state)
{
    struct room r;
    struct rte_mbuf *hog[255];

    open_room(&r, CM, (const enum srtp_profile[]){CM, CM, CM});
    media_send_video(r.alice, 1, true);
    media_turn(r.media, 1000);
    r.media->tx_blocked = 3;
    media_send_video(r.alice, 2, false);
    media_turn(r.media, 1000);
    assert_int_equal(media_drops(r.media, DROP_TX_FULL), 0);
    assert_int_equal(r.players[0]->rtp.n, 2);
    assert_int_equal(rte_pktmbuf_alloc_bulk(r.media->worker.tx_pool, hog, 255), 0);
    media_send_video(r.alice, 3, false);
    media_turn(r.media, 1000);
    assert_int_equal(media_drops(r.media, DROP_NO_MBUF), 3);
    rte_pktmbuf_free_bulk(hog, 255);
    r.media->tx_blocked = 0;
    media_send_video(r.alice, 4, false);
    media_turn(r.media, 1000);
    assert_int_equal(r.players[0]->rtp.n, 3);
    close_room(&r);
}

/* The transmit pool holds 255 mbufs: a fan-out of a thousand must flush as it goes. */
static void a_thousand_subscribers(void **state)
{
    enum { N = 1000, PACKETS = 10 };
    struct media *media = media_create();
    struct stream video = media_video();
    struct subscription *subs = calloc(N, sizeof(*subs));
    struct client *alice = media_client(media, GCM_128);

    assert_non_null(subs);
    media_publish(alice, &video);
    for (uint32_t i = 0; i < N; i++) {
        struct client *player = media_client(media, i % 2 ? CM : GCM_128);
        player->deaf = i % 100 != 0;
        subs[i] = media_sub(i);
        media_play(player, &subs[i], &video);
    }
    for (int64_t i = 0; i < PACKETS; i++)
        media_send_video(alice, i, i == 0);
    media_turn(media, 1000);
    for (uint32_t i = 0; i < N; i++) {
        const struct client *player = media->clients[1 + i];
        assert_in_range(subscription_leg(&subs[i])->first_index + subscription_leg(&subs[i])->seq_offset, 0,
                        0x3fff); /* a lost start never hides a wrap */
        assert_int_equal(player->rtp.n, PACKETS);
        for (uint32_t k = 0; k < PACKETS && !player->deaf; k++) {
            struct rtp_view v = view_of(inbox_at(&player->rtp, k));
            assert_int_equal(v.ssrc, 0x5000 + i);
            assert_int_equal(inbox_at(&player->rtp, k)->bytes[v.payload + 90], k);
        }
    }
    assert_int_equal(media->worker.stats.rtp_forwarded, N * PACKETS);
    assert_int_equal(media_drops(media, DROP_NO_MBUF), 0);
    media_destroy(media);
    history_finish(&video.history);
    free(subs);
}

/* Every copy that leaves has waited, and every stage that worked has its cycles. */
static void what_is_measured(void **state)
{
    struct room r;

    open_room(&r, CM, (const enum srtp_profile[]){CM, GCM_128, GCM_256});
    const struct meter *meter = &r.media->worker.meter;
    for (int i = 0; i < 5; i++)
        media_send_video(r.alice, i, i == 0);
    media_turn(r.media, 1000);
    assert_int_equal(meter->latency[TRAFFIC_VIDEO].count, 15);
    assert_int_equal(meter->latency[TRAFFIC_AUDIO].count, 0);
    assert_in_range(meter->latency[TRAFFIC_VIDEO].max_ns, 100, 1000000000);
    assert_int_equal(meter->turns.count, 1);
    assert_in_range(meter->turns.max_ns, meter->latency[TRAFFIC_VIDEO].max_ns, 1000000000);
    assert_int_equal(meter->bursts[3], 1); /* five packets: more than four */
    for (enum stage s = 0; s < STAGE_COUNT; s++)
        if (s != STAGE_MAIL && s != STAGE_TAP)
            assert_true(meter->cycles[s] > 0);
    assert_int_equal(meter->cycles[STAGE_MAIL] + meter->cycles[STAGE_TAP], 0);
    assert_int_equal(meter->stage, STAGE_POLL);
    media_turn(r.media, 100);
    assert_int_equal(meter->turns.count, 1); /* a turn without packets is no turn */
    close_room(&r);
}

/* dataplane.burst bounds what is taken from a port at a time, and what is encrypted together. */
static void bursts_are_as_large_as_configured(void **state)
{
    static const struct {
        uint32_t burst, largest;
    } cases[] = {{0, 64}, {64, 64}, {16, 16}, {9, 9}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct room r;
        open_room(&r, CM, (const enum srtp_profile[]){CM, GCM_128, GCM_256});
        struct worker *w = &r.media->worker;
        r.media->conf.burst = cases[i].burst;
        for (int k = 0; k < 70; k++)
            media_send_video(r.alice, k, k == 0);
        worker_turn(w, r.media->now_us += 1000);
        assert_int_equal(w->stats.rtp_received, cases[i].largest);
        assert_int_equal(r.players[2]->rtp.n, cases[i].largest);
        assert_non_null(w->egress.m[cases[i].largest - 1]);
        assert_true(cases[i].largest == EGRESS_MAX || !w->egress.m[cases[i].largest]);
        media_turn(r.media, 1000);
        assert_int_equal(r.players[0]->rtp.n, 70);
        assert_int_equal(r.players[1]->rtp.n, 70);
        assert_int_equal(view_of(inbox_at(&r.players[2]->rtp, 69)).seq,
                         (uint16_t)(view_of(inbox_at(&r.players[2]->rtp, 0)).seq + 69));
        close_room(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_for_each_profile),
        cmocka_unit_test(sequence_and_timestamp_wrap_on_both_sides),
        cmocka_unit_test(nobody_sees_too_large_a_jump),
        cmocka_unit_test(video_starts_at_a_key_frame),
        cmocka_unit_test(audio_starts_at_once),
        cmocka_unit_test(nothing_is_sent_to_who_is_not_ready),
        cmocka_unit_test(nobody_plays),
        cmocka_unit_test(growth_stays_within_the_mtu),
        cmocka_unit_test(the_way_out_is_blocked_for_a_while),
        cmocka_unit_test(a_thousand_subscribers),
        cmocka_unit_test(what_is_measured),
        cmocka_unit_test(bursts_are_as_large_as_configured),
    };
    return cmocka_run_group_tests(tests, media_global_init, media_global_finish);
}
