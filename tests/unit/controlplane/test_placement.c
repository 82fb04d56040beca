/* SPDX-License-Identifier: MIT */
/* placement: which worker a publish goes to, by reports of load and by what was placed since. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "common/util.h"
#include "controlplane/placement.h"

#define WORKERS 3

struct worker {
    uint32_t busy_permille, sessions, placed; /* placed: more, since the report */
};

static struct placement make(const struct worker *workers)
{
    struct placement p = {0};
    struct dp_load load = {.n_workers = WORKERS};

    placement_start(&p, WORKERS);
    for (uint32_t i = 0; i < WORKERS; i++) {
        load.workers[i].busy_permille = workers[i].busy_permille;
        for (uint32_t n = 0; n < workers[i].sessions; n++)
            placement_add(&p, i);
    }
    placement_report(&p, &load);
    for (uint32_t i = 0; i < WORKERS; i++)
        for (uint32_t n = 0; n < workers[i].placed; n++)
            placement_add(&p, i);
    return p;
}

static void test_pick(void **state)
{
    static const struct {
        const char *what;
        struct worker workers[WORKERS];
        int picked;
    } cases[] = {
        {"all idle and empty: the first", {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}, 0},
        {"equal loads: the fewest sessions", {{300, 9, 0}, {300, 7, 0}, {300, 8, 0}}, 1},
        {"one hot", {{900, 3, 0}, {500, 30, 0}, {900, 3, 0}}, 1},
        {"alike within chance", {{330, 9, 0}, {300, 20, 0}, {345, 8, 0}}, 2},
        {"more apart than chance", {{360, 1, 0}, {300, 20, 0}, {355, 2, 0}}, 1},
        {"few sessions that cost much", {{800, 1, 0}, {100, 500, 0}, {200, 100, 0}}, 1},
        {"a burst since the report", {{100, 10, 20}, {200, 10, 0}, {200, 11, 0}}, 1},
        {"the same burst over all", {{100, 10, 20}, {200, 10, 20}, {200, 11, 20}}, 0},
        {"one has room", {{960, 9, 0}, {940, 9, 0}, {990, 9, 0}}, 1},
        {"none has room", {{960, 9, 0}, {1000, 9, 0}, {950, 9, 0}}, -EBUSY},
        {"room until the burst", {{945, 100, 1}, {945, 100, 1}, {945, 100, 1}}, -EBUSY},
        {"alike, but for room", {{930, 9, 0}, {955, 1, 0}, {960, 1, 0}}, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct placement p = make(cases[i].workers);
        int picked = placement_pick(&p, 950);
        if (picked != cases[i].picked)
            fail_msg("%s: picked %d, not %d", cases[i].what, picked, cases[i].picked);
    }
}

/* Without reports, as at the start, sessions alone decide, and they spread. */
static void test_unreported(void **state)
{
    struct placement p = {0};

    assert_int_equal(placement_pick(&p, 950), -EBUSY); /* nobody is there */
    placement_start(&p, WORKERS);
    for (uint32_t n = 0; n < 3 * 40; n++) {
        int picked = placement_pick(&p, 950);
        assert_int_equal(picked, n % WORKERS);
        placement_add(&p, (uint32_t)picked);
    }
}

/* 1,000 publishes between two reports, on workers of unlike load: they end about equal, and none is driven over the
 * limit. */
static void test_burst(void **state)
{
    struct placement p = make((const struct worker[WORKERS]){{100, 50, 0}, {300, 50, 0}, {600, 50, 0}});
    uint32_t n[WORKERS] = {0}, total = 0;
    int picked;

    for (; (picked = placement_pick(&p, 800)) >= 0; total++) {
        placement_add(&p, (uint32_t)picked);
        n[picked]++;
    }
    assert_in_range(total, 150, 250);
    assert_true(n[0] > n[1] && n[1] > n[2] && n[2] > 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_false(placement_has_room(&p, i, 800));
    assert_true(placement_has_room(&p, 0, UINT32_MAX));
}

/* Whatever comes, goes and moves between reports: counts stay true. */
static void test_counts(void **state)
{
    struct placement p = make((const struct worker[WORKERS]){{100, 2, 1}, {0, 0, 0}, {0, 0, 1}});

    for (int n = 0; n < 3; n++)
        placement_move(&p, 0, 1);
    assert_int_equal(p.workers[0].sessions + p.workers[0].placed, 0);
    assert_int_equal(p.workers[1].sessions, 3);
    placement_del(&p, 2);
    assert_int_equal(p.workers[2].sessions + p.workers[2].placed, 0);
    assert_int_equal(placement_pick(&p, 950), 2);
    placement_start(&p, 2); /* another dataplane, same sessions */
    assert_int_equal(p.workers[1].sessions, 3);
    assert_int_equal(placement_pick(&p, 950), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pick),
        cmocka_unit_test(test_unreported),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
