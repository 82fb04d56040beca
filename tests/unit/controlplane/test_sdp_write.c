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
    {"publish-firefox.sdp", "offer-firefox-publish.sdp", NULL, DEFAULT},
    {"play-chromium-h264.sdp", "offer-publish-camera.sdp", "offer-play.sdp", DEFAULT},
    {"play-chromium-vp8-pcma.sdp", "offer-publish-camera.sdp", "offer-play.sdp", ONLY(CODEC_VP8, CODEC_PCMA)},
    {"play-chromium-of-firefox.sdp", "offer-firefox-publish.sdp", "offer-play.sdp", DEFAULT},
};

/* Runs the case. Returns the length of the answer. */
static int answer(const struct golden *g, char *buf, size_t size)
{
    struct negotiated publisher, player, *n = &publisher;
    const char *info;
    struct sdp *offer = read_offer(g->publisher);
    assert_non_null(offer);
    assert_int_equal(negotiate_publish(offer, &g->conf, &publisher, &info), 0);
    sdp_destroy(offer);
    if (g->play) {
        n = &player;
        offer = read_offer(g->play);
        assert_non_null(offer);
        assert_int_equal(negotiate_play(offer, &publisher, &player, &info), 0);
        sdp_destroy(offer);
        set_ssrcs(&player);
    }
    return sdp_write_answer(n, &test_local, buf, size);
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
        int len = answer(&goldens[i], buf, sizeof(buf));
        assert_true(len > 0);
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
    int len = answer(&goldens[0], whole, sizeof(whole));
    for (int size = 0; size <= len + 1; size++) {
        char *buf = malloc((size_t)size + 1);
        assert_non_null(buf);
        buf[size] = 'x';
        int error = answer(&goldens[0], buf, (size_t)size);
        assert_int_equal(error, size > len ? len : -ENOSPC);
        assert_int_equal(buf[size], 'x');
        free(buf);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_every_short_buffer),
    };
    data_dir = argc > 1 ? argv[1] : "tests/data";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
