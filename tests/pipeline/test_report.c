/* SPDX-License-Identifier: MIT */
/* RTCP to publishers: receiver reports, transport-wide feedback, REMB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/ntp.h"
#include "common/twcc.h"
#include "dataplane/arrivals.h"
#include "media.h"

#define CM  SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80
#define NTP UINT64_C(0xe9c1a2b3c4d5e6f7)

struct call {
    struct media *media;
    struct client *alice;
    struct stream video, audio;
};

static int open_call(void **state)
{
    static struct call c;

    c = (struct call){.media = media_create(), .video = media_video(), .audio = media_audio()};
    c.alice = media_client(c.media, CM);
    media_publish(c.alice, &c.video);
    media_publish(c.alice, &c.audio);
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

/* The last report block about an SSRC. */
static bool find_report(const struct call *c, uint32_t ssrc, struct rtcp_report *found)
{
    struct rtcp_iter it;
    struct rtcp_packet packet;
    struct rtcp_report report;
    bool any = false;

    for (uint32_t i = 0; i < c->alice->rtcp.n; i++) {
        const struct packet *p = inbox_at(&c->alice->rtcp, i);
        rtcp_begin(&it, p->bytes, p->len);
        assert_true(rtcp_next(&it, &packet));
        assert_int_equal(packet.kind, RTCP_RR); /* compounds begin with a report and a CNAME (RFC 3550 6.1) */
        for (size_t k = 0; rtcp_read_report(&packet, k, &report); k++)
            if (report.ssrc == ssrc) {
                *found = report;
                any = true;
            }
        assert_true(rtcp_next(&it, &packet));
        assert_int_equal(packet.kind, RTCP_SDES);
    }
    return any;
}

static void receiver_reports_hold_the_numbers(void **state)
{
    struct call *c = *state;
    const struct rtcp_sr sr = {.ntp = NTP, .ssrc = 0x1000};
    struct rtcp_report report;
    uint8_t rtcp[64];

    media_ticks(c->media, 20000);
    assert_false(find_report(c, 0x1000, &report)); /* nothing came yet */
    c->alice->session.report.rr_due_us = INT64_MAX;
    for (int64_t i = 0; i < 400; i++) { /* a wrap in it, every fourth lost; every other one 10 ms late */
        if (i % 4 != 3)
            media_send_video(c->alice, 65400 + i, i == 0);
        media_turn(c->media, 33333 + (i % 2 ? 10000 : -10000));
    }
    int len = rtcp_write_sr(rtcp, sizeof(rtcp), &sr, NULL, 0);
    media_send_rtcp(c->alice, rtcp, (size_t)len);
    media_turn(c->media, 1000);
    int64_t sr_us = c->media->now_us;
    media_turn(c->media, 500000);
    c->alice->session.report.rr_due_us = 0;
    media_ticks(c->media, 20000);
    assert_true(find_report(c, 0x1000, &report));
    assert_int_equal(report.highest_seq, 65400 + 398);
    assert_int_equal(report.lost, 399 - 300); /* the last one is not known to be lost */
    assert_in_range(report.fraction_lost, 63, 64);
    assert_int_equal(report.lsr, ntp_middle(NTP));
    assert_in_range(ntp_short_to_us(report.dlsr), c->media->now_us - sr_us - 21000, c->media->now_us - sr_us);
    assert_in_range(report.jitter, 550, 700); /* 10 ms = 900 in two of three steps */
    assert_false(find_report(c, 0x2000, &report));
    for (int64_t i = 399; i < 450; i++) /* nothing more is lost, but what the first of these shows */
        media_send_video(c->alice, 65400 + i + 1, false);
    media_turn(c->media, 1000);
    c->alice->session.report.rr_due_us = 0;
    media_ticks(c->media, 20000);
    assert_true(find_report(c, 0x1000, &report));
    assert_int_equal(report.lost, 100);
    assert_in_range(report.fraction_lost, 4, 5); /* 1 of 52 */
}

static void reports_come_every_second_or_so(void **state)
{
    struct call *c = *state;
    struct rtcp_packet packet;
    uint32_t with_blocks = 0;

    for (int64_t i = 0; i < 2000; i++) {
        media_send_video(c->alice, i, false);
        media_turn(c->media, 10000);
    }
    for (uint32_t i = 0; i < c->alice->rtcp.n; i++) {
        struct rtcp_iter it;
        rtcp_begin(&it, inbox_at(&c->alice->rtcp, i)->bytes, inbox_at(&c->alice->rtcp, i)->len);
        assert_true(rtcp_next(&it, &packet));
        with_blocks += packet.count > 0;
    }
    assert_in_range(with_blocks, 14, 28);
    assert_int_equal(with_blocks, c->alice->rtcp.n); /* and nothing for its own sake */
}

/* ---- Transport-wide feedback ---- */

static void send_numbered(struct call *c, uint16_t seq, uint16_t transport_seq, uint8_t pt, uint32_t ssrc)
{
    uint8_t packet[64] = {0x90, pt, [12] = 0xbe, 0xde, 0, 1, 0x31};
    put_be16(packet + 2, seq);
    put_be32(packet + 8, ssrc);
    put_be16(packet + 17, transport_seq);
    media_send_rtp(c->alice, packet, 40);
}

static void each_arrival_is_told_once(void **state)
{
    struct call *c = *state;
    int64_t sent_us[400], first_arrival = 0;
    uint32_t told = 0;
    uint8_t fb_count = 0;

    c->alice->session.arrivals = arrivals_create();
    c->audio.rtp.ext[RTP_EXT_TRANSPORT_CC] = 3;
    for (uint16_t i = 0; i < 400; i++) {
        sent_us[i] = c->media->now_us + 4000;
        if (i % 10 == 7)
            sent_us[i] = -1; /* lost */
        else if (i % 3)
            send_numbered(c, i, (uint16_t)(65500 + i), 96, 0x1000);
        else
            send_numbered(c, i, (uint16_t)(65500 + i), 111, 0x2000); /* one numbering for the whole transport */
        media_turn(c->media, 4000);
    }
    media_ticks(c->media, 100000);
    for (uint32_t i = 0; i < c->alice->rtcp.n; i++) {
        const struct packet *p = inbox_at(&c->alice->rtcp, i);
        struct rtcp_iter it;
        struct rtcp_packet packet;
        struct twcc_view view;
        struct twcc_iter walk;
        struct twcc_status status;
        for (rtcp_begin(&it, p->bytes, p->len); rtcp_next(&it, &packet);) {
            if (packet.kind != RTCP_TWCC)
                continue;
            assert_int_equal(twcc_parse(&view, &packet), 0);
            assert_int_equal(view.sender, c->alice->session.rtcp_ssrc);
            assert_int_equal(view.fb_count, fb_count++);
            assert_int_equal(view.base_seq, (uint16_t)(65500 + told));
            for (twcc_begin(&walk, &view); twcc_next(&walk, &status); told++) {
                assert_int_equal(status.received, sent_us[told] >= 0);
                if (!status.received)
                    continue;
                if (told == 0)
                    first_arrival = status.arrival_us;
                int64_t error = (status.arrival_us - first_arrival) - (sent_us[told] - sent_us[0]);
                assert_in_range(error + 500, 0, 1000);
            }
        }
    }
    assert_int_equal(told, 400);
    assert_in_range(fb_count, 20, 40); /* 1.7 s at one per 50 ms */
    arrivals_destroy(c->alice->session.arrivals);
    c->alice->session.arrivals = NULL;
}

/* ---- REMB ---- */

static uint64_t last_remb_kbps(const struct call *c)
{
    struct rtcp_iter it;
    struct rtcp_packet packet;
    struct rtcp_remb remb;
    uint64_t kbps = 0;

    for (uint32_t i = 0; i < c->alice->rtcp.n; i++) {
        const struct packet *p = inbox_at(&c->alice->rtcp, i);
        for (rtcp_begin(&it, p->bytes, p->len); rtcp_next(&it, &packet);)
            if (rtcp_read_remb(&packet, &remb)) {
                assert_int_equal(remb.n_ssrcs, 1);
                assert_int_equal(rtcp_remb_ssrc(&remb, 0), 0x1000);
                kbps = remb.bitrate_bps / 1000;
            }
    }
    return kbps;
}

/* 1.2 Mbit/s of video for some time, permil of it lost. */
static void stream_for(struct call *c, int64_t *index, int64_t us, uint32_t permil)
{
    uint8_t packet[1400] = {0x80, 96, [10] = 0x10};

    for (int64_t end = c->media->now_us + us; c->media->now_us < end; ++*index) {
        put_be16(packet + 2, (uint16_t)*index);
        if (*index * 7919 % 1000 >= permil)
            media_send_rtp(c->alice, packet, 1200);
        media_turn(c->media, 8000);
    }
}

static void remb_lets_the_publisher_leave_its_start(void **state)
{
    struct call *c = *state;
    int64_t index = 0;

    c->video.rtp.feedback |= DP_FB_REMB;
    media_ticks(c->media, 20000);
    assert_int_equal(last_remb_kbps(c), 0); /* nothing sends yet */
    stream_for(c, &index, 30000, 0);
    assert_in_range(last_remb_kbps(c), 990, 1000);
    stream_for(c, &index, 3000000, 0);
    assert_in_range(last_remb_kbps(c), 2000, 2500);
    inbox_clear(&c->alice->rtcp);
    stream_for(c, &index, 5000000, 0);
    assert_in_range(media_count_rtcp(c->alice, RTCP_REMB), 4, 12);
    stream_for(c, &index, 3000000, 300);
    assert_true(last_remb_kbps(c) < 1000);
}

static void remb_keeps_the_cap(void **state)
{
    struct call *c = *state;
    int64_t index = 0;

    c->video.rtp.feedback |= DP_FB_REMB;
    c->video.put.max_kbps = 700;
    stream_for(c, &index, 5000000, 0);
    assert_in_range(last_remb_kbps(c), 690, 700);
}

static void with_transport_cc_remb_is_the_cap_or_nothing(void **state)
{
    struct call *c = *state;
    int64_t index = 0;

    c->alice->session.arrivals = arrivals_create();
    c->video.rtp.feedback |= DP_FB_REMB | DP_FB_TRANSPORT_CC;
    stream_for(c, &index, 1000000, 0);
    assert_int_equal(last_remb_kbps(c), 0);
    c->video.put.max_kbps = 3000; /* at once, not grown to */
    stream_for(c, &index, 50000, 0);
    assert_in_range(last_remb_kbps(c), 2990, 3000);
    arrivals_destroy(c->alice->session.arrivals);
    c->alice->session.arrivals = NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_call, close_call)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(receiver_reports_hold_the_numbers),
        TEST(reports_come_every_second_or_so),
        TEST(each_arrival_is_told_once),
        TEST(remb_lets_the_publisher_leave_its_start),
        TEST(remb_keeps_the_cap),
        TEST(with_transport_cc_remb_is_the_cap_or_nothing),
    };
    return cmocka_run_group_tests(tests, media_global_init, media_global_finish);
}
