/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/rec_proto.h"
#include "common/util.h"

static struct rec_take_put take(void)
{
    return (struct rec_take_put){
        .head = {REC_TAKE_PUT, sizeof(struct rec_take_put)},
        .flags = REC_FILE,
        .id = 1,
        .sources = {[MEDIA_AUDIO] = {.stream = 5, .clock_hz = 48000, .codec = CODEC_OPUS, .pt = 111, .channels = 2}},
        .login = "ann",
        .file = "stream-1.mp4",
    };
}

static void test_types_and_lengths(void **state)
{
    (void)state;
    struct rec_sync sync = {{REC_SYNC, sizeof(sync)}};
    assert_int_equal(rec_msg_check(&sync, sizeof(sync)), 0);
    assert_int_equal(rec_msg_check(&sync, sizeof(sync) - 1), -EBADMSG);
    assert_int_equal(rec_msg_check(&sync, 0), -EBADMSG);
    sync.head.type = REC_MSG_COUNT;
    assert_int_equal(rec_msg_check(&sync, sizeof(sync)), -EBADMSG);
    sync.head.type = REC_HELLO;
    assert_int_equal(rec_msg_check(&sync, sizeof(sync)), -EBADMSG);
    assert_string_equal(rec_msg_name(REC_TAKE_PUT), "TAKE_PUT");
    assert_string_equal(rec_msg_name(REC_MSG_COUNT), "?");
    assert_string_equal(rec_state_name(REC_IS_READY), "ready");
    assert_string_equal(rec_state_name(REC_STATE_COUNT), "?");
}

static void test_takes(void **state)
{
    (void)state;
    struct rec_take_put m = take();
    assert_int_equal(rec_msg_check(&m, sizeof(m)), 0);
    m.file[0] = '\0'; /* a file of its own without a name */
    assert_int_equal(rec_msg_check(&m, sizeof(m)), -EBADMSG);
    m.flags = 0;
    assert_int_equal(rec_msg_check(&m, sizeof(m)), 0);
    m = take();
    memset(m.login, 'x', sizeof(m.login)); /* without an end */
    assert_int_equal(rec_msg_check(&m, sizeof(m)), -EBADMSG);
    m = take();
    strcpy(m.file, "../etc");
    assert_int_equal(rec_msg_check(&m, sizeof(m)), -EBADMSG);
    m = take();
    m.sources[MEDIA_AUDIO].codec = CODEC_VP8;
    assert_int_equal(rec_msg_check(&m, sizeof(m)), -EBADMSG);
    m.sources[MEDIA_AUDIO].codec = 200;
    assert_int_equal(rec_msg_check(&m, sizeof(m)), -EBADMSG);
    m = take();
    m.sources[MEDIA_AUDIO].clock_hz = 0;
    assert_int_equal(rec_msg_check(&m, sizeof(m)), -EBADMSG);
}

static void test_states(void **state)
{
    (void)state;
    struct rec_state m = {.head = {REC_STATE, sizeof(m)}, .state = REC_IS_READY, .file = "a.mp4"};
    assert_int_equal(rec_msg_check(&m, sizeof(m)), 0);
    m.state = REC_STATE_COUNT;
    assert_int_equal(rec_msg_check(&m, sizeof(m)), -EBADMSG);
    m.state = REC_IS_FAILED;
    strcpy(m.file, "a/b");
    assert_int_equal(rec_msg_check(&m, sizeof(m)), -EBADMSG);
}

static void test_file_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool ok;
    } cases[] = {
        {"stream-1.mp4", true},
        {"Комната 1.webm", true},
        {"a b'c\"d$(e).mkv", true},
        {"a..b", true},
        {"", false},
        {".", false},
        {"..", false},
        {".captures", false},
        {"-rf", false},
        {"a/b", false},
        {"/etc", false},
        {"a\nb", false},
        {"a\x7f", false},
        {"\xff\xfe", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (rec_file_name_ok(cases[i].name) != cases[i].ok)
            fail_msg("%s", cases[i].name);
    }
    char longest[REC_FILE_BYTES + 1];
    memset(longest, 'x', sizeof(longest));
    longest[REC_FILE_BYTES] = '\0';
    assert_false(rec_file_name_ok(longest));
    longest[REC_FILE_BYTES - 1] = '\0';
    assert_true(rec_file_name_ok(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_and_lengths),
        cmocka_unit_test(test_takes),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_file_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
