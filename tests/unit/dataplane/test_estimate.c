/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/util.h"
#include "dataplane/estimate.h"

#define STEP_US 100000

struct link {
    struct estimate e;
    int64_t now_us;
    uint64_t bytes, expected, received;
};

/* A publisher that sends as told, at most sends_kbps, over a link that loses permil of its packets, for some time. */
static uint32_t run(struct link *l, int64_t us, uint32_t sends_kbps, uint32_t permil, uint32_t cap_kbps)
{
    uint32_t kbps = 0;
    for (int64_t end = l->now_us + us; l->now_us < end; l->now_us += STEP_US) {
        kbps = estimate_update(&l->e, l->now_us, l->bytes, l->expected, l->received, cap_kbps);
        uint64_t packets = 1000;
        l->expected += packets;
        l->received += packets - packets * permil / 1000;
        l->bytes += (uint64_t)MIN(kbps, sends_kbps) * STEP_US / 8000 * (1000 - permil) / 1000;
    }
    return kbps;
}

static void leaves_the_start_at_once(void **state)
{
    struct link l = {.now_us = 1000000};
    assert_int_equal(run(&l, STEP_US, 99999, 0, 0), ESTIMATE_START_KBPS);
    assert_true(run(&l, 3000000, 99999, 0, 0) > 4 * ESTIMATE_START_KBPS);
    assert_int_equal(run(&l, 20000000, 99999, 0, 0), ESTIMATE_MAX_KBPS);
}

static void the_cap_holds_from_the_first(void **state)
{
    struct link l = {.now_us = 1000000};
    assert_int_equal(run(&l, STEP_US, 99999, 0, 600), 600);
    assert_int_equal(run(&l, 10000000, 99999, 0, 600), 600);
    assert_true(run(&l, 20000000, 99999, 0, 2500) <= 2500);
    assert_int_equal(run(&l, 20000000, 99999, 0, 2500), 2500);
}

static void an_idle_publisher_proves_nothing(void **state)
{
    struct link l = {.now_us = 1000000};
    assert_int_equal(run(&l, 20000000, 300, 0, 0), ESTIMATE_START_KBPS);
    assert_true(run(&l, 20000000, 1200, 0, 0) <= 2400);
}

static void loss_takes_it_down_and_growth_is_slow_after(void **state)
{
    struct link l = {.now_us = 1000000};
    uint32_t high = run(&l, 3000000, 99999, 0, 0);
    uint32_t held = run(&l, 3000000, 99999, 50, 0); /* 5 %: held */
    assert_true(held <= high * 2 && held >= high);
    uint32_t low = run(&l, 3000000, 99999, 300, 0);
    assert_true(low < held / 2);
    low = run(&l, 600000, 99999, 0, 0); /* the interval that saw the end of the loss */
    uint32_t later = run(&l, 1000000, 99999, 0, 0);
    assert_true(later > low && later < low + low / 4);
    assert_true(run(&l, 60000000, 99999, 900, 0) >= ESTIMATE_MIN_KBPS);
    assert_int_equal(run(&l, 60000000, 99999, 1000, 0), ESTIMATE_MIN_KBPS); /* all lost: never 0 */
}

static void more_received_than_expected_is_no_loss(void **state)
{
    struct estimate e = {0};
    estimate_update(&e, 1000000, 0, 100, 0, 0);
    assert_true(estimate_update(&e, 1500000, 500000, 100, 50, 0) > ESTIMATE_START_KBPS); /* duplicates, late ones */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_the_start_at_once),
        cmocka_unit_test(the_cap_holds_from_the_first),
        cmocka_unit_test(an_idle_publisher_proves_nothing),
        cmocka_unit_test(loss_takes_it_down_and_growth_is_slow_after),
        cmocka_unit_test(more_received_than_expected_is_no_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
