/* SPDX-License-Identifier: MIT */
/* ICE-lite through the packet path: who is answered, and where media may be sent. */
#include "fixture.h"

#include <string.h>

static uint32_t responses(struct fixture *f, const struct peer *p)
{
    struct datagram d;
    uint32_t n = 0;

    for (int i = 0; i < 5; i++)
        fixture_turn(f);
    while (fixture_receive(f, &d))
        n += peer_is_response(p, &d);
    return n;
}

__attribute__((unused)) static const struct dp_addr *send_address(struct fixture *f, const struct peer *p)
{
    static struct dp_addr addr;
    const struct tuple *t = session_send_tuple(fixture_session(f, p->session));

    if (!t)
        return NULL;
    memcpy(addr.ip, t->key.remote_ip, sizeof(addr.ip));
    addr.port = rte_be_to_cpu_16(t->key.remote_port);
    return &addr;
}

/* Answered once the table knows the address pair, and told to the controlplane; IPv4 and IPv6. */
static void test_answer(void **state)
{
    struct fixture *f = fixture_create();

    for (uint32_t n = 1; n <= 2; n++) {
        struct peer p;
        peer_init(f, &p, n, 0, n == 2);
        peer_send_binding(f, &p, true);
        worker_turn(f->workers[0], f->now_us);
        assert_int_equal(fixture_discard(f), 0); /* ctl has not entered it yet */
        assert_int_equal(responses(f, &p), 1);
        assert_int_equal(fixture_event_bits(f, p.session), DP_SESSION_ICE);
        assert_memory_equal(&f->events[f->n_events - 1].remote, &p.addr, sizeof(p.addr));
        peer_send_binding(f, &p, false);
        worker_turn(f->workers[0], f->now_us);
        assert_int_equal(responses(f, &p), 1); /* known now: at once */
    }
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
