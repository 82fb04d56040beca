/* SPDX-License-Identifier: MIT */
/* Encoded scenes, read back from their captures, muxed and looked at: what was in front of the camera comes out at the
 * right time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/film/look.h"
#include "tests/film/scene.h"
#include "tests/unit/recorder/film/mux.h"

#define FPS 25

struct scene_case {
    const char *what;
    struct scene_take take;
    size_t pictures_min, tones_min;
    int64_t picture_us, offset_us; /* how far pictures may stand from their time, and tones from their picture */
};

#define PERFECT \
    .wire = {.first_ts = {0xfffff000, 0xffff0000}, .first_index = {65500, 65400}, .report_period_us = 1000000}
#define ROUGH                                      \
    .wire = {.seed = 7,                            \
             .loss = 0.02,                         \
             .resent = 0.5,                        \
             .rtt_us = 90000,                      \
             .duplicate = 0.01,                    \
             .delay_us = 20000,                    \
             .jitter_us = 60000,                   \
             .sender_ppm = 200,                    \
             .sound_ppm = -50,                     \
             .first_ts = {0xfffff000, 0xffff0000}, \
             .first_index = {65500, 65400},        \
             .report_period_us = 2000000,          \
             .report_jitter_us = 3000}

static const struct scene_case cases[] = {
    {"VP8, Opus", {.audio = CODEC_OPUS, .video = CODEC_VP8, .span = {0, 6000000}, PERFECT}, 150, 6, 1000, 8000},
    {"H.264, G.711", {.audio = CODEC_PCMA, .video = CODEC_H264, .span = {0, 6000000}, PERFECT}, 150, 6, 1000, 8000},
    {"H.264 whose parameter sets come once, Opus with DTX",
     {.audio = CODEC_OPUS, .video = CODEC_H264, .span = {2000000, 8000000}, .sets_once = true, .dtx = true, PERFECT},
     150,
     6,
     1000,
     8000},
    {"H.264 that becomes larger",
     {.video = CODEC_H264,
      .span = {0, 4000000},
      .resize_us = 2000000,
      .resize_width = 640,
      .resize_height = 360,
      PERFECT},
     100,
     0,
     1000,
     0},
    {"VP8 over a bad network",
     {.audio = CODEC_OPUS, .video = CODEC_VP8, .span = {0, 20000000}, .encode_us = 30000, ROUGH},
     400,
     18,
     50000,
     20000},
    {"H.264 over a bad network",
     {.audio = CODEC_PCMU, .video = CODEC_H264, .span = {0, 20000000}, .encode_us = 30000, ROUGH},
     350,
     18,
     50000,
     20000},
};

static void shoot(const struct scene_take *scene, struct look *look, struct scene_sent *sent)
{
    char capture[] = "/tmp/test_scene.XXXXXX", film[64];
    const char *why;
    close(mkstemp(capture));
    snprintf(film, sizeof(film), "%s.mkv", capture);
    scene_shoot(scene, capture, sent);
    struct take *take = take_open(capture, &why);
    assert_non_null(take);
    mux_take(take, film);
    take_close(take);
    look_open(look, film);
    unlink(capture);
    unlink(film);
}

static void check_pictures(const struct scene_case *c, const struct look_track *video, const struct scene_sent *sent)
{
    size_t good = 0;
    int32_t before = -1;
    for (size_t i = 0; i < video->n_pictures; i++) {
        const struct look_picture *p = &video->pictures[i];
        if (p->number < 0)
            continue;
        good++;
        assert_in_range(p->number, sent->first_number, sent->last_number);
        assert_true(p->number > before);
        before = p->number;
        int64_t off = p->at_us - (int64_t)p->number * 1000000 / FPS - c->take.wire.delay_us;
        if (llabs(off) > c->picture_us)
            fail_msg("%s: picture %d is %lld us off", c->what, p->number, (long long)off);
    }
    if (good < c->pictures_min)
        fail_msg("%s: %zu pictures of %zu", c->what, good, video->n_pictures);
}

static void test_scenes(void **state)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct scene_case *c = &cases[i];
        struct look look;
        struct scene_sent sent;
        int64_t offsets[64];
        shoot(&c->take, &look, &sent);
        const struct look_track *video = look_track(&look, MEDIA_VIDEO, 0), *audio = look_track(&look, MEDIA_AUDIO, 0);
        assert_int_equal(video->codec, c->take.video);
        check_pictures(c, video, &sent);
        if (audio) {
            size_t n = look_offsets(video, audio, FPS, offsets, 64);
            int64_t worst = look_percentile(offsets, n, 1);
            if (n < c->tones_min || worst > c->offset_us)
                fail_msg("%s: %zu tones, worst %lld us off", c->what, n, (long long)worst);
        }
        look_close(&look);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scenes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
