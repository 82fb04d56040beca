/* SPDX-License-Identifier: MIT */
/* From captures of scenes, over bad networks, to the takes' own files, looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/film/job.h"
#include "tests/film/look.h"
#include "tests/film/scene.h"
#include "tests/unit/recorder/film/stage.h"

#define FPS        25
#define OFF_US     20000 /* sound from picture, p99 */
#define LENGTH_US  40000 /* of files */
#define MAX_TONES  64
#define ENCODE_US  20000 /* so long do both take from what happens to their packets */
#define NETWORK_US 20000

struct films_case {
    const char *what;
    struct scene_take take;
    size_t tones_min;
};

#define SMALL .width = 160, .height = 120, .encode_us = ENCODE_US, .why = "ended"
#define WRAP  .first_ts = {0xfffff000, 0xffff0000}, .first_index = {65500, 65400}, .report_period_us = 1000000

static const struct films_case cases[] = {
    {"2 % loss, reordering, a clock that is fast",
     {.name.file = "a.mp4",
      .audio = CODEC_OPUS,
      .video = CODEC_H264,
      .span = {0, 12 * SECOND},
      .wire = {.seed = 1,
               .loss = 0.02,
               .resent = 0.5,
               .rtt_us = 60000,
               .delay_us = NETWORK_US,
               .jitter_us = 40000,
               .sender_ppm = 200,
               WRAP},
      SMALL},
     10},
    {"the same with a slow one, and other codecs",
     {.name.file = "b.webm",
      .audio = CODEC_PCMU,
      .video = CODEC_VP8,
      .span = {0, 12 * SECOND},
      .wire = {.seed = 2,
               .loss = 0.02,
               .resent = 0.5,
               .rtt_us = 60000,
               .delay_us = NETWORK_US,
               .jitter_us = 40000,
               .sender_ppm = -200,
               WRAP},
      SMALL},
     10},
    {"Opus copied beside VP8",
     {.name.file = "c.webm",
      .audio = CODEC_OPUS,
      .video = CODEC_VP8,
      .span = {0, 6 * SECOND},
      .wire = {.delay_us = NETWORK_US, WRAP},
      SMALL},
     6},
    {"muted for a while",
     {.name.file = "d.mp4",
      .audio = CODEC_PCMA,
      .video = CODEC_H264,
      .span = {0, 8 * SECOND},
      .mute = {2500000, 5500000},
      .mute_sound_only = true,
      .wire = {.delay_us = NETWORK_US, WRAP},
      SMALL},
     5},
    {"as it came",
     {.name.file = "e.mkv",
      .audio = CODEC_PCMU,
      .video = CODEC_H264,
      .span = {0, 6 * SECOND},
      .dtx = true,
      .wire = {.delay_us = NETWORK_US, WRAP},
      SMALL},
     6},
    {"a silence that is not sent",
     {.name.file = "f.mp4",
      .audio = CODEC_OPUS,
      .video = CODEC_H264,
      .span = {0, 8 * SECOND},
      .dtx = true,
      .sets_once = true,
      .resize_us = 4 * SECOND,
      .resize_width = 320,
      .resize_height = 240,
      .wire = {.delay_us = NETWORK_US, WRAP},
      SMALL},
     8},
};

static void shoot(const struct films_case *c, struct scene_sent *sent, struct look *look)
{
    char capture[128];
    snprintf(capture, sizeof(capture), "%s", stage_path("take.cap"));
    scene_shoot(&c->take, capture, sent);
    struct job job = {.records = stage_folder, .path = capture};
    assert_int_equal(job_take(&job), 0);
    look_open(look, stage_path(c->take.name.file));
}

/* Each once, in order, in its time; and all that a decoder can show: of a picture of which something was lost for good
 * nothing is, and what follows up to the next key frame may be. */
static void check_pictures(const struct films_case *c, const struct look_track *video, const struct scene_sent *sent)
{
    int32_t before = (int32_t)sent->first_number - 1;
    size_t good = 0;
    for (size_t i = 0; i < video->n_pictures; i++) {
        const struct look_picture *p = &video->pictures[i];
        if (p->number < 0)
            continue;
        assert_true(p->number > before);
        assert_true(p->number <= (int32_t)sent->last_number);
        before = p->number;
        good++;
        assert_near(p->at_us, (int64_t)p->number * SECOND / FPS, LENGTH_US);
    }
    if (video->n_pictures > sent->pictures || video->n_pictures + sent->pictures_hurt < sent->pictures)
        fail_msg("%s: %zu of %d pictures, %d hurt", c->what, video->n_pictures, (int)sent->pictures,
                 (int)sent->pictures_hurt);
    if (!sent->pictures_hurt && good != sent->pictures)
        fail_msg("%s: %zu of %d pictures can be read", c->what, good, (int)sent->pictures);
}

static void check(const struct films_case *c)
{
    struct scene_sent sent;
    struct look look;
    int64_t offsets[MAX_TONES];
    shoot(c, &sent, &look);
    const struct look_track *video = look_track(&look, MEDIA_VIDEO, 0), *audio = look_track(&look, MEDIA_AUDIO, 0);
    assert_non_null(video);
    assert_non_null(audio);
    check_pictures(c, video, &sent);
    size_t n = look_offsets(video, audio, FPS, offsets, MAX_TONES);
    int64_t worst = look_percentile(offsets, n, 0.99);
    if (n < c->tones_min || audio->n_tones > (size_t)((c->take.span.to_us - c->take.span.from_us) / SECOND) ||
        worst > OFF_US)
        fail_msg("%s: %zu tones of %zu, %lld us off", c->what, n, audio->n_tones, (long long)worst);
    assert_near(look.duration_us, c->take.span.to_us - c->take.span.from_us, LENGTH_US);
    assert_int_equal(audio->errors, 0);
    if (!sent.pictures_hurt)
        assert_int_equal(video->errors, 0);
    look_close(&look);
}

static void test_films(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].what);
        check(&cases[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_films)};
    return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
