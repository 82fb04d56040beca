/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/film/depay.h"

#define K UNIT_KEY
#define B UNIT_BROKEN
#define G UNIT_AFTER_GAP

enum { M = 1, LOST = 2 }; /* marker; after a loss */

struct sent {
    const char *hex;
    uint32_t ts;
    int flags;
};

struct got {
    const char *hex;
    uint32_t flags;
};

struct depay_case {
    const char *what;
    enum codec codec;
    struct sent sent[10]; /* ends without hex */
    struct got got[6];
    uint64_t left_out;
};

#define SPS   "6742e01f8c8d40501ed0"
#define SPS2  "6742c00bd90141fb0110000003001000000300a0f142a480" /* 320x240 */
#define PPS   "68ce3c80"
#define NAL   "00000001"
#define SETS  NAL SPS NAL PPS
#define STAP  "78000a" SPS "0004" PPS
#define KEY8  "1001009d012a4001f000aaaaaaaaaaaaaaaa" /* 320x240, first partition of 8 bytes */
#define D8    "110100bbbbbbbbbbbbbbbb"
#define ID(n) "9080" n /* start of a picture with this id */
#define ON(n) "8080" n /* and the rest of it */

static const struct depay_case cases[] = {
    {"H.264: sets, key, picture, each alone",
     CODEC_H264,
     {{SPS, 0}, {PPS, 0}, {"6588aa", 0, M}, {"419abb", 1, M}},
     {{SETS NAL "6588aa", K}, {NAL "419abb", 0}}},
    {"H.264: together",
     CODEC_H264,
     {{STAP "00036588aa", 0, M}, {"419abb", 1, M}},
     {{SETS NAL "6588aa", K}, {NAL "419abb", 0}}},
    {"H.264: fragments",
     CODEC_H264,
     {{STAP, 0}, {"7c8588", 0}, {"7c05aa", 0}, {"7c45bb", 0, M}},
     {{SETS NAL "6588aabb", K}}},
    {"H.264: no marker",
     CODEC_H264,
     {{STAP, 0}, {"6588aa", 0}, {"419abb", 1}, {"419acc", 2}},
     {{SETS NAL "6588aa", K}, {NAL "419abb", 0}, {NAL "419acc", 0}}},
    {"H.264: two slices",
     CODEC_H264,
     {{STAP, 0}, {"6588aa", 0}, {"6542bb", 0, M}},
     {{SETS NAL "6588aa" NAL "6542bb", K}}},
    {"H.264: delimiters and filler are dropped",
     CODEC_H264,
     {{"0910", 0}, {STAP, 0}, {"6588aa", 0, M}, {"0930", 1}, {"419abb", 1}, {"0cffff80", 1, M}},
     {{SETS NAL "6588aa", K}, {NAL "419abb", 0}}},
    {"H.264: sets of their own time", CODEC_H264, {{STAP, 0, M}, {"6588aa", 1, M}}, {{SETS NAL "6588aa", K}}},
    {"H.264: a later key frame gets the last sets",
     CODEC_H264,
     {{STAP, 0}, {"6588aa", 0, M}, {SPS2, 1}, {"6588bb", 1, M}, {"6588cc", 2, M}},
     {{SETS NAL "6588aa", K}, {NAL SPS2 NAL PPS NAL SPS2 NAL "6588bb", K}, {NAL SPS2 NAL PPS NAL "6588cc", K}}},
    {"H.264: no sets at all", CODEC_H264, {{"6588aa", 0, M}, {"419abb", 1, M}}, {{NAL "6588aa", B}, {NAL "419abb", B}}},
    {"H.264: before the first key frame",
     CODEC_H264,
     {{"419abb", 0, M}, {STAP, 1}, {"6588aa", 1, M}},
     {{NAL "419abb", B}, {SETS NAL "6588aa", K}}},
    {"H.264: the sets of a key frame are lost",
     CODEC_H264,
     {{STAP, 0}, {"6588aa", 0, M}, {"6588bb", 1, M | LOST}, {STAP, 2}, {"6588cc", 2, M}},
     {{SETS NAL "6588aa", K}, {SETS NAL "6588bb", B | G}, {SETS NAL "6588cc", K}}},
    {"H.264: the sets came only once",
     CODEC_H264,
     {{STAP, 0}, {"6588aa", 0, M}, {"6588bb", 1, M}, {"6588cc", 2, M | LOST}},
     {{SETS NAL "6588aa", K}, {SETS NAL "6588bb", K}, {SETS NAL "6588cc", K | G}}},
    {"H.264: the first fragment is lost",
     CODEC_H264,
     {{STAP, 0}, {"6588aa", 0, M}, {"7c01bb", 1, LOST}, {"7c41cc", 1, M}, {"419add", 2, M}},
     {{SETS NAL "6588aa", K}, {NAL "419add", B | G}},
     1},
    {"H.264: one in the middle is lost",
     CODEC_H264,
     {{STAP, 0},
      {"6588aa", 0, M},
      {"7c819a", 1},
      {"7c41cc", 1, M | LOST},
      {"419add", 2, M},
      {STAP, 3},
      {"6588ee", 3, M}},
     {{SETS NAL "6588aa", K}, {NAL "419add", B | G}, {SETS NAL "6588ee", K}},
     1},
    {"H.264: the last one is lost",
     CODEC_H264,
     {{STAP, 0}, {"6588aa", 0, M}, {"7c819a", 1}, {"7c01bb", 1}, {"419add", 2, M | LOST}},
     {{SETS NAL "6588aa", K}, {NAL "619abb", B}, {NAL "419add", B | G}}},
    {"H.264: the first slice is lost",
     CODEC_H264,
     {{STAP, 0}, {"6588aa", 0, M}, {"4142bb", 1, M | LOST}, {"419add", 2, M}},
     {{SETS NAL "6588aa", K}, {NAL "419add", B | G}},
     1},
    {"H.264: a picture is lost",
     CODEC_H264,
     {{STAP, 0}, {"6588aa", 0, M}, {"419add", 2, M | LOST}, {"419aee", 3, M}},
     {{SETS NAL "6588aa", K}, {NAL "419add", B | G}, {NAL "419aee", B}}},
    {"H.264: the end of a key frame is lost",
     CODEC_H264,
     {{STAP, 0}, {"7c8588", 0}, {"419add", 1, M | LOST}},
     {{SETS NAL "6588", B}, {NAL "419add", B | G}}},
    {"H.264: what is none",
     CODEC_H264,
     {{"79000301419a", 0, M}, {"00", 1, M}, {"7c", 2, M}, {"780009", 3, M}, {"780002419a00", 4, M}},
     {{0}},
     5},
    {"VP8: pictures of one and of two packets",
     CODEC_VP8,
     {{ID("8001") KEY8, 0}, {ON("8001") "cc", 0, M}, {ID("8002") D8, 1, M}},
     {{KEY8 "cc", K}, {D8, 0}}},
    {"VP8: all of the descriptor",
     CODEC_VP8,
     {{"90f080010720" KEY8, 0},
      {"80f080010720"
       "cc",
       0, M},
      {"b0f080020720" D8, 1, M},
      {"10" D8, 2, M}},
     {{KEY8 "cc", K}, {D8, 0}, {D8, 0}}},
    {"VP8: the first packet is lost",
     CODEC_VP8,
     {{ID("8001") KEY8, 0, M}, {ON("8002") "cc", 1, M | LOST}, {ID("8003") D8, 2, M}},
     {{KEY8, K}, {D8, B | G}},
     1},
    {"VP8: one in the middle is lost",
     CODEC_VP8,
     {{ID("8001") KEY8, 0, M}, {ID("8002") D8, 1}, {ON("8002") "cc", 1, M | LOST}, {ID("8003") D8, 2, M}},
     {{KEY8, K}, {D8, B | G}},
     1},
    {"VP8: the last one is lost",
     CODEC_VP8,
     {{ID("8001") KEY8, 0, M}, {ID("8002") D8, 1}, {ID("8003") D8, 2, M | LOST}},
     {{KEY8, K}, {D8, B}, {D8, B | G}}},
    {"VP8: so much that its first partition is not whole",
     CODEC_VP8,
     {{ID("8001") KEY8, 0, M}, {ID("8002") "110200bb", 1}, {ID("8003") D8, 2, M | LOST}},
     {{KEY8, K}, {D8, B | G}},
     1},
    {"VP8: a picture is lost, until the next key frame",
     CODEC_VP8,
     {{ID("8001") KEY8, 0, M}, {ID("8003") D8, 2, M | LOST}, {ID("8004") D8, 3, M}, {ID("8005") KEY8, 4, M}},
     {{KEY8, K}, {D8, B | G}, {D8, B}, {KEY8, K}}},
    {"VP8: what was lost was no picture, across the wrap",
     CODEC_VP8,
     {{ID("fffe") KEY8, 0, M}, {ID("ffff") D8, 1, M | LOST}, {ID("8000") D8, 2, M | LOST}},
     {{KEY8, K}, {D8, G}, {D8, G}}},
    {"VP8: ids of seven bits",
     CODEC_VP8,
     {{ID("7f") KEY8, 0, M}, {ID("00") D8, 1, M | LOST}, {ID("02") D8, 2, M | LOST}},
     {{KEY8, K}, {D8, G}, {D8, B | G}}},
    {"VP8: no ids", CODEC_VP8, {{"10" KEY8, 0, M}, {"10" D8, 1, M | LOST}}, {{KEY8, K}, {D8, B | G}}},
    {"VP8: what is none",
     CODEC_VP8,
     {{"90", 0, M}, {"9080ff", 1, M}, {"10100100aaaaaaaaaaaaaaaaaaaaaaaaaa", 2, M}, {"101001009d012a0000f000", 3, M}},
     {{0}},
     4},
    {"Opus", CODEC_OPUS, {{"78aa", 0}, {"78bb", 960, LOST}, {"78", 1920}}, {{"78aa", 0}, {"78bb", G}, {"78", 0}}},
    {"Opus: what is none", CODEC_OPUS, {{"7b", 0}, {"78bb", 960}}, {{"78bb", G}}, 1},
    {"PCMU", CODEC_PCMU, {{"ffffffff", 0}, {"ff7f", 4}}, {{"ffffffff", 0}, {"ff7f", 0}}},
};

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static size_t unhex(uint8_t *out, const char *hex)
{
    size_t n = 0;
    for (; *hex; hex += 2)
        out[n++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
    return n;
}

static size_t take_all(struct depay *d, bool ended, const struct got *want)
{
    struct unit u;
    size_t n = 0;
    for (; depay_get(d, ended, &u); n++) {
        uint8_t bytes[512];
        assert_non_null(want[n].hex);
        size_t len = unhex(bytes, want[n].hex);
        assert_int_equal(u.bytes, len);
        assert_memory_equal(u.data, bytes, len);
        assert_int_equal(u.flags, want[n].flags);
    }
    return n;
}

static void check(const struct depay_case *c)
{
    struct depay d;
    uint8_t bytes[512];
    const struct got *want = c->got;
    print_message("%s\n", c->what);
    assert_true(depay_init(&d, c->codec, 8000, 1));
    for (const struct sent *s = c->sent; s->hex; s++) {
        struct packet p = {.ts = s->ts, .marker = s->flags & M, .after_loss = s->flags & LOST, .payload = bytes};
        p.bytes = unhex(bytes, s->hex);
        depay_put(&d, &p);
        want += take_all(&d, false, want);
    }
    want += take_all(&d, true, want);
    assert_null(want->hex);
    assert_int_equal(d.left_out, c->left_out);
    depay_finish(&d);
}

static void test_cases(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i]);
}

/* What carries nothing still tells of a loss. */
static void test_empty_after_loss(void **state)
{
    static const uint8_t sound[] = {0x78};
    struct depay d;
    struct unit u;
    struct packet p = {.after_loss = true, .payload = sound};
    assert_true(depay_init(&d, CODEC_OPUS, 48000, 2));
    depay_put(&d, &p);
    assert_false(depay_get(&d, false, &u));
    p = (struct packet){.payload = sound, .bytes = 1, .at_us = 77};
    depay_put(&d, &p);
    assert_true(depay_get(&d, false, &u));
    assert_int_equal(u.flags, UNIT_AFTER_GAP);
    assert_int_equal(u.at_us, 77);
    assert_int_equal(u.duration_us, 20000);
    depay_finish(&d);
}

static void test_sizes(void **state)
{
    static const struct {
        enum codec codec;
        const char *hex;
        uint16_t width, height;
    } keys[] = {
        {CODEC_H264, STAP "00036588aa", 640, 480},
        {CODEC_VP8, "10" KEY8, 320, 240},
        {CODEC_VP8, "101001009d012a00453800aaaaaaaaaaaaaaaaaa", 1280, 56}, /* the scale is no size */
    };
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        struct depay d;
        struct unit u;
        uint8_t bytes[512];
        struct packet p = {.marker = true, .payload = bytes, .bytes = unhex(bytes, keys[i].hex)};
        assert_true(depay_init(&d, keys[i].codec, 90000, 0));
        depay_put(&d, &p);
        assert_false(depay_get(&d, false, &u));
        assert_true(depay_get(&d, true, &u));
        assert_int_equal(u.width, keys[i].width);
        assert_int_equal(u.height, keys[i].height);
        depay_finish(&d);
    }
}

static void test_opus_us(void **state)
{
    static const struct {
        const char *hex;
        int64_t us;
    } lengths[] = {
        {"00aa", 10000},
        {"08aa", 20000},
        {"10aa", 40000},
        {"18aa", 60000},
        {"60aa", 10000},
        {"68aa", 20000},
        {"80aa", 2500},
        {"88aa", 5000},
        {"90aa", 10000},
        {"98aa", 20000},
        {"f8", 20000}, /* one frame, which may be empty */
        {"f9aabb", 40000},
        {"f9aa", 0}, /* two that are equal */
        {"fa01aabb", 40000},
        {"fa02aa", 0},
        {"fa", 0},
        {"fafc01aa", 0},
        {"fb03aabbcc", 60000},
        {"fb03aabb", 0},
        {"fb", 0},
        {"fb00", 0},
        {"fb8201aabb", 40000},
        {"fb8203aabb", 0},
        {"fb4102aa0000", 20000},
        {"fb4103aa", 0}, /* padding beyond the end */
        {"1b02aabb", 120000},
        {"1b03aabbcc", 0}, /* 180 ms */
        {"", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        uint8_t bytes[16];
        size_t len = unhex(bytes, lengths[i].hex);
        print_message("%s\n", lengths[i].hex);
        assert_int_equal(depay_audio_opus_us(bytes, len), lengths[i].us);
    }
    assert_int_equal(depay_audio_pcm_us(160, 1, 8000), 20000);
    assert_int_equal(depay_audio_pcm_us(160, 2, 8000), 10000);
    assert_int_equal(depay_audio_pcm_us(1, 2, 8000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_empty_after_loss),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_opus_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
