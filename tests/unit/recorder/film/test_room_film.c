/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libavformat/avformat.h>

#include "common/util.h"
#include "recorder/film/job.h"
#include "tests/unit/recorder/film/fake_take.h"
#include "tests/unit/recorder/film/stage.h"

#define T0 (500 * SECOND)

/* The i-th take of the room, whose captures lie beside the records. */
static struct take *join(unsigned i, const char *login, const char *stream, int64_t from_us, int64_t to_us)
{
    char path[600], file[16];
    snprintf(file, sizeof(file), "%u.cap", i);
    snprintf(path, sizeof(path), "%s", stage_path(file));
    fclose(fopen(path, "w"));
    return fake_take(path, (struct take_about){.room = "Комната",
                                               .login = login,
                                               .stream_name = stream,
                                               .media_session_id = "m",
                                               .file = "x.mp4",
                                               .id = i,
                                               .whole = true,
                                               .start_us = from_us,
                                               .end_us = to_us,
                                               .unix_offset_us = 1000 * SECOND,
                                               .closed = true,
                                               .why = "ended"});
}

static void name_room(const char *json)
{
    FILE *f = fopen(stage_path("room.json"), "w");
    fputs(json, f);
    fclose(f);
}

static int finish(void)
{
    struct job job = {.records = stage_folder, .path = stage_folder};
    return job_room(&job);
}

static const char *tag(const AVFormatContext *in, unsigned track, const char *key)
{
    const AVDictionaryEntry *e = av_dict_get(in->streams[track]->metadata, key, NULL, 0);
    return e ? e->value : "";
}

static void check_tags(void)
{
    AVFormatContext *in = NULL;
    assert_int_equal(avformat_open_input(&in, stage_path("room.mkv"), NULL, NULL), 0);
    assert_int_equal(in->nb_streams, 6);
    assert_string_equal(av_dict_get(in->metadata, "title", NULL, 0)->value, "Комната");
    assert_string_equal(av_dict_get(in->metadata, "DATE_RECORDED", NULL, 0)->value, "1970-01-01T00:25:00Z");
    assert_string_equal(tag(in, 0, "title"), "room-ann");
    assert_string_equal(tag(in, 0, "LOGIN"), "ann");
    assert_string_equal(tag(in, 1, "STREAM_NAME"), "room-ann");
    assert_string_equal(tag(in, 1, "MEDIA_SESSION_ID"), "m");
    assert_string_equal(tag(in, 0, "KIND"), "camera");
    assert_string_equal(tag(in, 2, "START_MS"), "2100");
    assert_string_equal(tag(in, 2, "END_MS"), "5000");
    assert_string_equal(tag(in, 4, "KIND"), "screen");
    avformat_close_input(&in);
}

/* A take, one that joins late, and one of another codec after a time without any. */
static void test_room(void **state)
{
    (void)state;
    name_room("{\"room_id\": \"0000000000000001\", \"room\": \"Комната\", \"file\": \"room.mkv\", \"whole\": true}");
    struct take *ann = join(1, "ann", "room-ann", T0, T0 + 4 * SECOND);
    fake_sound(ann, CODEC_OPUS, 0, T0 + 100000, T0 + 4 * SECOND);
    fake_picture(ann, CODEC_H264, 160, 120, 10, T0 + 200000, T0 + 4 * SECOND);
    struct take *bob = join(2, "bob", "room-bob", T0 + 2 * SECOND + 100000, T0 + 5 * SECOND);
    fake_sound(bob, CODEC_PCMU, 0, T0 + 2 * SECOND + 200000, T0 + 5 * SECOND);
    fake_picture(bob, CODEC_VP8, 160, 120, 10, T0 + 2 * SECOND + 300000, T0 + 5 * SECOND);
    struct take *again = join(3, "ann", "room-annscreenShare", T0 + 7 * SECOND, T0 + 9 * SECOND);
    fake_sound(again, CODEC_PCMA, 0, T0 + 7 * SECOND + 100000, T0 + 9 * SECOND);
    fake_picture(again, CODEC_H264, 160, 120, 10, T0 + 7 * SECOND + 100000, T0 + 9 * SECOND);
    join(4, "eve", "room-eve", T0 - 5 * SECOND, T0); /* sent nothing */
    assert_int_equal(finish(), 0);
    check_tags();
    assert_true(stage_index_first("room.mkv"));
    static const int64_t first_s[] = {1, 3, 8}; /* first flash and tone from their begin, on the room's clock */
    static const struct {
        const char *video, *audio;
    } codecs[] = {{"h264", "opus"}, {"vp8", "pcm_mulaw"}, {"h264", "pcm_alaw"}};
    for (unsigned i = 0; i < ARRAY_SIZE(first_s); i++) {
        struct watch w;
        stage_watch(&w, "room.mkv", i, i);
        assert_string_equal(w.video, codecs[i].video);
        assert_string_equal(w.audio, codecs[i].audio);
        assert_near(watch_flash_us(&w, i == 2), first_s[i] * SECOND, 1000);
        assert_near(watch_tone_us(&w, i != 1), first_s[i] * SECOND, 5000);
        assert_near(w.duration_us, 9 * SECOND, 100000);
        watch_finish(&w);
    }
    json_t *o = stage_json("room.mkv.json");
    assert_string_equal(json_string_value(json_object_get(o, "kind")), "room");
    assert_int_equal(json_array_size(json_object_get(o, "participants")), 2);
    assert_int_equal(json_array_size(json_object_get(o, "tracks")), 6);
    json_decref(o);
}

static void test_nothing(void **state)
{
    (void)state;
    join(1, "ann", "room-ann", T0, T0 + SECOND);
    assert_int_equal(finish(), JOB_NOTHING);
}

static void test_no_name(void **state)
{
    (void)state;
    name_room("{\"file\": \"../room.mkv\"}");
    struct take *ann = join(1, "ann", "room-ann", T0, T0 + SECOND);
    fake_sound(ann, CODEC_OPUS, 0, T0, T0 + SECOND);
    assert_int_equal(finish(), -EINVAL);
    name_room("{");
    assert_int_equal(finish(), -EINVAL);
}

static int forget(void **state)
{
    fake_take_forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_room, forget),
        cmocka_unit_test_teardown(test_nothing, forget),
        cmocka_unit_test_teardown(test_no_name, forget),
    };
    return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
