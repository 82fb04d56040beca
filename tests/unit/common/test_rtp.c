/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/ntp.h"
#include "common/rtp.h"

#define BYTES(...) .bytes = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})
#define FIXED      0x12, 0x34, 0, 0, 0, 160, 0xde, 0xad, 0xbe, 0xef /* seq, ts, ssrc */

static void test_demux(void **state)
{
    static const struct {
        uint8_t bytes[2];
        size_t len;
        enum rtp_demux want;
    } cases[] = {
        {{0x00, 0x01}, 2, RTP_DEMUX_STUN},  {{0x03, 0xff}, 2, RTP_DEMUX_STUN},  {{0x04, 0x00}, 2, RTP_DEMUX_OTHER},
        {{0x13, 0x00}, 2, RTP_DEMUX_OTHER}, {{0x14, 0xfe}, 2, RTP_DEMUX_DTLS},  {{0x3f, 0xfe}, 2, RTP_DEMUX_DTLS},
        {{0x40, 0x00}, 2, RTP_DEMUX_OTHER}, {{0x7f, 0x60}, 2, RTP_DEMUX_OTHER}, {{0x80, 0x60}, 2, RTP_DEMUX_RTP},
        {{0x80, 191}, 2, RTP_DEMUX_RTP},    {{0x80, 192}, 2, RTP_DEMUX_RTCP},   {{0xbf, 223}, 2, RTP_DEMUX_RTCP},
        {{0x80, 224}, 2, RTP_DEMUX_RTP},    {{0xc0, 0x60}, 2, RTP_DEMUX_OTHER}, {{0x80, 0}, 1, RTP_DEMUX_OTHER},
        {{0x00, 0x00}, 0, RTP_DEMUX_OTHER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(rtp_demux(cases[i].bytes, cases[i].len), cases[i].want);
}

struct parse_case {
    const char *what;
    uint8_t bytes[40];
    size_t len;
    int err;
    struct rtp_view want; /* what differs from FIXED */
};

static const struct parse_case parse_cases[] = {
    {"bare", BYTES(0x80, 0x60, FIXED), 0, {.pt = 96, .payload = 12}},
    {"marker, payload",
     BYTES(0x80, 0xef, FIXED, 1, 2, 3),
     0,
     {.pt = 111, .marker = true, .payload = 12, .payload_bytes = 3}},
    {"two CSRCs",
     BYTES(0x82, 0x60, FIXED, 0, 0, 0, 1, 0, 0, 0, 2, 9),
     0,
     {.pt = 96, .n_csrc = 2, .payload = 20, .payload_bytes = 1}},
    {"extension",
     BYTES(0x90, 0x60, FIXED, 0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0, 7),
     0,
     {.pt = 96, .ext = 16, .ext_bytes = 4, .ext_profile = 0xbede, .payload = 20, .payload_bytes = 1}},
    {"empty extension",
     BYTES(0x90, 0x60, FIXED, 0xbe, 0xde, 0, 0),
     0,
     {.pt = 96, .ext = 16, .ext_profile = 0xbede, .payload = 16}},
    {"padding",
     BYTES(0xa0, 0x60, FIXED, 7, 0, 0, 3),
     0,
     {.pt = 96, .padded = true, .pad_bytes = 3, .payload = 12, .payload_bytes = 1}},
    {"padding only", BYTES(0xa0, 0x60, FIXED, 0, 2), 0, {.pt = 96, .padded = true, .pad_bytes = 2, .payload = 12}},
    {"one byte short", BYTES(0x80, 0x60, 0x12, 0x34, 0, 0, 0, 160, 0xde, 0xad, 0xbe), -EBADMSG, {0}},
    {"version 1", BYTES(0x40, 0x60, FIXED), -EBADMSG, {0}},
    {"version 3", BYTES(0xc0, 0x60, FIXED), -EBADMSG, {0}},
    {"CSRCs beyond the end", BYTES(0x82, 0x60, FIXED, 0, 0, 0, 1, 0, 0, 0), -EBADMSG, {0}},
    {"extension header cut", BYTES(0x90, 0x60, FIXED, 0xbe, 0xde, 0), -EBADMSG, {0}},
    {"extension beyond the end", BYTES(0x90, 0x60, FIXED, 0xbe, 0xde, 0, 2, 0, 0, 0, 0), -EBADMSG, {0}},
    {"extension of 65535 words", BYTES(0x90, 0x60, FIXED, 0xbe, 0xde, 0xff, 0xff, 0, 0), -EBADMSG, {0}},
    {"padding count 0", BYTES(0xa0, 0x60, FIXED, 7, 0), -EBADMSG, {0}},
    {"padding beyond the payload", BYTES(0xa0, 0x60, FIXED, 7, 3), -EBADMSG, {0}},
    {"P bit, nothing to hold a count", BYTES(0xa0, 0x60, FIXED), -EBADMSG, {0}},
};

static void test_parse(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++) {
        const struct parse_case *c = &parse_cases[i];
        struct rtp_view v;
        print_message("  %s\n", c->what);
        assert_int_equal(rtp_parse(&v, c->bytes, c->len), c->err);
        if (c->err)
            continue;
        assert_int_equal(v.seq, 0x1234);
        assert_int_equal(v.ts, 160);
        assert_int_equal(v.ssrc, 0xdeadbeef);
        assert_int_equal(v.pt, c->want.pt);
        assert_int_equal(v.marker, c->want.marker);
        assert_int_equal(v.padded, c->want.padded);
        assert_int_equal(v.pad_bytes, c->want.pad_bytes);
        assert_int_equal(v.n_csrc, c->want.n_csrc);
        assert_int_equal(v.payload, c->want.payload);
        assert_int_equal(v.payload_bytes, c->want.payload_bytes);
        assert_int_equal(v.ext, c->want.ext);
        assert_int_equal(v.ext_bytes, c->want.ext_bytes);
        assert_int_equal(v.ext_profile, c->want.ext_profile);
    }
}

/* In SRTP the last byte is a tag: the header must parse whatever it is. */
static void test_parse_header_leaves_padding(void **state)
{
    static const uint8_t packet[] = {0xa0, 0x60, FIXED, 7, 0};
    struct rtp_view v;
    assert_int_equal(rtp_parse_header(&v, packet, sizeof(packet)), 0);
    assert_true(v.padded);
    assert_int_equal(v.payload_bytes, 2);
    assert_int_equal(rtp_parse_padding(&v, packet), -EBADMSG);
}

static void test_parse_too_long(void **state)
{
    static uint8_t packet[UINT16_MAX + 1] = {0x80, 0x60};
    struct rtp_view v;
    assert_int_equal(rtp_parse(&v, packet, UINT16_MAX), 0);
    assert_int_equal(v.payload_bytes, UINT16_MAX - 12);
    assert_int_equal(rtp_parse(&v, packet, UINT16_MAX + 1), -EBADMSG);
}

struct ext_case {
    const char *what;
    uint16_t profile;
    uint8_t bytes[24];
    size_t len;
    const char *want; /* "id:len:first byte " of each element found */
};

static const struct ext_case ext_cases[] = {
    {"one-byte", 0xbede, BYTES(0x10, 0xaa, 0x51, 1, 2, 0, 0, 0), "1:1:aa 5:2:01 "},
    {"one-byte, padding between and before", 0xbede, BYTES(0, 0x10, 0xaa, 0, 0, 0x20, 0xbb, 0), "1:1:aa 2:1:bb "},
    {"id 15 stops", 0xbede, BYTES(0x10, 0xaa, 0xf0, 0xbb, 0x20, 0xcc, 0, 0), "1:1:aa "},
    {"id 0 with a length stops", 0xbede, BYTES(0x10, 0xaa, 0x01, 0xbb, 0x20, 0xcc, 0, 0), "1:1:aa "},
    {"element beyond the block", 0xbede, BYTES(0x10, 0xaa, 0x22, 1), "1:1:aa "},
    {"16 bytes", 0xbede, BYTES(0x3f, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "3:16:09 "},
    {"two-byte", 0x1000, BYTES(1, 1, 0xaa, 0x80, 0, 15, 2, 1, 2, 0, 0, 0), "1:1:aa 128:0:-- 15:2:01 "},
    {"two-byte with appbits", 0x100f, BYTES(0, 0, 1, 1, 0xaa, 0, 0, 0), "1:1:aa "},
    {"two-byte, length byte missing", 0x1000, BYTES(1, 1, 0xaa, 2), "1:1:aa "},
    {"two-byte, element beyond the block", 0x1000, BYTES(1, 1, 0xaa, 2, 9, 0, 0, 0), "1:1:aa "},
    {"foreign profile", 0x1010, BYTES(1, 1, 0xaa, 0), ""},
    {"all padding", 0xbede, BYTES(0, 0, 0, 0), ""},
};

static size_t packet_with_ext(uint8_t *packet, uint16_t profile, const uint8_t *ext, size_t len)
{
    memset(packet, 0, RTP_HEADER_BYTES);
    packet[0] = 0x90;
    put_be16(packet + 12, profile);
    put_be16(packet + 14, (uint16_t)(len / 4));
    memcpy(packet + 16, ext, len);
    return 16 + len;
}

static void list_elems(char *text, size_t size, const struct rtp_view *v, const uint8_t *packet)
{
    struct rtp_ext_iter it;
    struct rtp_ext_elem e;
    text[0] = 0;
    for (rtp_ext_begin(&it, v, packet); rtp_ext_next(&it, &e);) {
        size_t n = strlen(text);
        if (e.len)
            snprintf(text + n, size - n, "%d:%d:%02x ", e.id, e.len, e.data[0]);
        else
            snprintf(text + n, size - n, "%d:0:-- ", e.id);
    }
}

static void test_ext_read(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(ext_cases); i++) {
        const struct ext_case *c = &ext_cases[i];
        uint8_t packet[64];
        char text[128];
        struct rtp_view v;
        print_message("  %s\n", c->what);
        assert_int_equal(c->len % 4, 0);
        assert_int_equal(rtp_parse(&v, packet, packet_with_ext(packet, c->profile, c->bytes, c->len)), 0);
        list_elems(text, sizeof(text), &v, packet);
        assert_string_equal(text, c->want);
    }
}

static void test_ext_find(void **state)
{
    uint8_t packet[64];
    struct rtp_view v;
    struct rtp_ext_elem e;
    static const uint8_t ext[] = {0x10, 0xaa, 0x51, 1, 2, 0, 0, 0};
    assert_int_equal(rtp_parse(&v, packet, packet_with_ext(packet, 0xbede, ext, sizeof(ext))), 0);
    assert_true(rtp_ext_find(&v, packet, 5, &e));
    assert_int_equal(get_be16(e.data), 0x0102);
    assert_ptr_equal(e.data, packet + 19);
    assert_false(rtp_ext_find(&v, packet, 2, &e));
    assert_false(rtp_ext_find(&v, packet, 0, &e));
    packet[0] = 0x80; /* no extension block at all */
    assert_int_equal(rtp_parse(&v, packet, sizeof(packet)), 0);
    assert_false(rtp_ext_find(&v, packet, 1, &e));
}

struct write_case {
    const char *what;
    struct rtp_ext_elem elems[4];
    size_t n;
    int want;
    uint16_t profile;
};

static const uint8_t some[255] = {0x5a, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static const struct write_case write_cases[] = {
    {"nothing", {{0}}, 0, 0, 0},
    {"one-byte, exact words", {{some, 1, 3}}, 1, 8, 0xbede},
    {"one-byte, padded", {{some, 1, 1}, {some, 14, 3}}, 2, 12, 0xbede},
    {"16 bytes still fit", {{some, 2, 16}}, 1, 24, 0xbede},
    {"17 bytes do not", {{some, 2, 17}, {some, 1, 1}}, 2, 4 + 24, 0x1000},
    {"id 15", {{some, 15, 1}}, 1, 8, 0x1000},
    {"no data", {{NULL, 3, 0}}, 1, 8, 0x1000},
    {"largest", {{some, 255, 255}}, 1, 4 + 260, 0x1000},
    {"id 0", {{some, 1, 1}, {some, 0, 1}}, 2, -EINVAL, 0},
};

static void test_ext_write(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(write_cases); i++) {
        const struct write_case *c = &write_cases[i];
        uint8_t packet[RTP_HEADER_BYTES + 300] = {0x90};
        struct rtp_view v;
        struct rtp_ext_iter it;
        struct rtp_ext_elem e;
        print_message("  %s\n", c->what);
        memset(packet + 12, 0xff, sizeof(packet) - 12);
        assert_int_equal(rtp_ext_write(packet + 12, sizeof(packet) - 12, c->elems, c->n), c->want);
        if (c->want <= 0)
            continue;
        for (int size = 0; size < c->want; size++) /* every smaller buffer is refused and left alone */
            assert_int_equal(rtp_ext_write(packet + 12, (size_t)size, c->elems, c->n), -ENOSPC);
        assert_int_equal(rtp_parse(&v, packet, 12 + (size_t)c->want), 0);
        assert_int_equal(v.payload_bytes, 0);
        assert_int_equal(v.ext_profile, c->profile);
        rtp_ext_begin(&it, &v, packet);
        for (size_t k = 0; k < c->n; k++) {
            assert_true(rtp_ext_next(&it, &e));
            assert_int_equal(e.id, c->elems[k].id);
            assert_int_equal(e.len, c->elems[k].len);
            assert_memory_equal(e.data, some, e.len);
        }
        assert_false(rtp_ext_next(&it, &e));
        assert_int_equal(packet[12 + c->want], 0xff);
    }
}

static void test_serial(void **state)
{
    assert_int_equal(rtp_seq_diff(1, 0xffff), 2);
    assert_int_equal(rtp_seq_diff(0xffff, 1), -2);
    assert_int_equal(rtp_seq_diff(0x8000, 0), -32768);
    assert_true(rtp_seq_newer(0, 0xffff));
    assert_false(rtp_seq_newer(5, 5));
    assert_int_equal(rtp_ts_diff(5, 0xfffffff0), 21);
}

static void test_unwrap(void **state)
{
    static const struct {
        uint16_t seq;
        int64_t want, highest;
    } cases[] = {
        {65534, 65534, 65534}, {65535, 65535, 65535}, {0, 65536, 65536},       {65533, 65533, 65536},
        {1, 65537, 65537},     {32768, 98304, 98304}, {65535, 131071, 131071}, {0, 131072, 131072},
    };
    struct rtp_unwrap u = {0};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(rtp_unwrap_seq_peek(&u, cases[i].seq), cases[i].want);
        assert_int_equal(rtp_unwrap_seq(&u, cases[i].seq), cases[i].want);
        assert_int_equal(u.highest, cases[i].highest);
    }
    u = (struct rtp_unwrap){0};
    assert_int_equal(rtp_unwrap_seq(&u, 1), 1);
    assert_int_equal(rtp_unwrap_seq(&u, 65535), -1); /* older than the first */
    assert_int_equal(rtp_unwrap_seq(&u, 2), 2);

    u = (struct rtp_unwrap){0};
    assert_int_equal(rtp_unwrap_ts(&u, 0xfffffff0), 0xfffffff0);
    assert_int_equal(rtp_unwrap_ts(&u, 16), INT64_C(0x100000010));
    assert_int_equal(rtp_unwrap_ts(&u, 0xffffffff), 0xffffffff);
}

static void test_ntp(void **state)
{
    assert_true(ntp_from_unix_us(0) == UINT64_C(0x83aa7e8000000000));
    assert_true(ntp_from_unix_us(500000) == UINT64_C(0x83aa7e8080000000));
    static const uint64_t times_us[] = {0,
                                        1,
                                        999999,
                                        UINT64_C(1700000000123457),
                                        UINT64_C(2085978495999999),
                                        UINT64_C(2085978496000001)}; /* the last two: either side of the 2036 wrap */
    for (size_t i = 0; i < ARRAY_SIZE(times_us); i++)
        assert_true(ntp_to_unix_us(ntp_from_unix_us(times_us[i])) == times_us[i]);
    assert_true(ntp_from_unix_us(UINT64_C(2085978496000000)) == 0);
    assert_int_equal(ntp_middle(UINT64_C(0x1122334455667788)), 0x33445566);
    assert_int_equal(ntp_short_from_us(1500000), 0x18000);
    assert_int_equal(ntp_short_from_us(UINT64_C(65536000000)), UINT32_MAX);
    assert_true(ntp_short_to_us(0x18000) == 1500000);
}

static void test_abs_send_time(void **state)
{
    assert_int_equal(ntp_abs_send_time(0), 0);
    assert_int_equal(ntp_abs_send_time(1000000), 1 << 18);
    assert_int_equal(ntp_abs_send_time(64000000 + 1000000), 1 << 18);
    assert_int_equal(ntp_abs_send_time(63999999), 0); /* rounds up into the wrap */
    assert_int_equal(ntp_abs_send_time(UINT64_C(1700000000000000)), 0);
    assert_int_equal(ntp_abs_send_time_diff_us(1 << 18, 0), 1000000);
    assert_int_equal(ntp_abs_send_time_diff_us(0, 1 << 18), -1000000);
    assert_int_equal(ntp_abs_send_time_diff_us(10 << 18, 60 << 18), 14000000); /* across the wrap */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_demux),          cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_too_long), cmocka_unit_test(test_parse_header_leaves_padding),
        cmocka_unit_test(test_ext_read),       cmocka_unit_test(test_ext_find),
        cmocka_unit_test(test_ext_write),      cmocka_unit_test(test_serial),
        cmocka_unit_test(test_unwrap),         cmocka_unit_test(test_ntp),
        cmocka_unit_test(test_abs_send_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
