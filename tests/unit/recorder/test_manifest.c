/* SPDX-License-Identifier: MIT */
/* manifest: side-cars, what lives, and both in one file. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/manifest.h"
#include "tests/unit/recorder/place.h"

#define CAR(name, start)                                                                                          \
    "{\"name\":\"" name "\",\"kind\":\"stream\",\"state\":\"ready\",\"room\":\"r\",\"stream\":\"s\",\"bytes\":5," \
    "\"duration_ms\":6,\"start_unix_ms\":" start ",\"tracks\":[]}"
#define ENTRY(name, start)                                                                                        \
    "{\"name\":\"" name "\",\"kind\":\"stream\",\"state\":\"ready\",\"room\":\"r\",\"stream\":\"s\",\"bytes\":5," \
    "\"duration_ms\":6,\"start_unix_ms\":" start "}"

static const struct {
    const char *name, *text, *entry; /* NULL: none */
} cars[] = {
    {"a.mp4", CAR("a.mp4", "7"), ENTRY("a.mp4", "7")},
    {"a.mp4", CAR("b.mp4", "7"), NULL}, /* of another */
    {"../a", CAR("../a", "7"), NULL},
    {"a.mp4", "{\"name\":\"a.mp4\",\"bytes\":-1,\"kind\":7}",
     "{\"name\":\"a.mp4\",\"kind\":\"\",\"state\":\"\",\"room\":\"\",\"stream\":\"\",\"bytes\":0,\"duration_ms\":0,"
     "\"start_unix_ms\":0}"},
    {"a.mp4", "[]", NULL},
    {"a.mp4", "", NULL},
};

static void test_cars(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cars); i++) {
        json_t *entry = manifest_parse_car(cars[i].name, cars[i].text, strlen(cars[i].text));
        char *text = json_dumps(entry, JSON_COMPACT);
        assert_int_equal(!text, !cars[i].entry);
        if (text)
            assert_string_equal(text, cars[i].entry);
        json_decref(entry);
        free(text);
    }
}

/* ---- In a folder ---- */

static struct list {
    struct hand hand;
    struct loop loop;
    struct manifest m;
    int64_t now_us;
    const char *live; /* name of a recording that lives; NULL: none */
} list;

static int setup(void **state)
{
    list = (struct list){.now_us = 1};
    return place_setup(state) || loop_init(&list.loop) || hand_init(&list.hand, "chores") ||
           manifest_init(&list.m, &list.loop, &list.hand, *state);
}

static int teardown(void **state)
{
    hand_finish(&list.hand);
    manifest_finish(&list.m);
    loop_finish(&list.loop);
    return place_teardown(state);
}

static void fill(void *arg, struct manifest *m)
{
    if (list.live)
        manifest_add(m, &(struct manifest_entry){.name = list.live,
                                                 .kind = "stream",
                                                 .state = "recording",
                                                 .room = "r",
                                                 .stream = "s",
                                                 .start_unix_ms = 9,
                                                 .progress = -1});
}

/* Lets time pass and everything come to rest. */
static void settle(void)
{
    list.now_us += MANIFEST_US;
    loop_turn(&list.loop, 0); /* what inotify has seen */
    manifest_tick(&list.m, list.now_us, fill, NULL);
    while (list.hand.n_open) {
        struct pollfd wait = {.fd = list.hand.event_fd, .events = POLLIN};
        poll(&wait, 1, -1);
        hand_answer(&list.hand);
    }
}

static void check(const char *folder, const char *expected)
{
    static char text[65536];
    size_t n = place_read(folder, MANIFEST_FILE, (uint8_t *)text, sizeof(text) - 1);
    text[n] = '\0';
    assert_string_equal(text, expected);
}

static void remove_file(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(unlink(path), 0);
}

static void test_folder(void **state)
{
    const char *dir = *state;
    settle();
    check(dir, "[\n]\n");
    place_write(dir, "a.mp4", "x", 1);
    place_write(dir, "a.mp4.json", CAR("a.mp4", "7"), strlen(CAR("a.mp4", "7")));
    place_write(dir, "b.mp4.part", "x", 1);
    place_write(dir, "b.mp4.json", CAR("b.mp4", "8"), strlen(CAR("b.mp4", "8")));
    place_write(dir, "gone.mp4.json", CAR("gone.mp4", "8"), strlen(CAR("gone.mp4", "8")));
    place_write(dir, "notes.json", "{}", 2);
    settle();
    check(dir, "[\n" ENTRY("b.mp4", "8") ",\n" ENTRY("a.mp4", "7") "\n]\n");
    place_write(dir, "a.mp4.json", CAR("a.mp4", "10"), strlen(CAR("a.mp4", "10")));
    settle();
    check(dir, "[\n" ENTRY("a.mp4", "10") ",\n" ENTRY("b.mp4", "8") "\n]\n");
    remove_file(dir, "a.mp4");
    settle();
    check(dir, "[\n" ENTRY("b.mp4", "8") "\n]\n");
    list.live = "b.mp4"; /* what lives is what counts */
    manifest_touch(&list.m);
    settle();
    check(dir, "[\n{\"name\":\"b.mp4\",\"kind\":\"stream\",\"state\":\"recording\",\"room\":\"r\",\"stream\":\"s\","
               "\"bytes\":0,\"duration_ms\":0,\"start_unix_ms\":9}\n]\n");
}

/* Not before its time, and not for its own sake. */
static void test_rate(void **state)
{
    settle();
    settle(); /* its own file was news to nobody */
    assert_false(list.m.dirty);
    manifest_touch(&list.m);
    settle();
    manifest_touch(&list.m);
    manifest_tick(&list.m, list.now_us + MANIFEST_US - 1, fill, NULL);
    assert_true(list.m.dirty && !list.m.writing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cars),
        cmocka_unit_test_setup_teardown(test_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
    };
    return cmocka_run_group_tests_name("recorder manifest", tests, NULL, NULL);
}
