/* SPDX-License-Identifier: MIT */
/* What a publisher may send and what it may not: every packet that ends here is counted under its reason, and the
 * stream next to it flows on. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "media.h"

#define CM  SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80
#define GCM SRTP_PROFILE_AEAD_AES_128_GCM

/* Alice publishes video and audio, Bob plays both. */
struct call {
    struct media *media;
    struct client *alice, *bob;
    struct stream video, audio;
    struct subscription video_sub, audio_sub;
    uint16_t audio_seq;
};

static int open_call(void **state)
{
    static struct call c;
    enum srtp_profile profile = *state ? *(enum srtp_profile *)*state : GCM;

    c = (struct call){.media = media_create(),
                      .video = media_video(),
                      .audio = media_audio(),
                      .video_sub = media_sub(0),
                      .audio_sub = media_sub(1)};
    c.alice = media_client(c.media, profile);
    c.bob = media_client(c.media, CM);
    media_publish(c.alice, &c.video);
    media_publish(c.alice, &c.audio);
    media_play(c.bob, &c.video_sub, &c.video);
    media_play(c.bob, &c.audio_sub, &c.audio);
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

static void send_audio(struct call *c)
{
    uint8_t packet[64];
    media_send_rtp(c->alice, packet, media_rtp(packet, 111, c->audio_seq++, 960, 0x2000, (const uint8_t *)"opus", 4));
}

/* The neighbour still flows, and nothing else was dropped. */
static void assert_dropped(struct call *c, enum drop why, uint64_t n)
{
    uint32_t before = c->bob->rtp.n;

    media_turn(c->media, 1000);
    assert_int_equal(c->bob->rtp.n, before);
    for (int d = 0; d < DROP_COUNT; d++)
        if (media_drops(c->media, (enum drop)d) != (d == (int)why ? n : 0))
            fail_msg("%s %lu times", drop_name((enum drop)d), media_drops(c->media, (enum drop)d));
    send_audio(c);
    media_turn(c->media, 1000);
    assert_int_equal(c->bob->rtp.n, before + 1);
    media_send_video(c->alice, 40, true);
    media_turn(c->media, 1000);
    assert_int_equal(c->bob->rtp.n, before + 2);
}

static void of_an_unknown_ssrc(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    media_send_rtp(c->alice, packet, media_rtp(packet, 96, 1, 1, 0xbad, (const uint8_t *)"abc", 3));
    assert_dropped(c, DROP_UNKNOWN_SSRC, 1);
}

static void of_an_unknown_payload_type(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    media_send_rtp(c->alice, packet, media_rtp(packet, 99, 1, 1, 0x1000, (const uint8_t *)"abc", 3));
    media_send_rtp(c->alice, packet, media_rtp(packet, 97, 1, 1, 0x1000, (const uint8_t *)"abc", 3)); /* RTX's */
    assert_dropped(c, DROP_UNKNOWN_PT, 2);
}

static void before_the_keys(void **state)
{
    struct call *c = *state;
    struct srtp_ctx *rx = c->alice->session.srtp_rx;
    c->alice->session.srtp_rx = NULL;
    media_send_video(c->alice, 1, true);
    media_turn(c->media, 0);
    c->alice->session.srtp_rx = rx;
    assert_dropped(c, DROP_NO_KEYS, 1);
}

static void with_a_wrong_key(void **state)
{
    struct call *c = *state;
    srtp_t own = c->alice->tx;
    c->alice->tx = c->bob->tx; /* CM with Bob's key */
    uint8_t packet[64];
    for (uint16_t i = 0; i < 5; i++)
        media_send_rtp(c->alice, packet, media_rtp(packet, 96, i, 1, 0x1000, (const uint8_t *)"abcdefgh", 8));
    c->alice->tx = own;
    assert_dropped(c, DROP_AUTH, 5);
}

static void that_was_tampered_with(void **state)
{
    struct call *c = *state;
    uint8_t packet[MEDIA_PACKET_MAX];
    int len = (int)media_rtp(packet, 96, 1, 1, 0x1000, (const uint8_t *)"abcdefgh", 8);
    assert_int_equal(srtp_protect(c->alice->tx, packet, &len), 0);
    packet[14] ^= 1;
    media_send_raw(c->alice, packet, (size_t)len);
    assert_dropped(c, DROP_AUTH, 1);
}

static void that_is_cut_short(void **state)
{
    static const uint8_t packets[][16] = {
        {0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0x10},                   /* 11 bytes of 12 */
        {0x8f, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0x10, 0, 1, 2, 3, 4},    /* CSRCs that are not there */
        {0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0x10, 0, 0xbe, 0xde, 9}, /* half an extension header */
        {0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0x10, 0, 0xbe, 0xde, 0, 9},
    };
    static const size_t lens[] = {11, 16, 15, 16};
    struct call *c = *state;
    for (size_t i = 0; i < ARRAY_SIZE(packets); i++)
        media_send_raw(c->alice, packets[i], lens[i]);
    assert_dropped(c, DROP_RTP_MALFORMED, ARRAY_SIZE(packets));
}

static void that_has_no_room_for_a_tag(void **state)
{
    static const uint8_t packet[] = {0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0x10, 0, 'x', 'y'};
    struct call *c = *state;
    media_send_raw(c->alice, packet, sizeof(packet));
    media_turn(c->media, 1000);
    assert_int_equal(media_drops(c->media, DROP_AUTH) + media_drops(c->media, DROP_RTP_MALFORMED), 1);
    assert_int_equal(c->video.primary.packets, 0);
}

static void that_came_before(void **state)
{
    struct call *c = *state;
    uint8_t packet[MEDIA_PACKET_MAX];
    int len = (int)media_rtp(packet, 111, 7, 1, 0x2000, (const uint8_t *)"opus", 4);
    assert_int_equal(srtp_protect(c->alice->tx, packet, &len), 0);
    media_send_raw(c->alice, packet, (size_t)len);
    media_send_raw(c->alice, packet, (size_t)len); /* in the same burst */
    media_turn(c->media, 1000);
    assert_int_equal(c->bob->rtp.n, 1);
    c->audio_seq = 8;
    media_send_raw(c->alice, packet, (size_t)len); /* and later */
    assert_dropped(c, DROP_REPLAY, 2);
}

static void padded_beyond_reason(void **state)
{
    static const uint8_t counts[] = {0, 5, 255};
    struct call *c = *state;
    uint8_t packet[64];
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        size_t len = media_rtp(packet, 96, (uint16_t)i, 1, 0x1000, (const uint8_t *)"abcd", 4);
        packet[0] |= 0x20;
        packet[len - 1] = counts[i]; /* of a payload of 4 */
        media_send_rtp(c->alice, packet, len);
    }
    assert_dropped(c, DROP_RTP_MALFORMED, 3);
}

static void of_rtx_without_a_packet(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    media_send_video(c->alice, 30, true);
    media_turn(c->media, 1000);
    media_send_rtp(c->alice, packet, media_rtp(packet, 97, 1, 1, 0x1001, (const uint8_t *)"", 0));
    media_send_rtp(c->alice, packet, media_rtp(packet, 97, 2, 1, 0x1001, (const uint8_t *)"a", 1));
    size_t len = media_rtp(packet, 97, 3, 1, 0x1001, (const uint8_t *)"\0\0\0\4", 4); /* padding only, a probe */
    packet[0] |= 0x20;
    media_send_rtp(c->alice, packet, len);
    assert_dropped(c, DROP_RTX_EMPTY, 3);
}

static void of_rtx_before_its_stream(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    media_send_rtp(c->alice, packet, media_rtp(packet, 97, 1, 1, 0x1001, (const uint8_t *)"\0\5abc", 5));
    assert_dropped(c, DROP_RTX_EARLY, 1);
}

static void of_rtx_for_what_is_here(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    media_send_video(c->alice, 30, true);
    media_turn(c->media, 1000);
    media_send_rtp(c->alice, packet, media_rtp(packet, 97, 1, 1, 0x1001, (const uint8_t *)"\0\36abc", 5));
    assert_dropped(c, DROP_RTX_DUPLICATE, 1);
}

static void of_rtcp_that_is_no_rtcp(void **state)
{
    static const uint8_t bad[] = {0x81, 201, 0, 9, 0, 0, 0x10, 0}; /* longer than the packet */
    static const uint8_t cut[] = {0x81, 201, 0, 1};
    struct call *c = *state;
    media_send_rtcp(c->alice, bad, sizeof(bad));
    media_send_raw(c->alice, cut, sizeof(cut));
    assert_dropped(c, DROP_RTCP_MALFORMED, 2);
}

static void of_forged_rtcp(void **state)
{
    static const uint8_t rtcp[40] = {0x81, 201, 0, 7, 0, 0, 0x10, 0};
    struct call *c = *state;
    media_send_raw(c->alice, rtcp, sizeof(rtcp));
    assert_dropped(c, DROP_AUTH, 1);
}

/* ---- What must pass ---- */

static void padding_is_taken_off(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    size_t len = media_rtp(packet, 111, 1, 1, 0x2000, (const uint8_t *)"opus\0\0\3", 7);
    packet[0] |= 0x20;
    media_send_rtp(c->alice, packet, len);
    len = media_rtp(packet, 111, 2, 1, 0x2000, (const uint8_t *)"\0\0\3", 3); /* nothing but padding */
    packet[0] |= 0x20;
    media_send_rtp(c->alice, packet, len);
    media_turn(c->media, 1000);
    assert_int_equal(c->bob->rtp.n, 2); /* both: a hole in the sequence would be asked for */
    assert_int_equal(inbox_at(&c->bob->rtp, 0)->len, 12 + 4);
    assert_int_equal(inbox_at(&c->bob->rtp, 0)->bytes[0], 0x80);
    assert_int_equal(inbox_at(&c->bob->rtp, 1)->len, 12);
}

/* What the history keeps, and whoever else gets a copy, is a packet that parses. */
static void kept_packets_are_whole(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    struct rtp_view v;

    media_send_video(c->alice, 1, true);
    size_t len = media_rtp(packet, 96, 2, 3000, 0x1000, (const uint8_t *)"\x10\1abc\0\0\3", 8);
    packet[0] |= 0x20;
    media_send_rtp(c->alice, packet, len);
    media_send_rtp(c->alice, packet, media_rtp(packet, 97, 9, 9000, 0x1001, (const uint8_t *)"\0\3\x10\1xyz", 7));
    media_turn(c->media, 1000);
    for (int64_t index = 2; index <= 3; index++) {
        struct rte_mbuf *m = history_find(&c->video.history, index);
        assert_non_null(m);
        assert_int_equal(rtp_parse(&v, pkt_payload(m), pkt(m)->payload_len), 0);
        assert_int_equal(v.ssrc, 0x1000);
        assert_int_equal(v.pt, 96);
        assert_int_equal(v.seq, index);
        assert_int_equal(v.payload, pkt(m)->rtp_hdr_len);
        assert_int_equal(v.payload_bytes, 5);
        assert_memory_equal(pkt_payload(m) + v.payload + 2, index == 2 ? "abc" : "xyz", 3);
    }
}

/* Each opens a stream inside libsrtp to be tried with, which must go with it. */
static void forged_packets_leave_no_memory_behind(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    size_t before = 0;

    c->audio.primary.ssrc = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        if (i == 100)
            before = mallinfo2().uordblks;
        media_send_raw(c->alice, packet,
                       media_rtp(packet, 111, 1, 1, 0xbad00000 + i, (const uint8_t *)"0123456789abcdefgh", 18));
        media_turn(c->media, 10);
    }
    assert_int_equal(media_drops(c->media, DROP_AUTH), 2000);
    assert_true(mallinfo2().uordblks < before + 100000);
}

static void first_media_is_told_once(void **state)
{
    struct call *c = *state;
    assert_false(c->alice->session.media_seen);
    send_audio(c);
    send_audio(c);
    media_turn(c->media, 1000);
    assert_true(c->alice->session.media_seen);
    struct rte_mbuf *m;
    assert_int_equal(mailbox_receive(&c->media->ctl, &m, 1), 1);
    assert_int_equal(pkt(m)->mail, MAIL_EVENT);
    assert_int_equal(rte_pktmbuf_mtod(m, struct mail_event *)->bits, DP_SESSION_MEDIA);
    rte_pktmbuf_free(m);
    assert_int_equal(mailbox_receive(&c->media->ctl, &m, 1), 0);
}

/* The stream starts just before a wrap and its first packets are lost: the index is one ROC up from the obvious. */
static void a_wrap_before_the_first_packet_heals(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    c->media->rx_n = c->media->rx_at = 0;
    for (uint32_t seq = 65530; seq < 65536 + 10; seq++) {
        media_send_rtp(c->alice, packet, media_rtp(packet, 111, (uint16_t)seq, 1, 0x2000, (const uint8_t *)"opus", 4));
        if (seq < 65536 + 2)
            rte_pktmbuf_free(c->media->rx[--c->media->rx_n]); /* lost */
    }
    media_turn(c->media, 1000);
    assert_int_equal(media_drops(c->media, DROP_AUTH), 0);
    assert_int_equal(c->bob->rtp.n, 8);
    assert_int_equal(c->audio.primary.replay.highest, 65536 + 9);
}

/* More than half the circle is lost: after the silence both indices are tried. */
static void a_wrap_in_an_outage_heals(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    for (uint32_t i = 0; i < 45000; i++) {
        media_send_rtp(c->alice, packet,
                       media_rtp(packet, 111, (uint16_t)(60000 + i), 1, 0x2000, (const uint8_t *)"opus", 4));
        if (i >= 10 && i < 44990)
            rte_pktmbuf_free(c->media->rx[--c->media->rx_n]);
        if (i == 10)
            media_turn(c->media, 15000000);
    }
    media_turn(c->media, 15000000);
    assert_int_equal(c->audio.primary.replay.highest, 60000 + 44999);
    assert_int_equal(media_drops(c->media, DROP_AUTH) + media_drops(c->media, DROP_REPLAY), 0);
    assert_int_equal(c->bob->rtp.n, 20);
}

static void ssrcs_are_latched_by_payload_type(void **state)
{
    struct call *c = *state;
    uint8_t packet[64];
    c->audio.primary.ssrc = 0;
    c->video.rtx.ssrc = 0;
    /* A forger first: what is not authentic latches nothing. */
    media_send_raw(c->alice, packet, media_rtp(packet, 111, 1, 1, 0xbad, (const uint8_t *)"0123456789abcdefgh", 18));
    media_turn(c->media, 1000);
    assert_int_equal(media_drops(c->media, DROP_AUTH), 1);
    assert_int_equal(c->audio.primary.ssrc, 0);
    media_send_rtp(c->alice, packet, media_rtp(packet, 111, 1, 1, 0x2222, (const uint8_t *)"opus", 4));
    media_send_rtp(c->alice, packet, media_rtp(packet, 97, 1, 1, 0x3333, (const uint8_t *)"\0\5abc", 5));
    media_turn(c->media, 1000);
    assert_int_equal(c->audio.primary.ssrc, 0x2222);
    assert_int_equal(c->video.rtx.ssrc, 0x3333);
    assert_int_equal(c->bob->rtp.n, 1);
    media_send_rtp(c->alice, packet, media_rtp(packet, 111, 2, 1, 0x2223, (const uint8_t *)"opus", 4)); /* taken */
    media_turn(c->media, 1000);
    assert_int_equal(media_drops(c->media, DROP_UNKNOWN_SSRC), 1);
}

static void ssrcs_are_latched_by_mid(void **state)
{
    struct call *c = *state;
    uint8_t packet[64] = {0x90, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0x44, 0x44, 0xbe, 0xde, 0, 1, 0x40, 'b', 0, 0, 'o', 'p'};
    struct stream other = c->audio; /* the same payload type in another m-section */
    other.put = (struct dp_stream_put){.mid = "b"};
    c->audio.primary.ssrc = 0;
    c->audio.rtp.ext[RTP_EXT_MID] = other.rtp.ext[RTP_EXT_MID] = 4;
    strcpy(c->audio.put.mid, "a");
    other.rtp.ssrc = 0;
    other.fan = NULL;
    media_publish(c->alice, &other);
    media_send_rtp(c->alice, packet, 22);
    packet[11] = 0x45;
    packet[17] = 'c'; /* nobody's */
    media_send_rtp(c->alice, packet, 22);
    packet[17] = 'a';
    media_send_rtp(c->alice, packet, 22);
    media_turn(c->media, 1000);
    assert_int_equal(other.primary.ssrc, 0x4444);
    assert_int_equal(c->audio.primary.ssrc, 0x4445);
    assert_int_equal(media_drops(c->media, DROP_UNKNOWN_SSRC), 1);
    stream_detach(&c->media->worker, &other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_call, close_call)

int main(void)
{
    static enum srtp_profile cm = CM;
    const struct CMUnitTest tests[] = {
        TEST(of_an_unknown_ssrc),
        TEST(of_an_unknown_payload_type),
        TEST(before_the_keys),
        TEST(with_a_wrong_key),
        TEST(that_was_tampered_with),
        {"that_was_tampered_with (CM)", that_was_tampered_with, open_call, close_call, &cm},
        TEST(that_is_cut_short),
        TEST(that_has_no_room_for_a_tag),
        TEST(that_came_before),
        {"that_came_before (CM)", that_came_before, open_call, close_call, &cm},
        TEST(padded_beyond_reason),
        TEST(of_rtx_without_a_packet),
        TEST(of_rtx_before_its_stream),
        TEST(of_rtx_for_what_is_here),
        TEST(of_rtcp_that_is_no_rtcp),
        TEST(of_forged_rtcp),
        TEST(padding_is_taken_off),
        TEST(kept_packets_are_whole),
        TEST(forged_packets_leave_no_memory_behind),
        TEST(first_media_is_told_once),
        TEST(a_wrap_before_the_first_packet_heals),
        {"a_wrap_before_the_first_packet_heals (CM)", a_wrap_before_the_first_packet_heals, open_call, close_call, &cm},
        TEST(a_wrap_in_an_outage_heals),
        TEST(ssrcs_are_latched_by_payload_type),
        TEST(ssrcs_are_latched_by_mid),
    };
    return cmocka_run_group_tests(tests, media_global_init, media_global_finish);
}
