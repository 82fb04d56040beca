/* SPDX-License-Identifier: MIT */
/* report: what a finisher may say, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/report.h"

#define FILE_LINE(file, rest) "{\"file\": \"" file "\", \"bytes\": 5, \"duration_ms\": 6, \"start_unix_ms\": 7" rest "}"

static const struct {
    const char *line;
    enum report_kind kind;
    uint64_t value; /* progress; or take */
} cases[] = {
    {"{\"progress\": 0}", REPORT_PROGRESS, 0},
    {"{\"progress\": 1000}", REPORT_PROGRESS, 1000},
    {"{\"progress\": 333.4}", REPORT_PROGRESS, 333},
    {"{\"progress\": 1001}", REPORT_NONE, 0},
    {"{\"progress\": -1}", REPORT_NONE, 0},
    {"{\"progress\": 1e300}", REPORT_NONE, 0},
    {"{\"progress\": \"5\"}", REPORT_NONE, 0},
    {FILE_LINE("a.mp4", ""), REPORT_FILE, 0},
    {FILE_LINE("a.mp4", ", \"take\": null"), REPORT_FILE, 0},
    {FILE_LINE("a.mp4", ", \"take\": \"00000000000000ff\""), REPORT_FILE, 255},
    {FILE_LINE("a.mp4", ", \"take\": \"ff\""), REPORT_NONE, 0},
    {FILE_LINE("a.mp4", ", \"take\": \"00000000000000FF\""), REPORT_NONE, 0},
    {FILE_LINE("a.mp4", ", \"take\": 255"), REPORT_NONE, 0},
    {FILE_LINE("../a.mp4", ""), REPORT_NONE, 0},
    {FILE_LINE("a/b", ""), REPORT_NONE, 0},
    {FILE_LINE("", ""), REPORT_NONE, 0},
    {"{\"file\": \"a\", \"bytes\": -5, \"duration_ms\": 6, \"start_unix_ms\": 7}", REPORT_NONE, 0},
    {"{\"file\": \"a\", \"bytes\": 1e17, \"duration_ms\": 6, \"start_unix_ms\": 7}", REPORT_NONE, 0},
    {"", REPORT_NONE, 0},
    {"[]", REPORT_NONE, 0},
    {"hello", REPORT_NONE, 0},
    {"{\"progress\": 5} x", REPORT_NONE, 0},
};

static void test_cases(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct report r;
        report_parse(&r, cases[i].line, strlen(cases[i].line));
        if (r.kind != cases[i].kind)
            print_error("%s\n", cases[i].line);
        assert_int_equal(r.kind, cases[i].kind);
        assert_int_equal(r.kind == REPORT_FILE ? r.take : r.progress, cases[i].value);
        if (r.kind == REPORT_FILE) {
            assert_string_equal(r.file, "a.mp4");
            assert_int_equal(r.bytes, 5);
            assert_int_equal(r.duration_ms, 6);
            assert_int_equal(r.start_unix_ms, 7);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests_name("recorder report", tests, NULL, NULL);
}
