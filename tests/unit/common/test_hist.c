/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/hist.h"
#include "common/util.h"

/* Each value lies in its bin, and no bin above the first is wider than 1/16 of it. */
static void bins_are_narrow_and_seamless(void **state)
{
    for (uint32_t bin = 1; bin < HIST_BINS - 1; bin++) {
        uint64_t first = hist_bin_end(bin - 1), end = hist_bin_end(bin);
        assert_int_equal(hist_bin(first), bin);
        assert_int_equal(hist_bin(end - 1), bin);
        assert_int_equal(hist_bin(end), bin + 1);
        assert_true((end - first) * HIST_SUBS <= first);
    }
    assert_int_equal(hist_bin(0), 0);
    assert_int_equal(hist_bin(HIST_MIN_NS - 1), 0);
    assert_int_equal(hist_bin(UINT64_MAX), HIST_BINS - 1);
}

static void quantiles(void **state)
{
    static struct hist h;
    static const struct {
        uint32_t ppm;
        uint64_t least, most;
    } cases[] = {
        {500000, 500000, 532000}, {990000, 990000, 1055000}, {999000, 999000, 1000000}, {1000000, 1000000, 1000000}};

    assert_int_equal(hist_quantile(&h, 500000), 0);
    for (uint64_t us = 1; us <= 1000; us++)
        hist_add(&h, us * 1000);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_in_range(hist_quantile(&h, cases[i].ppm), cases[i].least, cases[i].most);
    assert_int_equal(h.count, 1000);
    assert_int_equal(h.max_ns, 1000000);
}

static void merging_is_adding(void **state)
{
    static struct hist a, b, both;

    for (uint64_t i = 0; i < 5000; i++) {
        hist_add(i % 3 ? &a : &b, i * i);
        hist_add(&both, i * i);
    }
    hist_merge(&a, &b);
    assert_memory_equal(&a, &both, sizeof(a));
    hist_add_n(&a, 7000, 3);
    for (int i = 0; i < 3; i++)
        hist_add(&both, 7000);
    assert_memory_equal(&a, &both, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_are_narrow_and_seamless),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(merging_is_adding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
