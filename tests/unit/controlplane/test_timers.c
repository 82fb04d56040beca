/* SPDX-License-Identifier: MIT */
/* timers: order, cancelling, and timers that set or cancel others while they fire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/util.h"
#include "controlplane/timers.h"

static struct timers ts;
static int64_t fired[2048];
static size_t n_fired;

static void note(struct timer *t)
{
    fired[n_fired++] = t->due_us;
}

static void test_order(void **state)
{
    static struct timer t[1000];
    uint32_t seed = 1;
    n_fired = 0;
    for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
        seed = seed * 1664525 + 1013904223;
        timers_set(&ts, &t[i], seed >> 22, note);
    }
    for (size_t i = 0; i < ARRAY_SIZE(t); i += 3)
        timers_cancel(&ts, &t[i]);
    for (size_t i = 0; i < ARRAY_SIZE(t); i += 5)
        timers_set(&ts, &t[i], (int64_t)(i % 7), note); /* anew: moves */
    size_t expected = ts.n;
    for (int64_t now = 0; now <= 1024; now++) {
        timers_run(&ts, now);
        assert_true(timers_next_us(&ts) > now);
    }
    assert_int_equal(n_fired, expected);
    for (size_t i = 1; i < n_fired; i++)
        assert_true(fired[i - 1] <= fired[i]);
    assert_int_equal(timers_next_us(&ts), INT64_MAX);
    timers_finish(&ts);
}

static struct timer first, second, third;

static void meddle(struct timer *t)
{
    note(t);
    timers_cancel(&ts, &second);
    timers_set(&ts, &third, 5, note);
    timers_cancel(&ts, &first); /* itself: no longer set */
}

static void test_meddling(void **state)
{
    n_fired = 0;
    timers_set(&ts, &first, 1, meddle);
    timers_set(&ts, &second, 2, note);
    timers_set(&ts, &third, 100, note);
    timers_run(&ts, 50);
    assert_int_equal(n_fired, 2);
    assert_int_equal(fired[0], 1);
    assert_int_equal(fired[1], 5);
    timers_finish(&ts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_meddling)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
