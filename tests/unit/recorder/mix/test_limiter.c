/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "recorder/mix/limiter.h"

#define BLOCKS 100

static float wave(int i, float amplitude)
{
    return amplitude * sinf((float)i * 0.13f);
}

/* A sine of this amplitude, of which blocks 20 to 29 are `burst` times as loud. */
static float sent(int i, float amplitude, float burst)
{
    int b = i / LIMITER_BLOCK;
    return wave(i, b >= 20 && b < 30 ? amplitude * burst : amplitude);
}

/* That through the limiter. */
static void pass(float *out, float amplitude, float burst)
{
    struct limiter l = {0};
    for (int b = 0; b < BLOCKS; b++) {
        float left[LIMITER_BLOCK], right[LIMITER_BLOCK], *channels[] = {left, right};
        for (int i = 0; i < LIMITER_BLOCK; i++) {
            left[i] = sent(b * LIMITER_BLOCK + i, amplitude, burst);
            right[i] = -left[i];
        }
        limiter_step(&l, channels);
        for (int i = 0; i < LIMITER_BLOCK; i++)
            assert_true(left[i] == -right[i]);
        memcpy(out + b * LIMITER_BLOCK, left, sizeof(left));
    }
}

static void what_is_not_loud_stays_as_it_is(void **state)
{
    static float out[BLOCKS * LIMITER_BLOCK];
    pass(out, 0.9f, 1);
    for (int i = 0; i < LIMITER_BLOCK; i++)
        assert_true(out[i] == 0);
    for (int i = LIMITER_BLOCK; i < BLOCKS * LIMITER_BLOCK; i++)
        assert_true(out[i] == wave(i - LIMITER_BLOCK, 0.9f));
}

static void what_is_loud_stays_below_the_ceiling_without_clicks(void **state)
{
    static float out[BLOCKS * LIMITER_BLOCK];
    float peak = 0, last = 1;
    pass(out, 0.5f, 8);
    for (int i = LIMITER_BLOCK; i < BLOCKS * LIMITER_BLOCK; i++) {
        float in = sent(i - LIMITER_BLOCK, 0.5f, 8);
        peak = fmaxf(peak, fabsf(out[i]));
        if (fabsf(in) < 0.1f)
            continue; /* too little to tell the gain */
        assert_true(fabsf(out[i] / in - last) < 10.0f / LIMITER_BLOCK);
        last = out[i] / in;
    }
    assert_true(peak <= LIMITER_CEILING + 1e-5f);
    assert_true(peak > 0.9f * LIMITER_CEILING);
}

static void full_gain_comes_back(void **state)
{
    static float out[BLOCKS * LIMITER_BLOCK];
    pass(out, 0.5f, 8);
    int last = (BLOCKS - 1) * LIMITER_BLOCK;
    for (int i = last; i < last + LIMITER_BLOCK; i++)
        assert_true(out[i] == wave(i - LIMITER_BLOCK, 0.5f));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_loud_stays_as_it_is),
        cmocka_unit_test(what_is_loud_stays_below_the_ceiling_without_clicks),
        cmocka_unit_test(full_gain_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
