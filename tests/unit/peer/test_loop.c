/* SPDX-License-Identifier: MIT */
/* Deadlines come in order, and items may go while their events are being served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/util.h"
#include "tests/peer/loop.h"
#include "tests/peer/rng.h"

struct waiter {
    struct loop_item item; /* first: the loop gives it back */
    struct loop *loop;
    struct waiter *victim;
    int64_t want_us, *last_us;
    unsigned n;
};

static void on_due(struct loop_item *item, int64_t now_us)
{
    struct waiter *w = (struct waiter *)item;
    assert_true(now_us >= w->want_us);
    assert_true(w->want_us >= *w->last_us);
    *w->last_us = w->want_us;
    w->n++;
}

static void test_deadlines_in_order(void **state)
{
    struct waiter waiters[500] = {0};
    struct loop *loop = loop_create();
    struct rng rng = {1};
    int64_t last_us = 0, now_us = loop_now_us();
    for (size_t i = 0; i < ARRAY_SIZE(waiters); i++) {
        waiters[i] = (struct waiter){.item = {.fd = -1, .on_due = on_due}, .last_us = &last_us};
        for (int moves = 0; moves < 3; moves++) {
            waiters[i].want_us = now_us - (int64_t)(rng_next(&rng) % 1000);
            assert_int_equal(loop_set_due(loop, &waiters[i].item, waiters[i].want_us), 0);
        }
        if (i % 5 == 0)
            loop_del(loop, &waiters[i / 2].item);
    }
    loop_turn(loop, now_us);
    unsigned total = 0;
    for (size_t i = 0; i < ARRAY_SIZE(waiters); i++)
        total += waiters[i].n;
    assert_in_range(total, 400, 450);
    last_us = 0;
    loop_turn(loop, loop_now_us() + 1000); /* nothing twice */
    assert_int_equal(last_us, 0);
    loop_destroy(loop);
}

static void on_ready(struct loop_item *item, uint32_t events, int64_t now_us)
{
    struct waiter *w = (struct waiter *)item;
    w->n++;
    loop_del(w->loop, &w->victim->item);
}

static void test_deleted_while_served(void **state)
{
    struct waiter waiters[2] = {0};
    int pipes[2][2];
    struct loop *loop = loop_create();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        waiters[i] =
            (struct waiter){.item = {.fd = pipes[i][0], .on_ready = on_ready}, .loop = loop, .victim = &waiters[1 - i]};
        assert_int_equal(loop_add(loop, &waiters[i].item, EPOLLIN), 0);
        assert_int_equal(write(pipes[i][1], "x", 1), 1);
    }
    loop_turn(loop, loop_now_us() + 1000000);
    assert_int_equal(waiters[0].n + waiters[1].n, 1);
    loop_destroy(loop);
    for (int i = 0; i < 2; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines_in_order),
        cmocka_unit_test(test_deleted_while_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
