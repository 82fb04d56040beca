/* SPDX-License-Identifier: MIT */
/* From captures of scenes to files in step: what was in front of all cameras at one moment is at one time in all. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/film/job.h"
#include "tests/film/look.h"
#include "tests/film/scene.h"
#include "tests/unit/recorder/film/stage.h"

#define FPS       25
#define APART_US  40000
#define MAX_TONES 64
#define TAKES     4
#define IDLE_US   (3 * SECOND)
#define LENGTH_US (12 * SECOND)
#define GONE_US   (8 * SECOND) /* when the last of the first two has ended */

#define ROUGH(n)                                                       \
    .encode_us = 20000, .wire = {.seed = n,                            \
                                 .loss = 0.01,                         \
                                 .resent = 0.8,                        \
                                 .rtt_us = 60000,                      \
                                 .delay_us = 20000,                    \
                                 .jitter_us = 20000,                   \
                                 .sender_ppm = (n) % 2 ? 200 : -200,   \
                                 .first_ts = {0xfffff000, 0xffff0000}, \
                                 .first_index = {65500, 65400},        \
                                 .report_period_us = 1000000}

/* Two that overlap; one of sound alone after a time in which nobody published; one that came with it and grows. */
static const struct scene_take scenes[TAKES] = {
    {.name = {.take = 1, .room = "r", .login = "ann", .stream = "ann-1", .file = "1.mp4", .own_file = true},
     .audio = CODEC_OPUS,
     .video = CODEC_H264,
     .width = 160,
     .height = 120,
     .span = {0, 6 * SECOND},
     .why = "ended",
     ROUGH(1)},
    {.name = {.take = 2, .room = "r", .login = "bob", .stream = "bob-1", .file = "2.webm", .own_file = true},
     .audio = CODEC_PCMU,
     .video = CODEC_VP8,
     .width = 160,
     .height = 120,
     .span = {2 * SECOND, GONE_US},
     .resize_us = 5 * SECOND,
     .resize_width = 320,
     .resize_height = 240,
     .why = "ended",
     ROUGH(2)},
    {.name = {.take = 3, .room = "r", .login = "ann", .stream = "ann-2", .file = "3.mp4", .own_file = true},
     .audio = CODEC_PCMA,
     .span = {GONE_US + IDLE_US, LENGTH_US + IDLE_US},
     .why = "ended",
     ROUGH(3)},
    {.name = {.take = 4, .room = "r", .login = "cid", .stream = "cid-1", .file = "4.mp4", .own_file = true},
     .video = CODEC_H264,
     .width = 160,
     .height = 120,
     .span = {GONE_US + IDLE_US + SECOND, LENGTH_US + IDLE_US - SECOND},
     .why = "ended",
     ROUGH(4)},
};

static char room[128];

static int setup(void **state)
{
    if (stage_setup(state))
        return -1;
    snprintf(room, sizeof(room), "%s.room", stage_folder);
    return mkdir(room, 0755);
}

static int teardown(void **state)
{
    char path[256];
    for (int i = 0; i < TAKES; i++) {
        snprintf(path, sizeof(path), "%s/%d.cap", room, i);
        remove(path);
    }
    return remove(room) || stage_teardown(state);
}

static void shoot_all(void)
{
    char path[256];
    for (int i = 0; i < TAKES; i++) {
        snprintf(path, sizeof(path), "%s/%d.cap", room, i);
        scene_shoot(&scenes[i], path, NULL);
    }
}

/* Where on the files' clock a picture belongs that was taken at a time of the scene. */
static int64_t film_us(int64_t scene_us)
{
    return scene_us >= GONE_US + IDLE_US ? scene_us - IDLE_US : scene_us;
}

/* Every picture stands in its time, black before and after; nothing twice, none out of order. */
static void check_picture(const struct look_track *video, const struct scene_take *scene)
{
    int32_t before = -1;
    size_t good = 0;
    for (size_t i = 0; i < video->n_pictures; i++) {
        const struct look_picture *p = &video->pictures[i];
        assert_int_equal(p->width, scene->width ? scene->width : 640);
        assert_int_equal(p->height, scene->height ? scene->height : 360);
        if (p->number <= 0) /* black reads as 0 or as no number */
            continue;
        assert_true(p->number > before);
        before = p->number;
        good++;
        assert_near(p->at_us, film_us((int64_t)p->number * SECOND / FPS), APART_US);
    }
    int64_t shown_us = scene->video == CODEC_NONE ? 0 : scene->span.to_us - scene->span.from_us;
    if (good < (size_t)(shown_us * FPS / SECOND) * 8 / 10)
        fail_msg("%s: %zu pictures", scene->name.file, good);
}

static void check_sound(const struct look_track *audio, const struct scene_take *scene)
{
    size_t good = 0;
    for (size_t i = 0; i < audio->n_tones; i++) {
        int64_t second = (audio->tones[i].at_us + SECOND / 2) / SECOND;
        assert_near(audio->tones[i].at_us, second * SECOND, APART_US);
        good++;
    }
    int64_t heard_us = scene->audio == CODEC_NONE ? 0 : scene->span.to_us - scene->span.from_us;
    if (good + 1 < (size_t)(heard_us / SECOND) || good > (size_t)(heard_us / SECOND))
        fail_msg("%s: %zu tones", scene->name.file, good);
    assert_near(audio->start_us, 0, 1000);
    assert_near(audio->end_us, LENGTH_US, APART_US);
}

static void check_file(const struct scene_take *scene)
{
    struct look look;
    int64_t offsets[MAX_TONES];
    look_open(&look, stage_path(scene->name.file));
    assert_int_equal(look.n_tracks, 2);
    assert_near(look.duration_us, LENGTH_US, APART_US);
    const struct look_track *video = look_track(&look, MEDIA_VIDEO, 0), *audio = look_track(&look, MEDIA_AUDIO, 0);
    assert_int_equal(video->errors + audio->errors, 0);
    assert_near(video->start_us, 0, APART_US);
    check_picture(video, scene);
    check_sound(audio, scene);
    size_t n = look_offsets(video, audio, FPS, offsets, MAX_TONES);
    if (scene->audio != CODEC_NONE && scene->video != CODEC_NONE && n < 4)
        fail_msg("%s: %zu tones with their pictures", scene->name.file, n);
    if (n && look_percentile(offsets, n, 0.99) > 20000)
        fail_msg("%s: sound is %lld us off", scene->name.file, (long long)look_percentile(offsets, n, 0.99));
    look_close(&look);
    assert_true(stage_index_first(scene->name.file));
}

static void test_step(void **state)
{
    (void)state;
    shoot_all();
    struct job job = {.records = stage_folder, .path = room};
    assert_int_equal(job_step(&job), 0);
    for (int i = 0; i < TAKES; i++)
        check_file(&scenes[i]);
}

/* What operators do with two of them, by the command that they know. */
static void test_merge(void **state)
{
    (void)state;
    char command[1024];
    struct look look;
    snprintf(command, sizeof(command),
             "cd '%s' && ffmpeg -v fatal -i 1.mp4 -i 4.mp4 -filter_complex "
             "\"[0:v]pad=iw*2:ih[int];[int][1:v]overlay=W/2:0[vid];[0:a][1:a]amerge[a]\" -map [vid] -map \"[a]\" "
             "-ac 2 -c:v libx264 -crf 23 -preset veryfast output.mp4",
             stage_folder);
    assert_int_equal(system(command), 0);
    look_open(&look, stage_path("output.mp4"));
    const struct look_track *video = look_track(&look, MEDIA_VIDEO, 0), *audio = look_track(&look, MEDIA_AUDIO, 0);
    assert_int_equal(video->pictures[0].width, 320);
    assert_near(look.duration_us, LENGTH_US, 2 * APART_US);
    assert_in_range(video->n_pictures, LENGTH_US * FPS / SECOND * 9 / 10, LENGTH_US * FPS / SECOND + 1);
    assert_in_range(audio->n_tones, 5, 6); /* those of the first one: the other is silent */
    for (size_t i = 0; i < audio->n_tones; i++)
        assert_near(audio->tones[i].at_us, (audio->tones[i].at_us + SECOND / 2) / SECOND * SECOND, APART_US);
    look_close(&look);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_step), cmocka_unit_test(test_merge)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
