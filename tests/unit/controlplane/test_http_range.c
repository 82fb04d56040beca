/* SPDX-License-Identifier: MIT */
/* Range, If-Range, If-None-Match and If-Modified-Since as texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/util.h"
#include "controlplane/http_range.h"

static void test_ranges(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
        enum http_range is;
        uint64_t first, last;
    } cases[] = {
        {"bytes=0-", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=0-0", 100, HTTP_RANGE_PART, 0, 0},
        {"bytes=10-19", 100, HTTP_RANGE_PART, 10, 19},
        {"bytes=10-1000", 100, HTTP_RANGE_PART, 10, 99},
        {"bytes=99-", 100, HTTP_RANGE_PART, 99, 99},
        {"bytes=-1", 100, HTTP_RANGE_PART, 99, 99},
        {"bytes=-1000", 100, HTTP_RANGE_PART, 0, 99},
        {" Bytes= 5-6 ", 100, HTTP_RANGE_PART, 5, 6},
        {"bytes=0-18446744073709551615", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=0-99999999999999999999999", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=4294967296-", UINT64_C(5) << 30, HTTP_RANGE_PART, UINT64_C(1) << 32, (UINT64_C(5) << 30) - 1},
        {"bytes=100-", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=99999999999999999999999-", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=-0", 100, HTTP_RANGE_NONE, 0, 0},
        {"bytes=0-", 0, HTTP_RANGE_NONE, 0, 0},
        {"bytes=-5", 0, HTTP_RANGE_NONE, 0, 0},
        {"", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=-", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=5", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=5-4", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=0-1,3-4", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=0-1-2", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=--1", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=+1-2", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=0x1-2", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"seconds=1-2", 100, HTTP_RANGE_WHOLE, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t first = 0, last = 0;
        enum http_range is = http_range_parse(cases[i].text, cases[i].bytes, &first, &last);
        if (is != cases[i].is || first != cases[i].first || last != cases[i].last)
            fail_msg("%s of %ju: %d %ju-%ju", cases[i].text, (uintmax_t)cases[i].bytes, (int)is, (uintmax_t)first,
                     (uintmax_t)last);
    }
}

#define ETAG "\"1-2-3\""
#define DATE "Wed, 25 Nov 2026 14:40:03 GMT"

static void test_conditions(void **state)
{
    static const struct {
        const char *text;
        bool holds;
    } ranges[] = {{"", true},         {ETAG, true},
                  {DATE, true},       {"W/" ETAG, false}, /* weak: RFC 9110 13.1.5 */
                  {"\"1-2\"", false}, {"Wed, 25 Nov 2026 14:40:04 GMT", false}};
    static const struct {
        const char *none_match, *modified_since;
        bool known;
    } gets[] = {
        {"", "", false},       {ETAG, "", true},
        {"W/" ETAG, "", true}, {"\"x\", " ETAG, "", true},
        {"*", "", true},       {"\"x\"", "", false},
        {"1-2-3", "", false},  {"\"x\"", DATE, false}, /* the tag decides */
        {"", DATE, true},      {"", "Wed, 25 Nov 2026 14:40:04 GMT", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        assert_int_equal(http_range_holds(ranges[i].text, ETAG, DATE), ranges[i].holds);
    for (size_t i = 0; i < ARRAY_SIZE(gets); i++)
        assert_int_equal(http_range_is_known(gets[i].none_match, gets[i].modified_since, ETAG, DATE), gets[i].known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranges), cmocka_unit_test(test_conditions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
