/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/rtcp.h"

#define BYTES(...) .bytes = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})
#define S          0x11, 0x22, 0x33, 0x44 /* sender */
#define M          0xaa, 0xbb, 0xcc, 0xdd /* media */
#define SR_INFO    0xe6, 0, 0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 7, 0, 0, 0x10, 0
#define BLOCK      M, 64, 0xff, 0xff, 0xfe, 0, 1, 0x12, 0x34, 0, 0, 0, 99, 0, 0, 0x80, 0, 0, 0, 0x40, 0
#define MAX_KINDS  4

static const struct {
    const char *what;
    uint8_t bytes[96];
    size_t len;
    size_t n;
    enum rtcp_kind kinds[MAX_KINDS];
    bool malformed;
} walk_cases[] = {
    {"nothing", .len = 0, .n = 0},
    {"empty RR", BYTES(0x80, 201, 0, 1, S), 1, {RTCP_RR}},
    {"RR and PLI", BYTES(0x80, 201, 0, 1, S, 0x81, 206, 0, 2, S, M), 2, {RTCP_RR, RTCP_PLI}},
    {"reduced size: PLI alone", BYTES(0x81, 206, 0, 2, S, M), 1, {RTCP_PLI}},
    {"SR with a block", BYTES(0x81, 200, 0, 12, S, SR_INFO, BLOCK), 1, {RTCP_SR}},
    {"SR that announces a block too many", BYTES(0x82, 200, 0, 12, S, SR_INFO, BLOCK), 1, {RTCP_OTHER}},
    {"SR shorter than its sender info", BYTES(0x80, 200, 0, 1, S), 1, {RTCP_OTHER}},
    {"RR without SSRC", BYTES(0x80, 201, 0, 0), 1, {RTCP_OTHER}},
    {"BYE of nobody", BYTES(0x80, 203, 0, 0), 1, {RTCP_BYE}},
    {"BYE that announces one too many", BYTES(0x82, 203, 0, 1, S), 1, {RTCP_OTHER}},
    {"NACK without an entry", BYTES(0x81, 205, 0, 2, S, M), 1, {RTCP_OTHER}},
    {"NACK", BYTES(0x81, 205, 0, 3, S, M, 0, 1, 0, 0), 1, {RTCP_NACK}},
    {"TMMBR is not for us", BYTES(0x83, 205, 0, 4, S, 0, 0, 0, 0, M, 0, 0, 0, 0), 1, {RTCP_OTHER}},
    {"FIR without an entry", BYTES(0x84, 206, 0, 2, S, 0, 0, 0, 0), 1, {RTCP_OTHER}},
    {"PLI without media", BYTES(0x81, 206, 0, 1, S), 1, {RTCP_OTHER}},
    {"foreign application feedback", BYTES(0x8f, 206, 0, 4, S, M, 'G', 'O', 'O', 'G', 0, 0, 0, 0), 1, {RTCP_OTHER}},
    {"REMB that announces an SSRC too many",
     BYTES(0x8f, 206, 0, 4, S, M, 'R', 'E', 'M', 'B', 1, 0, 0, 0),
     1,
     {RTCP_OTHER}},
    {"XR is skipped", BYTES(0x80, 207, 0, 1, S, 0x80, 201, 0, 1, S), 2, {RTCP_OTHER, RTCP_RR}},
    {"padding in the last packet",
     BYTES(0x80, 201, 0, 1, S, 0xa1, 206, 0, 3, S, M, 0, 0, 0, 4),
     2,
     {RTCP_RR, RTCP_PLI}},
    {"padding eats the fixed part", BYTES(0xa1, 206, 0, 2, S, 0, 0, 0, 4), 1, {RTCP_OTHER}},
    {"padding in the middle", BYTES(0xa0, 201, 0, 2, S, 0, 0, 0, 4, 0x80, 201, 0, 1, S), 0, {0}, true},
    {"padding of 0", BYTES(0xa0, 201, 0, 2, S, 0, 0, 0, 0), 0, {0}, true},
    {"padding of 3", BYTES(0xa0, 201, 0, 2, S, 0, 0, 0, 3), 0, {0}, true},
    {"padding beyond the packet", BYTES(0xa0, 201, 0, 2, S, 0, 0, 0, 12), 0, {0}, true},
    {"P bit on a bare header", BYTES(0xa0, 201, 0, 0), 0, {0}, true},
    {"version 1", BYTES(0x40, 201, 0, 1, S), 0, {0}, true},
    {"type 191", BYTES(0x80, 191, 0, 1, S), 0, {0}, true},
    {"type 224", BYTES(0x80, 224, 0, 1, S), 0, {0}, true},
    {"length beyond the end", BYTES(0x80, 201, 0, 1, S, 0x81, 206, 0, 3, S, M), 1, {RTCP_RR}, true},
    {"length 65535", BYTES(0x80, 201, 0xff, 0xff, S), 0, {0}, true},
    {"three bytes behind", BYTES(0x80, 201, 0, 1, S, 0x80, 201, 0), 1, {RTCP_RR}, true},
};

static void test_walk(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(walk_cases); i++) {
        struct rtcp_iter it;
        struct rtcp_packet packet;
        size_t n = 0;
        print_message("  %s\n", walk_cases[i].what);
        for (rtcp_begin(&it, walk_cases[i].bytes, walk_cases[i].len); rtcp_next(&it, &packet); n++) {
            assert_true(n < walk_cases[i].n);
            assert_int_equal(packet.kind, walk_cases[i].kinds[n]);
        }
        assert_int_equal(n, walk_cases[i].n);
        assert_int_equal(it.malformed, walk_cases[i].malformed);
        assert_false(rtcp_next(&it, &packet));
        assert_int_equal(rtcp_check(walk_cases[i].bytes, walk_cases[i].len),
                         walk_cases[i].len && !walk_cases[i].malformed);
    }
}

/* The only packet in p[0..len). */
static struct rtcp_packet only(const uint8_t *p, size_t len)
{
    struct rtcp_iter it;
    struct rtcp_packet packet = {0};
    struct rtcp_packet next;
    rtcp_begin(&it, p, len);
    assert_true(rtcp_next(&it, &packet));
    assert_false(rtcp_next(&it, &next));
    assert_false(it.malformed);
    return packet;
}

static void test_read_sr(void **state)
{
    static const uint8_t bytes[] = {0x81, 200, 0, 12, S, SR_INFO, BLOCK};
    struct rtcp_packet packet = only(bytes, sizeof(bytes));
    struct rtcp_sr sr;
    struct rtcp_report r;
    uint32_t ssrc;
    assert_true(rtcp_read_sr(&packet, &sr));
    assert_int_equal(sr.ssrc, 0x11223344);
    assert_true(sr.ntp == UINT64_C(0xe600000080000000));
    assert_int_equal(sr.rtp_ts, 0x10000);
    assert_int_equal(sr.packets, 7);
    assert_int_equal(sr.bytes, 4096);
    assert_true(rtcp_read_sender(&packet, &ssrc));
    assert_int_equal(ssrc, 0x11223344);
    assert_true(rtcp_read_report(&packet, 0, &r));
    assert_int_equal(r.ssrc, 0xaabbccdd);
    assert_int_equal(r.fraction_lost, 64);
    assert_int_equal(r.lost, -2);
    assert_int_equal(r.highest_seq, 0x00011234);
    assert_int_equal(r.jitter, 99);
    assert_int_equal(r.lsr, 0x8000);
    assert_int_equal(r.dlsr, 0x4000);
    assert_false(rtcp_read_report(&packet, 1, &r));
}

/* A reader handed another kind says no. */
static void test_read_other_kind(void **state)
{
    static const uint8_t bytes[] = {0x80, 207, 0, 0};
    struct rtcp_packet packet = only(bytes, sizeof(bytes));
    struct rtcp_sdes_iter sdes;
    struct rtcp_nack_iter nack;
    assert_false(rtcp_read_sender(&packet, &(uint32_t){0}));
    assert_false(rtcp_read_sr(&packet, &(struct rtcp_sr){0}));
    assert_false(rtcp_read_report(&packet, 0, &(struct rtcp_report){0}));
    assert_false(rtcp_read_bye(&packet, 0, &(uint32_t){0}));
    assert_false(rtcp_read_feedback(&packet, &(struct rtcp_feedback){0}));
    assert_false(rtcp_read_fir(&packet, 0, &(struct rtcp_fir){0}));
    assert_false(rtcp_read_remb(&packet, &(struct rtcp_remb){0}));
    rtcp_sdes_begin(&sdes, &packet);
    assert_false(rtcp_sdes_next(&sdes, &(struct rtcp_sdes){0}));
    rtcp_nack_begin(&nack, &packet);
    assert_false(rtcp_nack_next(&nack, &(uint16_t){0}));
}

static const struct {
    const char *what;
    uint8_t bytes[64];
    size_t len;
    size_t n;
    const char *cnames[2];
} sdes_cases[] = {
    {"one, two zeros", BYTES(0x81, 202, 0, 3, S, 1, 4, 'a', 'b', 'c', 'd', 0, 0), 1, {"abcd"}},
    {"CNAME behind NAME", BYTES(0x81, 202, 0, 3, S, 2, 1, 'n', 1, 1, 'c', 0, 0), 1, {"c"}},
    {"the first of two", BYTES(0x81, 202, 0, 3, S, 1, 1, 'a', 1, 1, 'b', 0, 0), 1, {"a"}},
    {"empty CNAME", BYTES(0x81, 202, 0, 2, S, 1, 0, 0, 0), 1, {""}},
    {"two chunks, the first without",
     BYTES(0x82, 202, 0, 5, S, 0, 0, 0, 0, M, 1, 2, 'x', 'y', 0, 0, 0, 0),
     2,
     {NULL, "xy"}},
    {"fewer chunks than announced", BYTES(0x82, 202, 0, 2, S, 1, 0, 0, 0), 1, {""}},
    {"no zero at the end", BYTES(0x81, 202, 0, 2, S, 1, 2, 'a', 'b'), 0, {0}},
    {"item beyond the end", BYTES(0x81, 202, 0, 2, S, 1, 3, 'a', 'b'), 0, {0}},
    {"length byte missing", BYTES(0x81, 202, 0, 2, S, 1, 1, 'a', 1), 0, {0}},
    {"no chunk at all", BYTES(0x81, 202, 0, 0), 0, {0}},
};

static void test_read_sdes(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(sdes_cases); i++) {
        print_message("  %s\n", sdes_cases[i].what);
        struct rtcp_packet packet = only(sdes_cases[i].bytes, sdes_cases[i].len);
        struct rtcp_sdes_iter it;
        struct rtcp_sdes sdes;
        size_t n = 0;
        for (rtcp_sdes_begin(&it, &packet); rtcp_sdes_next(&it, &sdes); n++) {
            const char *want = sdes_cases[i].cnames[n];
            assert_true(n < sdes_cases[i].n);
            assert_int_equal(sdes.ssrc, n ? 0xaabbccdd : 0x11223344);
            assert_int_equal(sdes.cname != NULL, want != NULL);
            if (!want)
                continue;
            assert_int_equal(sdes.cname_bytes, strlen(want));
            assert_memory_equal(sdes.cname, want, strlen(want));
        }
        assert_int_equal(n, sdes_cases[i].n);
    }
}

static void test_read_nack(void **state)
{
    static const uint8_t bytes[] = {0x81, 205, 0, 4, S, M, 0xff, 0xfe, 0x80, 0x03, 0, 100, 0, 0};
    static const uint16_t want[] = {65534, 65535, 0, 14, 100};
    struct rtcp_packet packet = only(bytes, sizeof(bytes));
    struct rtcp_nack_iter it;
    struct rtcp_feedback fb;
    uint16_t seq;
    size_t n = 0;
    for (rtcp_nack_begin(&it, &packet); rtcp_nack_next(&it, &seq); n++)
        assert_int_equal(seq, want[n]);
    assert_int_equal(n, ARRAY_SIZE(want));
    assert_true(rtcp_read_feedback(&packet, &fb));
    assert_int_equal(fb.sender, 0x11223344);
    assert_int_equal(fb.media, 0xaabbccdd);
}

static void test_read_fir(void **state)
{
    static const uint8_t bytes[] = {0x84, 206, 0, 6, S, 0, 0, 0, 0, M, 9, 0, 0, 0, S, 255, 0, 0, 0};
    struct rtcp_packet packet = only(bytes, sizeof(bytes));
    struct rtcp_fir fir;
    assert_true(rtcp_read_fir(&packet, 0, &fir));
    assert_int_equal(fir.ssrc, 0xaabbccdd);
    assert_int_equal(fir.seq, 9);
    assert_true(rtcp_read_fir(&packet, 1, &fir));
    assert_int_equal(fir.ssrc, 0x11223344);
    assert_int_equal(fir.seq, 255);
    assert_false(rtcp_read_fir(&packet, 2, &fir));
}

static void test_read_remb(void **state)
{
    static const struct {
        uint8_t rate[3];
        uint64_t want;
    } cases[] = {
        {{0, 0, 0}, 0},
        {{0x03, 0xff, 0xff}, 0x3ffff},
        {{0x06, 0x00, 0x00}, 0x40000},                 /* exponent 1, mantissa 0x20000 */
        {{0xb7, 0xff, 0xff}, UINT64_C(0x3ffff) << 45}, /* the largest exponent that a full mantissa fits */
        {{0xbb, 0xff, 0xff}, UINT64_C(0x3ffff) << 46},
        {{0xbf, 0xff, 0xff}, UINT64_MAX}, /* and beyond */
        {{0xfc, 0x00, 0x01}, UINT64_C(1) << 63},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t bytes[] = {0x8f, 206, 0, 6, S, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 2, 0, 0, 0, M, S};
        struct rtcp_remb remb;
        memcpy(bytes + 17, cases[i].rate, 3);
        struct rtcp_packet packet = only(bytes, sizeof(bytes));
        assert_true(rtcp_read_remb(&packet, &remb));
        assert_true(remb.bitrate_bps == cases[i].want);
        assert_int_equal(remb.n_ssrcs, 2);
        assert_int_equal(rtcp_remb_ssrc(&remb, 0), 0xaabbccdd);
        assert_int_equal(rtcp_remb_ssrc(&remb, 1), 0x11223344);
    }
}

/* ---- Writers: each against bytes made by hand, and every smaller buffer refused ---- */

static const struct rtcp_report block = {.ssrc = 0xaabbccdd,
                                         .fraction_lost = 64,
                                         .lost = -2,
                                         .highest_seq = 0x00011234,
                                         .jitter = 99,
                                         .lsr = 0x8000,
                                         .dlsr = 0x4000};
static const struct rtcp_feedback fb = {.sender = 0x11223344, .media = 0xaabbccdd};

static int write_sr(uint8_t *out, size_t size)
{
    const struct rtcp_sr sr = {
        .ssrc = 0x11223344, .ntp = UINT64_C(0xe600000080000000), .rtp_ts = 0x10000, .packets = 7, .bytes = 4096};
    return rtcp_write_sr(out, size, &sr, &block, 1);
}

static int write_rr(uint8_t *out, size_t size)
{
    return rtcp_write_rr(out, size, 0x11223344, &block, 1);
}

static int write_empty_rr(uint8_t *out, size_t size)
{
    return rtcp_write_rr(out, size, 0x11223344, NULL, 0);
}

static int write_sdes_two_zeros(uint8_t *out, size_t size)
{
    return rtcp_write_sdes(out, size, 0x11223344, "abcd");
}

static int write_sdes_four_zeros(uint8_t *out, size_t size)
{
    return rtcp_write_sdes(out, size, 0x11223344, "ab");
}

static int write_bye(uint8_t *out, size_t size)
{
    return rtcp_write_bye(out, size, (const uint32_t[]){0x11223344, 0xaabbccdd}, 2);
}

static int write_nack(uint8_t *out, size_t size)
{
    static const uint16_t seqs[] = {65534, 65535, 65535, 0, 14, 15, 100}; /* 14: bit 15, 15: 17 away */
    return rtcp_write_nack(out, size, &fb, seqs, ARRAY_SIZE(seqs));
}

static int write_pli(uint8_t *out, size_t size)
{
    return rtcp_write_pli(out, size, &fb);
}

static int write_fir(uint8_t *out, size_t size)
{
    return rtcp_write_fir(out, size, 0x11223344, &(const struct rtcp_fir){.ssrc = 0xaabbccdd, .seq = 9}, 1);
}

static int write_remb(uint8_t *out, size_t size)
{
    return rtcp_write_remb(out, size, 0x11223344, 0x80001, (const uint32_t[]){0xaabbccdd}, 1);
}

static const struct {
    const char *what;
    int (*write)(uint8_t *out, size_t size);
    uint8_t bytes[64];
    size_t len;
} write_cases[] = {
    {"SR", write_sr, BYTES(0x81, 200, 0, 12, S, SR_INFO, BLOCK)},
    {"RR", write_rr, BYTES(0x81, 201, 0, 7, S, BLOCK)},
    {"empty RR", write_empty_rr, BYTES(0x80, 201, 0, 1, S)},
    {"SDES", write_sdes_two_zeros, BYTES(0x81, 202, 0, 3, S, 1, 4, 'a', 'b', 'c', 'd', 0, 0)},
    {"SDES, four zeros", write_sdes_four_zeros, BYTES(0x81, 202, 0, 3, S, 1, 2, 'a', 'b', 0, 0, 0, 0)},
    {"BYE", write_bye, BYTES(0x82, 203, 0, 2, S, M)},
    {"NACK", write_nack, BYTES(0x81, 205, 0, 5, S, M, 0xff, 0xfe, 0x80, 0x03, 0, 15, 0, 0, 0, 100, 0, 0)},
    {"PLI", write_pli, BYTES(0x81, 206, 0, 2, S, M)},
    {"FIR", write_fir, BYTES(0x84, 206, 0, 4, S, 0, 0, 0, 0, M, 9, 0, 0, 0)},
    {"REMB", write_remb, BYTES(0x8f, 206, 0, 5, S, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 1, 0x0a, 0, 0, M)},
};

static void test_write(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(write_cases); i++) {
        uint8_t out[64];
        print_message("  %s\n", write_cases[i].what);
        memset(out, 0xee, sizeof(out));
        assert_int_equal(write_cases[i].write(out, write_cases[i].len), write_cases[i].len);
        assert_memory_equal(out, write_cases[i].bytes, write_cases[i].len);
        assert_int_equal(out[write_cases[i].len], 0xee);
        for (size_t size = 0; size < write_cases[i].len; size++)
            assert_int_equal(write_cases[i].write(out, size), -ENOSPC);
    }
}

static void test_write_limits(void **state)
{
    static uint8_t out[2048];
    static const struct rtcp_report reports[RTCP_REPORTS_MAX + 1];
    static const uint32_t ssrcs[256];
    char cname[RTCP_CNAME_MAX + 2];
    memset(cname, 'c', sizeof(cname));
    cname[RTCP_CNAME_MAX + 1] = 0;
    assert_int_equal(rtcp_write_rr(out, sizeof(out), 1, reports, RTCP_REPORTS_MAX + 1), -EINVAL);
    assert_int_equal(rtcp_write_rr(out, sizeof(out), 1, reports, RTCP_REPORTS_MAX), 8 + 24 * RTCP_REPORTS_MAX);
    assert_int_equal(only(out, 8 + 24 * RTCP_REPORTS_MAX).kind, RTCP_RR);
    assert_int_equal(rtcp_write_sr(out, sizeof(out), &(struct rtcp_sr){0}, reports, RTCP_REPORTS_MAX + 1), -EINVAL);
    assert_int_equal(rtcp_write_bye(out, sizeof(out), ssrcs, RTCP_REPORTS_MAX + 1), -EINVAL);
    assert_int_equal(rtcp_write_remb(out, sizeof(out), 1, 1, ssrcs, 256), -EINVAL);
    assert_int_equal(rtcp_write_nack(out, sizeof(out), &fb, NULL, 0), -EINVAL);
    assert_int_equal(rtcp_write_fir(out, sizeof(out), 1, NULL, 0), -EINVAL);
    assert_int_equal(rtcp_write_sdes(out, sizeof(out), 1, cname), -EINVAL);
    cname[RTCP_CNAME_MAX] = 0;
    int n = rtcp_write_sdes(out, sizeof(out), 1, cname);
    assert_true(n > 0);
    struct rtcp_packet packet = only(out, (size_t)n);
    struct rtcp_sdes_iter it;
    struct rtcp_sdes sdes;
    rtcp_sdes_begin(&it, &packet);
    assert_true(rtcp_sdes_next(&it, &sdes));
    assert_int_equal(sdes.cname_bytes, RTCP_CNAME_MAX);
}

static void test_write_saturates(void **state)
{
    uint8_t out[64];
    struct rtcp_report r = {.lost = 0x7fffffff};
    int n = rtcp_write_rr(out, sizeof(out), 1, &r, 1);
    struct rtcp_packet packet = only(out, (size_t)n);
    assert_true(rtcp_read_report(&packet, 0, &r));
    assert_int_equal(r.lost, 0x7fffff);
    r.lost = -0x7fffffff;
    rtcp_write_rr(out, sizeof(out), 1, &r, 1);
    assert_true(rtcp_read_report(&packet, 0, &r));
    assert_int_equal(r.lost, -0x800000);

    struct rtcp_remb remb;
    n = rtcp_write_remb(out, sizeof(out), 1, UINT64_MAX, NULL, 0);
    packet = only(out, (size_t)n);
    assert_true(rtcp_read_remb(&packet, &remb));
    assert_true(remb.bitrate_bps == UINT64_C(0x3ffff) << 46);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_read_sr),
        cmocka_unit_test(test_read_other_kind),
        cmocka_unit_test(test_read_sdes),
        cmocka_unit_test(test_read_nack),
        cmocka_unit_test(test_read_fir),
        cmocka_unit_test(test_read_remb),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_limits),
        cmocka_unit_test(test_write_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
