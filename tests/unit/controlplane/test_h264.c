/* SPDX-License-Identifier: MIT */
/* H.264 profiles as browsers write them, and who can play whose stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/util.h"
#include "controlplane/h264.h"

static void test_profiles(void **state)
{
    static const struct {
        uint32_t id;
        enum h264_profile profile;
    } cases[] = {
        {0x42e01f, H264_CONSTRAINED_BASELINE}, /* Chromium, Firefox, Safari */
        {0x42c02a, H264_CONSTRAINED_BASELINE},
        {0x4d8034, H264_CONSTRAINED_BASELINE},
        {0x58c00d, H264_CONSTRAINED_BASELINE},
        {0x42001f, H264_BASELINE},
        {0x42000a, H264_BASELINE}, /* what an absent parameter means */
        {0x588014, H264_BASELINE},
        {0x4d001f, H264_MAIN},
        {0x4d4020, H264_MAIN},
        {0x640c1f, H264_CONSTRAINED_HIGH}, /* Safari */
        {0x64001f, H264_HIGH},
        {0xf4001f, H264_HIGH_444}, /* Chromium, receiving */
        {0x42e11f, H264_UNKNOWN},  /* a reserved constraint bit */
        {0x64081f, H264_UNKNOWN},
        {0x000000, H264_UNKNOWN},
        {0xffffff, H264_UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(h264_profile(cases[i].id), cases[i].profile);
}

static void test_rank_order(void **state)
{
    static const struct h264_format best_first[] = {{0x42e01f, 1}, {0x42001f, 1}, {0x42e01f, 0},
                                                    {0x42001f, 0}, {0x4d001f, 1}, {0x640c1f, 0}};
    static const struct h264_format refused[] = {{0x42e01f, 2}, {0x123456, 1}};
    for (size_t i = 1; i < ARRAY_SIZE(best_first); i++)
        assert_true(h264_rank(&best_first[i - 1]) < h264_rank(&best_first[i]));
    assert_int_equal(h264_rank(&best_first[0]), 0);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        assert_int_equal(h264_rank(&refused[i]), -1);
}

static void test_match(void **state)
{
    static const struct {
        struct h264_format sent, declared;
        int match;
    } cases[] = {
        {{0x42e01f, 1}, {0x42e01f, 1}, 0},  {{0x42e01f, 1}, {0x42e034, 1}, 0}, /* levels are not compared */
        {{0x42e01f, 1}, {0x4d801f, 1}, 0},  /* two spellings of Constrained Baseline */
        {{0x42e01f, 1}, {0x4d001f, 1}, 1},  /* a Main decoder plays Constrained Baseline */
        {{0x42e01f, 1}, {0x640c1f, 1}, 1},  /* so does a High one */
        {{0x4d001f, 1}, {0x42e01f, 1}, -1}, /* not the other way round */
        {{0x42001f, 1}, {0x42e01f, 1}, -1}, {{0x42001f, 1}, {0x42001f, 1}, 0},
        {{0x42e01f, 1}, {0x42e01f, 0}, -1}, /* packetization modes must be the same */
        {{0x42e01f, 0}, {0x42e01f, 1}, -1}, {{0x123456, 1}, {0x123456, 1}, -1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(h264_match(&cases[i].sent, &cases[i].declared), cases[i].match);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_rank_order),
        cmocka_unit_test(test_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
