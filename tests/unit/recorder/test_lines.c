/* SPDX-License-Identifier: MIT */
/* lines: cut anywhere, they come out the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/lines.h"

static char said[16384];

static void note(void *arg, const char *line, size_t len)
{
    strncat(said, "<", 2);
    strncat(said, line, len);
    strncat(said, ">", 2);
}

static void test_pieces(void **state)
{
    static const char text[] = "one\ntwo\n\n three\nlast";
    for (size_t step = 1; step < sizeof(text); step++) {
        struct lines l = {0};
        said[0] = '\0';
        for (size_t at = 0; at < strlen(text); at += step)
            lines_feed(&l, text + at, at + step < strlen(text) ? step : strlen(text) - at, note, NULL);
        assert_string_equal(said, "<one><two>< three>");
        lines_end(&l, note, NULL);
        assert_string_equal(said, "<one><two>< three><last>");
        lines_end(&l, note, NULL);
        assert_string_equal(said, "<one><two>< three><last>");
    }
}

static void test_too_long(void **state)
{
    static char text[3 * LINES_BYTES_MAX];
    struct lines l = {0};
    memset(text, 'x', sizeof(text));
    said[0] = '\0';
    for (int i = 0; i < 100; i++)
        lines_feed(&l, text, sizeof(text), note, NULL);
    lines_feed(&l, "\nshort\n", 7, note, NULL);
    assert_string_equal(said, "<short>");
    said[0] = '\0';
    lines_feed(&l, text, LINES_BYTES_MAX, note, NULL); /* just fits */
    lines_feed(&l, "\n", 1, note, NULL);
    assert_int_equal(strlen(said), LINES_BYTES_MAX + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests_name("recorder lines", tests, NULL, NULL);
}
