/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/mix/speaker.h"

#define PEOPLE  3
#define TICK_US 40000

struct phase { /* so loud everybody is until then, and who is the speaker at its end */
    int until_ms;
    float power[PEOPLE];
    size_t speaker;
};

static void run(const struct phase *phases, size_t n)
{
    struct speaker s;
    int64_t at_us = 0;
    assert_int_equal(speaker_init(&s, PEOPLE), 0);
    for (size_t i = 0; i < n; i++) {
        size_t who = SPEAKER_NONE;
        for (; at_us < phases[i].until_ms * 1000; at_us += TICK_US)
            who = speaker_update(&s, at_us, phases[i].power);
        assert_int_equal(who, phases[i].speaker);
    }
    speaker_finish(&s);
}

static void nobody_speaks_in_silence(void **state)
{
    static const struct phase phases[] = {{5000, {0, 1e-6f, 0}, SPEAKER_NONE}};
    run(phases, ARRAY_SIZE(phases));
}

static void the_first_who_speaks_is_shown_at_once(void **state)
{
    static const struct phase phases[] = {{1000, {0, 0, 0}, SPEAKER_NONE}, {1200, {0, 0.01f, 0}, 1}};
    run(phases, ARRAY_SIZE(phases));
}

static void a_cough_changes_nothing(void **state)
{
    static const struct phase phases[] = {
        {5000, {0.01f, 0, 0}, 0}, {5500, {0.01f, 0.5f, 0}, 0}, {9000, {0.01f, 0, 0}, 0}};
    run(phases, ARRAY_SIZE(phases));
}

static void one_who_is_a_little_louder_changes_nothing(void **state)
{
    static const struct phase phases[] = {{5000, {0.01f, 0, 0}, 0}, {20000, {0.01f, 0.02f, 0}, 0}};
    run(phases, ARRAY_SIZE(phases));
}

static void who_speaks_on_takes_over(void **state)
{
    static const struct phase phases[] = {{5000, {0.01f, 0, 0}, 0}, {5600, {0, 0.01f, 0}, 0}, {7500, {0, 0.01f, 0}, 1}};
    run(phases, ARRAY_SIZE(phases));
}

static void a_pause_for_breath_is_no_end(void **state)
{
    static const struct phase phases[] = {{5000, {0.01f, 0, 0}, 0}, {15000, {0, 0, 0}, 0}};
    run(phases, ARRAY_SIZE(phases));
}

static void who_leaves_is_followed_by_the_loudest(void **state)
{
    static const struct phase phases[] = {{5000, {0.01f, 0.001f, 0.002f}, 0}, {5100, {-1, 0.001f, 0.002f}, 2}};
    run(phases, ARRAY_SIZE(phases));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_speaks_in_silence),
        cmocka_unit_test(the_first_who_speaks_is_shown_at_once),
        cmocka_unit_test(a_cough_changes_nothing),
        cmocka_unit_test(one_who_is_a_little_louder_changes_nothing),
        cmocka_unit_test(who_speaks_on_takes_over),
        cmocka_unit_test(a_pause_for_breath_is_no_end),
        cmocka_unit_test(who_leaves_is_followed_by_the_loudest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
