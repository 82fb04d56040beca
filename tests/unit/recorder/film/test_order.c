/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/film/order.h"

struct step {
    int64_t index;
    int64_t rx_ms;
};

struct order_case {
    const char *what;
    struct step in[12]; /* ends with an index of 0 */
    int64_t out[12];    /* negative: after a loss; ends with 0 */
    uint64_t lost, duplicate, late;
};

static const struct order_case cases[] = {
    {"in order", {{5}, {6}, {7}}, {5, 6, 7}},
    {"swapped", {{5}, {7}, {6}, {8}}, {5, 6, 7, 8}},
    {"swapped at the start", {{7}, {6}, {5}, {8}}, {5, 6, 7, 8}},
    {"across the wrap of 16 bits", {{65535}, {65537}, {65536}}, {65535, 65536, 65537}},
    {"lost", {{5}, {8}, {9}}, {5, -8, 9}, .lost = 2},
    {"twice while it waits", {{5}, {7}, {7}, {6}}, {5, 6, 7}, .duplicate = 1},
    {"twice", {{5}, {6, 4000}, {5, 4001}, {7, 4002}}, {5, 6, 7}, .duplicate = 1},
    {"a retransmission after 2.9 s", {{5}, {7, 100}, {8, 2000}, {6, 3000}}, {5, 6, 7, 8}},
    {"after more than 3 s it is late", {{5}, {6, 4000}, {8, 4100}, {9, 7200}, {7, 7300}}, {5, 6, -8, 9}, 1, .late = 1},
    {"more than a window is lost", {{5}, {6}, {7, 10}, {100000, 20}, {100001, 20}}, {5, 6, 7, -100000, 100001}, 99992},
    {"behind a jump", {{5}, {100000}, {6}, {99999}}, {5, -99999, 100000}, 99993, .late = 1},
    {"the last index of a window", {{5}, {5 + ORDER_SLOTS - 1}, {6}}, {5, 6, -(5 + ORDER_SLOTS - 1)}, ORDER_SLOTS - 3},
    {"one beyond", {{5}, {5 + ORDER_SLOTS}, {6}}, {5, 6, -(5 + ORDER_SLOTS)}, ORDER_SLOTS - 2},
};

static size_t drain(struct order *o, bool ended, const int64_t *want)
{
    struct packet p;
    size_t n = 0;
    for (; order_get(o, ended, &p); n++)
        assert_int_equal(p.after_loss ? -p.index : p.index, want[n]);
    return n;
}

static void test_cases(void **state)
{
    struct order *o = malloc(sizeof(*o));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct order_case *c = &cases[i];
        const int64_t *out = c->out;
        print_message("%s\n", c->what);
        order_init(o);
        for (const struct step *s = c->in; s->index; s++) {
            struct packet p = {.index = s->index, .rx_us = s->rx_ms * 1000};
            order_put(o, &p);
            out += drain(o, false, out);
        }
        out += drain(o, true, out);
        assert_int_equal(*out, 0);
        assert_int_equal(o->lost, c->lost);
        assert_int_equal(o->duplicate, c->duplicate);
        assert_int_equal(o->late, c->late);
    }
    free(o);
}

/* Any order whatever within the window comes out sorted. */
static void test_shuffled(void **state)
{
    enum { N = 3000 };
    struct order *o = malloc(sizeof(*o));
    struct packet p, packets[N];
    srandom(1);
    for (int i = 0; i < N; i++)
        packets[i] = (struct packet){.index = 10 + i, .rx_us = i};
    for (int i = N - 1; i > 0; i--) {
        int k = (int)(random() % (i + 1));
        int64_t index = packets[i].index;
        packets[i].index = packets[k].index;
        packets[k].index = index;
    }
    order_init(o);
    for (int i = 0; i < N; i++) {
        order_put(o, &packets[i]);
        assert_false(order_get(o, false, &p));
    }
    for (int i = 0; i < N; i++) {
        assert_true(order_get(o, true, &p));
        assert_int_equal(p.index, 10 + i);
    }
    assert_false(order_get(o, true, &p));
    free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_shuffled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
