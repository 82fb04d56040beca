/* SPDX-License-Identifier: MIT */
/* Names of recordings: what people write becomes what a folder, a URL and a shell can take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>

#include "common/utf8.h"
#include "common/util.h"
#include "controlplane/record_name.h"

#define START_US INT64_C(1795617603123456) /* 2026-11-25T14:40:03.123456Z */

static const struct record_facts facts = {
    .stream = "room-7c-Анна-b8d8",
    .room = "room 7c",
    .login = "Анна",
    .session_id = "00c0ffee00000007",
    .media_session_id = "5a072377-73c1",
    .audio = CODEC_OPUS,
    .video = CODEC_H264,
    .start_unix_us = START_US,
    .end_unix_us = START_US + 61500000,
};

static void test_tokens(void **state)
{
    static const struct {
        const char *template, *name;
        unsigned n;
        bool at_end;
    } cases[] = {
        {"stream-{mediaSessionId}-{login}", "stream-5a072377-73c1-Анна.mp4"},
        {"stream-{mediaSessionId}-{login}", "stream-5a072377-73c1-Анна-2.mp4", .n = 2},
        {"{streamName}", "room-7c-Анна-b8d8-17.mp4", .n = 17},
        {RECORD_NAME_ROOM, "room-room_7c-2026-11-25T14-40-03Z.mp4"},
        {"{sessionId}.{audioCodec}.{videoCodec}", "00c0ffee00000007.opus.H264.mp4"},
        {"{startTimeMillis}-{endTimeMillis}", "1795617603123-1795617664623.mp4", .at_end = true},
        {"{startTime}-{endTime}-{duration}", "2026-11-25T14-40-03Z-2026-11-25T14-41-04Z-61500.mp4", .at_end = true},
        {"{nonsense}{login{login}}{", "_nonsense__loginАнна__.mp4"},
        {"{}{", "___.mp4"},
        {"", "recording.mp4"},
        {"", "recording-2.mp4", .n = 2},
        {"a/b\\c:d", "a_b_c_d.mp4"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char name[REC_FILE_BYTES];
        record_name_write(name, cases[i].template, &facts, ".mp4", cases[i].n ? cases[i].n : 1);
        assert_string_equal(name, cases[i].name);
        assert_int_equal(record_name_needs_end(cases[i].template), cases[i].at_end);
    }
}

static void test_facts_that_are_none(void **state)
{
    static const struct record_facts open = {.start_unix_us = START_US};
    char name[REC_FILE_BYTES];
    record_name_write(name, "{login}-{streamName}-{videoCodec}-{endTime}-{duration}", &open, ".webm", 1);
    assert_string_equal(name, "none-none-none-open-open.webm");
}

static void test_hostile_logins(void **state)
{
    static const struct {
        const char *login, *name;
    } cases[] = {
        {"../../etc/passwd", "_._.._etc_passwd.mp4"},
        {".hidden", "_hidden.mp4"},
        {"-rf *", "_rf__.mp4"},
        {"--output=x", "_-output=x.mp4"},
        {"a\nb\tc\x7f\x1b[31m", "a_b_c___31m.mp4"},
        {"$(reboot)`id`;|&<>!", "__reboot__id_______.mp4"},
        {"Bob \"the\" 'builder'", "Bob__the___builder_.mp4"},
        {"100% #1?", "100___1_.mp4"},
        {"👩‍🚀 日本語", "👩‍🚀_日本語.mp4"},
        {"é\u0301", "é\u0301.mp4"},
        {"photo\u202egpj.exe", "photo_gpj.exe.mp4"},
        {"a\u200b\u2028\u00a0\ufeff"
         "b",
         "a____b.mp4"},
        {"\x80\xff\xc3", "___.mp4"},
        {"\xed\xa0\x80", "___.mp4"},
        {"x.part", "x.part.mp4"},
        {"..", "_..mp4"},
        {"a@b.c,d+e", "a@b.c,d+e.mp4"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct record_facts of = {.login = cases[i].login};
        char name[REC_FILE_BYTES];
        record_name_write(name, "{login}", &of, ".mp4", 1);
        assert_string_equal(name, cases[i].name);
        assert_true(rec_file_name_ok(name));
    }
}

/* Whatever the width of the characters, the cut falls between two of them and nothing comes behind it. */
static void test_long_logins(void **state)
{
    static const char *const letters[] = {"x", "é", "日", "🚀"};
    char login[4097], name[REC_FILE_BYTES];
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
        size_t width = strlen(letters[i]);
        for (size_t len = 0; len + width < sizeof(login); len += width)
            memcpy(login + len, letters[i], width + 1);
        struct record_facts of = {.login = login, .media_session_id = "id"};
        record_name_write(name, "a{login}{mediaSessionId}", &of, ".webm", 12);
        size_t bytes = strlen(name);
        assert_in_range(bytes, REC_FILE_BYTES - width, REC_FILE_BYTES - 1);
        assert_string_equal(name + bytes - 8, "-12.webm");
        assert_int_equal((bytes - 1 - 8) % width, 0);
        assert_true(utf8_valid((const uint8_t *)name, bytes) && rec_file_name_ok(name));
    }
}

static void test_cut(void **state)
{
    static const struct {
        const char *text;
        size_t max, bytes;
    } cases[] = {{"", 0, 0},  {"", 9, 0},  {"abc", 0, 0}, {"abc", 2, 2},  {"abc", 3, 3}, {"abc", 4, 3},
                 {"é", 1, 0}, {"é", 2, 2}, {"aé", 2, 1},  {"日本", 5, 3}, {"🚀", 3, 0},   {"🚀", 4, 4}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(utf8_cut(cases[i].text, cases[i].max), cases[i].bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_facts_that_are_none),
        cmocka_unit_test(test_hostile_logins),
        cmocka_unit_test(test_long_logins),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
