/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/film/h264_sps.h"

#define BYTES(...) {__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* As x264 writes them, but for the first. */
static const struct {
    const char *what;
    uint8_t nal[40];
    size_t len;
    uint16_t width, height;
} cases[] = {
    {"Constrained Baseline", BYTES(0x67, 0x42, 0xe0, 0x1f, 0x8c, 0x8d, 0x40, 0x50, 0x1e, 0xd0), 640, 480},
    {"Baseline",
     BYTES(0x67, 0x42, 0xc0, 0x0b, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0, 0, 0x03, 0, 0x10, 0, 0, 0x03, 0, 0xa0, 0xf1,
           0x42, 0xa4, 0x80),
     320, 240},
    {"Main, cropped on two sides",
     BYTES(0x67, 0x4d, 0x40, 0x0c, 0xec, 0xa0, 0xa0, 0xff, 0x55, 0x80, 0x88, 0, 0, 0x03, 0, 0x08, 0, 0, 0x03, 0, 0x50,
           0x78, 0xa1, 0x4c, 0xb0),
     318, 238},
    {"High, 1088 lines cropped to 1080",
     BYTES(0x67, 0x64, 0, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0, 0, 0x03, 0, 0x04, 0, 0, 0x03,
           0, 0x28, 0x3c, 0x60, 0xc6, 0x58),
     1920, 1080},
    {"High, interlaced",
     BYTES(0x67, 0x64, 0, 0x16, 0xac, 0xd9, 0x40, 0xb4, 0x24, 0xd8, 0x08, 0x80, 0, 0, 0x03, 0, 0x80, 0, 0, 0x05, 0x0f,
           0x8a, 0x14, 0xcb),
     720, 576},
    {"High 4:2:2",
     BYTES(0x67, 0x7a, 0, 0x0c, 0xbc, 0xd9, 0x41, 0x51, 0x9e, 0x22, 0x2f, 0x01, 0x10, 0, 0, 0x03, 0, 0x10, 0, 0, 0x03,
           0, 0xa0, 0xf1, 0x42, 0x99, 0x60),
     322, 182},
    {"High 4:4:4",
     BYTES(0x67, 0xf4, 0, 0x0a, 0x91, 0x9b, 0x28, 0xe4, 0xf1, 0xb1, 0xf8, 0x08, 0, 0, 0x03, 0, 0x80, 0x30, 0x80, 0, 0,
           0x05, 0x07, 0x89, 0x12, 0xcb),
     100, 50},
};

static void test_sizes(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct h264_sps sps;
        print_message("%s\n", cases[i].what);
        assert_int_equal(h264_sps_parse(&sps, cases[i].nal, cases[i].len), 0);
        assert_int_equal(sps.id, 0);
        assert_int_equal(sps.width, cases[i].width);
        assert_int_equal(sps.height, cases[i].height);
        for (size_t len = 0; len < 7; len++)
            assert_int_equal(h264_sps_parse(&sps, cases[i].nal, len), -EBADMSG);
    }
}

static void test_nonsense(void **state)
{
    struct h264_sps sps;
    uint8_t zeros[64] = {0x67, 0x42};
    assert_int_equal(h264_sps_parse(&sps, zeros, sizeof(zeros)), -EBADMSG);
}

static void test_pps_id(void **state)
{
    static const uint8_t zero[] = {0x68, 0xce, 0x3c, 0x80}, two[] = {0x68, 0x60}, none[] = {0x68, 0, 0, 0, 0, 0};
    assert_int_equal(h264_sps_pps_id(zero, sizeof(zero)), 0);
    assert_int_equal(h264_sps_pps_id(two, sizeof(two)), 2);
    assert_int_equal(h264_sps_pps_id(none, sizeof(none)), -EBADMSG);
    assert_int_equal(h264_sps_pps_id(zero, 1), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_pps_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
