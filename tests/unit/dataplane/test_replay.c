/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/util.h"
#include "dataplane/replay.h"

static void estimates_the_nearest_index(void **state)
{
    static const struct {
        int64_t highest;
        uint16_t seq;
        int64_t index;
    } cases[] = {
        {-1, 0, 0},                /* nothing yet: ROC 0 */
        {-1, 65535, 65535},        /**/
        {0, 0, 0},                 /**/
        {0, 1, 1},                 /**/
        {5, 65535, 65535},         /* nearest would be -1: there is no ROC before 0 */
        {5, 32768, 32768},         /**/
        {32768, 0, 0},             /* exactly half the circle: older */
        {32769, 0, 65536},         /* just beyond half: the next ROC */
        {65535, 0, 65536},         /* wrap */
        {65530, 20, 65556},        /* wrap with loss */
        {65540, 65530, 65530},     /* reordered over the wrap: ROC - 1 */
        {65536 + 32768, 0, 65536}, /* again half */
        {131071, 0, 131072},       /* second wrap */
        {131080, 65500, 131036},   /* back over it */
        {(int64_t)0xffffffffffff, 0, (int64_t)0x1000000000000},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(replay_estimate(cases[i].highest, cases[i].seq), cases[i].index);
}

static void estimates_every_sequence_number_within_half_a_circle(void **state)
{
    for (int64_t highest = 0; highest < 200000; highest += 7919)
        for (int64_t delta = -32768; delta < 32768; delta += 13) {
            int64_t index = highest + delta;
            if (index >= 0)
                assert_int_equal(replay_estimate(highest, (uint16_t)index), index);
        }
}

static void each_index_is_taken_once(void **state)
{
    static const struct {
        int64_t index;
        bool taken;
    } cases[] = {
        {100, true},     {100, false},     {99, true},      {99, false},      {101, true},    {0, true},
        {0, false},      {1124, true},     {100, false},                  /* older than the window */
        {101, false},                                                     /* its last place, and seen */
        {102, true},                                                      /* never came, within it */
        {102, false},    {1125, true},     {102, false},    {2149, true}, /* exactly a window further */
        {1125, false},   {1126, true},     {65535, true},   {65536, true},    {65535, false}, {64600, true},
        {64600, false},  {64512, false},   {64513, true},   {10000000, true}, {65536, false}, {10000000, false},
        {9999999, true}, {9999999, false}, {9998977, true}, {9998976, false},
    };
    struct replay r;
    replay_init(&r);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(replay_check(&r, cases[i].index), cases[i].taken);
        assert_int_equal(replay_take(&r, cases[i].index), cases[i].taken);
    }
}

/* Against an obvious model: a set of everything seen. */
static void agrees_with_a_set(void **state)
{
    static bool seen[200000];
    struct replay r;
    int64_t highest = -1;
    uint32_t random = 1;

    replay_init(&r);
    for (int i = 0; i < 300000; i++) {
        random = random * 1664525 + 1013904223;
        int64_t index = highest + (int64_t)(random >> 8) % 2300 - 1150;
        if (random % 64)
            index = highest + (int64_t)(random >> 8) % 8 - 4;
        if (index < 0 || index >= (int64_t)ARRAY_SIZE(seen))
            continue;
        bool taken = !seen[index] && index > highest - REPLAY_BITS;
        assert_int_equal(replay_take(&r, index), taken);
        seen[index] = true;
        highest = MAX(highest, index);
    }
    assert_true(highest > 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_the_nearest_index),
        cmocka_unit_test(estimates_every_sequence_number_within_half_a_circle),
        cmocka_unit_test(each_index_is_taken_once),
        cmocka_unit_test(agrees_with_a_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
