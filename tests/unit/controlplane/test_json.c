/* SPDX-License-Identifier: MIT */
/* json: what is taken, what is refused, what becomes of the odd things browsers send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "controlplane/json.h"

static const struct {
    const char *text, *result; /* NULL: refused */
} cases[] = {
    {"null", "null"},
    {"[1,\"a\"]", "[1,\"a\"]"},
    {"", NULL},
    {"{", NULL},
    {"\"", NULL},
    {"\"\\", NULL},
    {"\"\\u", NULL},
    {"\"\\ud83", NULL},
    {"\"\\ud83d", NULL},
    {"\"\\uzzzz\"", NULL},
    {"[] x", NULL},
    {"\"\xff\"", NULL},
    {"\"\xc0\x80\"", NULL},
    {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
    {"\"\\ud83d\"", "\"\xef\xbf\xbd\""},
    {"\"\\uDE00\\uD83D\"", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\"\\ud83dx\\ude00\"", "\"\xef\xbf\xbdx\xef\xbf\xbd\""},
    {"\"\\\\ud83d\"", "\"\\\\ud83d\""}, /* an escaped backslash, then text */
    {"9223372036854775807", "9223372036854775807"},
    {"18446744073709551616", "1.8446744073709552e19"},
    {"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"", "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""},
};

static void test_parse(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *value = json_parse(cases[i].text, strlen(cases[i].text));
        char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        if (!cases[i].result ? value != NULL : !text || strcmp(text, cases[i].result))
            fail_msg("%s gave %s", cases[i].text, text ? text : "nothing");
        free(text);
        json_decref(value);
    }
}

static void test_depth(void **state)
{
    for (size_t depth = 1; depth < 5000; depth = depth * 2 - 1 + (depth == 1)) {
        char text[10001];
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        json_t *value = json_parse(text, 2 * depth);
        assert_int_equal(value != NULL, depth <= JSON_DEPTH_MAX);
        json_decref(value);
    }
    assert_null(json_parse("{\"a\":[", 6));
}

static void test_getters(void **state)
{
    const char text[] = "{\"s\":\"x\",\"z\":\"a\\u0000b\",\"n\":2.5,\"t\":true,\"f\":false,\"o\":{}}";
    json_t *obj = json_parse(text, strlen(text));
    assert_string_equal(json_text(obj, "s"), "x");
    assert_null(json_text(obj, "z"));
    assert_null(json_text(obj, "n"));
    assert_null(json_text(obj, "none"));
    assert_null(json_text(NULL, "s"));
    assert_null(json_text(json_object_get(obj, "n"), "s"));
    assert_true(json_amount(obj, "n") == 2.5);
    assert_true(json_amount(obj, "s") == 0);
    json_decref(obj);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_depth),
                                       cmocka_unit_test(test_getters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
