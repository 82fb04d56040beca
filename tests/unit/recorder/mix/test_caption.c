/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/mix/caption.h"

#define PX 24

static void names_are_escaped_to_show_as_they_are(void **state)
{
    static const struct {
        const char *name;
        size_t chars;
        const char *text;
    } cases[] = {
        {"Bob", 99, "Bob"},
        {"Bob", 2, "Bo…"},
        {"%{localtime}\\N{\\b1}':,[]", 99, "%\\{localtime}\\\u2060N\\{\\\u2060b1}':,[]"},
        {"a\r\nb\tc", 99, "a b c"},
        {"\x1b[31mred\x7f\x01", 99, "[31mred"},
        {"\u202egnp.exe\u2066", 99, "gnp.exe"},
        {"caf\xe9 \xff\xc3", 99, "caf "},
        {"e\u0301\u0302tude", 1, "e\u0301\u0302…"}, /* a letter keeps its marks */
        {"", 99, ""},
        {"\\", 99, "\\\u2060"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[CAPTION_TEXT_BYTES];
        size_t len = caption_escape(cases[i].name, cases[i].chars, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
        assert_int_equal(len, strlen(text));
    }
}

static void long_names_end_within_the_text(void **state)
{
    static const char *const parts[] = {"\\", "{", "😀", "e\u0301\u0302\u0303\u0304", "x"};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        static char name[40000];
        char text[CAPTION_TEXT_BYTES + 1];
        name[0] = '\0';
        for (char *end = name; end - name < 20000; end += strlen(parts[i]))
            strcpy(end, parts[i]);
        text[CAPTION_TEXT_BYTES] = 'X';
        assert_int_equal(caption_chars(name), CAPTION_CHARS_MAX);
        size_t len = caption_escape(name, CAPTION_CHARS_MAX, text, CAPTION_TEXT_BYTES);
        assert_in_range(len, 1, CAPTION_TEXT_BYTES - 1);
        assert_memory_equal(text + len - 3, "…", 3);
        assert_int_equal(text[CAPTION_TEXT_BYTES], 'X');
    }
}

static size_t ink(const struct caption *c)
{
    size_t n = 0;
    for (int i = 0; i < c->w * c->h; i++)
        n += c->cover[i] > 128;
    return n;
}

static bool same(const char *a, const char *b)
{
    struct caption *x = caption_create(a, PX, 600), *y = caption_create(b, PX, 600);
    assert_non_null(x);
    assert_non_null(y);
    bool equal = x->w == y->w && memcmp(x->cover, y->cover, (size_t)(x->w * x->h)) == 0;
    caption_destroy(x);
    caption_destroy(y);
    return equal;
}

static void every_script_leaves_ink(void **state)
{
    static const char *const names[] = {"Bob", "Борис", "محمد", "小明", "ひろし", "지우", "अनिल", "\\", "{", "'"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct caption *c = caption_create(names[i], PX, 400);
        assert_non_null(c);
        assert_true(ink(c) > 2);
        assert_in_range(c->w, 8, 200);
        assert_int_equal((c->w | c->h) & 1, 0);
        caption_destroy(c);
    }
    assert_null(caption_create("", PX, 400));
    assert_null(caption_create("\x01\x02", PX, 400));
    assert_null(caption_create(" ", PX, 400));
}

/* Were they obeyed, these would look like what stands beside them. */
static void commands_are_shown_and_not_obeyed(void **state)
{
    assert_false(same("a{\\b1}b", "ab"));
    assert_false(same("a\\Nb", "ab"));
    assert_false(same("a\\hb", "a b"));
    assert_false(same("{x}b", "b"));
    assert_false(same("a\\{b", "a{b"));
    assert_true(same("a\nb", "a b"));
}

static void what_is_too_long_is_cut(void **state)
{
    char name[400];
    memset(name, 'W', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    struct caption *c = caption_create(name, PX, 200);
    assert_non_null(c);
    assert_in_range(c->w, 160, 200);
    caption_destroy(c);
    c = caption_create(name, PX, 2 * PX); /* hardly more than the ellipsis */
    assert_non_null(c);
    assert_in_range(c->w, PX, 2 * PX);
    caption_destroy(c);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_escaped_to_show_as_they_are),
        cmocka_unit_test(long_names_end_within_the_text),
        cmocka_unit_test(every_script_leaves_ink),
        cmocka_unit_test(commands_are_shown_and_not_obeyed),
        cmocka_unit_test(what_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
