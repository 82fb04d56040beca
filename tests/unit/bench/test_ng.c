/* SPDX-License-Identifier: MIT */
/* Bencoding: what is written is read again, and nothing else is read at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ng.h"
#include "common/util.h"

static void test_there_and_back(void **state)
{
    static const struct {
        const char *json, *bencode;
    } cases[] = {
        {"{}", "de"},
        {"[]", "le"},
        {"\"\"", "0:"},
        {"0", "i0e"},
        {"-17", "i-17e"},
        {"999999999999999999", "i999999999999999999e"},
        {"{\"command\": \"ping\"}", "d7:command4:pinge"},
        {"[1, [\"a:b\", {\"k\": []}], \"v=0\\r\\n\"]", "li1el3:a:bd1:kleee5:v=0\r\ne"},
        {"\"\\u0000\\u00e4\"", NULL}, /* any UTF-8, NUL too */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char bytes[128];
        json_t *value = json_loads(cases[i].json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(value);
        int n = ng_write(bytes, sizeof(bytes), value);
        assert_true(n > 0);
        if (cases[i].bencode) {
            assert_int_equal(n, strlen(cases[i].bencode));
            assert_memory_equal(bytes, cases[i].bencode, (size_t)n);
        }
        json_t *back = ng_read(bytes, (size_t)n);
        assert_true(json_equal(value, back));
        for (int cut = 0; cut < n; cut++) {
            assert_int_equal(ng_write(bytes, (size_t)cut, value), -ENOSPC);
            assert_null(ng_read(bytes, (size_t)cut));
        }
        json_decref(back);
        json_decref(value);
    }
}

static void test_not_written(void **state)
{
    char bytes[64];
    const char *const cases[] = {"true", "null", "1.5", "[1, false]", "{\"k\": null}"};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *value = json_loads(cases[i], JSON_DECODE_ANY, NULL);
        assert_int_equal(ng_write(bytes, sizeof(bytes), value), -EINVAL);
        json_decref(value);
    }
}

static void test_not_read(void **state)
{
    static const char *const cases[] = {
        "",
        "x",
        "i",
        "ie",
        "i-e",
        "i1",
        "i1x",
        "i+1e",
        "i1ei2e",
        "5:abc",
        "-1:a",
        "1:",
        ":",
        "99999999999999999999:a",
        "l",
        "li1e",
        "d1:ke",
        "di1ei2ee",
        "d1:ki1e",
        "dle",
        "i1234567890123456789e",
        "1:\xff",
        "d1:\xffi1ee",
        "llllllllllllllllleeeeeeeeeeeeeeeee", /* 17 deep */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (ng_read(cases[i], strlen(cases[i])))
            fail_msg("read: %s", cases[i]);
}

/* Any byte of a good message in place of any other: read or refused, with the sanitizers looking on. */
static void test_spoilt(void **state)
{
    static const char good[] = "d7:command4:ping3:sdpl2:abi-3eee";
    for (size_t at = 0; at < sizeof(good) - 1; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            char *bytes = malloc(sizeof(good) - 1); /* exactly, so that reading on is seen */
            memcpy(bytes, good, sizeof(good) - 1);
            bytes[at] = (char)byte;
            json_decref(ng_read(bytes, sizeof(good) - 1));
            free(bytes);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_not_written),
        cmocka_unit_test(test_not_read),
        cmocka_unit_test(test_spoilt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
