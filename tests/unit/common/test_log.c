/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "common/log.h"
#include "common/util.h"

#define HEAD "2026-01-01T00:00:00.123Z info room: "

static struct {
    char last[LOG_LINE_BYTES + 1];
    size_t len;
    int lines;
    int64_t now_us;
} seen;

static void catch_line(void *arg, const char *line, size_t len)
{
    assert_int_equal(strlen(line), len);
    memcpy(seen.last, line, len + 1);
    seen.len = len;
    seen.lines++;
}

static int64_t fake_clock(void *arg)
{
    return seen.now_us;
}

static int setup(void **state)
{
    memset(&seen, 0, sizeof(seen));
    seen.now_us = INT64_C(1767225600123456);
    log_set_sink(catch_line, NULL);
    log_set_clock(fake_clock, NULL);
    log_set_level(LOG_LEVEL_INFO);
    log_set_topics(NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    log_set_sink(NULL, NULL);
    log_set_clock(NULL, NULL);
    return 0;
}

static void line_is_clause_and_values(void **state)
{
    LOG_INFO(ROOM, "joined room=%s login=%s", "x", "y");
    assert_string_equal(seen.last, HEAD "joined room=\"x\" login=\"y\"\n");
    LOG_INFO(ROOM, "ended");
    assert_string_equal(seen.last, HEAD "ended\n");
}

static void numbers_print_as_printf(void **state)
{
    char want[256];
#define CHECK(format, ...)                                           \
    do {                                                             \
        snprintf(want, sizeof(want), HEAD format "\n", __VA_ARGS__); \
        LOG_INFO(ROOM, format, __VA_ARGS__);                         \
        assert_string_equal(seen.last, want);                        \
    } while (0)
    CHECK("n=%d u=%u x=%08x %%", -5, 4000000000u, 0xabcu);
    CHECK("l=%ld lu=%lu ll=%lld llu=%llu", -1L, ~0UL, INT64_C(-7) * 1LL, ~0ULL);
    CHECK("z=%zu zd=%zd j=%jd t=%td h=%hu hh=%02hhx", (size_t)-1, (ssize_t)-1, INTMAX_MIN, (ptrdiff_t)-3,
          (unsigned short)65535, (unsigned char)7);
    CHECK("f=%.2f g=%g p=%p i=%-4i|%+d", 1.005, 0.25, (void *)&seen, 3, 4);
#undef CHECK
}

static void strings_are_quoted_and_escaped(void **state)
{
    static const struct {
        const char *value, *want;
    } cases[] = {
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"say \"hi\" \\", "\"say \\\"hi\\\" \\\\\""},
        {"x\n2026 error room: forged", "\"x\\u000a2026 error room: forged\""},
        {"\r\t\x1b[2J\x7f", "\"\\u000d\\u0009\\u001b[2J\\u007f\""},
        {"Иван 李 👋", "\"Иван 李 👋\""},
        {"\xc2\x9b"
         "31m",
         "\"\\u009b31m\""},                                                                /* C1 CSI */
        {"a\u202eb\u2066\u2028\u200f\ufeff", "\"a\\u202eb\\u2066\\u2028\\u200f\\ufeff\""}, /* bidi, line separator */
        {"\xff\xc0\xaf\xe2\x82", "\"\\xff\\xc0\\xaf\\xe2\\x82\""},                   /* stray, overlong, cut short */
        {"\xed\xa0\x80\xf4\x90\x80\x80", "\"\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\""}, /* surrogate, above U+10FFFF */
        {NULL, "null"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char want[512];
        snprintf(want, sizeof(want), HEAD "v=%s\n", cases[i].want);
        LOG_INFO(ROOM, "v=%s", cases[i].value);
        assert_string_equal(seen.last, want);
    }
    LOG_INFO(ROOM, "c=%c", '\n');
    assert_string_equal(seen.last, HEAD "c=\"\\u000a\"\n");
}

static void bounded_string_reads_no_further(void **state)
{
    const char bytes[3] = {'a', 'b', 'c'}; /* no NUL */
    LOG_INFO(ROOM, "v=%.*s w=%.2s", 3, bytes, "xyz");
    assert_string_equal(seen.last, HEAD "v=\"abc\" w=\"xy\"\n");
}

static void long_values_and_lines_are_cut(void **state)
{
    char big[3 * LOG_LINE_BYTES];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    LOG_INFO(ROOM, "v=%s n=%d", big, 1);
    assert_int_equal(seen.len, strlen(HEAD "v=\"\"... n=1\n") + LOG_VALUE_BYTES);
    assert_string_equal(seen.last + seen.len - strlen("x\"... n=1\n"), "x\"... n=1\n");
    LOG_INFO(ROOM, "%s%s%s%s%s", big, big, big, big, big);
    assert_int_equal(seen.len, LOG_LINE_BYTES);
    assert_string_equal(seen.last + seen.len - 5, "x...\n");
    for (size_t i = 0; i + 2 < sizeof(big); i += 2)
        memcpy(big + i, "\u0436", 2);
    for (int pad = 0; pad < 2; pad++) { /* whichever byte of a code point the end falls on */
        LOG_INFO(ROOM, "%.*s%s%s%s%s%s", pad, "p", big, big, big, big, big);
        assert_true(seen.len <= LOG_LINE_BYTES);
        assert_string_equal(seen.last + seen.len - 6, "\u0436...\n");
    }
}

static void levels_and_topics_switch(void **state)
{
    static const char *const topics[] = {"room", "dtls"};
    LOG_DEBUG(ROOM, "no");
    assert_int_equal(seen.lines, 0);
    log_set_level(LOG_LEVEL_DEBUG);
    LOG_DEBUG(ROOM, "yes");
    LOG_ERROR(WS, "yes");
    assert_int_equal(seen.lines, 2);
    log_set_topics(topics, ARRAY_SIZE(topics));
    LOG_ERROR(WS, "no");
    LOG_WARN(DTLS, "yes");
    assert_int_equal(seen.lines, 3);
    log_set_level(LOG_LEVEL_ERROR);
    LOG_WARN(DTLS, "no");
    assert_int_equal(seen.lines, 3);
}

static void disabled_line_evaluates_nothing(void **state)
{
    int calls = 0;
    LOG_DEBUG(ROOM, "n=%d", ++calls);
    assert_int_equal(calls, 0);
}

static void hit(int n)
{
    LOG_RL(INFO, ROOM, "refused n=%d", n);
}

static void flood_is_counted_not_written(void **state)
{
    for (int i = 0; i < 100; i++)
        hit(i);
    assert_int_equal(seen.lines, LOG_RL_LINES);
    assert_string_equal(seen.last, HEAD "refused n=4\n");
    seen.now_us += LOG_RL_WINDOW_US - 1;
    hit(100);
    assert_int_equal(seen.lines, LOG_RL_LINES);
    seen.now_us += 1;
    hit(101);
    assert_non_null(strstr(seen.last, "refused n=101 suppressed=96\n"));
    hit(102);
    assert_non_null(strstr(seen.last, "refused n=102\n"));
    seen.now_us -= INT64_C(3600) * 1000000; /* the clock was set back */
    for (int i = 0; i < LOG_RL_LINES; i++)
        hit(i);
    assert_int_equal(seen.lines, 2 * LOG_RL_LINES + 2);
}

static void events_have_a_larger_limit(void **state)
{
    for (int i = 0; i < LOG_EVENT_LINES + 100; i++)
        LOG_EVENT(INFO, ROOM, "joined n=%d", i);
    assert_int_equal(seen.lines, LOG_EVENT_LINES);
}

static void errno_survives(void **state)
{
    errno = ENOENT;
    LOG_INFO(ROOM, "v=%s", "x");
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(line_is_clause_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_print_as_printf, setup, teardown),
        cmocka_unit_test_setup_teardown(strings_are_quoted_and_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(bounded_string_reads_no_further, setup, teardown),
        cmocka_unit_test_setup_teardown(long_values_and_lines_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(levels_and_topics_switch, setup, teardown),
        cmocka_unit_test_setup_teardown(disabled_line_evaluates_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(flood_is_counted_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(events_have_a_larger_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(errno_survives, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
