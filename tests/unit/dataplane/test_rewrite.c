/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/rewrite.h"

#define BYTES(...) {__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define IN(b0)     b0, 0x80 | 96, 0x12, 0x34, 0, 0, 0, 9, 0xaa, 0xbb, 0xcc, 0xdd /* marker, seq, ts, SSRC */
#define OUT(b0)    b0, 0x80 | 107, 0x00, 0x07, 0xff, 0xff, 0xff, 0xfe, 0x11, 0x22, 0x33, 0x44

/* 1 -> 5, 2 -> 200, 3 -> 1, 255 -> 2; the rest is stripped, 9 by the subscriber. */
static const uint8_t ids[RTP_EXT_COUNT] = {5, 200, 1, 2};
static const struct rewrite_out to = {.ssrc = 0x11223344, .ts = 0xfffffffe, .seq = 7, .pt = 107, .ext = ids};
static uint8_t ext_of[256];

static int fill_ext_of(void **state)
{
    memset(ext_of, REWRITE_EXT_NONE, sizeof(ext_of));
    ext_of[1] = 0;
    ext_of[2] = 1;
    ext_of[3] = 2;
    ext_of[9] = 4;
    ext_of[255] = 3;
    return 0;
}

static void headers(void **state)
{
    static const struct {
        const char *what;
        uint8_t in[64];
        size_t in_len;
        uint8_t out[64];
        size_t out_len;
    } cases[] = {
        {"plain", BYTES(IN(0x80)), BYTES(OUT(0x80))},
        {"padding bit is dropped", BYTES(IN(0xa0)), BYTES(OUT(0x80))},
        {"CSRCs stay", BYTES(IN(0x82), 1, 2, 3, 4, 5, 6, 7, 8), BYTES(OUT(0x82), 1, 2, 3, 4, 5, 6, 7, 8)},
        {"empty extension block goes", BYTES(IN(0x90), 0xbe, 0xde, 0, 0), BYTES(OUT(0x80))},
        {"ids are mapped", BYTES(IN(0x90), 0xbe, 0xde, 0, 1, 0x10, 0x77, 0, 0),
         BYTES(OUT(0x90), 0xbe, 0xde, 0, 1, 0x50, 0x77, 0, 0)},
        {"what was not agreed is stripped", BYTES(IN(0x90), 0xbe, 0xde, 0, 2, 0x41, 1, 2, 0x10, 0x77, 0, 0, 0),
         BYTES(OUT(0x90), 0xbe, 0xde, 0, 1, 0x50, 0x77, 0, 0)},
        {"nothing left: no block", BYTES(IN(0x90), 0xbe, 0xde, 0, 1, 0x41, 1, 2, 0), BYTES(OUT(0x80))},
        {"CSRC and extension", BYTES(IN(0x91), 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x31, 8, 7, 0),
         BYTES(OUT(0x91), 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x11, 8, 7, 0)},
        {"an id above 14 needs the two-byte form", BYTES(IN(0x90), 0xbe, 0xde, 0, 1, 0x20, 0x66, 0, 0),
         BYTES(OUT(0x90), 0x10, 0, 0, 1, 200, 1, 0x66, 0)},
        {"two-byte form in, one-byte form out", BYTES(IN(0x90), 0x10, 0, 0, 1, 255, 2, 8, 9),
         BYTES(OUT(0x90), 0xbe, 0xde, 0, 1, 0x21, 8, 9, 0)},
        {"an empty element keeps the two-byte form", BYTES(IN(0x90), 0x10, 0, 0, 1, 1, 0, 0, 0),
         BYTES(OUT(0x90), 0x10, 0, 0, 1, 5, 0, 0, 0)},
        {"the subscriber did not agree", BYTES(IN(0x90), 0xbe, 0xde, 0, 1, 0x90, 0x77, 0x10, 0x66),
         BYTES(OUT(0x90), 0xbe, 0xde, 0, 1, 0x50, 0x66, 0, 0)},
        {"a foreign profile is stripped", BYTES(IN(0x90), 0xab, 0xcd, 0, 1, 0x10, 0x77, 0, 0), BYTES(OUT(0x80))},
        {"an element beyond the block is stripped", BYTES(IN(0x90), 0xbe, 0xde, 0, 1, 0x10, 0x77, 0x1f, 0),
         BYTES(OUT(0x90), 0xbe, 0xde, 0, 1, 0x50, 0x77, 0, 0)},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rewrite_in in;
        uint8_t out[64];
        assert_int_equal(rewrite_read(&in, ext_of, cases[i].in, cases[i].in_len), 0);
        int len = rewrite_header(out, sizeof(out), &in, &to);
        if (len != (int)cases[i].out_len || memcmp(out, cases[i].out, cases[i].out_len) != 0)
            fail_msg("%s: %d bytes", cases[i].what, len);
        memset(out, 0, sizeof(out)); /* the block that is kept is the same, and does not hide other ids */
        const uint8_t none[RTP_EXT_COUNT] = {0};
        const struct rewrite_out other = {.ext = none};
        assert_int_equal(rewrite_header(out, sizeof(out), &in, &to), len);
        assert_memory_equal(out, cases[i].out, (size_t)len);
        assert_int_equal(rewrite_header(out, sizeof(out), &in, &other), 12 + 4 * in.view.n_csrc);
        assert_int_equal(rewrite_header(out, sizeof(out), &in, &to), len);
        assert_memory_equal(out, cases[i].out, (size_t)len);
        for (int size = 0; size < len; size++) /* nothing shorter is written beyond its end */
            assert_int_equal(rewrite_header(out, (size_t)size, &in, &to), -ENOSPC);
    }
}

static void many_elements_are_bounded(void **state)
{
    uint8_t packet[12 + 4 + 80] = {0x90};
    uint8_t out[256];
    struct rewrite_in in;

    put_be32(packet + 12, 0xbede0000 | 80 / 4);
    for (int i = 0; i < 40; i++)
        packet[16 + 2 * i] = 0x10;
    assert_int_equal(rewrite_read(&in, ext_of, packet, sizeof(packet)), 0);
    assert_int_equal(in.n_elems, REWRITE_ELEMS_MAX);
    assert_int_equal(rewrite_header(out, sizeof(out), &in, &to), 12 + 4 + 2 * REWRITE_ELEMS_MAX);
}

static void truncated_headers_are_refused(void **state)
{
    static const uint8_t packet[] = {IN(0x91), 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x31, 8, 7, 0};
    struct rewrite_in in;

    for (size_t len = 0; len < sizeof(packet); len++)
        assert_int_equal(rewrite_read(&in, ext_of, packet, len), -EBADMSG);
    assert_int_equal(rewrite_read(&in, ext_of, packet, sizeof(packet)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(many_elements_are_bounded),
        cmocka_unit_test(truncated_headers_are_refused),
    };
    return cmocka_run_group_tests(tests, fill_ext_of, NULL);
}
