/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/util.h"
#include "dataplane/nack.h"

static uint32_t due(struct nack *n, int64_t now_us, uint16_t *seqs)
{
    int64_t given_up;
    return nack_due(n, now_us, seqs, NACK_MISSING_MAX, &given_up);
}

static void waits_for_reordering(void **state)
{
    struct nack n = {0};
    uint16_t seqs[NACK_MISSING_MAX];

    assert_true(nack_gap(&n, 100, 101, 0)); /* no gap */
    assert_int_equal(n.n, 0);
    assert_true(nack_gap(&n, 101, 105, 0)); /* 102..104 */
    assert_int_equal(due(&n, NACK_WAIT_US - 1, seqs), 0);
    nack_found(&n, 103, NACK_WAIT_US - 1);
    assert_int_equal(due(&n, NACK_WAIT_US, seqs), 2);
    assert_int_equal(seqs[0], 102);
    assert_int_equal(seqs[1], 104);
    assert_int_equal(due(&n, NACK_WAIT_US + 1, seqs), 0); /* asked a moment ago */
    assert_int_equal(n.rtt_us, 0);                        /* nobody asked for 103 */
}

static void asks_over_the_wrap(void **state)
{
    struct nack n = {0};
    uint16_t seqs[NACK_MISSING_MAX];

    assert_true(nack_gap(&n, 65533, 65538, 0));
    assert_int_equal(due(&n, NACK_WAIT_US, seqs), 4);
    assert_int_equal(seqs[0], 65534);
    assert_int_equal(seqs[1], 65535);
    assert_int_equal(seqs[2], 0);
    assert_int_equal(seqs[3], 1);
}

static void retries_by_the_round_trip_and_gives_up(void **state)
{
    struct nack n = {0};
    uint16_t seqs[NACK_MISSING_MAX];
    int64_t now_us = NACK_WAIT_US, given_up;

    assert_true(nack_gap(&n, 0, 3, 0)); /* 1, 2 */
    assert_int_equal(due(&n, now_us, seqs), 2);
    nack_found(&n, 1, now_us + 40000);
    assert_int_equal(n.rtt_us, 40000);
    for (int tries = 1; tries < NACK_TRIES_MAX; tries++) {
        assert_int_equal(nack_due(&n, now_us + 49999, seqs, 8, &given_up), 0);
        now_us += 50000;
        assert_int_equal(nack_due(&n, now_us, seqs, 8, &given_up), 1);
        assert_int_equal(given_up, -1);
        assert_int_equal(seqs[0], 2);
    }
    assert_int_equal(nack_due(&n, now_us + 50000, seqs, 8, &given_up), 0);
    assert_int_equal(given_up, 2);
    assert_int_equal(n.n, 0);
}

static void a_late_answer_does_not_tell_the_round_trip(void **state)
{
    struct nack n = {0};
    uint16_t seqs[NACK_MISSING_MAX];

    nack_gap(&n, 0, 2, 0);
    assert_int_equal(due(&n, NACK_WAIT_US, seqs), 1);
    assert_int_equal(due(&n, NACK_WAIT_US + NACK_RTT_START_US, seqs), 1);
    nack_found(&n, 1, NACK_WAIT_US + NACK_RTT_START_US + 1); /* answer to which question? */
    assert_int_equal(n.n, 0);
    assert_int_equal(n.rtt_us, 0);
}

static void asks_no_more_than_fits(void **state)
{
    struct nack n = {0};
    uint16_t seqs[4];
    int64_t given_up;

    nack_gap(&n, 0, 8, 0); /* 1..7 */
    assert_int_equal(nack_due(&n, NACK_WAIT_US, seqs, 4, &given_up), 4);
    assert_int_equal(seqs[3], 4);
    assert_int_equal(nack_due(&n, NACK_WAIT_US, seqs, 4, &given_up), 3);
    assert_int_equal(seqs[0], 5);
    assert_int_equal(n.n, 7);
}

static void an_outage_is_not_asked_for(void **state)
{
    struct nack n = {0};

    assert_true(nack_gap(&n, 0, NACK_MISSING_MAX + 1, 0)); /* exactly full */
    assert_int_equal(n.n, NACK_MISSING_MAX);
    assert_false(nack_gap(&n, NACK_MISSING_MAX + 1, NACK_MISSING_MAX + 3, 0));
    assert_int_equal(n.n, 0);
    assert_false(nack_gap(&n, 1000, INT64_C(1) << 40, 0));
    assert_int_equal(n.n, 0);
}

static void finding_what_is_not_missing_changes_nothing(void **state)
{
    struct nack n = {0};

    nack_found(&n, 5, 0);
    nack_gap(&n, 10, 13, 0); /* 11, 12 */
    nack_found(&n, 10, 0);
    nack_found(&n, 13, 0);
    assert_int_equal(n.n, 2);
    nack_found(&n, 11, 0);
    nack_found(&n, 11, 0);
    assert_int_equal(n.n, 1);
    assert_int_equal(n.missing[0].index, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_reordering),
        cmocka_unit_test(asks_over_the_wrap),
        cmocka_unit_test(retries_by_the_round_trip_and_gives_up),
        cmocka_unit_test(a_late_answer_does_not_tell_the_round_trip),
        cmocka_unit_test(asks_no_more_than_fits),
        cmocka_unit_test(an_outage_is_not_asked_for),
        cmocka_unit_test(finding_what_is_not_missing_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
