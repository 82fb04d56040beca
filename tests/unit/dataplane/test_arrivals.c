/* SPDX-License-Identifier: MIT */
/* What is told is read back with the parser of common/twcc.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/twcc.h"
#include "dataplane/arrivals.h"

#define MISSING -1

static struct arrivals *a;

static int set_up(void **state)
{
    a = arrivals_create();
    return a ? 0 : -1;
}

static int tear_down(void **state)
{
    arrivals_destroy(a);
    return 0;
}

/* Reads one feedback packet: per status its arrival in ms from the first one received, or MISSING. Returns how many. */
static uint32_t report(uint16_t *base, uint8_t *fb_count, int *ms)
{
    uint8_t bytes[1200];
    struct rtcp_iter it;
    struct rtcp_packet packet;
    struct twcc_view view;
    struct twcc_iter walk;
    struct twcc_status status;
    uint32_t n = 0;
    int64_t first = -1;

    size_t len = arrivals_report(a, bytes, sizeof(bytes), 7, 8);
    if (len == 0)
        return 0;
    rtcp_begin(&it, bytes, len);
    assert_true(rtcp_next(&it, &packet));
    assert_int_equal(twcc_parse(&view, &packet), 0);
    assert_int_equal(view.sender, 7);
    assert_int_equal(view.media, 8);
    *base = view.base_seq;
    *fb_count = view.fb_count;
    twcc_begin(&walk, &view);
    while (twcc_next(&walk, &status)) {
        if (status.received && first < 0)
            first = status.arrival_us;
        ms[n++] = status.received ? (int)((status.arrival_us - first) / 1000) : MISSING;
    }
    assert_false(rtcp_next(&it, &packet));
    return n;
}

static void assert_report(uint16_t want_base, uint8_t want_count, const int *want_ms, uint32_t want_n)
{
    uint16_t base = 0;
    uint8_t fb_count = 0;
    int ms[TWCC_STATUS_MAX];

    assert_int_equal(report(&base, &fb_count, ms), want_n);
    assert_int_equal(base, want_base);
    assert_int_equal(fb_count, want_count);
    for (uint32_t i = 0; i < want_n; i++)
        assert_int_equal(ms[i], want_ms[i]);
}

#define ASSERT_REPORT(base, count, ...) \
    assert_report(base, count, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static void tells_gaps_and_goes_on(void **state)
{
    assert_false(arrivals_pending(a));
    arrivals_add(a, 65534, 1000000);
    arrivals_add(a, 65535, 1002000);
    arrivals_add(a, 2, 1010000); /* over the wrap, 0 and 1 are missing */
    assert_true(arrivals_pending(a));
    ASSERT_REPORT(65534, 0, 0, 2, MISSING, MISSING, 10);
    assert_false(arrivals_pending(a));
    arrivals_add(a, 4, 1100000);
    ASSERT_REPORT(3, 1, MISSING, 0);
}

static void late_packets_are_told_with_their_neighbours(void **state)
{
    arrivals_add(a, 10, 1000000);
    arrivals_add(a, 12, 1004000);
    ASSERT_REPORT(10, 0, 0, MISSING, 4);
    arrivals_add(a, 11, 1060000);
    arrivals_add(a, 13, 1060000);
    ASSERT_REPORT(11, 1, 0, -56, 0); /* 12 came before 11 */
}

static void older_than_the_first_is_told_too(void **state)
{
    arrivals_add(a, 0, 1000000);
    arrivals_add(a, 65535, 1001000);
    ASSERT_REPORT(65535, 0, 0, -1);
}

static void is_bounded(void **state)
{
    int ms[TWCC_STATUS_MAX];
    uint16_t base;
    uint8_t fb_count;

    for (uint32_t i = 0; i < 3 * ARRIVALS_WINDOW; i++) /* nobody asks: the oldest are forgotten */
        arrivals_add(a, (uint16_t)i, 1000000 + i * 1000);
    for (uint32_t told = 0; told < ARRIVALS_WINDOW; told += ARRIVALS_REPORT_MAX) {
        assert_int_equal(report(&base, &fb_count, ms), ARRIVALS_REPORT_MAX);
        assert_int_equal(base, 2 * ARRIVALS_WINDOW + told);
        assert_int_equal(ms[ARRIVALS_REPORT_MAX - 1], ARRIVALS_REPORT_MAX - 1);
    }
    assert_false(arrivals_pending(a));
    arrivals_add(a, 2 * ARRIVALS_WINDOW - 1, 9000000); /* a window back: too late */
    assert_false(arrivals_pending(a));
    arrivals_add(a, 3 * ARRIVALS_WINDOW + 20000, 9000000); /* a jump starts anew */
    ASSERT_REPORT(3 * ARRIVALS_WINDOW + 20000, 4, 0);
}

static void nothing_but_losses_is_skipped(void **state)
{
    int ms[TWCC_STATUS_MAX];
    uint16_t base;
    uint8_t fb_count;

    arrivals_add(a, 100, 1000000);
    ASSERT_REPORT(100, 0, 0);
    arrivals_add(a, 101 + ARRIVALS_REPORT_MAX + 5, 2000000);
    assert_int_equal(report(&base, &fb_count, ms), 0);
    assert_true(arrivals_pending(a));
    assert_int_equal(report(&base, &fb_count, ms), 6);
    assert_false(arrivals_pending(a));
}

static void a_pause_longer_than_a_delta_takes_two_packets(void **state)
{
    arrivals_add(a, 1, 1000000);
    arrivals_add(a, 2, 21000000);
    ASSERT_REPORT(1, 0, 0);
    ASSERT_REPORT(2, 1, 0);
    assert_false(arrivals_pending(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_gaps_and_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(late_packets_are_told_with_their_neighbours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(older_than_the_first_is_told_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_but_losses_is_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pause_longer_than_a_delta_takes_two_packets, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
