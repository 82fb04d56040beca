/* SPDX-License-Identifier: MIT */
/* Rooms mixed, and what comes out looked at and listened to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libavutil/log.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/util.h"
#include "film.h"
#include "recorder/mix/layout.h"
#include "recorder/mix/mix.h"
#include "room.h"

#define WIDTH  320
#define HEIGHT 180
#define FPS    25
#define NEAR   14 /* of a colour, after two encoders */

static char dir[] = "/tmp/roomline-mix-XXXXXX";

static const struct film_colour red = {81, 90, 240}, green = {145, 54, 34}, blue = {41, 240, 110},
                                grey = {90, 128, 128}, empty_tile = {52, 129, 128};

static const char *in_dir(const char *name)
{
    static char path[4][256];
    static unsigned next;
    char *p = path[next++ % ARRAY_SIZE(path)];
    snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    return p;
}

static struct config small(void)
{
    struct config c;
    config_defaults(&c);
    c.width = WIDTH;
    c.height = HEIGHT;
    c.fps = FPS;
    c.caption = CONFIG_CAPTION_NONE;
    return c;
}

static struct room_take camera(const char *name, struct film_colour colour, int start_ms, int end_ms)
{
    return (struct room_take){
        .login = name,
        .stream_name = name,
        .start_ms = start_ms,
        .end_ms = end_ms,
        .video = "libx264",
        .width = 320,
        .height = 180,
        .fps = 25,
        .y = (uint8_t)colour.y,
        .u = (uint8_t)colour.u,
        .v = (uint8_t)colour.v,
    };
}

static int run(const struct config *config, const char *file, struct mix_result *result, char *err)
{
    static const volatile sig_atomic_t go_on;
    struct mix_job job = {.file = file, .config = config, .stop = &go_on};
    return mix_run(&job, result, err);
}

/* Mixes these takes and reads the result back. */
static void mix(struct film *film, const struct config *config, const struct room_take *takes, size_t n)
{
    struct mix_result result;
    char err[MIX_ERR_BYTES] = "";
    room_write(in_dir("room.mkv"), "a room", "2026-11-25T12:00:00.250Z", takes, n);
    if (run(config, in_dir("room.mkv"), &result, err))
        fail_msg("%s", err);
    assert_string_equal(result.path, in_dir("room-mixed.mp4"));
    film_read(film, result.path);
}

static void assert_near(struct film_colour a, struct film_colour b)
{
    if (abs(a.y - b.y) > NEAR || abs(a.u - b.u) > NEAR || abs(a.v - b.v) > NEAR)
        fail_msg("colour %d %d %d instead of %d %d %d", a.y, a.u, a.v, b.y, b.u, b.v);
}

static void assert_tile(const struct film *film, int at_ms, struct rect r, struct film_colour colour)
{
    assert_near(film_at(film, at_ms, r.x + r.w / 2, r.y + r.h / 2), colour);
    assert_near(film_at(film, at_ms, r.x + 4, r.y + 4), colour);
    assert_near(film_at(film, at_ms, r.x + r.w - 6, r.y + r.h - 6), colour);
}

static void tiles_come_and_go_as_people_do(void **state)
{
    struct room_take takes[] = {camera("a", red, 0, 3000), camera("b", green, 1000, 3000),
                                camera("c", blue, 1000, 2000)};
    struct config config = small();
    struct film film;
    struct rect one[1], two[2], three[3];
    takes[1].video = "libvpx";
    mix(&film, &config, takes, ARRAY_SIZE(takes));
    layout_grid(WIDTH, HEIGHT, 1, one);
    layout_grid(WIDTH, HEIGHT, 2, two);
    layout_grid(WIDTH, HEIGHT, 3, three);
    assert_tile(&film, 0, one[0], red);
    assert_tile(&film, 940, one[0], red);
    assert_tile(&film, 1040, three[0], red);
    assert_tile(&film, 1040, three[1], green);
    assert_tile(&film, 1040, three[2], blue);
    assert_tile(&film, 1940, three[2], blue);
    assert_tile(&film, 2040, two[0], red);
    assert_tile(&film, 2040, two[1], green);
    assert_tile(&film, 2940, two[1], green);
    assert_true(fabs(film.duration_s - 3) <= 0.04);
    assert_int_equal(film.n, 3 * FPS);
    assert_string_equal(film.video_codec, "h264");
    film_finish(&film);
}

static void sound_and_picture_are_in_step(void **state)
{
    static const char *const codecs[][2] = {{"libx264", "libopus"}, {"libvpx", "pcm_mulaw"}, {"libx264", "pcm_alaw"}};
    for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
        struct room_take takes[] = {camera("a", grey, 0, 2000), camera("b", grey, 700, 2000)};
        struct config config = small();
        struct film film;
        struct rect tiles[2];
        config.fps = 30;
        takes[1].video = codecs[i][0];
        takes[1].audio = codecs[i][1];
        takes[1].amplitude = 0.5f;
        takes[1].tone_hz = 1000;
        takes[1].flash_ms = takes[1].click_ms = 1500;
        mix(&film, &config, takes, ARRAY_SIZE(takes));
        layout_grid(WIDTH, HEIGHT, 2, tiles);
        int64_t seen_us = film_first_bright_us(&film, tiles[1].x + tiles[1].w / 2, tiles[1].y + tiles[1].h / 2, 160);
        int64_t heard_us = film_first_loud_us(&film, 0.2f);
        assert_in_range(seen_us, 1495000, 1505000); /* both rates have a picture there */
        assert_in_range(heard_us, 1497000, 1503000);
        assert_true(fabs(film.duration_s - 2) <= 0.04);
        film_finish(&film);
    }
}

static void one_among_silent_ones_is_as_loud_as_alone(void **state)
{
    struct config config = small();
    float loudness[2];
    config.has_video = false;
    for (int crowd = 0; crowd < 2; crowd++) {
        struct room_take takes[4];
        struct film film;
        for (size_t i = 0; i < ARRAY_SIZE(takes); i++)
            takes[i] = (struct room_take){.login = "x",
                                          .stream_name = (const char *[]){"a", "b", "c", "d"}[i],
                                          .end_ms = 1500,
                                          .audio = "libopus",
                                          .tone_hz = 440,
                                          .amplitude = i ? 0 : 0.3f};
        mix(&film, &config, takes, crowd ? 4 : 1);
        assert_null(film.video_codec);
        assert_string_equal(film.audio_codec, "aac");
        loudness[crowd] = film_loudness(&film, 200, 1300);
        film_finish(&film);
    }
    assert_true(fabsf(loudness[0] - 0.3f / sqrtf(2)) < 0.01f);
    assert_true(fabsf(loudness[0] - loudness[1]) < 0.005f);
}

static void many_loud_ones_do_not_clip(void **state)
{
    struct room_take takes[4];
    struct config config = small();
    struct film film;
    config.has_video = false;
    for (size_t i = 0; i < ARRAY_SIZE(takes); i++)
        takes[i] = (struct room_take){.login = "x",
                                      .stream_name = (const char *[]){"a", "b", "c", "d"}[i],
                                      .end_ms = 1500,
                                      .audio = "libopus",
                                      .tone_hz = 440,
                                      .amplitude = 0.8f};
    mix(&film, &config, takes, ARRAY_SIZE(takes));
    assert_true(film_first_loud_us(&film, 1.1f) < 0); /* AAC overshoots a little where the tone begins */
    assert_true(fabsf(film_loudness(&film, 500, 1300) - 0.944f / sqrtf(2)) < 0.03f);
    film_finish(&film);
}

static void a_mute_is_silence_and_what_follows_in_time(void **state)
{
    struct room_take takes[] = {{.login = "a",
                                 .stream_name = "a",
                                 .end_ms = 3000,
                                 .audio = "libopus",
                                 .tone_hz = 440,
                                 .amplitude = 0.5f,
                                 .mute_from_ms = 1000,
                                 .mute_to_ms = 2000}};
    struct config config = small();
    struct film film;
    config.has_video = false;
    mix(&film, &config, takes, 1);
    assert_true(film_loudness(&film, 200, 960) > 0.3f);
    assert_true(film_loudness(&film, 1060, 1960) < 0.01f);
    assert_true(film_loudness(&film, 2040, 2900) > 0.3f);
    assert_true(fabs(film.duration_s - 3) <= 0.04);
    film_finish(&film);
}

/* A packet lost is as much silence, not a stretch of slow sound behind it. */
static void a_lost_packet_shifts_nothing(void **state)
{
    struct room_take takes[] = {{.login = "a",
                                 .stream_name = "a",
                                 .end_ms = 2000,
                                 .audio = "pcm_alaw",
                                 .amplitude = 0.5f,
                                 .tone_hz = 1000,
                                 .mute_from_ms = 1000,
                                 .mute_to_ms = 1020}};
    struct config config = small();
    struct film film;
    config.has_video = false;
    mix(&film, &config, takes, 1);
    assert_in_range(film_longest_silence(&film, 900, 1200, 0.05f), 48 * 18, 48 * 24);
    film_finish(&film);
    takes[0].click_ms = 1100;
    mix(&film, &config, takes, 1);
    assert_in_range(film_first_loud_us(&film, 0.2f), 1099000, 1101500);
    film_finish(&film);
}

/* The click of a clock that is 2 ms a second slow comes when its packet says. */
static void a_clock_that_drifts_is_followed(void **state)
{
    struct room_take takes[] = {{.login = "a",
                                 .stream_name = "a",
                                 .end_ms = 12000,
                                 .audio = "pcm_alaw",
                                 .tone_hz = 1000,
                                 .amplitude = 0.5f,
                                 .drift = 0.002,
                                 .click_ms = 10000}};
    struct config config = small();
    struct film film;
    config.has_video = false;
    mix(&film, &config, takes, 1);
    assert_in_range(film_first_loud_us(&film, 0.2f), 10016000, 10023000);
    film_finish(&film);
}

/* ... and without a gap or a jump on the way there. */
static void a_drift_is_not_heard(void **state)
{
    struct room_take takes[] = {{.login = "a",
                                 .stream_name = "a",
                                 .end_ms = 8000,
                                 .audio = "pcm_alaw",
                                 .tone_hz = 1000,
                                 .amplitude = 0.5f,
                                 .drift = 0.002}};
    struct config config = small();
    struct film film;
    config.has_video = false;
    for (int fast = 0; fast < 2; fast++) {
        takes[0].drift = fast ? -0.002 : 0.002;
        mix(&film, &config, takes, 1);
        assert_true(film_longest_silence(&film, 200, 7900, 0.05f) < 4); /* a wave passes zero faster */
        for (int at_ms = 200; at_ms < 7900; at_ms += 10)
            assert_true(fabsf(film_loudness(&film, at_ms, at_ms + 10) - 0.5f / sqrtf(2)) < 0.02f);
        film_finish(&film);
    }
}

static void a_screen_is_large_and_stays_while_it_stands_still(void **state)
{
    struct room_take takes[] = {camera("a", red, 0, 3000), camera("screen", blue, 500, 2500)};
    struct config config = small();
    struct film film;
    struct rect two[2], one[1];
    takes[1].screen = true;
    takes[1].still_ms = 540; /* one picture */
    mix(&film, &config, takes, ARRAY_SIZE(takes));
    layout_feature(WIDTH, HEIGHT, 2, 1, two);
    layout_grid(WIDTH, HEIGHT, 1, one);
    struct rect shown = layout_fit(two[1], 320, 180);
    assert_tile(&film, 440, one[0], red);
    assert_tile(&film, 540, shown, blue);
    assert_tile(&film, 2440, shown, blue);
    assert_tile(&film, 2440, two[0], red);
    assert_tile(&film, 2540, one[0], red);
    film_finish(&film);
}

static void the_speaker_is_large(void **state)
{
    struct room_take takes[] = {camera("a", red, 0, 6000), camera("b", green, 0, 6000)};
    struct config config = small();
    struct film film;
    struct rect r[2];
    config.layout = CONFIG_LAYOUT_SPEAKER;
    for (int i = 0; i < 2; i++) {
        takes[i].audio = "libopus";
        takes[i].tone_hz = 440;
        takes[i].amplitude = 0.3f;
    }
    takes[0].mute_from_ms = 3000; /* a speaks, then b */
    takes[0].mute_to_ms = 6000;
    takes[1].mute_to_ms = 3000;
    mix(&film, &config, takes, 2);
    layout_feature(WIDTH, HEIGHT, 2, 0, r);
    assert_tile(&film, 2800, layout_fit(r[0], 320, 180), red);
    assert_tile(&film, 2800, r[1], green);
    layout_feature(WIDTH, HEIGHT, 2, 1, r);
    assert_tile(&film, 5800, layout_fit(r[1], 320, 180), green);
    assert_tile(&film, 5800, r[0], red);
    film_finish(&film);
}

static void a_picture_may_change_its_size(void **state)
{
    struct room_take takes[] = {camera("a", green, 0, 2000)};
    struct config config = small();
    struct film film;
    struct rect one[1];
    takes[0].video = "libvpx";
    takes[0].resize_ms = 1000;
    mix(&film, &config, takes, 1);
    layout_grid(WIDTH, HEIGHT, 1, one);
    assert_tile(&film, 900, one[0], green);
    assert_tile(&film, 1500, one[0], green);
    film_finish(&film);
}

static void a_picture_of_another_aspect_has_borders(void **state)
{
    struct room_take takes[] = {camera("a", green, 0, 400)};
    struct config config = small();
    struct film film;
    takes[0].width = 240;
    mix(&film, &config, takes, 1);
    assert_near(film_at(&film, 200, 36, 90), empty_tile);
    assert_near(film_at(&film, 200, 284, 90), empty_tile);
    assert_near(film_at(&film, 200, 46, 90), green);
    assert_near(film_at(&film, 200, 274, 90), green);
    film_finish(&film);
}

static void captions_stand_at_the_foot_or_alone_in_the_middle(void **state)
{
    struct room_take takes[] = {
        camera("Bob", grey, 0, 400),
        {.login = "Eve", .stream_name = "Eve", .end_ms = 400, .audio = "libopus", .tone_hz = 440}};
    struct config config = small();
    for (int captions = 0; captions < 2; captions++) {
        struct film film;
        struct rect r[2];
        config.caption = captions ? CONFIG_CAPTION_STREAM : CONFIG_CAPTION_NONE;
        mix(&film, &config, takes, ARRAY_SIZE(takes));
        layout_grid(WIDTH, HEIGHT, 2, r);
        int foot = film_contrast(&film, 200, r[0].x + 4, r[0].y + r[0].h - 20, 40, 18);
        int head = film_contrast(&film, 200, r[0].x + 4, r[0].y + 4, 100, 30);
        int middle = film_contrast(&film, 200, r[1].x + r[1].w / 2 - 20, r[1].y + r[1].h / 2 - 10, 40, 20);
        assert_true(captions ? foot > 80 : foot < 20);
        assert_true(captions ? middle > 80 : middle < 20);
        assert_true(head < 20);
        film_finish(&film);
    }
}

static void without_sound_there_is_none(void **state)
{
    struct room_take takes[] = {camera("a", red, 0, 400)};
    struct config config = small();
    struct film film;
    takes[0].audio = "libopus";
    config.has_audio = false;
    mix(&film, &config, takes, 1);
    assert_null(film.audio_codec);
    assert_string_equal(film.video_codec, "h264");
    film_finish(&film);
}

static json_t *read_json(const char *path)
{
    json_t *json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    return json;
}

static void side_car_tells_of_the_mix(void **state)
{
    struct room_take takes[] = {camera("a", red, 0, 400), camera("b", red, 100, 400)};
    struct config config = small();
    struct film film;
    takes[1].login = "a\"b";
    mix(&film, &config, takes, 2);
    film_finish(&film);
    json_t *json = read_json(in_dir("room-mixed.mp4.json")), *expected;
    json_int_t bytes = json_integer_value(json_object_get(json, "bytes"));
    assert_true(bytes > 1000);
    expected =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:I, s:I, s:[s, s]}", "name", "room-mixed.mp4", "kind", "mix",
                  "state", "ready", "room", "a room", "bytes", bytes, "duration_ms", 400, "start_unix_ms",
                  (json_int_t)1795608000250, "end_unix_ms", (json_int_t)1795608000650, "participants", "a", "a\"b");
    assert_true(json_equal(json, expected));
    json_decref(json);
    json_decref(expected);
    assert_int_not_equal(access(in_dir("room-mixed.mp4.part"), F_OK), 0);
    assert_int_not_equal(access(in_dir("room-mixed.mp4.json.part"), F_OK), 0);
}

static void what_cannot_be_mixed_leaves_nothing(void **state)
{
    struct config config = small();
    struct mix_result result;
    char err[MIX_ERR_BYTES] = "";
    int fd = open(in_dir("junk.mkv"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "junk", 4), 4);
    close(fd);
    assert_int_equal(run(&config, in_dir("junk.mkv"), &result, err), -EINVAL);
    assert_string_equal(err, "Invalid data found when processing input");
    assert_int_not_equal(access(in_dir("junk-mixed.mp4.json"), F_OK), 0);
    assert_int_not_equal(access(in_dir("junk-mixed.mp4.part"), F_OK), 0);
}

static int make_dir(void **state)
{
    av_log_set_level(AV_LOG_FATAL);
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"room.mkv", "room-mixed.mp4", "room-mixed.mp4.json", "junk.mkv"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        unlink(in_dir(names[i]));
    return rmdir(dir); /* fails if a mix left anything else */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_come_and_go_as_people_do),
        cmocka_unit_test(sound_and_picture_are_in_step),
        cmocka_unit_test(one_among_silent_ones_is_as_loud_as_alone),
        cmocka_unit_test(many_loud_ones_do_not_clip),
        cmocka_unit_test(a_mute_is_silence_and_what_follows_in_time),
        cmocka_unit_test(a_lost_packet_shifts_nothing),
        cmocka_unit_test(a_clock_that_drifts_is_followed),
        cmocka_unit_test(a_drift_is_not_heard),
        cmocka_unit_test(a_screen_is_large_and_stays_while_it_stands_still),
        cmocka_unit_test(the_speaker_is_large),
        cmocka_unit_test(a_picture_may_change_its_size),
        cmocka_unit_test(a_picture_of_another_aspect_has_borders),
        cmocka_unit_test(captions_stand_at_the_foot_or_alone_in_the_middle),
        cmocka_unit_test(without_sound_there_is_none),
        cmocka_unit_test(side_car_tells_of_the_mix),
        cmocka_unit_test(what_cannot_be_mixed_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
