/* SPDX-License-Identifier: MIT */
/* balance: a hot worker, on virtual time. Publishers have a share of a worker each; whoever is to move does so at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/util.h"
#include "controlplane/balance.h"

#define HOT        800
#define SECOND_US  INT64_C(1000000)
#define WORKERS    4
#define PUBLISHERS 64

struct publisher {
    uint32_t permille, worker;
};

struct plant {
    struct balance balance;
    struct publisher publishers[PUBLISHERS];
    uint32_t n_publishers;
    uint32_t rest[WORKERS]; /* busy with what nobody can move */
    int64_t now_us;
    uint32_t n_moves;
    int64_t moved_us; /* the last one */
};

static struct dp_load report(const struct plant *p)
{
    struct dp_load load = {.n_workers = WORKERS};
    bool told[PUBLISHERS] = {0};
    uint32_t full[WORKERS]; /* what would be its time, if it had more than there is */

    for (uint32_t i = 0; i < WORKERS; i++)
        load.workers[i].busy_permille = p->rest[i];
    for (uint32_t i = 0; i < p->n_publishers; i++)
        load.workers[p->publishers[i].worker].busy_permille += p->publishers[i].permille;
    for (uint32_t i = 0; i < WORKERS; i++) {
        full[i] = MAX(load.workers[i].busy_permille, 1000u);
        load.workers[i].busy_permille = MIN(load.workers[i].busy_permille, 1000u);
        if (load.workers[i].busy_permille > load.workers[load.busiest].busy_permille)
            load.busiest = i;
    }
    for (; load.n_heaviest < DP_HEAVIEST_MAX; load.n_heaviest++) {
        int best = -1;
        for (uint32_t i = 0; i < p->n_publishers; i++)
            if (!told[i] && p->publishers[i].worker == load.busiest &&
                (best < 0 || p->publishers[i].permille > p->publishers[best].permille))
                best = (int)i;
        if (best < 0)
            break;
        told[best] = true;
        load.heaviest[load.n_heaviest] = (struct dp_publish_load){
            .session = (uint64_t)best, .busy_permille = p->publishers[best].permille * 1000 / full[load.busiest]};
    }
    return load;
}

static void run(struct plant *p, int64_t us)
{
    for (int64_t end_us = p->now_us + us; p->now_us < end_us; p->now_us += SECOND_US / 2) {
        struct dp_load load = report(p);
        struct balance_move move;
        if (!balance_step(&p->balance, &load, HOT, p->now_us, &move))
            continue;
        struct publisher *publisher = &p->publishers[move.session];
        assert_int_equal(publisher->worker, move.from);
        assert_int_not_equal(move.to, move.from);
        publisher->worker = move.to;
        p->n_moves++;
        p->moved_us = p->now_us;
    }
}

static uint32_t busiest_permille(const struct plant *p)
{
    struct dp_load load = report(p);
    return load.workers[load.busiest].busy_permille;
}

static void test_cases(void **state)
{
    static const struct {
        const char *what;
        struct publisher publishers[6];
        uint32_t rest[WORKERS];
        int64_t moved; /* the first to move; -1: none */
    } cases[] = {
        {"nobody is hot", {{390, 0}, {390, 0}}, {0, 700, 700, 700}, -1},
        {"what halves the gap", {{100, 0}, {300, 0}, {500, 0}}, {0, 300, 300, 300}, 1},
        {"to the least busy", {{380, 0}, {421, 0}}, {0, 300, 200, 100}, 0},
        {"one alone: nothing is won", {{900, 0}}, {0}, -1},
        {"one with some: the others go", {{700, 0}, {150, 0}}, {0}, 1},
        {"too heavy for the gap", {{400, 0}, {400, 0}}, {0, 500, 500, 500}, -1},
        {"gap below the margin", {{400, 0}, {400, 0}}, {0, 650, 650, 650}, -1},
        {"too light to matter", {{9, 0}, {9, 0}}, {800, 0, 0, 0}, -1},
        {"light, but worth it", {{40, 0}, {39, 0}}, {800, 0, 0, 0}, 0},
        {"all are hot", {{450, 0}, {450, 0}}, {0, 850, 850, 850}, -1},
        {"no publishers", {{0, 3}}, {900, 0, 0, 0}, -1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct plant p = {.n_publishers = ARRAY_SIZE(cases[i].publishers), .now_us = SECOND_US};
        memcpy(p.publishers, cases[i].publishers, sizeof(cases[i].publishers));
        memcpy(p.rest, cases[i].rest, sizeof(p.rest));
        run(&p, 9 * SECOND_US);
        int64_t moved = -1;
        for (uint32_t j = 0; j < p.n_publishers; j++)
            if (p.publishers[j].worker != cases[i].publishers[j].worker)
                moved = j;
        if (moved != cases[i].moved || p.n_moves != (moved >= 0))
            fail_msg("%s: %d moved, not %d", cases[i].what, (int)moved, (int)cases[i].moved);
    }
}

/* Peaks pass: only five seconds in a row count, and of one worker. */
static void test_patience(void **state)
{
    struct plant p = {.publishers = {{400, 0}, {450, 0}}, .n_publishers = 2, .now_us = SECOND_US};

    for (int i = 0; i < 20; i++) {
        run(&p, 5 * SECOND_US);
        p.publishers[0].permille = 100;
        run(&p, SECOND_US / 2);
        p.publishers[0].permille = 400;
    }
    for (int i = 0; i < 20; i++) {
        run(&p, 5 * SECOND_US);
        p.publishers[0].worker = p.publishers[1].worker = (i + 1) % 2;
    }
    assert_int_equal(p.n_moves, 0);
    run(&p, 11 * SECOND_US / 2);
    assert_int_equal(p.n_moves, 1);
}

/* Everybody on one worker, in all sorts of shares: they spread within minutes, one every five seconds at the most, and
 * then everything stays where it is. */
static void test_converges(void **state)
{
    uint32_t seed = 1;

    for (int round = 0; round < 200; round++) {
        struct plant p = {.now_us = SECOND_US};
        for (uint32_t sum = 0; sum < 2000 && p.n_publishers < PUBLISHERS; p.n_publishers++) {
            seed = seed * 1664525 + 1013904223;
            p.publishers[p.n_publishers].permille = 10 + (seed >> 8) % (round % 2 ? 100 : 500);
            sum += p.publishers[p.n_publishers].permille;
        }
        for (int64_t before_us = 0; p.now_us < 300 * SECOND_US; before_us = p.moved_us) {
            run(&p, SECOND_US / 2);
            assert_true(p.moved_us == before_us || before_us == 0 || p.moved_us - before_us >= 5 * SECOND_US);
        }
        if (round % 2) /* in pieces that fit anywhere */
            assert_true(busiest_permille(&p) < HOT);
        uint32_t n_moves = p.n_moves;
        assert_in_range(n_moves, 1, PUBLISHERS);
        run(&p, 600 * SECOND_US);
        assert_int_equal(p.n_moves, n_moves);
    }
}

/* Shares that wander by a fifth, on workers that are all just hot: no to and fro. */
static void test_noise(void **state)
{
    uint32_t seed = 7;
    struct plant p = {.n_publishers = 4 * WORKERS, .now_us = SECOND_US};

    for (int i = 0; i < 3600; i++) {
        for (uint32_t j = 0; j < p.n_publishers; j++) {
            seed = seed * 1664525 + 1013904223;
            if (i == 0)
                p.publishers[j].worker = j % WORKERS;
            p.publishers[j].permille = 180 + (seed >> 8) % 45;
        }
        run(&p, SECOND_US / 2);
    }
    assert_int_equal(p.n_moves, 0);
}

static void test_off(void **state)
{
    struct balance b = {0};
    struct balance_move move;
    struct dp_load load = {.n_workers = 2,
                           .workers = {{.busy_permille = 1000}},
                           .n_heaviest = 1,
                           .heaviest = {{.session = 1, .busy_permille = 500}}};

    for (int64_t now_us = SECOND_US; now_us < 60 * SECOND_US; now_us += SECOND_US)
        assert_false(balance_step(&b, &load, 0, now_us, &move));
    load.n_workers = 1; /* nowhere to go */
    for (int64_t now_us = SECOND_US; now_us < 60 * SECOND_US; now_us += SECOND_US)
        assert_false(balance_step(&b, &load, HOT, now_us, &move));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_patience), cmocka_unit_test(test_converges),
        cmocka_unit_test(test_noise), cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
