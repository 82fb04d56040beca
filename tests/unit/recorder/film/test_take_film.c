/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/film/faststart.h"
#include "recorder/film/job.h"
#include "tests/unit/recorder/film/fake_take.h"
#include "tests/unit/recorder/film/stage.h"

#define T0 (7777 * SECOND + 900000) /* the takes' timeline starts anywhere */

static struct take *record(const char *file)
{
    return fake_take("1.cap", (struct take_about){.room = "r",
                                                  .login = "ann",
                                                  .stream_name = "s",
                                                  .media_session_id = "m",
                                                  .file = file,
                                                  .id = 0x12,
                                                  .unix_offset_us = 1000 * SECOND,
                                                  .closed = true,
                                                  .why = "ended"});
}

static int finish(void)
{
    struct job job = {.records = stage_folder, .path = "1.cap"};
    return job_take(&job);
}

struct kind {
    const char *file;
    enum codec video, audio;
    const char *video_is, *audio_is;
};

static const struct kind kinds[] = {
    {"a.mp4", CODEC_H264, CODEC_OPUS, "h264", "aac"},       {"b.mp4", CODEC_H264, CODEC_PCMU, "h264", "aac"},
    {"c.webm", CODEC_VP8, CODEC_OPUS, "vp8", "opus"},       {"d.webm", CODEC_VP8, CODEC_PCMA, "vp8", "opus"},
    {"e.mkv", CODEC_H264, CODEC_OPUS, "h264", "opus"},      {"f.mkv", CODEC_VP8, CODEC_PCMA, "vp8", "pcm_alaw"},
    {"g.mkv", CODEC_H264, CODEC_PCMU, "h264", "pcm_mulaw"},
};

/* Sound comes 100 ms before picture. All that was shown and heard is where it was, index first. */
static void check_kind(const struct kind *k)
{
    struct take *t = record(k->file);
    fake_sound(t, k->audio, 0, T0, T0 + 4 * SECOND);
    fake_picture(t, k->video, 160, 120, 25, T0 + 100000, T0 + 4 * SECOND);
    assert_int_equal(finish(), 0);
    assert_true(stage_index_first(k->file));
    struct watch w;
    stage_watch(&w, k->file, 0, 0);
    assert_string_equal(w.video, k->video_is);
    assert_string_equal(w.audio, k->audio_is);
    assert_int_equal(w.n_frames, t->n[MEDIA_VIDEO]);
    assert_near(w.frames[0].at_us, 100000, 1000);
    assert_near(w.duration_us, 4 * SECOND, 40000);
    for (size_t s = 0; s < 4; s++) {
        assert_near(watch_flash_us(&w, s), 100000 + (int64_t)s * SECOND, 1000);
        assert_near(watch_tone_us(&w, s), 100000 + (int64_t)s * SECOND, 5000);
    }
    assert_int_equal(watch_tone_us(&w, 4), -1);
    watch_finish(&w);
    fake_take_forget();
}

static void test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        print_message("%s\n", kinds[i].file);
        check_kind(&kinds[i]);
    }
}

/* A sender whose clock is slow, and one that is fast, for a minute: what is encoded follows. */
static void test_drift(void **state)
{
    (void)state;
    static const int ppms[] = {200, -200};
    for (size_t i = 0; i < ARRAY_SIZE(ppms); i++) {
        struct take *t = record("drift.mp4");
        fake_sound(t, CODEC_OPUS, ppms[i], T0 + 100000, T0 + 60 * SECOND);
        fake_picture(t, CODEC_H264, 64, 48, 5, T0 + 100000, T0 + 60 * SECOND);
        assert_int_equal(finish(), 0);
        struct watch w;
        stage_watch(&w, "drift.mp4", 0, 0);
        for (size_t s = 0; s < 59; s++)
            assert_near(watch_tone_us(&w, s), watch_flash_us(&w, s), 5000);
        assert_near(w.duration_us, 60 * SECOND - 100000, 40000);
        watch_finish(&w);
        fake_take_forget();
    }
}

/* Muted for three seconds: silence, nothing moved. */
static void test_gap(void **state)
{
    (void)state;
    struct take *t = record("gap.mp4");
    fake_sound(t, CODEC_OPUS, 0, T0 + 100000, T0 + 2 * SECOND);
    fake_sound(t, CODEC_OPUS, 0, T0 + 5 * SECOND + 3000, T0 + 7 * SECOND);
    fake_picture(t, CODEC_H264, 64, 48, 10, T0 + 100000, T0 + 9 * SECOND);
    assert_int_equal(finish(), 0);
    struct watch w;
    stage_watch(&w, "gap.mp4", 0, 0);
    assert_near(watch_tone_us(&w, 1), SECOND, 5000);
    assert_near(watch_tone_us(&w, 2), 5 * SECOND, 5000);
    assert_near(watch_tone_us(&w, 3), 6 * SECOND, 5000);
    assert_near((int64_t)w.n_samples * SECOND / WATCH_HZ, 9 * SECOND - 200000, 40000); /* to the picture's end */
    watch_finish(&w);
    fake_take_forget();
}

/* Other parameter sets and another size within a file. */
static void test_sizes(void **state)
{
    (void)state;
    static const struct kind sizes[] = {{"sizes.mp4", CODEC_H264, CODEC_OPUS}, {"sizes.webm", CODEC_VP8, CODEC_OPUS}};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct take *t = record(sizes[i].file);
        fake_picture(t, sizes[i].video, 160, 120, 10, T0, T0 + 2 * SECOND);
        fake_picture(t, sizes[i].video, 320, 240, 10, T0 + 2 * SECOND, T0 + 4 * SECOND);
        assert_int_equal(finish(), 0);
        struct watch w;
        stage_watch(&w, sizes[i].file, 0, 0);
        assert_int_equal(w.n_frames, 40);
        assert_int_equal(w.frames[19].width, 160);
        assert_int_equal(w.frames[20].width, 320);
        assert_int_equal(w.frames[39].height, 240);
        assert_null(w.audio);
        watch_finish(&w);
        fake_take_forget();
    }
}

static void test_sound_only(void **state)
{
    (void)state;
    struct take *t = record("sound.mp4");
    fake_sound(t, CODEC_PCMA, 0, T0, T0 + 2 * SECOND);
    assert_int_equal(finish(), 0);
    struct watch w;
    stage_watch(&w, "sound.mp4", 0, 0);
    assert_null(w.video);
    assert_string_equal(w.audio, "aac");
    assert_near(watch_tone_us(&w, 0), 100000, 5000);
    assert_near(w.duration_us, 2 * SECOND, 40000);
    watch_finish(&w);
    fake_take_forget();
}

static int64_t next_s(void)
{
    static int64_t now_us;
    return now_us += SECOND;
}

static void test_sidecar(void **state)
{
    (void)state;
    struct take *t = record("side.mp4");
    fake_sound(t, CODEC_OPUS, 0, T0, T0 + SECOND);
    char *said;
    size_t bytes;
    struct job job = {.records = stage_folder, .path = "1.cap", .progress = {.now_us = next_s, .parts = 1}};
    job.progress.out = open_memstream(&said, &bytes);
    assert_int_equal(job_take(&job), 0);
    fclose(job.progress.out);
    assert_ptr_equal(strstr(said, "{\"progress\": "), said);
    assert_non_null(strstr(said, "\n{\"file\":\"side.mp4\",\"bytes\":"));
    assert_non_null(strstr(said, "\"duration_ms\":1000,\"start_unix_ms\":8777900,\"take\":\"0000000000000012\"}\n"));
    free(said);
    json_t *o = stage_json("side.mp4.json");
    struct stat st;
    assert_int_equal(stat(stage_path("side.mp4"), &st), 0);
    assert_string_equal(json_string_value(json_object_get(o, "name")), "side.mp4");
    assert_string_equal(json_string_value(json_object_get(o, "kind")), "stream");
    assert_string_equal(json_string_value(json_object_get(o, "state")), "ready");
    assert_string_equal(json_string_value(json_object_get(o, "login")), "ann");
    assert_int_equal(json_integer_value(json_object_get(o, "bytes")), st.st_size);
    assert_int_equal(json_integer_value(json_object_get(o, "duration_ms")), 1000);
    assert_int_equal(json_integer_value(json_object_get(o, "start_unix_ms")), (T0 + 1000 * SECOND) / 1000);
    const json_t *track = json_array_get(json_object_get(o, "tracks"), 0);
    assert_string_equal(json_string_value(json_object_get(track, "codec")), "opus");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(track, "rtp"), "clock")), 48000);
    json_decref(o);
    fake_take_forget();
}

/* Nothing usable, a container that does not take the codec, a name that leads elsewhere: nothing is left behind. */
static void test_refusals(void **state)
{
    (void)state;
    unsigned before = stage_count();
    struct take *t = record("none.mp4");
    assert_int_equal(finish(), JOB_NOTHING);
    t->tracks[MEDIA_VIDEO].codec = CODEC_H264;
    assert_int_equal(finish(), JOB_NOTHING);
    fake_take_forget();
    assert_int_equal(finish(), JOB_NOTHING);
    t = record("vp8.mp4");
    fake_picture(t, CODEC_VP8, 64, 48, 10, T0, T0 + SECOND);
    assert_int_equal(finish(), -EINVAL);
    t->about.file = "../vp8.webm";
    assert_int_equal(finish(), -EINVAL);
    t->about.file = "vp8.avi";
    assert_int_equal(finish(), -EINVAL);
    fake_take_forget();
    assert_int_equal(stage_count(), before);
}

/* A file that cannot grow: what there was before stays as it was, its side-car too. */
static void test_no_room(void **state)
{
    (void)state;
    static const char *const files[] = {"room.mp4", "room.webm"};
    struct rlimit all, little = {.rlim_cur = 4096};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
    signal(SIGXFSZ, SIG_IGN);
    little.rlim_max = all.rlim_max;
    unsigned before = stage_count();
    char side[64];
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct take *t = record(files[i]);
        fake_sound(t, CODEC_OPUS, 0, T0, T0 + 4 * SECOND);
        setrlimit(RLIMIT_FSIZE, &little);
        int r = finish();
        setrlimit(RLIMIT_FSIZE, &all);
        assert_int_equal(r, -EFBIG);
        assert_int_equal(stage_count(), before);
        assert_int_equal(finish(), 0);
        setrlimit(RLIMIT_FSIZE, &little);
        r = finish();
        setrlimit(RLIMIT_FSIZE, &all);
        assert_int_equal(r, -EFBIG);
        before += 2;
        assert_int_equal(stage_count(), before);
        snprintf(side, sizeof(side), "%s.json", files[i]);
        json_t *o = stage_json(side);
        assert_string_equal(json_string_value(json_object_get(o, "state")), "ready");
        json_decref(o);
        fake_take_forget();
    }
}

/* Killed at some byte: what is there of the .part plays, and the next run makes the whole film. */
static void test_killed(void **state)
{
    (void)state;
    static const struct kind killed[] = {{"k.mp4", CODEC_H264}, {"k.webm", CODEC_VP8}};
    char part[64];
    for (size_t i = 0; i < ARRAY_SIZE(killed); i++) {
        struct take *t = record(killed[i].file);
        fake_sound(t, CODEC_OPUS, 0, T0, T0 + 6 * SECOND);
        fake_picture(t, killed[i].video, 160, 120, 10, T0, T0 + 6 * SECOND);
        pid_t child = fork();
        if (!child) {
            struct rlimit little = {20000, 20000};
            signal(SIGXFSZ, SIG_DFL);
            setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
            setrlimit(RLIMIT_FSIZE, &little);
            _exit(finish());
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
        assert_false(stage_has(killed[i].file));
        snprintf(part, sizeof(part), "%s.part", killed[i].file);
        struct watch w;
        assert_int_equal(watch_film(&w, stage_path(part), 0, 0), 0);
        assert_true(w.errors <= 1); /* the packet in which it was cut off */
        assert_true(w.n_frames >= 10 && w.n_frames < 60);
        assert_near(watch_tone_us(&w, 1), watch_flash_us(&w, 1), 5000);
        watch_finish(&w);
        assert_int_equal(finish(), 0);
        assert_false(stage_has(part));
        stage_watch(&w, killed[i].file, 0, 0);
        assert_int_equal(w.n_frames, 60);
        watch_finish(&w);
        fake_take_forget();
    }
}

/* An index for which too little room was kept: the film is written again with enough. */
static void test_index_estimate(void **state)
{
    (void)state;
    struct take *t = record("index.mp4");
    char from[128], to[128];
    fake_picture(t, CODEC_H264, 64, 48, 25, T0, T0 + 80 * SECOND);
    assert_int_equal(finish(), 0);
    snprintf(from, sizeof(from), "%s", stage_path("index.mp4"));
    snprintf(to, sizeof(to), "%s", stage_path("again.mp4"));
    assert_int_equal(faststart_write(from, to, &(struct faststart){.samples = 2000, .length_us = 80 * SECOND}), 0);
    assert_true(stage_index_first("again.mp4"));
    struct watch w;
    stage_watch(&w, "again.mp4", 0, 0);
    assert_int_equal(w.n_frames, 2000);
    assert_near(w.duration_us, 80 * SECOND, 1000);
    watch_finish(&w);
}

static int forget(void **state)
{
    fake_take_forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_kinds, forget),      cmocka_unit_test_teardown(test_drift, forget),
        cmocka_unit_test_teardown(test_gap, forget),        cmocka_unit_test_teardown(test_sizes, forget),
        cmocka_unit_test_teardown(test_sound_only, forget), cmocka_unit_test_teardown(test_sidecar, forget),
        cmocka_unit_test_teardown(test_refusals, forget),   cmocka_unit_test_teardown(test_no_room, forget),
        cmocka_unit_test_teardown(test_killed, forget),     cmocka_unit_test_teardown(test_index_estimate, forget),
    };
    return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
