/* SPDX-License-Identifier: MIT */
/* The bad network, in virtual time, before a wire that gives back what it is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/impair.h"
#include "common/util.h"

#define PACKETS 10000
#define STEP_NS 1000000
#define MS_NS   INT64_C(1000000)
#define END     3

/* Echoes: keeps numbers only, since there is no more in these datagrams. */
struct echo {
    struct wire wire;
    uint32_t numbers[PACKETS], first, n;
    uint8_t buffers[WIRE_BURST][4];
};

static struct echo *self(struct wire *wire)
{
    return CONTAINER_OF(wire, struct echo, wire);
}

static int connect_end(struct wire *wire, uint32_t end, uint32_t ip, uint16_t udp_port)
{
    return 0;
}

static uint32_t receive(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct echo *e = self(wire);
    uint32_t got = 0;

    for (; got < n && e->first < e->n; got++) {
        put_be32(e->buffers[got], e->numbers[e->first++]);
        d[got] = (struct wire_datagram){.bytes = e->buffers[got], .end = END, .len = 4};
    }
    return got;
}

static void release(struct wire *wire, struct wire_datagram *d, uint32_t n) {}

static uint32_t reserve(struct wire *wire, struct wire_datagram *d, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        d[i] = (struct wire_datagram){.bytes = self(wire)->buffers[i]};
    return n;
}

static void send_burst(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    struct echo *e = self(wire);

    for (uint32_t i = 0; i < n; i++)
        if (d[i].len > 0) {
            assert_int_equal(d[i].end, END);
            e->numbers[e->n++] = get_be32(d[i].bytes);
        }
}

static void destroy(struct wire *wire)
{
    wire_finish(wire);
    free(self(wire));
}

static const struct wire_ops ops = {.connect = connect_end,
                                    .receive = receive,
                                    .release = release,
                                    .reserve = reserve,
                                    .send = send_burst,
                                    .destroy = destroy};

struct seen { /* of a round trip */
    uint32_t n, disordered;
    int64_t least_ns, most_ns;
};

static void send_number(struct wire *wire, uint32_t number, int64_t now_ns)
{
    uint8_t bytes[4];

    put_be32(bytes, number);
    wire_send_bytes(wire, END, bytes, sizeof(bytes), now_ns);
}

/* Number i is sent at i * STEP_NS. */
static struct seen play(const struct impair_conf *conf)
{
    struct echo *e = calloc(1, sizeof(*e));
    struct seen seen = {.least_ns = INT64_MAX};
    struct wire_datagram d[WIRE_BURST];
    uint32_t newest = 0;

    assert_int_equal(wire_init(&e->wire, &ops, 0x0a000000, END + 1), 0);
    struct wire *wire = impair_create(&e->wire, conf);
    for (uint32_t step = 0; step < PACKETS + 1000; step++) {
        int64_t now_ns = (int64_t)step * STEP_NS;
        if (step < PACKETS)
            send_number(wire, step, now_ns);
        uint32_t n = wire_receive(wire, d, WIRE_BURST, now_ns);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t number = get_be32(d[i].bytes);
            assert_int_equal(d[i].end, END);
            seen.disordered += number < newest;
            newest = MAX(newest, number);
            seen.least_ns = MIN(seen.least_ns, now_ns - (int64_t)number * STEP_NS);
            seen.most_ns = MAX(seen.most_ns, now_ns - (int64_t)number * STEP_NS);
        }
        seen.n += n;
        wire_release(wire, d, n);
    }
    wire_destroy(wire);
    return seen;
}

/* Each way by itself, so that a round trip has it twice. */
static const struct {
    struct impair_conf conf;
    uint32_t least, most; /* arrive, of PACKETS */
    uint32_t disordered_least, disordered_most;
    int64_t delay_least_ns, delay_most_ns;
} cases[] = {
    {{0}, PACKETS, PACKETS, 0, 0, 0, 0},
    {{.loss = 0.05}, 8900, 9150, 0, 0, 0, 0},
    {{.loss = 1}, 0, 0, 0, 0, INT64_MAX, 0},
    {{.delay_ns = 20 * MS_NS}, PACKETS, PACKETS, 0, 0, 40 * MS_NS, 40 * MS_NS},
    {{.delay_ns = 20 * MS_NS, .jitter_ns = 8 * MS_NS}, PACKETS, PACKETS, 0, 0, 40 * MS_NS, 58 * MS_NS},
    {{.reorder = 0.02}, PACKETS, PACKETS, 300, 450, 0, 20 * MS_NS},
};

static void test_cases(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct seen seen = play(&cases[i].conf), again = play(&cases[i].conf);
        assert_in_range(seen.n, cases[i].least, cases[i].most);
        assert_in_range(seen.disordered, cases[i].disordered_least, cases[i].disordered_most);
        assert_true(seen.least_ns >= cases[i].delay_least_ns);
        assert_true(seen.most_ns <= cases[i].delay_most_ns);
        assert_memory_equal(&seen, &again, sizeof(seen)); /* the seed decides */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
