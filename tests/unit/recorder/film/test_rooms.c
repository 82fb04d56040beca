/* SPDX-License-Identifier: MIT */
/* From captures of scenes to one film of the room, looked at: sound keeps to its picture, and what was in front of all
 * cameras at one moment is at one time in all tracks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/film/job.h"
#include "tests/film/look.h"
#include "tests/film/scene.h"
#include "tests/unit/recorder/film/stage.h"

#define FPS       25
#define SYNC_US   20000 /* sound from picture, p99 */
#define APART_US  40000 /* take from take */
#define TAKES     3
#define MAX_TONES 64

#define NETWORK(n)                                                            \
    .encode_us = 20000 + (n)*10000, .wire = {.seed = n,                       \
                                             .loss = 0.02,                    \
                                             .resent = 0.5,                   \
                                             .rtt_us = 80000,                 \
                                             .delay_us = 10000,               \
                                             .jitter_us = 60000,              \
                                             .duplicate = 0.01,               \
                                             .sender_ppm = (n)*200 - 400,     \
                                             .first_ts = {0xfffff000u * (n)}, \
                                             .first_index = {65500, 65400},   \
                                             .ntp_offset_us = (n)*SECOND,     \
                                             .report_first_us = 3 * SECOND,   \
                                             .report_period_us = 2 * SECOND,  \
                                             .report_jitter_us = 2000}

/* Two who overlap, and the second one again after a while. */
static const struct scene_take scenes[TAKES] = {
    {.name = {.take = 1, .room = "r", .login = "ann", .stream = "ann-1", .whole = true},
     .audio = CODEC_OPUS,
     .video = CODEC_H264,
     .width = 160,
     .height = 120,
     .span = {0, 30 * SECOND},
     .why = "ended",
     NETWORK(1)},
    {.name = {.take = 2, .room = "r", .login = "bob", .stream = "bob-1", .whole = true},
     .audio = CODEC_PCMU,
     .video = CODEC_VP8,
     .width = 160,
     .height = 120,
     .span = {2 * SECOND + 300000, 14 * SECOND},
     .why = "ended",
     NETWORK(2)},
    {.name = {.take = 3, .room = "r", .login = "bob", .stream = "bob-2", .whole = true},
     .audio = CODEC_OPUS,
     .video = CODEC_VP8,
     .width = 160,
     .height = 120,
     .span = {18 * SECOND, 30 * SECOND},
     .dtx = true,
     .why = "ended",
     NETWORK(3)},
};

static char room[128];

static int setup(void **state)
{
    char path[256];
    if (stage_setup(state))
        return -1;
    snprintf(room, sizeof(room), "%s.room", stage_folder);
    if (mkdir(room, 0755))
        return -1;
    for (int i = 0; i < TAKES; i++) {
        snprintf(path, sizeof(path), "%s/%d.cap", room, i);
        scene_shoot(&scenes[i], path, NULL);
    }
    snprintf(path, sizeof(path), "%s/room.json", room);
    FILE *f = fopen(path, "w");
    if (!f || fputs("{\"room_id\":\"0000000000000009\",\"room\":\"r\",\"file\":\"r.mkv\",\"whole\":true}", f) < 0)
        return -1;
    return fclose(f);
}

static int teardown(void **state)
{
    char path[256];
    for (int i = 0; i < TAKES; i++) {
        snprintf(path, sizeof(path), "%s/%d.cap", room, i);
        remove(path);
    }
    snprintf(path, sizeof(path), "%s/room.json", room);
    remove(path);
    return remove(room) || stage_teardown(state);
}

/* The film's clock begins with the first publish, at 0 of the scene. A picture after a loss may still show an old one.
 */
static void check_picture(const struct look_track *video, const struct scene_take *scene)
{
    size_t good = 0, sent = (size_t)((scene->span.to_us - scene->span.from_us) * FPS / SECOND);
    for (size_t i = 0; i < video->n_pictures; i++) {
        const struct look_picture *p = &video->pictures[i];
        int64_t late_us = p->at_us - (int64_t)p->number * SECOND / FPS;
        assert_true(p->number < 0 || late_us > -APART_US);
        good += p->number >= 0 && late_us < APART_US;
    }
    if (good < sent * 3 / 4)
        fail_msg("%s: %zu of %zu pictures", scene->name.stream, good, sent);
}

static void check_sound(const struct look_track *video, const struct look_track *audio, const struct scene_take *scene)
{
    int64_t offsets[MAX_TONES];
    size_t n = look_offsets(video, audio, FPS, offsets, MAX_TONES);
    int64_t worst = look_percentile(offsets, n, 0.99);
    print_message("%s: %zu tones, at the most %lld us from their pictures\n", scene->name.stream, n, (long long)worst);
    if (n < (size_t)((scene->span.to_us - scene->span.from_us) / SECOND) - 2 || worst > SYNC_US)
        fail_msg("%s: %zu tones, %lld us off", scene->name.stream, n, (long long)worst);
    for (size_t i = 0; i < audio->n_tones; i++) {
        int64_t second = (audio->tones[i].at_us + SECOND / 2) / SECOND;
        assert_near(audio->tones[i].at_us, second * SECOND, APART_US);
        assert_int_equal(audio->tones[i].tone, second % 8);
    }
}

static void test_room(void **state)
{
    struct job job = {.records = stage_folder, .path = room};
    struct look look;
    char tag[64];
    assert_int_equal(job_room(&job), 0);
    look_open(&look, stage_path("r.mkv"));
    for (size_t i = 0; i < TAKES; i++) {
        const struct look_track *video = look_track(&look, MEDIA_VIDEO, i), *audio = look_track(&look, MEDIA_AUDIO, i);
        assert_non_null(video);
        assert_non_null(audio);
        look_tag(video, "STREAM_NAME", tag, sizeof(tag));
        assert_string_equal(tag, scenes[i].name.stream);
        check_picture(video, &scenes[i]);
        check_sound(video, audio, &scenes[i]);
    }
    look_close(&look);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_room)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
