/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/film/capture_read.h"
#include "recorder/film/meta.h"
#include "tests/film/reel.h"

static const struct reel_name name = {.take = 1};
static const uint8_t sound[] = {0x78, 1, 2};

enum { PACKETS = 20 };

/* META and PACKETS packets of 15 bytes in records of 48, the last one ends the file. */
static uint8_t *make(size_t *len)
{
    struct reel *r = reel_create(&name, CODEC_OPUS, CODEC_NONE);
    for (int i = 0; i < PACKETS; i++)
        reel_rtp(r, MEDIA_AUDIO, 1000 + i, 5 + i, 960, false, sound, sizeof(sound));
    const uint8_t *bytes = reel_bytes(r, len);
    uint8_t *copy = malloc(*len);
    memcpy(copy, bytes, *len);
    reel_destroy(r);
    return copy;
}

/* Indices of all packets that can be read, as bits. */
static uint32_t read_all(const uint8_t *bytes, size_t len)
{
    struct capture_read c = {bytes, len};
    uint32_t seen = 0;
    const struct tap_record *r;
    for (size_t at = 0; (r = capture_read_next(&c, &at));)
        if (r->type == TAP_RTP) {
            assert_int_equal(r->body_bytes, 12 + sizeof(sound));
            seen |= 1u << (r->index - 5);
        }
    return seen;
}

#define ALL ((1u << PACKETS) - 1)

static void test_cut_anywhere(void **state)
{
    size_t len;
    uint8_t *bytes = make(&len);
    size_t meta = len - 48 * PACKETS;
    assert_int_equal(read_all(bytes, len), ALL);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, bytes, cut);
        size_t whole = cut < meta ? 0 : (cut - meta) / 48;
        assert_int_equal(read_all(copy, cut), (1u << whole) - 1);
        free(copy);
    }
    free(bytes);
}

/* What a power cut leaves, or a bad disk: the records around it stay. */
static void test_holes(void **state)
{
    size_t len;
    uint8_t *bytes = make(&len), *record = bytes + len - 48 * (PACKETS - 4); /* of index 9 */
    for (int with = 0; with < 2; with++) {
        memset(record, with ? 0xff : 0, 100); /* three records are hit */
        assert_int_equal(read_all(bytes, len), ALL & ~(7u << 4));
    }
    free(bytes);
}

static void test_out_of_range(void **state)
{
    size_t len;
    uint8_t *bytes = make(&len);
    struct tap_record *r = (struct tap_record *)(bytes + len - 48 * PACKETS);
    struct tap_record kept = *r;
    const struct tap_record wrong[] = {
        {.bytes = 40, .body_bytes = 15, .type = TAP_RTP},
        {.bytes = 56, .body_bytes = 15, .type = TAP_RTP},
        {.bytes = 48, .body_bytes = 15, .type = TAP_PAD},
        {.bytes = 48, .body_bytes = 15, .type = TAP_TYPE_COUNT},
        {.bytes = 48, .body_bytes = 15, .type = TAP_RTP, .rx_us = -1},
        {.bytes = 48, .body_bytes = 15, .type = TAP_RTP, .index = CAPTURE_READ_INDEX_MAX},
        {.bytes = 48, .body_bytes = 15, .type = TAP_RTP, .rx_us = CAPTURE_READ_US_MAX},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        *r = wrong[i];
        assert_int_equal(read_all(bytes, len), ALL & ~1u);
    }
    *r = kept;
    assert_int_equal(read_all(bytes, len), ALL);
    free(bytes);
}

static void test_open(void **state)
{
    struct capture_read c;
    char path[] = "/tmp/test_capture.XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(capture_read_open(&c, path), -EBADMSG); /* empty */
    assert_int_equal(write(fd, "RLCAPT02", 8), 8);
    assert_int_equal(capture_read_open(&c, path), -EBADMSG);
    assert_int_equal(pwrite(fd, "RLCAPT01", 8, 0), 8);
    assert_int_equal(capture_read_open(&c, path), 0);
    size_t at = 0;
    assert_null(capture_read_next(&c, &at));
    capture_read_close(&c);
    close(fd);
    unlink(path);
    assert_int_equal(capture_read_open(&c, path), -ENOENT);
    assert_int_equal(capture_read_open(&c, "/tmp"), -EBADMSG);
}

static void test_meta(void **state)
{
    static const char text[] =
        "{\"take\":\"00000001000000ff\",\"room\":\"r\",\"login\":7,\"own_file\":true,\"whole\":1,\"tracks\":["
        "{\"kind\":\"audio\",\"stream\":\"a\",\"codec\":\"OPUS\",\"clock\":48000,\"channels\":2,\"pt\":111},"
        "{\"kind\":\"audio\",\"stream\":\"b\",\"codec\":\"PCMU\",\"clock\":8000,\"channels\":1,\"pt\":0},"
        "{\"kind\":\"video\",\"stream\":\"c\",\"codec\":\"opus\",\"clock\":90000},"
        "{\"kind\":\"video\",\"stream\":\"d\",\"codec\":\"VP8\",\"clock\":0},"
        "{\"kind\":\"data\"}, 5]}";
    struct meta meta;
    assert_int_equal(meta_parse(&meta, text, sizeof(text) - 1), 0);
    assert_int_equal(meta.id, 0x1000000ff);
    assert_string_equal(meta.room, "r");
    assert_string_equal(meta.login, "");
    assert_string_equal(meta.file, "");
    assert_true(meta.own_file && !meta.whole);
    assert_int_equal(meta.tracks[MEDIA_AUDIO].codec, CODEC_OPUS);
    assert_int_equal(meta.tracks[MEDIA_AUDIO].stream, 0xa);
    assert_int_equal(meta.tracks[MEDIA_VIDEO].codec, CODEC_NONE);
    meta_finish(&meta);
    static const char *const none[] = {"", "[]", "{", "7", "{\"room\":\"\\u0000\"}", "{\"room\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(meta_parse(&meta, none[i], strlen(none[i])), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_holes), cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_open),         cmocka_unit_test(test_meta),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
