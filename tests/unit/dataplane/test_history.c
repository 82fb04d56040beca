/* SPDX-License-Identifier: MIT */
/* The ring over mbufs that are no more than memory: only their private area is looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/util.h"
#include "dataplane/history.h"
#include "dataplane/worker.h"

#define SIZE 8

static struct packet {
    struct rte_mbuf m;
    struct pkt pkt;
} packets[64];

static const struct dataplane_conf conf = {.history_mbufs = 12};
static struct worker w;
static struct history h, other;

/* Stands in for worker.c's: remembers what was let go of. */
void worker_spend(struct worker *worker, struct rte_mbuf *m)
{
    worker->spent[worker->n_spent++] = m;
}

static int set_up(void **state)
{
    w = (struct worker){.conf = &conf};
    return history_init(&h, SIZE) || history_init(&other, SIZE);
}

static int tear_down(void **state)
{
    history_clear(&w, &h);
    history_clear(&w, &other);
    history_finish(&h);
    history_finish(&other);
    assert_int_equal(w.history_used, 0);
    return 0;
}

static struct rte_mbuf *packet(int i, int64_t index)
{
    packets[i].pkt = (struct pkt){.index = index, .rx_us = index * 1000};
    return &packets[i].m;
}

static void add(struct history *to, int i, int64_t index)
{
    history_add(&w, to, packet(i, index));
}

static void assert_holds(const struct history *in, int64_t from, int64_t to)
{
    for (int64_t index = from - 40; index < to + 40; index++) {
        struct rte_mbuf *m = history_find(in, index);
        if (index < from || index > to)
            assert_null(m);
        else {
            assert_non_null(m);
            assert_int_equal(pkt(m)->index, index);
        }
    }
}

static void keeps_the_newest(void **state)
{
    for (int i = 0; i < 20; i++)
        add(&h, i, 65530 + i); /* over a wrap of the sequence number */
    assert_holds(&h, 65530 + 12, 65530 + 19);
    assert_int_equal(h.used, SIZE);
    assert_int_equal(w.n_spent, 12);
    for (uint32_t i = 0; i < w.n_spent; i++)
        assert_ptr_equal(w.spent[i], &packets[i].m); /* the oldest first */
}

static void fills_gaps_and_refuses_what_is_too_old(void **state)
{
    static const int order[] = {10, 13, 11, 9, 12, 17};

    for (size_t i = 0; i < ARRAY_SIZE(order); i++)
        add(&h, (int)i, order[i]);
    assert_null(history_find(&h, 9)); /* 17 - 8 */
    assert_non_null(history_find(&h, 10));
    assert_non_null(history_find(&h, 13));
    assert_null(history_find(&h, 14));
    assert_non_null(history_find(&h, 17));
    assert_int_equal(w.n_spent, 1);
    add(&h, 7, 9);
    assert_null(history_find(&h, 9));
    assert_int_equal(w.n_spent, 2);
    add(&h, 8, 13); /* here already: the first stays */
    assert_ptr_equal(history_find(&h, 13), &packets[1].m);
    assert_int_equal(w.n_spent, 3);
}

static void a_jump_empties_the_ring(void **state)
{
    for (int i = 0; i < SIZE; i++)
        add(&h, i, i);
    add(&h, 20, INT64_C(1) << 40);
    assert_int_equal(h.used, 1);
    assert_int_equal(w.n_spent, SIZE);
    assert_holds(&h, INT64_C(1) << 40, INT64_C(1) << 40);
}

static void age_is_capped(void **state)
{
    for (int i = 0; i < 6; i++)
        add(&h, i, 100 + 2 * i % 7); /* 100 102 104 106 101 103 */
    history_expire(&w, &h, 100000);
    assert_int_equal(h.used, 6);
    history_expire(&w, &h, 103000);
    assert_int_equal(h.used, 3);
    assert_null(history_find(&h, 102));
    assert_non_null(history_find(&h, 103));
    history_expire(&w, &h, 1000000);
    assert_int_equal(h.used, 0);
    add(&h, 10, 50); /* starts anew, also further back */
    assert_holds(&h, 50, 50);
}

static void the_pool_share_holds_for_all_streams_of_a_worker(void **state)
{
    for (int i = 0; i < SIZE; i++)
        add(&h, i, i);
    for (int i = 0; i < SIZE; i++)
        add(&other, 20 + i, 1000 + i);
    assert_int_equal(w.history_used, conf.history_mbufs);
    assert_int_equal(h.used, 8);
    assert_holds(&other, 1004, 1007); /* each pays with its own oldest */
    history_clear(&w, &other);
    for (int i = 0; i < 4; i++)
        add(&other, 30 + i, i);
    assert_int_equal(other.used, 4);
}

static void without_slots_nothing_is_kept(void **state)
{
    struct history none;

    assert_int_equal(history_init(&none, 0), 0);
    add(&none, 0, 5);
    assert_null(history_find(&none, 5));
    assert_int_equal(w.n_spent, 1);
    history_finish(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_the_newest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fills_gaps_and_refuses_what_is_too_old, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_jump_empties_the_ring, set_up, tear_down),
        cmocka_unit_test_setup_teardown(age_is_capped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_pool_share_holds_for_all_streams_of_a_worker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_slots_nothing_is_kept, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
