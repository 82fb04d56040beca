/* SPDX-License-Identifier: MIT */
/* ARP, echo and neighbour discovery: answered for our addresses, for nothing else, and right on the wire. */
#include "fixture.h"

#include <string.h>

#include "common/util.h"

struct answer {
    uint8_t bytes[256];
    size_t len; /* 0: none */
};

static struct answer ask(struct fixture *f, const uint8_t *frame, size_t len)
{
    struct answer a = {.len = 0};
    struct rte_mbuf *m;

    fixture_inject(f, 0, frame, len);
    fixture_turn(f);
    if (rte_ring_dequeue(f->out[0], (void **)&m) == 0) {
        a.len = m->data_len;
        memcpy(a.bytes, rte_pktmbuf_mtod(m, void *), MIN(a.len, sizeof(a.bytes)));
        rte_pktmbuf_free(m);
    }
    return a;
}

#define THEIR_MAC 2, 0, 0, 0, 0, 0xaa

static const uint8_t arp[] = {255, 255,       255, 255, 255, 255, THEIR_MAC, 8, 6, 0, 1, 8, 0,   6, 4, 0,
                              1,   THEIR_MAC, 10,  0,   0,   9,   0,         0, 0, 0, 0, 0, 192, 0, 2, 1};

static void test_arp(void **state)
{
    struct fixture *f = fixture_create();
    uint8_t frame[sizeof(arp)];

    struct answer a = ask(f, arp, sizeof(arp));
    assert_int_equal(a.len, sizeof(arp));
    assert_memory_equal(a.bytes, ((const uint8_t[]){THEIR_MAC}), 6);
    assert_memory_equal(a.bytes + 6, f->port->mac, 6);
    assert_int_equal(get_be16(a.bytes + 20), 2);
    assert_memory_equal(a.bytes + 22, f->port->mac, 6);
    assert_memory_equal(a.bytes + 28, ((const uint8_t[]){192, 0, 2, 1, THEIR_MAC, 10, 0, 0, 9}), 14);

    static const struct {
        const char *what;
        size_t at, len;
        uint8_t value;
    } bad[] = {
        {"another address", 41, sizeof(arp), 2}, {"a reply", 21, sizeof(arp), 2},
        {"hardware type", 15, sizeof(arp), 2},   {"protocol", 16, sizeof(arp), 9},
        {"address length", 18, sizeof(arp), 5},  {"cut", 0, sizeof(arp) - 1, 255},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        memcpy(frame, arp, sizeof(arp));
        frame[bad[i].at] = bad[i].value;
        if (ask(f, frame, bad[i].len).len != 0)
            fail_msg("%s: answered", bad[i].what);
    }
    fixture_destroy(f);
}

static void test_echo_v4(void **state)
{
    struct fixture *f = fixture_create();
    uint8_t frame[] = {0,  0, 0, 0, 0,   1, THEIR_MAC, 8, 0, 0x45, 0,    0,    32, 0, 7, 0, 0,   3,   1,   0,  0,
                       10, 0, 0, 9, 192, 0, 2,         1, 8, 0,    0xf7, 0xcf, 0,  1, 0, 2, 'p', 'i', 'n', 'g'};

    struct answer a = ask(f, frame, sizeof(frame));
    assert_int_equal(a.len, sizeof(frame));
    assert_memory_equal(a.bytes + 26, ((const uint8_t[]){192, 0, 2, 1, 10, 0, 0, 9, 0, 0}), 10);
    assert_int_equal(rte_raw_cksum(a.bytes + 14, 20), 0xffff);
    assert_int_equal(rte_raw_cksum(a.bytes + 34, 12), 0xffff);
    assert_memory_equal(a.bytes + 38, ((const uint8_t[]){0, 1, 0, 2, 'p', 'i', 'n', 'g'}), 8);
    frame[34] = 13; /* timestamp request */
    assert_int_equal(ask(f, frame, sizeof(frame)).len, 0);
    frame[34] = 8;
    frame[17] = 27; /* IP ends within the ICMP header */
    assert_int_equal(ask(f, frame, sizeof(frame)).len, 0);
    frame[17] = 32;
    frame[33] = 255; /* not for us */
    assert_int_equal(ask(f, frame, sizeof(frame)).len, 0);
    fixture_destroy(f);
}

/* Pseudo header (RFC 8200 8.1) and message; 0xffff when the checksum in it is right. */
static uint16_t icmp6_sum(const uint8_t *ip)
{
    uint8_t buf[512] = {0};
    uint16_t len = get_be16(ip + 4);

    memcpy(buf, ip + 8, 32);
    put_be32(buf + 32, len);
    buf[39] = 58;
    memcpy(buf + 40, ip + 40, len);
    return rte_raw_cksum(buf, 40u + len);
}

static size_t make_icmp6(uint8_t *frame, const uint8_t *icmp, size_t len, const uint8_t src[16], const uint8_t dst[16])
{
    static const uint8_t head[] = {0x33, 0x33, 0xff, 0, 0, 1, THEIR_MAC, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 58, 255};

    memcpy(frame, head, sizeof(head));
    frame[19] = (uint8_t)len;
    memcpy(frame + 22, src, 16);
    memcpy(frame + 38, dst, 16);
    memcpy(frame + 54, icmp, len);
    return 54 + len;
}

static const uint8_t ours[16] = {0xfd, 0x01, [15] = 1}, theirs[16] = {0xfd, [15] = 9}, nowhere[16];
static const uint8_t solicited_node[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 1};
static const uint8_t solicit[32] = {135, [8] = 0xfd, 0x01, [23] = 1, 1, 1, THEIR_MAC};

static void test_solicit(void **state)
{
    struct fixture *f = fixture_create();
    uint8_t frame[128], icmp[32];

    struct answer a = ask(f, frame, make_icmp6(frame, solicit, 32, theirs, solicited_node));
    assert_int_equal(a.len, 14 + 40 + 32);
    assert_memory_equal(a.bytes, ((const uint8_t[]){THEIR_MAC}), 6);
    assert_int_equal(a.bytes[21], 255);
    assert_memory_equal(a.bytes + 22, ours, 16);
    assert_memory_equal(a.bytes + 38, theirs, 16);
    assert_int_equal(a.bytes[54], 136);
    assert_int_equal(a.bytes[58], 0x60); /* solicited, override */
    assert_memory_equal(a.bytes + 62, ours, 16);
    assert_memory_equal(a.bytes + 78, ((const uint8_t[]){2, 1}), 2);
    assert_memory_equal(a.bytes + 80, f->port->mac, 6);
    assert_int_equal(icmp6_sum(a.bytes + 14), 0xffff);

    a = ask(f, frame, make_icmp6(frame, solicit, 24, nowhere, solicited_node)); /* somebody probes our address */
    assert_int_equal(a.len, 14 + 40 + 32);
    assert_memory_equal(a.bytes, ((const uint8_t[]){0x33, 0x33, 0, 0, 0, 1}), 6);
    assert_memory_equal(a.bytes + 38, ((const uint8_t[16]){0xff, 2, [15] = 1}), 16);
    assert_int_equal(a.bytes[58], 0x20);
    assert_int_equal(icmp6_sum(a.bytes + 14), 0xffff);

    memcpy(icmp, solicit, sizeof(icmp));
    icmp[23] = 2;
    assert_int_equal(ask(f, frame, make_icmp6(frame, icmp, 32, theirs, solicited_node)).len, 0); /* not ours */
    size_t len = make_icmp6(frame, solicit, 32, theirs, solicited_node);
    frame[21] = 64; /* came over a router */
    assert_int_equal(ask(f, frame, len).len, 0);
    assert_int_equal(ask(f, frame, make_icmp6(frame, solicit, 23, theirs, solicited_node)).len, 0); /* cut */
    assert_int_equal(ask(f, frame, make_icmp6(frame, solicit, 3, theirs, solicited_node)).len, 0);
    fixture_destroy(f);
}

static void test_echo_v6(void **state)
{
    static const uint8_t echo[] = {128, 0, 0, 0, 0, 1, 0, 2, 'p', 'i', 'n', 'g', '6'};
    struct fixture *f = fixture_create();
    uint8_t frame[128];

    struct answer a = ask(f, frame, make_icmp6(frame, echo, sizeof(echo), theirs, ours));
    assert_int_equal(a.len, 54 + sizeof(echo));
    assert_int_equal(a.bytes[54], 129);
    assert_memory_equal(a.bytes + 22, ours, 16);
    assert_memory_equal(a.bytes + 38, theirs, 16);
    assert_memory_equal(a.bytes + 58, echo + 4, sizeof(echo) - 4);
    assert_int_equal(icmp6_sum(a.bytes + 14), 0xffff);
    assert_int_equal(ask(f, frame, make_icmp6(frame, echo, sizeof(echo), theirs, solicited_node)).len, 0);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arp),
        cmocka_unit_test(test_echo_v4),
        cmocka_unit_test(test_solicit),
        cmocka_unit_test(test_echo_v6),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
