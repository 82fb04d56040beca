/* SPDX-License-Identifier: MIT */
/* Golden answers: offers of tests/data through the parser, negotiation and writer, compared with tests/data/answers.
 * UPDATE_ANSWERS=1 in the environment writes them anew; read the difference before you commit it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "tests/unit/controlplane/offers.h"

#define ANSWER_BYTES 16384

struct golden {
    const char *answer;    /* file in answers/ */
    const char *publisher; /* its offer; the negotiation tested, if play is NULL */
    const char *play;      /* the subscriber's offer */
    struct negotiate_conf conf;
};

#define DEFAULT                                                                              \
    {                                                                                        \
        {CODEC_H264, CODEC_VP8, CODEC_VP9, CODEC_AV1, CODEC_OPUS, CODEC_PCMU, CODEC_PCMA}, 7 \
    }
#define ONLY(video, audio) \
    {                      \
        {video, audio}, 2  \
    }

static const struct golden goldens[] = {
    {"publish-chromium-h264.sdp", "offer-publish-camera.sdp", NULL, DEFAULT},
    {"publish-chromium-screen.sdp", "offer-publish-screen.sdp", NULL, DEFAULT},
    {"publish-chromium-vp8-pcmu.sdp", "offer-publish-camera.sdp", NULL, ONLY(CODEC_VP8, CODEC_PCMU)},
    {"publish-chromium-vp9-pcma.sdp", "offer-publish-camera.sdp", NULL, ONLY(CODEC_VP9, CODEC_PCMA)},
    {"publish-chromium-av1.sdp", "offer-publish-camera.sdp", NULL, ONLY(CODEC_AV1, CODEC_OPUS)},
    {"publish-chromium-audio-only.sdp", "offer-chromium-audio-only.sdp", NULL, DEFAULT},
    {"publish-chromium-video-only.sdp", "offer-chromium-video-only.sdp", NULL, DEFAULT},
    {"publish-chromium-video-audio-data.sdp", "offer-chromium-video-audio-data.sdp", NULL, DEFAULT},
    {"publish-chromium-four-sections.sdp", "offer-chromium-four-sections.sdp", NULL, DEFAULT},
    {"publish-firefox.sdp", "offer-firefox-publish.sdp", NULL, DEFAULT},
    {"publish-safari.sdp", "offer-safari-publish.sdp", NULL, DEFAULT},
    {"publish-stripped-h264.sdp", "offer-publish-stripped-h264.sdp", NULL, DEFAULT},
    {"publish-odd-fmtp.sdp", "offer-publish-odd-fmtp.sdp", NULL, DEFAULT},
    {"publish-session-level.sdp", "offer-publish-session-level.sdp", NULL, DEFAULT},
    {"publish-no-bundle.sdp", "offer-publish-no-bundle.sdp", NULL, DEFAULT},
    {"publish-no-mid.sdp", "offer-publish-no-mid.sdp", NULL, DEFAULT},
    {"play-chromium-h264.sdp", "offer-publish-camera.sdp", "offer-play.sdp", DEFAULT},
    {"play-chromium-vp8-pcma.sdp", "offer-publish-camera.sdp", "offer-play.sdp", ONLY(CODEC_VP8, CODEC_PCMA)},
    {"play-chromium-of-firefox.sdp", "offer-firefox-publish.sdp", "offer-play.sdp", DEFAULT},
    {"play-chromium-of-video-only.sdp", "offer-chromium-video-only.sdp", "offer-play.sdp", DEFAULT},
    {"play-chromium-audio.sdp", "offer-publish-camera.sdp", "offer-chromium-play-audio.sdp", DEFAULT},
    {"play-firefox-of-chromium-vp8.sdp", "offer-publish-camera.sdp", "offer-firefox-play.sdp",
     ONLY(CODEC_VP8, CODEC_OPUS)},
    {"play-safari-of-chromium.sdp", "offer-publish-camera.sdp", "offer-safari-play.sdp", DEFAULT},
};

static void negotiate(const struct golden *g, struct negotiated *out)
{
    struct negotiated publisher;
    const char *info;
    struct sdp *offer = read_offer(g->publisher);
    assert_non_null(offer);
    assert_int_equal(negotiate_publish(offer, &g->conf, &publisher, &info), 0);
    sdp_destroy(offer);
    *out = publisher;
    if (!g->play)
        return;
    offer = read_offer(g->play);
    assert_non_null(offer);
    assert_int_equal(negotiate_play(offer, &publisher, out, &info), 0);
    sdp_destroy(offer);
    set_ssrcs(out);
}

/* The answer is itself a description, with the offer's m-lines. */
static void check_reads_back(const char *text, size_t len, const struct negotiated *n)
{
    struct sdp *sdp;
    const char *why;
    assert_int_equal(sdp_parse(text, len, &sdp, &why), 0);
    assert_int_equal(sdp->n_sections, n->n_sections);
    for (size_t i = 0; i < n->n_sections; i++) {
        assert_string_equal(sdp->sections[i].mid, n->sections[i].mid);
        bool stays = n->sections[i].accepted || n->sections[i].carrier;
        assert_int_equal(sdp->sections[i].port, stays ? test_local.port : 0);
        assert_int_equal(sdp->sections[i].bundle != 0, stays && n->n_bundled);
    }
    sdp_destroy(sdp);
}

static void update(const char *name, const char *text, size_t len)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", data_dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

static void test_goldens(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
        char name[128], buf[ANSWER_BYTES];
        size_t expected_len;
        struct negotiated n;
        negotiate(&goldens[i], &n);
        int len = sdp_write_answer(&n, &test_local, buf, sizeof(buf));
        assert_true(len > 0);
        check_reads_back(buf, (size_t)len, &n);
        snprintf(name, sizeof(name), "answers/%s", goldens[i].answer);
        if (getenv("UPDATE_ANSWERS"))
            update(name, buf, (size_t)len);
        char *expected = read_data(name, &expected_len);
        if (!expected || strcmp(buf, expected) != 0)
            print_error("%s differs; the answer now is:\n%s", name, buf);
        assert_non_null(expected);
        assert_string_equal(buf, expected);
        free(expected);
    }
}

/* Every size short of the answer and its NUL is -ENOSPC, and nothing behind the buffer is touched. */
static void test_every_short_buffer(void **state)
{
    char whole[ANSWER_BYTES];
    struct negotiated n;
    negotiate(&goldens[0], &n);
    int len = sdp_write_answer(&n, &test_local, whole, sizeof(whole));
    for (int size = 0; size <= len + 1; size++) {
        char *buf = malloc((size_t)size + 1);
        assert_non_null(buf);
        buf[size] = 'x';
        int error = sdp_write_answer(&n, &test_local, buf, (size_t)size);
        assert_int_equal(error, size > len ? len : -ENOSPC);
        assert_int_equal(buf[size], 'x');
        free(buf);
    }
}

/* What the goldens do not hold: an IPv6 host, the active DTLS role, a subscription without SSRC, a session id beyond
 * the 63 bits that Firefox takes. */
static void test_variants(void **state)
{
    char buf[ANSWER_BYTES];
    struct negotiated n;
    struct sdp_local local = test_local;
    local.addrs[0] = "2001:db8::1";
    local.n_addrs = 1;
    local.session_id = UINT64_MAX;
    negotiate(&(struct golden){NULL, "offer-publish-camera.sdp", "offer-play.sdp", DEFAULT}, &n);
    n.setup = SETUP_ACTIVE;
    n.sections[0].rtp.ssrc = n.sections[1].rtp.ssrc = 0;
    assert_true(sdp_write_answer(&n, &local, buf, sizeof(buf)) > 0);
    assert_non_null(strstr(buf, "\r\no=- 9223372036854775807 "));
    assert_non_null(strstr(buf, "\r\nc=IN IP6 2001:db8::1\r\n"));
    assert_non_null(strstr(buf, "\r\na=candidate:1 1 udp 2130706431 2001:db8::1 31001 typ host\r\n"));
    assert_null(strstr(buf, "a=candidate:2"));
    assert_non_null(strstr(buf, "\r\na=setup:active\r\n"));
    assert_non_null(strstr(buf, "\r\na=msid:stream-1 video\r\n"));
    assert_null(strstr(buf, "a=ssrc"));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_every_short_buffer),
        cmocka_unit_test(test_variants),
    };
    data_dir = argc > 1 ? argv[1] : "tests/data";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
