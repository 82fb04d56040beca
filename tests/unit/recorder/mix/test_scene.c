/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/mix/scene.h"

#define V    MEDIA_VIDEO
#define A    MEDIA_AUDIO
#define S(s) ((s)*INT64_C(1000000))

struct moment {
    int64_t at_us;
    size_t speaker;
    const char *shown; /* first letters of the streams, in their order; the large one's is a capital */
    bool changed;
};

static struct source_track track(enum media_kind kind, const char *stream, int64_t start_us, int64_t end_us)
{
    return (struct source_track){
        .kind = kind,
        .login = "login",
        .stream_name = stream,
        .media_session_id = stream,
        .screen = stream[0] == 's',
        .start_us = start_us,
        .end_us = end_us,
    };
}

static struct scene *make(enum config_layout layout, const struct source_track *tracks, size_t n)
{
    struct config config;
    config_defaults(&config);
    config.layout = layout;
    struct scene *scene = scene_create(&config, n);
    assert_non_null(scene);
    for (size_t i = 0; i < n; i++)
        scene_add(scene, &tracks[i], i);
    return scene;
}

static void check(struct scene *scene, const struct moment *moments, size_t n_moments)
{
    for (size_t m = 0; m < n_moments; m++) {
        char shown[16] = "";
        size_t n, widest = 0;
        bool changed;
        const struct scene_tile *tiles = scene_at(scene, moments[m].at_us, moments[m].speaker, &n, &changed);
        for (size_t i = 0; i < n; i++) {
            shown[i] = scene_person(scene, tiles[i].person)->stream_name[0];
            widest = tiles[i].rect.w > tiles[widest].rect.w ? i : widest;
        }
        for (size_t i = 0; i < n; i++)
            if (tiles[i].rect.w > 2 * tiles[i ? 0 : n - 1].rect.w && i == widest)
                shown[i] = (char)(shown[i] - 'a' + 'A');
        assert_string_equal(shown, moments[m].shown);
        assert_int_equal(changed, moments[m].changed);
    }
    scene_destroy(scene);
}

static void tracks_of_one_take_are_one_person(void **state)
{
    struct source_track tracks[] = {track(V, "a", S(1), S(9)), track(V, "b", 0, S(9)), track(A, "a", S(2), S(10)),
                                    track(A, "c", 0, S(9))};
    struct scene *scene = make(CONFIG_LAYOUT_AUTO, tracks, ARRAY_SIZE(tracks));
    assert_int_equal(scene_people(scene), 3);
    const struct scene_person *b = scene_person(scene, 0), *c = scene_person(scene, 1), *a = scene_person(scene, 2);
    assert_string_equal(a->stream_name, "a");
    assert_true(a->start_us == S(1) && a->end_us == S(10) && a->video == 0 && a->audio == 2);
    assert_true(b->video == 1 && b->audio == SCENE_NONE);
    assert_true(c->video == SCENE_NONE && c->audio == 3);
    scene_destroy(scene);
}

static void a_stream_published_again_is_somebody_new(void **state)
{
    struct source_track tracks[] = {track(V, "a", 0, S(1)), track(V, "a", S(2), S(3))};
    tracks[1].media_session_id = "another";
    struct scene *scene = make(CONFIG_LAYOUT_AUTO, tracks, ARRAY_SIZE(tracks));
    assert_int_equal(scene_people(scene), 2);
    static const struct moment moments[] = {
        {0, SCENE_NONE, "a", true}, {S(1), SCENE_NONE, "", true}, {S(2), SCENE_NONE, "a", true}};
    check(scene, moments, ARRAY_SIZE(moments));
}

static void tracks_without_tags_are_paired_in_their_order(void **state)
{
    struct source_track tracks[] = {track(V, "", 0, S(1)), track(A, "", 0, S(1)), track(V, "", 0, S(1)),
                                    track(A, "", 0, S(1))};
    struct scene *scene = make(CONFIG_LAYOUT_AUTO, tracks, ARRAY_SIZE(tracks));
    assert_int_equal(scene_people(scene), 2);
    assert_int_equal(scene_person(scene, 1)->video, 2);
    assert_int_equal(scene_person(scene, 1)->audio, 3);
    scene_destroy(scene);
}

static const struct source_track crowd[] = {
    {.kind = V, .login = "", .stream_name = "a", .media_session_id = "a", .start_us = 0, .end_us = S(10)},
    {.kind = V, .login = "", .stream_name = "b", .media_session_id = "b", .start_us = S(1), .end_us = S(9)},
    {.kind = V,
     .login = "",
     .stream_name = "s",
     .media_session_id = "s",
     .screen = true,
     .start_us = S(2),
     .end_us = S(8)},
    {.kind = V,
     .login = "",
     .stream_name = "t",
     .media_session_id = "t",
     .screen = true,
     .start_us = S(3),
     .end_us = S(7)},
};

static void a_screen_is_large_and_the_newest_wins(void **state)
{
    static const struct moment moments[] = {
        {0, SCENE_NONE, "a", true},      {1, SCENE_NONE, "a", false},          {S(1), SCENE_NONE, "ab", true},
        {S(2), SCENE_NONE, "abS", true}, {S(3) - 1, SCENE_NONE, "abS", false}, {S(3), SCENE_NONE, "absT", true},
        {S(7), SCENE_NONE, "abS", true}, {S(8), SCENE_NONE, "ab", true},       {S(9), SCENE_NONE, "a", true},
        {S(10), SCENE_NONE, "", true},   {S(11), SCENE_NONE, "", false},
    };
    check(make(CONFIG_LAYOUT_AUTO, crowd, ARRAY_SIZE(crowd)), moments, ARRAY_SIZE(moments));
}

static void a_grid_is_a_grid(void **state)
{
    static const struct moment moments[] = {{S(2), 1, "abs", true}, {S(3), SCENE_NONE, "abst", true}};
    check(make(CONFIG_LAYOUT_GRID, crowd, ARRAY_SIZE(crowd)), moments, ARRAY_SIZE(moments));
}

static void who_speaks_is_large_but_for_a_screen(void **state)
{
    static const struct moment moments[] = {
        {S(1), SCENE_NONE, "Ab", true}, {S(1), 1, "aB", true},   {S(1), 1, "aB", false}, {S(1), 0, "Ab", true},
        {S(2), 1, "abS", true},         {S(2), 0, "abS", false}, {S(9), 1, "a", true},
    };
    check(make(CONFIG_LAYOUT_SPEAKER, crowd, ARRAY_SIZE(crowd)), moments, ARRAY_SIZE(moments));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tracks_of_one_take_are_one_person),
        cmocka_unit_test(a_stream_published_again_is_somebody_new),
        cmocka_unit_test(tracks_without_tags_are_paired_in_their_order),
        cmocka_unit_test(a_screen_is_large_and_the_newest_wins),
        cmocka_unit_test(a_grid_is_a_grid),
        cmocka_unit_test(who_speaks_is_large_but_for_a_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
