/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec.h"

#define BYTES(...) .bytes = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})
#define VP8_KEY    0x50, 0x42, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00
#define VP8_DELTA  0x31, 0x05, 0x00, 0x05, 0x00
#define SPS        0x67, 0x42, 0xe0, 0x1f, 0x8c
#define PPS        0x68, 0xce, 0x3c, 0x80
#define IDR        0x65, 0xb8, 0x00, 0x04
#define P_SLICE    0x41, 0x9a, 0x24, 0x6c
#define SEI        0x06, 0x05, 0x01, 0x80

static const struct {
    enum codec codec;
    const char *what;
    uint8_t bytes[32];
    size_t len;
    bool want;
} cases[] = {
    {CODEC_OPUS, "Opus", BYTES(0x78, 1, 2), true},
    {CODEC_PCMU, "PCMU", BYTES(0xff), true},
    {CODEC_PCMA, "PCMA, empty", .len = 0, .want = true},
    {CODEC_NONE, "no codec", BYTES(0x10, 0), false},

    {CODEC_VP8, "key, bare descriptor", BYTES(0x10, VP8_KEY), true},
    {CODEC_VP8, "key, 15-bit picture id", BYTES(0x90, 0x80, 0x92, 0x34, VP8_KEY), true},
    {CODEC_VP8, "key, 7-bit picture id", BYTES(0x90, 0x80, 0x12, VP8_KEY), true},
    {CODEC_VP8, "key, everything", BYTES(0x90, 0xf0, 0x92, 0x34, 0x07, 0x20, VP8_KEY), true},
    {CODEC_VP8, "key, TID without TL0PICIDX", BYTES(0x90, 0x20, 0x60, VP8_KEY), true},
    {CODEC_VP8, "key, KEYIDX and TID share a byte", BYTES(0x90, 0x30, 0x61, VP8_KEY), true},
    {CODEC_VP8, "delta", BYTES(0x90, 0x80, 0x92, 0x35, VP8_DELTA), false},
    {CODEC_VP8, "key, not its start", BYTES(0x80, 0x80, 0x92, 0x34, VP8_KEY), false},
    {CODEC_VP8, "start of partition 1", BYTES(0x91, 0x80, 0x92, 0x34, VP8_KEY), false},
    {CODEC_VP8, "non-reference delta", BYTES(0x30, VP8_DELTA), false},
    {CODEC_VP8, "X without its byte", BYTES(0x90), false},
    {CODEC_VP8, "picture id missing", BYTES(0x90, 0x80), false},
    {CODEC_VP8, "descriptor only", BYTES(0x90, 0x80, 0x92, 0x34), false},
    {CODEC_VP8, "empty", .len = 0, .want = false},

    {CODEC_VP9, "key, non-flexible, with SS", BYTES(0x8a, 0x81, 0x23, 0x18, 0x01, 0x40, 0, 0xf0, 0x82), true},
    {CODEC_VP9, "key, layer indices", BYTES(0xaa, 0x81, 0x23, 0x00, 0x05, 0x18), true},
    {CODEC_VP9, "key, 7-bit picture id, layers", BYTES(0xaa, 0x01, 0x10, 0x05, 0x18), true},
    {CODEC_VP9, "key, spatial layer 1", BYTES(0xaa, 0x81, 0x23, 0x03, 0x05, 0x18), false},
    {CODEC_VP9, "layers without picture id", BYTES(0x28, 0x00, 0x05), true},
    {CODEC_VP9, "layers without picture id, SID 2", BYTES(0x28, 0x04, 0x05), false},
    {CODEC_VP9, "inter picture", BYTES(0xc8, 0x81, 0x24, 0x86), false},
    {CODEC_VP9, "key, middle packet", BYTES(0x80, 0x81, 0x23, 0x12), false},
    {CODEC_VP9, "layer byte missing", BYTES(0xa8, 0x81, 0x23), false},
    {CODEC_VP9, "one byte", BYTES(0x08), false},

    {CODEC_H264, "SPS", BYTES(SPS), true},
    {CODEC_H264, "IDR", BYTES(IDR), true},
    {CODEC_H264, "PPS", BYTES(PPS), false},
    {CODEC_H264, "P slice", BYTES(P_SLICE), false},
    {CODEC_H264, "STAP-A of SPS and PPS", BYTES(0x78, 0, 5, SPS, 0, 4, PPS), true},
    {CODEC_H264, "STAP-A, IDR last", BYTES(0x78, 0, 4, SEI, 0, 4, IDR), true},
    {CODEC_H264, "STAP-A without", BYTES(0x78, 0, 4, SEI, 0, 4, P_SLICE), false},
    {CODEC_H264, "STAP-A, size beyond the end", BYTES(0x78, 0, 9, SPS), false},
    {CODEC_H264, "STAP-A, size 0", BYTES(0x78, 0, 0, SPS), false},
    {CODEC_H264, "STAP-A, second size cut", BYTES(0x78, 0, 4, SEI, 0), false},
    {CODEC_H264, "STAP-A, no unit", BYTES(0x78, 0), false},
    {CODEC_H264, "FU-A, start of an IDR", BYTES(0x7c, 0x85, 0xb8, 0), true},
    {CODEC_H264, "FU-A, middle of an IDR", BYTES(0x7c, 0x05, 0xb8, 0), false},
    {CODEC_H264, "FU-A, end of an IDR", BYTES(0x7c, 0x45, 0xb8, 0), false},
    {CODEC_H264, "FU-A, start of a P slice", BYTES(0x5c, 0x81, 0x9a, 0), false},
    {CODEC_H264, "FU-A without its header", BYTES(0x7c), false},
    {CODEC_H264, "empty", .len = 0, .want = false},

    {CODEC_AV1, "W = 2, sequence header and frame",
     BYTES(0x28, 11, 0x08, 0, 0, 0, 0x42, 0xa7, 0xbf, 0xe4, 0x60, 0x0d, 0, 0x30, 0x10), true},
    {CODEC_AV1, "W = 1", BYTES(0x18, 0x08, 0, 0, 0), true},
    {CODEC_AV1, "W = 0, two-byte length", BYTES(0x08, 0x8b, 0x00, 0x08, 0), true},
    {CODEC_AV1, "Y set: the last OBU goes on", BYTES(0x68, 2, 0x08, 0, 0x30), true},
    {CODEC_AV1, "no N", BYTES(0x10, 0x30, 0x10, 0), false},
    {CODEC_AV1, "N, frame first", BYTES(0x18, 0x30, 0x10, 0), false},
    {CODEC_AV1, "N and Z contradict", BYTES(0x98, 0x08, 0, 0), false},
    {CODEC_AV1, "endless length", BYTES(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80), false},
    {CODEC_AV1, "header only", BYTES(0x18), false},
    {CODEC_AV1, "length only", BYTES(0x28, 0x04), false},
    {CODEC_AV1, "empty", .len = 0, .want = false},
};

static void test_keyframe_start(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("  %s\n", cases[i].what);
        uint8_t *exact = malloc(cases[i].len + 1); /* so that ASan and valgrind see any overread */
        assert_non_null(exact);
        uint8_t *payload = exact + 1;
        memcpy(payload, cases[i].bytes, cases[i].len);
        assert_int_equal(codec_is_keyframe_start(cases[i].codec, payload, cases[i].len), cases[i].want);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keyframe_start)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
