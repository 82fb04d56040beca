/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "common/util.h"
#include "recorder/mix/mixed_name.h"

static void names_lie_beside_what_they_mix(void **state)
{
    static const char *const cases[][2] = {
        {"room.mkv", "room-mixed.mp4"},           {"/a/b.c/room.x.mkv", "/a/b.c/room.x-mixed.mp4"},
        {"/a/b.c/room", "/a/b.c/room-mixed.mp4"}, {"d/.hidden", "d/.hidden-mixed.mp4"},
        {"Комната.mkv", "Комната-mixed.mp4"},     {"it's \"a\"\nroom.mkv", "it's \"a\"\nroom-mixed.mp4"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char path[128];
        assert_int_equal(mixed_name_write(path, sizeof(path), cases[i][0]), 0);
        assert_string_equal(path, cases[i][1]);
    }
}

static void long_names_are_cut_between_characters(void **state)
{
    char file[300] = "dir/x", path[400]; /* 1 and then 2 bytes each */
    for (size_t at = 5; at + 6 < 255; at += 2)
        memcpy(file + at, "я", 3);
    strcat(file, ".mkv");
    assert_int_equal(mixed_name_write(path, sizeof(path), file), 0);
    assert_int_equal(strlen(path), strlen("dir/") + MIXED_NAME_BYTES);
    assert_memory_equal(path + strlen(path) - 12, "я-mixed.mp4", 12);
    assert_int_equal(mixed_name_write(path, 20, file), -ENAMETOOLONG);
    assert_int_equal(mixed_name_write(path, sizeof("a-mixed.mp4"), "a.mkv"), 0);
    assert_int_equal(mixed_name_write(path, sizeof("a-mixed.mp4") - 1, "a.mkv"), -ENAMETOOLONG);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lie_beside_what_they_mix),
        cmocka_unit_test(long_names_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
