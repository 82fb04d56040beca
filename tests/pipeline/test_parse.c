/* SPDX-License-Identifier: MIT */
/* Hostile and odd frames into the first stages, each with the reason it must be dropped for. */
#include "fixture.h"

#include <string.h>

#include "common/util.h"

struct frame {
    uint8_t bytes[256];
    size_t len;
};

/* Ethernet, IPv4, UDP to our media port, 8 bytes of RTP-looking payload. */
static struct frame make_v4(void)
{
    struct frame fr = {.bytes = {0,   0, 0,  0, 0,    1,    2,    0,    0,  0,  0, 0xaa, 0x08, 0x00, 0x45,
                                 0,   0, 36, 0, 0,    0x40, 0,    64,   17, 0,  0, 10,   0,    0,    9,
                                 192, 0, 2,  1, 0x9c, 0x41, 0x79, 0x19, 0,  16, 0, 0,    0x80, 0},
                       .len = 50};
    return fr;
}

static struct frame make_v6(void)
{
    struct frame fr = {.bytes = {0,    0,    0,    0, 0, 1, 2, 0,  0,  0,  0,           0xaa,
                                 0x86, 0xdd, 0x60, 0, 0, 0, 0, 16, 17, 64, [22] = 0xfd, [37] = 9},
                       .len = 70};
    memcpy(fr.bytes + 38, (const uint8_t[16]){0xfd, 0x01, [15] = 1}, 16);
    memcpy(fr.bytes + 54, (const uint8_t[10]){0x9c, 0x41, 0x79, 0x19, 0, 16, 0, 0, 0x80, 0}, 10);
    return fr;
}

#define SENTINEL DROP_NO_SESSION /* parsed well: the next stage knows no session */

struct edit {
    const char *what;
    size_t cut;    /* bytes off the end */
    size_t append; /* bytes of padding */
    struct {
        uint16_t at;
        uint8_t value;
    } set[4]; /* at 0: none */
    enum drop why;
};

static const struct edit v4_edits[] = {
    {.what = "as it is", .why = SENTINEL},
    {.what = "Ethernet padding", .append = 18, .why = SENTINEL},
    {.what = "no payload", .cut = 8, .set = {{17, 28}, {39, 8}}, .why = DROP_DEMUX},
    {.what = "wrong UDP checksum", .set = {{40, 0xde}}, .why = SENTINEL},
    {.what = "short Ethernet", .cut = 37, .why = DROP_NOT_IP},
    {.what = "only Ethernet", .cut = 36, .why = DROP_IP_MALFORMED},
    {.what = "another ether type", .set = {{12, 0x88}}, .why = DROP_NOT_IP},
    {.what = "version 6 in an IPv4 frame", .set = {{14, 0x65}}, .why = DROP_IP_MALFORMED},
    {.what = "header of 16", .set = {{14, 0x44}}, .why = DROP_IP_MALFORMED},
    {.what = "header longer than the packet", .set = {{14, 0x4f}}, .why = DROP_IP_MALFORMED},
    {.what = "total length below the header", .set = {{17, 19}}, .why = DROP_IP_MALFORMED},
    {.what = "total length beyond the frame", .set = {{17, 37}}, .why = DROP_IP_MALFORMED},
    {.what = "total length 65535", .set = {{16, 0xff}, {17, 0xff}}, .why = DROP_IP_MALFORMED},
    {.what = "first fragment", .set = {{20, 0x20}}, .why = DROP_IP_FRAGMENT},
    {.what = "last fragment", .set = {{20, 0x00}, {21, 1}}, .why = DROP_IP_FRAGMENT},
    {.what = "TCP", .set = {{23, 6}}, .why = DROP_NOT_UDP},
    {.what = "another address", .set = {{33, 2}}, .why = DROP_NOT_OURS},
    {.what = "broadcast", .set = {{30, 255}, {31, 255}, {32, 255}, {33, 255}}, .why = DROP_NOT_OURS},
    {.what = "another port", .set = {{37, 0x1b}}, .why = DROP_NOT_OURS},
    {.what = "port below", .set = {{37, 0x18}}, .why = DROP_NOT_OURS},
    {.what = "UDP header cut", .cut = 9, .set = {{17, 27}}, .why = DROP_IP_MALFORMED},
    {.what = "UDP length 7", .set = {{39, 7}}, .why = DROP_IP_MALFORMED},
    {.what = "UDP length beyond IP", .append = 10, .set = {{39, 17}}, .why = DROP_IP_MALFORMED},
    {.what = "UDP length below IP: shorter payload", .set = {{39, 9}}, .why = SENTINEL},
    {.what = "options: UDP header out of the packet", .set = {{14, 0x48}}, .why = DROP_IP_MALFORMED},
};

static const struct edit v6_edits[] = {
    {.what = "as it is", .why = SENTINEL},
    {.what = "Ethernet padding", .append = 4, .why = SENTINEL},
    {.what = "only Ethernet", .cut = 56, .why = DROP_IP_MALFORMED},
    {.what = "header cut", .cut = 17, .why = DROP_IP_MALFORMED},
    {.what = "version 4 in an IPv6 frame", .set = {{14, 0x45}}, .why = DROP_IP_MALFORMED},
    {.what = "payload length beyond the frame", .set = {{19, 17}}, .why = DROP_IP_MALFORMED},
    {.what = "payload length 0", .set = {{19, 0}}, .why = DROP_IP_MALFORMED},
    {.what = "fragment header", .set = {{20, 44}}, .why = DROP_IP_FRAGMENT},
    {.what = "hop-by-hop header", .set = {{20, 59}}, .why = DROP_NOT_UDP},
    {.what = "another address", .set = {{53, 2}}, .why = DROP_NOT_OURS},
    {.what = "UDP length beyond IP", .set = {{59, 17}}, .why = DROP_IP_MALFORMED},
};

static void run_edits(struct fixture *f, struct frame base, const struct edit *edits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct frame fr = base;
        uint64_t before = fixture_drops(f, edits[i].why), all = 0, all_before = 0;
        for (int why = 0; why < DROP_COUNT; why++)
            all_before += fixture_drops(f, (enum drop)why);
        for (size_t k = 0; k < ARRAY_SIZE(edits[i].set) && edits[i].set[k].at; k++)
            fr.bytes[edits[i].set[k].at] = edits[i].set[k].value;
        fixture_inject(f, 0, fr.bytes, fr.len - edits[i].cut + edits[i].append);
        fixture_turn(f);
        for (int why = 0; why < DROP_COUNT; why++)
            all += fixture_drops(f, (enum drop)why);
        if (fixture_drops(f, edits[i].why) != before + 1 || all != all_before + 1)
            fail_msg("%s: not dropped as %s", edits[i].what, drop_name(edits[i].why));
    }
}

static void test_frames(void **state)
{
    struct fixture *f = fixture_create();
    run_edits(f, make_v4(), v4_edits, ARRAY_SIZE(v4_edits));
    run_edits(f, make_v6(), v6_edits, ARRAY_SIZE(v6_edits));
    fixture_destroy(f);
}

/* IPv4 options move the UDP header; the answer goes out without them. */
static void test_options(void **state)
{
    struct fixture *f = fixture_create();
    struct frame fr = make_v4();

    memmove(fr.bytes + 38, fr.bytes + 34, fr.len - 34);
    memcpy(fr.bytes + 34, (const uint8_t[4]){1, 1, 1, 0}, 4);
    fr.bytes[14] = 0x46;
    fr.bytes[17] = 40;
    fixture_inject(f, 0, fr.bytes, fr.len + 4);
    fixture_turn(f);
    assert_int_equal(fixture_drops(f, DROP_NO_SESSION), 1);
    fixture_destroy(f);
}

/* A frame that did not fit one mbuf comes as a chain, or says that it was cut. */
static void test_segments(void **state)
{
    struct fixture *f = fixture_create();
    struct frame fr = make_v4();

    for (int chained = 0; chained < 2; chained++) {
        struct rte_mbuf *m = rte_pktmbuf_alloc(f->rx_pool);
        memcpy(rte_pktmbuf_append(m, (uint16_t)fr.len), fr.bytes, fr.len);
        if (chained) {
            struct rte_mbuf *tail = rte_pktmbuf_alloc(f->rx_pool);
            rte_pktmbuf_append(tail, 10);
            assert_int_equal(rte_pktmbuf_chain(m, tail), 0);
        } else {
            m->pkt_len += 1000;
        }
        assert_int_equal(rte_ring_enqueue(f->in[0], m), 0);
    }
    fixture_turn(f);
    assert_int_equal(fixture_drops(f, DROP_MULTI_SEGMENT), 2);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_segments),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
