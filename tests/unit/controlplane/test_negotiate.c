/* SPDX-License-Identifier: MIT */
/* Offer/answer decisions: tables of real offers and of small ones made to hold one question each. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "tests/unit/controlplane/offers.h"

#define HEAD        "v=0\ns=-\nt=0 0\n"
#define FINGERPRINT "a=fingerprint:sha-256 " C8 ":" C8 ":" C8 ":" C8 "\n"
#define C8          "01:02:03:04:05:06:07:08"
#define ICE         "a=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"
#define TRANSPORT   ICE FINGERPRINT "a=rtcp-mux\n"
#define AUDIO       "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\na=rtpmap:111 opus/48000/2\n"
#define VIDEO       "m=video 9 UDP/TLS/RTP/SAVPF 96\na=rtpmap:96 VP8/90000\n"
#define BUNDLE      "a=group:BUNDLE 0 1\n"

static struct sdp *parse_text(const char *text)
{
    struct sdp *sdp;
    const char *why;
    if (sdp_parse(text, strlen(text), &sdp, &why))
        print_error("%s\nis refused: %s\n", text, why);
    assert_non_null(sdp);
    return sdp;
}

static int publish_text(const char *text, struct negotiated *out, const char **info)
{
    struct sdp *offer = parse_text(text);
    int error = negotiate_publish(offer, &default_conf, out, info);
    sdp_destroy(offer);
    return error;
}

static int play_text(const char *text, const struct negotiated *publisher, struct negotiated *out, const char **info)
{
    struct sdp *offer = parse_text(text);
    int error = negotiate_play(offer, publisher, out, info);
    sdp_destroy(offer);
    return error;
}

static void publish_file(const char *name, const struct negotiate_conf *conf, struct negotiated *out)
{
    const char *info;
    struct sdp *offer = read_offer(name);
    assert_non_null(offer);
    assert_int_equal(negotiate_publish(offer, conf, out, &info), 0);
    assert_null(info);
    sdp_destroy(offer);
}

static void check_section(const struct negotiated_section *s, enum codec codec, uint8_t pt, uint8_t rtx_pt)
{
    assert_int_equal(s->accepted, codec != CODEC_NONE);
    if (codec == CODEC_NONE)
        return;
    assert_int_equal(s->codec, codec);
    assert_int_equal(s->kind, sdp_codec_info(codec)->kind);
    assert_int_equal(s->rtp.pt, pt);
    assert_int_equal(s->rtp.rtx_pt, rtx_pt);
}

struct expected {
    enum codec codec; /* CODEC_NONE: refused */
    uint8_t pt, rtx_pt;
};

#define H264_FIRST                             \
    {                                          \
        {CODEC_H264, CODEC_VP8, CODEC_OPUS}, 3 \
    }
#define VP8_FIRST                                          \
    {                                                      \
        {CODEC_PCMA, CODEC_VP8, CODEC_H264, CODEC_OPUS}, 4 \
    }

static void test_publish_codecs(void **state)
{
    static const struct {
        const char *offer;
        struct negotiate_conf conf;
        struct expected sections[4];
    } cases[] = {
        {"offer-publish-camera.sdp", H264_FIRST, {{CODEC_OPUS, 111, DP_PT_NONE}, {CODEC_H264, 108, 109}}},
        {"offer-publish-camera.sdp", VP8_FIRST, {{CODEC_PCMA, 8, DP_PT_NONE}, {CODEC_VP8, 96, 97}}},
        {"offer-publish-camera.sdp", {{CODEC_VP9, CODEC_VP8}, 2}, {{CODEC_NONE}, {CODEC_VP9, 98, 99}}},
        {"offer-publish-camera.sdp", {{CODEC_AV1}, 1}, {{CODEC_NONE}, {CODEC_AV1, 45, 46}}},
        {"offer-publish-camera.sdp", {{CODEC_PCMU}, 1}, {{CODEC_PCMU, 0, DP_PT_NONE}, {CODEC_NONE}}},
        {"offer-firefox-publish.sdp", H264_FIRST, {{CODEC_OPUS, 109, DP_PT_NONE}, {CODEC_VP8, 120, 124}}},
        {"offer-safari-publish.sdp", H264_FIRST, {{CODEC_OPUS, 111, DP_PT_NONE}, {CODEC_H264, 98, 99}}},
        {"offer-publish-stripped-h264.sdp", H264_FIRST, {{CODEC_OPUS, 111, DP_PT_NONE}, {CODEC_VP8, 96, 97}}},
        {"offer-publish-odd-fmtp.sdp", H264_FIRST, {{CODEC_OPUS, 111, DP_PT_NONE}, {CODEC_H264, 108, 109}}},
        {"offer-publish-session-level.sdp", H264_FIRST, {{CODEC_OPUS, 111, DP_PT_NONE}, {CODEC_H264, 108, 109}}},
        {"offer-publish-no-bundle.sdp", H264_FIRST, {{CODEC_OPUS, 111, DP_PT_NONE}, {CODEC_NONE}}},
        {"offer-publish-no-mid.sdp", H264_FIRST, {{CODEC_OPUS, 111, DP_PT_NONE}}},
        {"offer-chromium-video-only.sdp", H264_FIRST, {{CODEC_H264, 108, 109}}},
        {"offer-chromium-video-audio-data.sdp",
         H264_FIRST,
         {{CODEC_H264, 108, 109}, {CODEC_OPUS, 111, DP_PT_NONE}, {CODEC_NONE}}},
        {"offer-chromium-four-sections.sdp",
         H264_FIRST,
         {{CODEC_OPUS, 111, DP_PT_NONE}, {CODEC_H264, 108, 109}, {CODEC_NONE}, {CODEC_NONE}}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct negotiated n;
        publish_file(cases[i].offer, &cases[i].conf, &n);
        assert_true(n.publish && n.n_sections <= 4);
        for (size_t j = 0; j < n.n_sections; j++)
            check_section(&n.sections[j], cases[i].sections[j].codec, cases[i].sections[j].pt,
                          cases[i].sections[j].rtx_pt);
    }
}

static void test_publish_details(void **state)
{
    struct negotiated n;
    publish_file("offer-publish-camera.sdp", &default_conf, &n);
    const struct dp_rtp *audio = &n.sections[0].rtp, *video = &n.sections[1].rtp;
    assert_int_equal(audio->ssrc, 2568161815);
    assert_int_equal(audio->rtx_ssrc, 0);
    assert_int_equal(video->ssrc, 1215047585);
    assert_int_equal(video->rtx_ssrc, 3467957725);
    assert_int_equal(audio->feedback, DP_FB_TRANSPORT_CC);
    assert_int_equal(video->feedback, DP_FB_NACK | DP_FB_PLI | DP_FB_FIR | DP_FB_REMB | DP_FB_TRANSPORT_CC);
    assert_int_equal(video->ext[RTP_EXT_TRANSPORT_CC], 3);
    assert_int_equal(video->ext[RTP_EXT_VIDEO_ORIENTATION], 13);
    assert_int_equal(audio->ext[RTP_EXT_VIDEO_ORIENTATION], DP_EXT_NONE);
    assert_string_equal(n.remote_ufrag, "D0Jy");
    assert_string_equal(n.fingerprint.hash, "sha-256");
    assert_int_equal(n.setup, SETUP_PASSIVE);
    assert_int_equal(n.n_bundled, 2);
    publish_file("offer-publish-session-level.sdp", &default_conf, &n);
    assert_int_equal(n.sections[1].rtp.ssrc, 0); /* to be latched */
    assert_int_equal(n.sections[1].rtp.rtx_ssrc, 0);
    publish_file("offer-publish-no-bundle.sdp", &default_conf, &n);
    assert_int_equal(n.n_bundled, 0);
    publish_file("offer-publish-odd-fmtp.sdp", &default_conf, &n);
    assert_true(n.sections[0].params.stereo);
    assert_int_equal(n.sections[1].params.h264.profile_level_id, 0x42e01f);
}

static void test_play_codecs(void **state)
{
    static const struct {
        const char *publisher;
        enum codec video; /* before others */
        const char *play, *info;
        struct expected audio, video_section;
    } cases[] = {
        {"offer-publish-camera.sdp",
         CODEC_H264,
         "offer-play.sdp",
         NULL,
         {CODEC_OPUS, 111, DP_PT_NONE},
         {CODEC_H264, 108, 109}},
        {"offer-publish-camera.sdp",
         CODEC_AV1,
         "offer-play.sdp",
         NULL,
         {CODEC_OPUS, 111, DP_PT_NONE},
         {CODEC_AV1, 45, 46}},
        {"offer-publish-camera.sdp",
         CODEC_VP9,
         "offer-firefox-play.sdp",
         NULL,
         {CODEC_OPUS, 109, DP_PT_NONE},
         {CODEC_VP9, 121, 125}},
        {"offer-publish-camera.sdp",
         CODEC_VP8,
         "offer-safari-play.sdp",
         NULL,
         {CODEC_OPUS, 111, DP_PT_NONE},
         {CODEC_VP8, 106, 107}},
        {"offer-firefox-publish.sdp",
         CODEC_H264,
         "offer-play.sdp",
         NULL,
         {CODEC_OPUS, 111, DP_PT_NONE},
         {CODEC_VP8, 96, 97}},
        {"offer-safari-publish.sdp",
         CODEC_H264,
         "offer-play.sdp",
         NULL,
         {CODEC_OPUS, 111, DP_PT_NONE},
         {CODEC_H264, 108, 109}},
        {"offer-publish-camera.sdp",
         CODEC_H264,
         "offer-safari-play.sdp",
         NULL,
         {CODEC_OPUS, 111, DP_PT_NONE},
         {CODEC_H264, 98, 99}},
        {"offer-chromium-video-only.sdp", CODEC_H264, "offer-play.sdp", NULL, {CODEC_NONE}, {CODEC_H264, 108, 109}},
        {"offer-chromium-audio-only.sdp",
         CODEC_H264,
         "offer-play.sdp",
         NULL,
         {CODEC_OPUS, 111, DP_PT_NONE},
         {CODEC_NONE}},
        {"offer-publish-camera.sdp", CODEC_H264, "offer-firefox-play.sdp", "No common codecs", {0}, {0}},
        {"offer-publish-camera.sdp", CODEC_VP8, "offer-play-stripped-vp8.sdp", "No common codecs", {0}, {0}},
        {"offer-chromium-video-only.sdp",
         CODEC_H264,
         "offer-chromium-play-audio.sdp",
         "Offer asks for no media of the stream",
         {0},
         {0}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct negotiate_conf conf = {{cases[i].video, CODEC_VP8, CODEC_OPUS}, 3};
        struct negotiated publisher, player;
        const char *info;
        publish_file(cases[i].publisher, &conf, &publisher);
        struct sdp *offer = read_offer(cases[i].play);
        assert_non_null(offer);
        int error = negotiate_play(offer, &publisher, &player, &info);
        sdp_destroy(offer);
        if (cases[i].info) {
            assert_true(error < 0);
            assert_string_equal(info, cases[i].info);
            continue;
        }
        assert_int_equal(error, 0);
        assert_false(player.publish);
        check_section(&player.sections[0], cases[i].audio.codec, cases[i].audio.pt, cases[i].audio.rtx_pt);
        check_section(&player.sections[1], cases[i].video_section.codec, cases[i].video_section.pt,
                      cases[i].video_section.rtx_pt);
    }
}

/* A subscriber that asks for one kind only gets it. */
static void test_play_audio_of_both(void **state)
{
    struct negotiated publisher, player;
    const char *info;
    publish_file("offer-publish-camera.sdp", &default_conf, &publisher);
    struct sdp *offer = read_offer("offer-chromium-play-audio.sdp");
    assert_int_equal(negotiate_play(offer, &publisher, &player, &info), 0);
    sdp_destroy(offer);
    assert_int_equal(player.n_sections, 1);
    check_section(&player.sections[0], CODEC_OPUS, 111, DP_PT_NONE);
}

/* Extensions of one hop stay on it; the others need both ends and carry the subscriber's ids. */
static void test_play_details(void **state)
{
    struct negotiated publisher, player;
    const char *info;
    publish_file("offer-publish-camera.sdp", &default_conf, &publisher);
    publisher.sections[1].rtp.ext[RTP_EXT_COLOR_SPACE] = DP_EXT_NONE;
    assert_int_equal(play_text(HEAD "m=video 9 UDP/TLS/RTP/SAVPF 35\n" TRANSPORT "a=rtpmap:35 H264/90000\n"
                                    "a=fmtp:35 profile-level-id=42e034;packetization-mode=1\na=rtcp-fb:* nack\n"
                                    "a=rtcp-fb:35 transport-cc\na=rtcp-fb:35 ccm fir\n"
                                    "a=extmap:1 urn:3gpp:video-orientation\n"
                                    "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid\n"
                                    "a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/color-space\n"
                                    "a=extmap:4/recvonly urn:ietf:params:rtp-hdrext:toffset\n"
                                    "a=extmap:5/sendonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\n"
                                    "a=ssrc:77 cname:x\n",
                               &publisher, &player, &info),
                     0);
    const struct dp_rtp *rtp = &player.sections[0].rtp;
    static const uint8_t ext[RTP_EXT_COUNT] = {[RTP_EXT_VIDEO_ORIENTATION] = 1, [RTP_EXT_TOFFSET] = 4};
    assert_memory_equal(rtp->ext, ext, sizeof(ext));
    assert_int_equal(player.sections[0].ext_directed, 1 << RTP_EXT_TOFFSET);
    assert_int_equal(rtp->feedback, DP_FB_NACK | DP_FB_FIR);
    assert_int_equal(rtp->pt, 35);
    assert_int_equal(rtp->rtx_pt, DP_PT_NONE);
    assert_int_equal(rtp->ssrc, 0); /* the caller's */
}

/* An opus whose stereo makes no sense is mono, not another codec. */
static void test_odd_stereo(void **state)
{
    static const struct {
        const char *fmtp;
        bool stereo;
    } cases[] = {
        {"stereo=1", true}, {" Stereo=1 ", true}, {"stereo=0", false}, {"stereo=true", false}, {"stereo=2", false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[1024];
        struct negotiated n;
        const char *info;
        snprintf(text, sizeof(text), HEAD AUDIO TRANSPORT "a=fmtp:111 minptime=10;%s\n", cases[i].fmtp);
        assert_int_equal(publish_text(text, &n, &info), 0);
        check_section(&n.sections[0], CODEC_OPUS, 111, DP_PT_NONE);
        assert_int_equal(n.sections[0].params.stereo, cases[i].stereo);
    }
}

static void test_publish_refusals(void **state)
{
    static const struct {
        const char *info, *text;
    } cases[] = {
        {"Offer sends no media", HEAD},
        {"Offer sends no media", HEAD AUDIO TRANSPORT "a=recvonly\n"},
        {"Offer sends no media", HEAD AUDIO TRANSPORT "a=inactive\n"},
        {"Offer sends no media", HEAD "a=recvonly\n" AUDIO TRANSPORT},
        {"Offer sends no media", HEAD "m=audio 0 UDP/TLS/RTP/SAVPF 0\n" TRANSPORT},
        {"Offer sends no media", HEAD "m=audio 9 RTP/AVP 0\n" TRANSPORT},
        {"Offer sends no media", HEAD "m=text 9 UDP/TLS/RTP/SAVPF 0\n" TRANSPORT},
        {"No common codecs", HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 9\na=rtpmap:9 G722/8000\n" TRANSPORT},
        {"No common codecs", HEAD "m=video 9 UDP/TLS/RTP/SAVPF 0 8\n" TRANSPORT}, /* audio in a video m-line */
        {"No common codecs", HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 97\na=rtpmap:97 opus/48000\n" TRANSPORT},
        {"No common codecs", HEAD "m=video 9 UDP/TLS/RTP/SAVPF 72\na=rtpmap:72 VP8/90000\n" TRANSPORT}, /* RTCP's */
        {"No common codecs",
         HEAD "m=video 9 UDP/TLS/RTP/SAVPF 96\na=rtpmap:96 VP9/90000\na=fmtp:96 profile-id=2\n" TRANSPORT},
        {"No common codecs",
         HEAD "m=video 9 UDP/TLS/RTP/SAVPF 96\na=rtpmap:96 H264/90000\na=fmtp:96 profile-level-id=xyz\n" TRANSPORT},
        {"Offer without rtcp-mux", HEAD AUDIO ICE FINGERPRINT},
        {"Offer without ICE credentials", HEAD AUDIO FINGERPRINT "a=rtcp-mux\n"},
        {"Offer without ICE credentials", HEAD AUDIO FINGERPRINT "a=rtcp-mux\na=ice-ufrag:abcd\n"},
        {"Offer without fingerprint", HEAD AUDIO ICE "a=rtcp-mux\n"},
        {"Unsupported fingerprint hash in the offer", HEAD AUDIO ICE "a=rtcp-mux\na=fingerprint:sha-1 00\n"},
        {"Offer with a=setup:holdconn", HEAD AUDIO TRANSPORT "a=setup:holdconn\n"},
        {"Payload type used twice in the offer", HEAD BUNDLE AUDIO TRANSPORT
         "a=mid:0\nm=video 9 UDP/TLS/RTP/SAVPF 111\na=rtpmap:111 VP8/90000\na=mid:1\na=rtcp-mux\n"},
        {"SSRC used twice in the offer",
         HEAD BUNDLE AUDIO TRANSPORT "a=mid:0\na=ssrc:5 cname:x\n" VIDEO "a=mid:1\na=rtcp-mux\na=ssrc:5 cname:x\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct negotiated n;
        const char *info = "";
        int error = publish_text(cases[i].text, &n, &info);
        if (error == 0 || strcmp(info, cases[i].info) != 0)
            print_error("%s\nexpected: %s\n", cases[i].text, cases[i].info);
        assert_int_equal(error, strcmp(cases[i].info, "No common codecs") == 0 ? -EOPNOTSUPP : -EINVAL);
        assert_string_equal(info, cases[i].info);
    }
}

static void test_setup_roles(void **state)
{
    static const struct {
        const char *text;
        enum dtls_setup role;
    } cases[] = {
        {HEAD AUDIO TRANSPORT "a=setup:actpass\n", SETUP_PASSIVE},
        {HEAD AUDIO TRANSPORT "a=setup:active\n", SETUP_PASSIVE},
        {HEAD AUDIO TRANSPORT "a=setup:passive\n", SETUP_ACTIVE},
        {HEAD AUDIO TRANSPORT, SETUP_PASSIVE},
        {HEAD "a=setup:passive\n" AUDIO TRANSPORT, SETUP_ACTIVE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct negotiated n;
        const char *info;
        assert_int_equal(publish_text(cases[i].text, &n, &info), 0);
        assert_int_equal(n.setup, cases[i].role);
    }
}

/* One transport: the group's first m-line gives it, refused media or not, whatever stands outside is refused. */
static void test_transport(void **state)
{
#define OWN_ICE "a=ice-ufrag:wxyz\na=ice-pwd:9876543210987654321098\n" FINGERPRINT "a=rtcp-mux\n"
    static const struct {
        const char *text, *ufrag;
        bool audio, video;
        size_t n_bundled;
        uint8_t bundled[2];
    } cases[] = {
        {HEAD BUNDLE AUDIO TRANSPORT "a=mid:0\n" VIDEO OWN_ICE "a=mid:1\n", "abcd", true, true, 2, {0, 1}},
        {HEAD "a=group:BUNDLE 1 0\n" AUDIO TRANSPORT "a=mid:0\n" VIDEO OWN_ICE "a=mid:1\n",
         "wxyz",
         true,
         true,
         2,
         {1, 0}},
        {HEAD BUNDLE AUDIO TRANSPORT "a=inactive\na=mid:0\n" VIDEO OWN_ICE "a=mid:1\n", "abcd", false, true, 2, {0, 1}},
        {HEAD BUNDLE "m=audio 0 UDP/TLS/RTP/SAVPF 111\na=mid:0\n" VIDEO OWN_ICE "a=mid:1\n",
         "wxyz",
         false,
         true,
         1,
         {1}},
        {HEAD BUNDLE "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n" TRANSPORT "a=mid:0\n" VIDEO OWN_ICE
                     "a=mid:1\n",
         "wxyz",
         false,
         true,
         1,
         {1}},
        {HEAD BUNDLE AUDIO TRANSPORT "a=inactive\na=mid:0\nm=video 0 UDP/TLS/RTP/SAVPF 96\na=rtpmap:96 VP8/90000\n"
                                     "a=bundle-only\na=rtcp-mux\na=mid:1\n",
         "abcd",
         false,
         true,
         2,
         {0, 1}},
        {HEAD "a=group:BUNDLE 0\na=group:BUNDLE 1\n" AUDIO TRANSPORT "a=mid:0\n" VIDEO OWN_ICE "a=mid:1\n",
         "abcd",
         true,
         false,
         1,
         {0}},
        {HEAD AUDIO TRANSPORT "a=mid:0\n" VIDEO OWN_ICE "a=mid:1\n", "abcd", true, false, 0, {0}},
        {HEAD AUDIO TRANSPORT VIDEO OWN_ICE, "abcd", true, false, 0, {0}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct negotiated n;
        const char *info;
        assert_int_equal(publish_text(cases[i].text, &n, &info), 0);
        assert_int_equal(n.sections[0].accepted, cases[i].audio);
        assert_int_equal(n.sections[1].accepted, cases[i].video);
        assert_string_equal(n.remote_ufrag, cases[i].ufrag);
        assert_int_equal(n.n_bundled, cases[i].n_bundled);
        assert_memory_equal(n.bundled, cases[i].bundled, cases[i].n_bundled);
    }
}

/* transport-cc is agreed as a pair or not at all; the dependency descriptor belongs to AV1. */
static void test_extensions_of_publish(void **state)
{
#define TCC "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\n"
#define DD  "a=extmap:12 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\n"
#define AV1 "m=video 9 UDP/TLS/RTP/SAVPF 45\na=rtpmap:45 AV1/90000\n"
    static const struct {
        const char *text;
        uint8_t tcc, dd, feedback;
    } cases[] = {
        {HEAD VIDEO TRANSPORT TCC "a=rtcp-fb:96 transport-cc\na=rtcp-fb:96 goog-remb\n", 3, 0,
         DP_FB_TRANSPORT_CC | DP_FB_REMB},
        {HEAD VIDEO TRANSPORT "a=rtcp-fb:96 transport-cc\na=rtcp-fb:96 goog-remb\n", 0, 0, DP_FB_REMB},
        {HEAD VIDEO TRANSPORT TCC "a=rtcp-fb:96 nack\n", 0, 0, DP_FB_NACK},
        {HEAD VIDEO TRANSPORT DD, 0, 0, 0},
        {HEAD AV1 TRANSPORT DD, 0, 12, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct negotiated n;
        const char *info;
        assert_int_equal(publish_text(cases[i].text, &n, &info), 0);
        assert_int_equal(n.sections[0].rtp.ext[RTP_EXT_TRANSPORT_CC], cases[i].tcc);
        assert_int_equal(n.sections[0].rtp.ext[RTP_EXT_DEPENDENCY_DESCRIPTOR], cases[i].dd);
        assert_int_equal(n.sections[0].rtp.feedback, cases[i].feedback);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_publish_codecs),        cmocka_unit_test(test_publish_details),
        cmocka_unit_test(test_play_codecs),           cmocka_unit_test(test_play_audio_of_both),
        cmocka_unit_test(test_play_details),          cmocka_unit_test(test_publish_refusals),
        cmocka_unit_test(test_setup_roles),           cmocka_unit_test(test_transport),
        cmocka_unit_test(test_extensions_of_publish), cmocka_unit_test(test_odd_stereo),
    };
    data_dir = argc > 1 ? argv[1] : "tests/data";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
