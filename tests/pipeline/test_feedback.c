/* SPDX-License-Identifier: MIT */
/* RTCP from clients: sender reports on their way to subscribers, reports, key frame requests, and what is ignored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/ntp.h"
#include "media.h"

#define GCM SRTP_PROFILE_AEAD_AES_128_GCM
#define NTP UINT64_C(0xe9c1a2b3c4d5e6f7)

/* Alice publishes video and audio; Bob and Carol play both. */
struct call {
    struct media *media;
    struct client *alice, *players[2];
    struct stream video, audio;
    struct subscription video_subs[2], audio_subs[2];
};

static int open_call(void **state)
{
    static struct call c;

    c = (struct call){.media = media_create(), .video = media_video(), .audio = media_audio()};
    c.alice = media_client(c.media, GCM);
    media_publish(c.alice, &c.video);
    media_publish(c.alice, &c.audio);
    for (uint32_t i = 0; i < 2; i++) {
        c.players[i] = media_client(c.media, GCM);
        c.video_subs[i] = media_sub(i);
        c.audio_subs[i] = media_sub(0x100 + i);
        media_play(c.players[i], &c.video_subs[i], &c.video);
        media_play(c.players[i], &c.audio_subs[i], &c.audio);
    }
    *state = &c;
    return 0;
}

static int close_call(void **state)
{
    struct call *c = *state;
    media_destroy(c->media);
    history_finish(&c->video.history);
    return 0;
}

static void send_media(struct call *c, int64_t index, bool keyframe)
{
    uint8_t packet[64];

    media_send_video(c->alice, index, keyframe);
    media_send_rtp(c->alice, packet,
                   media_rtp(packet, 111, (uint16_t)index, (uint32_t)index * 960, 0x2000, (const uint8_t *)"opus", 4));
    media_turn(c->media, 1000);
}

static void send_sr(struct call *c, uint32_t ssrc, uint64_t ntp, uint32_t rtp_ts)
{
    const struct rtcp_sr sr = {.ntp = ntp, .ssrc = ssrc, .rtp_ts = rtp_ts, .packets = 777, .bytes = 88888};
    uint8_t rtcp[128];

    int len = rtcp_write_sr(rtcp, sizeof(rtcp), &sr, NULL, 0);
    len += rtcp_write_sdes(rtcp + len, sizeof(rtcp) - (size_t)len, ssrc, "alices-own-cname");
    media_send_rtcp(c->alice, rtcp, (size_t)len);
    media_turn(c->media, 1000);
}

/* The sender report of this SSRC, with the CNAME behind it. */
static struct rtcp_sr sr_of(const struct client *client, uint32_t ssrc)
{
    struct rtcp_sr sr = {0};
    struct rtcp_iter it;
    struct rtcp_packet packet;
    struct rtcp_sdes_iter chunks;
    struct rtcp_sdes sdes;

    for (uint32_t i = 0; i < client->rtcp.n && sr.ssrc != ssrc; i++) {
        const struct packet *p = inbox_at(&client->rtcp, i);
        rtcp_begin(&it, p->bytes, p->len);
        if (!rtcp_next(&it, &packet) || !rtcp_read_sr(&packet, &sr) || sr.ssrc != ssrc)
            continue;
        assert_true(rtcp_next(&it, &packet));
        rtcp_sdes_begin(&chunks, &packet);
        assert_true(rtcp_sdes_next(&chunks, &sdes));
        assert_int_equal(sdes.ssrc, ssrc);
        assert_int_equal(sdes.cname_bytes, strlen("a-publisher"));
        assert_memory_equal(sdes.cname, "a-publisher", sdes.cname_bytes);
    }
    assert_int_equal(sr.ssrc, ssrc);
    return sr;
}

static uint32_t first_ts(const struct client *client, uint32_t ssrc)
{
    struct rtp_view v;
    for (uint32_t i = 0; i < client->rtp.n; i++)
        if (rtp_parse(&v, inbox_at(&client->rtp, i)->bytes, inbox_at(&client->rtp, i)->len) == 0 && v.ssrc == ssrc)
            return v.ts;
    fail();
    return 0;
}

/* ---- Sender reports ---- */

/* What came at one instant of Alice's clock is told as one instant to each subscriber, although video and audio get
 * offsets of their own. */
static void lip_sync_holds(void **state)
{
    struct call *c = *state;

    send_media(c, 10, true);
    send_media(c, 11, false);
    send_sr(c, 0x1000, NTP, 5000000);
    send_sr(c, 0x2000, NTP + 1, 0xfffffff0);
    for (uint32_t i = 0; i < 2; i++) {
        struct rtcp_sr video = sr_of(c->players[i], 0x5000 + i), audio = sr_of(c->players[i], 0x5100 + i);
        assert_int_equal(video.ntp, NTP);
        assert_int_equal(audio.ntp, NTP + 1);
        assert_int_equal(video.rtp_ts - first_ts(c->players[i], 0x5000 + i), 5000000 - 30000);
        assert_int_equal(audio.rtp_ts - first_ts(c->players[i], 0x5100 + i), 0xfffffff0 - 9600);
        assert_int_equal(video.packets, 2);
        assert_int_equal(video.bytes, 200);
        assert_int_equal(audio.packets, 2);
        assert_int_equal(audio.bytes, 8);
    }
    assert_int_not_equal(sr_of(c->players[0], 0x5000).rtp_ts, sr_of(c->players[1], 0x5001).rtp_ts);
}

/* Who joins between two sender reports gets one with the first packet, carried forward to now. */
static void a_late_subscriber_is_in_sync_from_the_start(void **state)
{
    struct call *c = *state;
    struct subscription sub = media_sub(7);

    send_media(c, 10, true);
    send_sr(c, 0x1000, NTP, 5000000);
    media_ticks(c->media, 1500000);
    struct client *late = media_client(c->media, GCM);
    media_play(late, &sub, &c->video);
    send_media(c, 60, false);
    assert_int_equal(late->rtcp.n, 0);
    int64_t elapsed_us = c->media->now_us + 1000 - c->video.primary.sr_us;
    send_media(c, 61, true);
    struct rtcp_sr sr = sr_of(late, 0x5007);
    assert_int_equal(sr.ntp, NTP + ((uint64_t)elapsed_us << 32) / 1000000);
    assert_int_equal(sr.rtp_ts - first_ts(late, 0x5007), 5000000 + (uint32_t)(elapsed_us * 9 / 100) - 61 * 3000);
    assert_int_equal(sr.packets, 0);
    subscription_detach(&c->media->worker, &sub);
}

static void a_flood_of_reports_is_not_multiplied(void **state)
{
    struct call *c = *state;

    send_media(c, 10, true);
    for (uint32_t i = 0; i < 100; i++)
        send_sr(c, 0x1000, NTP + i, 5000000);
    assert_int_equal(c->players[0]->rtcp.n, 1);
    assert_int_equal(c->video.primary.sr_ntp, NTP + 99);
    media_turn(c->media, 100000);
    send_sr(c, 0x1000, NTP + 100, 5000000);
    assert_int_equal(c->players[0]->rtcp.n, 2);
}

static void no_report_before_the_first_packet(void **state)
{
    struct call *c = *state;

    send_sr(c, 0x1000, NTP, 5000000);
    assert_int_equal(c->players[0]->rtcp.n, 0);
    send_sr(c, 0x1001, NTP, 1); /* RTX has reports too: nobody's business */
    send_sr(c, 0xbad, NTP, 1);
    assert_int_equal(c->players[0]->rtcp.n, 0);
    assert_int_equal(media_drops(c->media, DROP_FEEDBACK_SSRC), 1);
}

/* ---- Receiver reports ---- */

static void send_rr(struct call *c, uint32_t i, const struct rtcp_report *reports, size_t n)
{
    uint8_t rtcp[400];
    int len = rtcp_write_rr(rtcp, sizeof(rtcp), 1, reports, n);
    media_send_rtcp(c->players[i], rtcp, (size_t)len);
    media_turn(c->media, 0);
}

static void receiver_reports_tell_round_trip_and_loss(void **state)
{
    struct call *c = *state;
    struct rtcp_report report = {.ssrc = 0x5000, .fraction_lost = 64, .lsr = ntp_middle(NTP)};

    send_media(c, 10, true);
    send_sr(c, 0x1000, NTP, 5000000);
    media_turn(c->media, 130000);
    report.dlsr = ntp_short_from_us(100000);
    send_rr(c, 0, &report, 1);
    assert_int_equal(c->video_subs[0].lost_q8, 64);
    assert_in_range(c->video_subs[0].rtt_us, 29900, 30100);
    report.lsr++; /* of another report: nothing can be told */
    report.dlsr = 0;
    send_rr(c, 0, &report, 1);
    assert_in_range(c->video_subs[0].rtt_us, 29900, 30100);
    report.lsr--;
    report.dlsr = UINT32_MAX; /* a liar */
    send_rr(c, 0, &report, 1);
    assert_in_range(c->video_subs[0].rtt_us, 20000, 30100);
    assert_int_equal(c->video_subs[1].rtt_us, -1);
}

static void reports_of_foreign_ssrcs_are_counted(void **state)
{
    struct call *c = *state;
    const struct rtcp_report reports[] = {
        {.ssrc = 0x5001, .fraction_lost = 200}, /* Carol's */
        {.ssrc = 0x6000},                       /* his RTX: fine */
        {.ssrc = 0x5000, .fraction_lost = 9},
        {.ssrc = 0x1000},
    };

    send_rr(c, 0, reports, ARRAY_SIZE(reports));
    assert_int_equal(media_drops(c->media, DROP_FEEDBACK_SSRC), 2);
    assert_int_equal(c->video_subs[0].lost_q8, 9);
    assert_int_equal(c->video_subs[1].lost_q8, 0);
}

/* ---- Key frame requests ---- */

static void send_pli(struct call *c, uint32_t i, uint32_t ssrc)
{
    const struct rtcp_feedback fb = {.sender = 1, .media = ssrc};
    uint8_t rtcp[64];
    int len = rtcp_write_rr(rtcp, sizeof(rtcp), 1, NULL, 0); /* compound */
    len += rtcp_write_pli(rtcp + len, sizeof(rtcp) - (size_t)len, &fb);
    media_send_rtcp(c->players[i], rtcp, (size_t)len);
    media_turn(c->media, 0);
}

static void requests_are_merged_and_throttled(void **state)
{
    struct call *c = *state;
    struct rtcp_packet packet;
    struct rtcp_feedback fb;

    media_turn(c->media, 0);
    assert_int_equal(c->media->worker.stats.plis_sent, 1); /* at the attach of the first, at once */
    assert_true(media_find_rtcp(c->alice, RTCP_PLI, &packet));
    assert_true(rtcp_read_feedback(&packet, &fb));
    assert_int_equal(fb.media, 0x1000);
    assert_int_equal(fb.sender, c->alice->session.rtcp_ssrc);
    media_turn(c->media, 100000);
    send_media(c, 10, true);
    for (uint32_t i = 0; i < 50; i++) {
        send_pli(c, i % 2, 0x5000 + i % 2);
        media_turn(c->media, 1000);
    }
    assert_int_equal(media_count_rtcp(c->alice, RTCP_PLI), 1); /* the last was less than 300 ms ago */
    media_ticks(c->media, 200000);
    assert_int_equal(media_count_rtcp(c->alice, RTCP_PLI), 2);
    assert_int_equal(c->media->worker.stats.plis_received, 50);
    media_ticks(c->media, 10000000); /* unheard: again, at most one a second in the end */
    assert_in_range(media_count_rtcp(c->alice, RTCP_PLI), 2 + 9, 2 + 13);
    send_media(c, 11, true);
    uint32_t n = media_count_rtcp(c->alice, RTCP_PLI);
    media_ticks(c->media, 3000000);
    assert_int_equal(media_count_rtcp(c->alice, RTCP_PLI), n);
    send_pli(c, 0, 0x5000); /* quiet for long: at once */
    assert_int_equal(media_count_rtcp(c->alice, RTCP_PLI), n + 1);
}

static void foreign_requests_are_not_passed_on(void **state)
{
    struct call *c = *state;

    send_media(c, 10, true);
    media_ticks(c->media, 3000000);
    uint32_t n = media_count_rtcp(c->alice, RTCP_PLI);
    send_pli(c, 0, 0x5001); /* what Carol plays */
    send_pli(c, 0, 0x1000); /* the publisher's SSRC */
    send_pli(c, 0, 0x5100); /* his audio: known, but no key frames there */
    media_ticks(c->media, 1000000);
    assert_int_equal(media_drops(c->media, DROP_FEEDBACK_SSRC), 2);
    assert_int_equal(media_count_rtcp(c->alice, RTCP_PLI), n);
}

static void fir_in_and_fir_out(void **state)
{
    struct call *c = *state;
    struct rtcp_packet packet;
    struct rtcp_fir fir = {.ssrc = 0x5000, .seq = 9};
    uint8_t rtcp[64];

    c->video.rtp.feedback = DP_FB_FIR;
    send_media(c, 10, true);
    media_ticks(c->media, 1000000);
    for (uint8_t seq = 0; seq < 2; seq++) {
        inbox_clear(&c->alice->rtcp);
        int len = rtcp_write_fir(rtcp, sizeof(rtcp), 1, &fir, 1);
        media_send_rtcp(c->players[0], rtcp, (size_t)len);
        media_turn(c->media, 0);
        assert_true(media_find_rtcp(c->alice, RTCP_FIR, &packet));
        struct rtcp_fir got;
        assert_true(rtcp_read_fir(&packet, 0, &got));
        assert_int_equal(got.ssrc, 0x1000);
        assert_int_equal(got.seq, seq);
        send_media(c, 11 + seq, true);
        media_ticks(c->media, 1000000);
    }
}

/* Attached before its handshake is over: the request waits until the key frame has somewhere to go. */
static void who_becomes_ready_later_asks_then(void **state)
{
    struct call *c = *state;
    struct subscription sub = media_sub(7);
    struct client *late = media_client(c->media, GCM);
    struct srtp_ctx *keys = late->session.srtp_tx;

    late->session.srtp_tx = NULL;
    media_route(c->media);
    send_media(c, 10, true);
    media_ticks(c->media, 3000000);
    uint32_t n = media_count_rtcp(c->alice, RTCP_PLI);
    media_play(late, &sub, &c->video);
    media_ticks(c->media, 1000000);
    assert_int_equal(media_count_rtcp(c->alice, RTCP_PLI), n);
    late->session.srtp_tx = keys;
    media_route(c->media);
    media_ticks(c->media, 20000);
    assert_int_equal(media_count_rtcp(c->alice, RTCP_PLI), n + 1);
    send_media(c, 11, true);
    assert_int_equal(late->rtp.n, 1);
    subscription_detach(&c->media->worker, &sub);
}

/* ---- The rest ---- */

static void remb_is_noted(void **state)
{
    struct call *c = *state;
    const uint32_t ssrc = 0x5000;
    uint8_t rtcp[64];
    int len = rtcp_write_remb(rtcp, sizeof(rtcp), 1, 1500000, &ssrc, 1);

    media_send_rtcp(c->players[0], rtcp, (size_t)len);
    media_turn(c->media, 0);
    assert_in_range(c->players[0]->session.remb_kbps, 1490, 1500);
}

static void one_bad_packet_spoils_the_compound(void **state)
{
    struct call *c = *state;
    const struct rtcp_feedback fb = {.sender = 1, .media = 0x5000};
    uint8_t rtcp[64];

    send_media(c, 10, true);
    int len = rtcp_write_pli(rtcp, sizeof(rtcp), &fb);
    memcpy(rtcp + len, (const uint8_t[]){0x81, 201, 0, 7, 0, 0, 0, 1}, 8); /* announces 32 bytes */
    media_send_rtcp(c->players[0], rtcp, (size_t)len + 8);
    media_turn(c->media, 0);
    assert_int_equal(c->media->worker.stats.plis_received, 0);
    assert_int_equal(media_drops(c->media, DROP_RTCP_MALFORMED), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_call, close_call)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lip_sync_holds),
        TEST(a_late_subscriber_is_in_sync_from_the_start),
        TEST(a_flood_of_reports_is_not_multiplied),
        TEST(no_report_before_the_first_packet),
        TEST(receiver_reports_tell_round_trip_and_loss),
        TEST(reports_of_foreign_ssrcs_are_counted),
        TEST(requests_are_merged_and_throttled),
        TEST(foreign_requests_are_not_passed_on),
        TEST(fir_in_and_fir_out),
        TEST(who_becomes_ready_later_asks_then),
        TEST(remb_is_noted),
        TEST(one_bad_packet_spoils_the_compound),
    };
    return cmocka_run_group_tests(tests, media_global_init, media_global_finish);
}
