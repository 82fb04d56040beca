/* SPDX-License-Identifier: MIT */
/* The synthetic offer is one that the relay takes, and its answer is understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/negotiate.h"
#include "tests/peer/peer_sdp.h"

#define FINGERPRINT "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"

static const struct negotiate_conf relay = {{CODEC_H264, CODEC_VP8, CODEC_OPUS, CODEC_PCMU, CODEC_PCMA}, 5};

static struct peer_sdp_answer answer_of(const struct negotiated *n)
{
    static char text[SDP_BYTES_MAX];
    struct peer_sdp_answer answer;
    struct sdp_local local = {
        .ufrag = "relay",
        .pwd = "relayrelayrelayrelayre",
        .fingerprint_sha256 = FINGERPRINT,
        .port = 31001,
        .addrs = {"127.0.0.1", "::1"},
        .n_addrs = 2,
        .cname = "c",
        .msid = "m",
    };
    assert_true(sdp_write_answer(n, &local, text, sizeof(text)) > 0);
    assert_int_equal(peer_sdp_read_answer(text, &answer), 0);
    return answer;
}

static struct negotiated negotiate(const struct peer_sdp_offer *offer, const struct negotiated *publisher)
{
    char text[PEER_SDP_BYTES];
    struct sdp *sdp;
    const char *why;
    struct negotiated n;
    int len = peer_sdp_write_offer(offer, text, sizeof(text));
    assert_true(len > 0);
    assert_int_equal(sdp_parse(text, (size_t)len, &sdp, &why), 0);
    int err = publisher ? negotiate_play(sdp, publisher, &n, &why) : negotiate_publish(sdp, &relay, &n, &why);
    assert_int_equal(err, 0);
    sdp_destroy(sdp);
    return n;
}

static void check(enum codec audio, enum codec video)
{
    struct peer_sdp_offer publish = {
        .publish = true,
        .codecs = PEER_SDP_CODEC(audio) | PEER_SDP_CODEC(video),
        .ufrag = "ufrg",
        .pwd = "passwordpasswordpassword",
        .fingerprint = FINGERPRINT,
        .cname = "cname",
        .ssrc = {1001, 1002},
        .rtx_ssrc = {2001, 2002},
    };
    struct peer_sdp_offer play = publish;
    play.publish = false;
    play.variant = 1;
    play.codecs = ~UINT32_C(0);
    struct negotiated publisher = negotiate(&publish, NULL);
    struct negotiated subscriber = negotiate(&play, &publisher);
    struct peer_sdp_answer to_publisher = answer_of(&publisher);
    for (size_t i = 0; i < subscriber.n_sections; i++) {
        subscriber.sections[i].rtp.ssrc = (uint32_t)(3001 + i);
        subscriber.sections[i].rtp.rtx_ssrc = (uint32_t)(4001 + i);
    }
    struct peer_sdp_answer to_subscriber = answer_of(&subscriber);
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        enum codec codec = k == MEDIA_AUDIO ? audio : video;
        const struct peer_sdp_media *a = &to_publisher.media[k], *b = &to_subscriber.media[k];
        assert_int_equal(a->codec, codec);
        assert_int_equal(b->codec, codec);
        assert_int_equal(a->rtx_pt != 0, k == MEDIA_VIDEO);
        assert_int_equal(a->nack && a->pli, k == MEDIA_VIDEO);
        assert_int_equal(b->ssrc, 3001 + k);
        if (k == MEDIA_VIDEO) {
            assert_int_equal(b->rtx_ssrc, 4001 + k);
            assert_int_not_equal(a->pt, b->pt);
            assert_int_not_equal(a->ext[RTP_EXT_VIDEO_ORIENTATION], b->ext[RTP_EXT_VIDEO_ORIENTATION]);
        }
    }
    char ip[INET6_ADDRSTRLEN];
    assert_string_equal(to_publisher.ufrag, "relay");
    assert_false(to_publisher.active);
    assert_string_equal(inet_ntop(AF_INET6, &to_publisher.addr[0].sin6_addr, ip, sizeof(ip)), "::ffff:127.0.0.1");
    assert_string_equal(inet_ntop(AF_INET6, &to_publisher.addr[1].sin6_addr, ip, sizeof(ip)), "::1");
    assert_int_equal(ntohs(to_publisher.addr[1].sin6_port), 31001);
}

static void test_offer_and_answer(void **state)
{
    check(CODEC_OPUS, CODEC_VP8);
    check(CODEC_PCMU, CODEC_H264);
    check(CODEC_PCMA, CODEC_VP8);
}

/* What an SFU offers its subscriber: a codec per kind, and its own payload types, extensions and mids. */
static void test_answer_to_an_offer(void **state)
{
    struct peer_sdp_offer sfu = {
        .publish = true,
        .codecs = PEER_SDP_CODEC(CODEC_OPUS) | PEER_SDP_CODEC(CODEC_VP8),
        .variant = 1,
        .ufrag = "sfus",
        .pwd = "sfusfusfusfusfusfusfus",
        .fingerprint = FINGERPRINT,
        .cname = "cname",
        .ssrc = {1001, 1002},
        .rtx_ssrc = {2001, 2002},
    };
    struct peer_sdp_offer own = {.ufrag = "mine", .pwd = "minemineminemineminemi", .fingerprint = FINGERPRINT};
    char offer[PEER_SDP_BYTES], answer[PEER_SDP_BYTES];
    struct peer_sdp_answer offered, answered;
    assert_true(peer_sdp_write_offer(&sfu, offer, sizeof(offer)) > 0);
    assert_int_equal(peer_sdp_read_answer(offer, &offered), 0);
    int n = peer_sdp_write_answer(offer, &own, answer, sizeof(answer));
    assert_int_equal(n, strlen(answer));
    assert_int_equal(peer_sdp_read_answer(answer, &answered), 0);
    assert_string_equal(answered.ufrag, "mine");
    assert_string_equal(answered.pwd, own.pwd);
    assert_true(answered.active);
    assert_false(offered.active);
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        const struct peer_sdp_media *theirs = &offered.media[k], *ours = &answered.media[k];
        assert_int_equal(ours->codec, k == MEDIA_AUDIO ? CODEC_OPUS : CODEC_VP8);
        assert_int_equal(ours->pt, theirs->pt);
        assert_int_equal(ours->rtx_pt, theirs->rtx_pt);
        assert_memory_equal(ours->ext, theirs->ext, sizeof(ours->ext));
        assert_int_equal(ours->nack, theirs->nack);
        assert_int_equal(ours->ssrc, 0);
        assert_int_equal(theirs->ssrc, 1001 + k);
    }
    assert_int_equal(peer_sdp_write_answer(offer, &own, answer, (size_t)n), -ENOSPC);
    assert_int_equal(peer_sdp_write_answer("v=1", &own, answer, sizeof(answer)), -EINVAL);
    assert_true(peer_sdp_write_answer("v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", &own, answer,
                                      sizeof(answer)) > 0);
    assert_non_null(strstr(answer, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
}

static void test_bad_answers(void **state)
{
    struct peer_sdp_answer answer;
    assert_int_equal(peer_sdp_read_answer("", &answer), -EINVAL);
    assert_int_equal(peer_sdp_read_answer("v=0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 0\r\n", &answer), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offer_and_answer),
        cmocka_unit_test(test_answer_to_an_offer),
        cmocka_unit_test(test_bad_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
