/* SPDX-License-Identifier: MIT */
/* Accounts of a leg, and the pace of flows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/leg.h"
#include "bench/pace.h"
#include "common/util.h"

#define SHIFT 0x12345 /* of the relay's numbers */

static const struct {
    const char *what;
    int64_t from;    /* what counts */
    int64_t seqs[8]; /* of the sender, as they come; ends at 0 */
    struct leg_counts counts;
} cases[] = {
    {"in order", 100, {100, 101, 102, 103}, {4, 0, 0}},
    {"one lost", 100, {100, 102, 103}, {3, 0, 0}},
    {"one twice", 100, {100, 101, 101, 102}, {3, 1, 0}},
    {"one behind", 100, {100, 102, 101, 103}, {4, 0, 1}},
    {"an old one twice", 100, {100, 101, 102, 100}, {3, 1, 0}},
    {"before it counts", 100, {98, 99, 100, 99}, {1, 0, 0}},
    {"over the wrap", 65534, {65534, 65535, 65536, 65537, 65535}, {4, 1, 0}},
    {"behind the window", 100, {100, 100 + REPLAY_BITS, 100}, {2, 1, 0}},
};

static void test_counts(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct leg leg;
        leg_init(&leg);
        leg_map(&leg, cases[i].seqs[0] + SHIFT, (uint64_t)cases[i].seqs[0]);
        leg.replay.highest = cases[i].seqs[0] + SHIFT - 1;
        leg_begin(&leg, (uint64_t)cases[i].from);
        for (const int64_t *seq = cases[i].seqs; *seq; seq++) {
            int64_t index = leg_index(&leg, (uint16_t)(*seq + SHIFT));
            assert_int_equal(index, *seq + SHIFT);
            assert_int_equal(leg_sender_seq(&leg, index), *seq);
            leg_take(&leg, index);
        }
        if (memcmp(&leg.counts, &cases[i].counts, sizeof(leg.counts)) != 0)
            fail_msg("%s: %u unique, %u duplicates, %u reordered", cases[i].what, (unsigned)leg.counts.unique,
                     (unsigned)leg.counts.duplicates, (unsigned)leg.counts.reordered);
    }
}

static void test_jump(void **state)
{
    struct leg leg;

    leg_init(&leg);
    assert_false(leg_jumps(&leg, 1 << 20)); /* nothing is known yet */
    leg_map(&leg, 100, 7);
    leg_begin(&leg, 7);
    leg_take(&leg, 100);
    assert_false(leg_jumps(&leg, 100 + LEG_JUMP - 1));
    assert_true(leg_jumps(&leg, 100 + LEG_JUMP));
    leg_map(&leg, 100 + LEG_JUMP, 90000);
    leg_take(&leg, 100 + LEG_JUMP);
    assert_int_equal(leg_sender_seq(&leg, 100 + LEG_JUMP + 1), 90001);
    assert_int_equal(leg.counts.unique, 2);
}

static void test_missing(void **state)
{
    static const int64_t seqs[] = {65530, 65532, 65533, 65538, 65537};
    static const uint16_t missing[] = {65531, 65534, 65535, 0};
    uint16_t found[8];
    struct leg leg;

    leg_init(&leg);
    leg_map(&leg, seqs[0], (uint64_t)seqs[0]); /* what came before the first is nobody's loss */
    for (size_t i = 0; i < ARRAY_SIZE(seqs); i++)
        leg_take(&leg, seqs[i]);
    assert_int_equal(leg_missing(&leg, found, ARRAY_SIZE(found)), ARRAY_SIZE(missing));
    assert_memory_equal(found, missing, sizeof(missing));
    assert_int_equal(leg_missing(&leg, found, 2), 2);
    leg_take(&leg, seqs[0] + 2 * LEG_MISSING_MAX);
    assert_int_equal(leg_missing(&leg, found, 1), 1);
    assert_int_equal(found[0], (uint16_t)(seqs[0] + LEG_MISSING_MAX)); /* the others are past help */
}

static void test_times(void **state)
{
    static struct hist latency, jitter;
    struct leg leg;

    leg_init(&leg);
    leg_time(&leg, 10000, &latency, &jitter);
    leg_time(&leg, 14000, &latency, &jitter);
    leg_time(&leg, 13000, &latency, &jitter);
    assert_int_equal(latency.count, 3);
    assert_int_equal(latency.max_ns, 14000);
    assert_int_equal(jitter.count, 2); /* a change needs two */
    assert_int_equal(jitter.max_ns, 4000);
    leg_begin(&leg, 0);
    leg_time(&leg, 90000, &latency, &jitter);
    assert_int_equal(jitter.count, 2); /* nor is one made up between two runs */
}

static void test_pace(void **state)
{
    struct pace p;
    uint32_t member, turns[3] = {0};

    pace_init(&p, 3, 1000, 500000);
    assert_false(pace_take(&p, 499999, &member));
    for (int64_t now_ns = 500000; now_ns <= 500000 + 10 * 1000; now_ns += 8)
        while (pace_take(&p, now_ns, &member)) {
            assert_int_equal(member, (p.turns - 1) % 3);
            turns[member]++;
        }
    assert_int_equal(turns[0], 11); /* at 0, 1000, ... 10000 */
    assert_int_equal(turns[1], 10);
    assert_int_equal(turns[2], 10);
    assert_in_range(pace_due_ns(&p), 510332, 510334); /* no drift */
    pace_init(&p, 0, 1000, 0);
    assert_false(pace_take(&p, INT64_MAX - 1, &member));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts), cmocka_unit_test(test_jump), cmocka_unit_test(test_missing),
        cmocka_unit_test(test_times),  cmocka_unit_test(test_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
