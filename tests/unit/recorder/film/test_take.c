/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/ntp.h"
#include "recorder/film/capture_read.h"
#include "recorder/film/take.h"
#include "tests/film/reel.h"

#define START_US INT64_C(5000000000)
#define UNIX_US  INT64_C(1790000000000000)

static const struct reel_name name = {.take = 0x1234,
                                      .room_id = 0x77,
                                      .room = "ro\"om",
                                      .login = "ann",
                                      .stream = "ann-cam",
                                      .media_session_id = "m-1",
                                      .file = "first.mp4",
                                      .own_file = true,
                                      .step = true};

static struct reel *begin(enum codec audio, enum codec video)
{
    struct reel *r = reel_create(&name, audio, video);
    reel_clock(r, START_US, UNIX_US);
    return r;
}

/* Saves, opens and forgets the reel. */
static struct take *take_of(struct reel *r)
{
    char path[] = "/tmp/test_take.XXXXXX";
    const char *why = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    reel_save(r, path);
    struct take *t = take_open(path, &why);
    close(fd);
    unlink(path);
    reel_destroy(r);
    if (!t)
        fail_msg("%s", why);
    return t;
}

static void test_about(void **state)
{
    static const uint8_t opus[] = {0x78, 1, 2};
    struct reel *r = begin(CODEC_OPUS, CODEC_VP8);
    reel_rtp(r, MEDIA_AUDIO, START_US + 1000, 70000, 960, false, opus, sizeof(opus));
    reel_lost(r, START_US + 2000, 3);
    reel_rtp(r, MEDIA_AUDIO, START_US + 21000, 70001, 1920, false, opus, sizeof(opus));
    reel_end(r, "last.mp4", "ended");
    struct take *t = take_of(r);
    const struct take_about *a = take_about(t);
    assert_string_equal(a->room, "ro\"om");
    assert_string_equal(a->login, "ann");
    assert_string_equal(a->stream_name, "ann-cam");
    assert_string_equal(a->media_session_id, "m-1");
    assert_string_equal(a->file, "last.mp4");
    assert_string_equal(a->why, "ended");
    assert_int_equal(a->id, 0x1234);
    assert_int_equal(a->room_id, 0x77);
    assert_true(a->own_file && !a->whole && a->step && a->closed);
    assert_int_equal(a->start_us, START_US + 1000);
    assert_int_equal(a->end_us, START_US + 21000);
    assert_int_equal(a->unix_offset_us, UNIX_US - START_US);
    assert_int_equal(a->lost_records, 3);
    const struct take_track *track = take_track(t, MEDIA_AUDIO);
    assert_int_equal(track->codec, CODEC_OPUS);
    assert_int_equal(track->clock_hz, 48000);
    assert_int_equal(track->channels, 2);
    assert_int_equal(track->ssrc, REEL_AUDIO_SSRC);
    assert_int_equal(track->packets, 2);
    assert_int_equal(track->units, 2);
    assert_int_equal(track->start_us, START_US + 1000);
    assert_int_equal(track->end_us, START_US + 41000);
    assert_int_equal(take_track(t, MEDIA_VIDEO)->codec, CODEC_NONE); /* announced, but nothing came */
    take_close(t);
}

/* 20 ms of sound and a picture of two packets each 40 ms, as they were sent; both wrap. */
static void put_second(struct reel *r, enum codec video, int64_t n)
{
    static const uint8_t opus[] = {0x78, 1, 2};
    static const uint8_t sps[] = {0x67, 0x42, 0xe0, 0x1f, 0x8c, 0x8d, 0x40, 0x50, 0x1e, 0xd0};
    static const uint8_t pps[] = {0x68, 0xce, 0x3c, 0x80};
    for (int i = 0; i < 50; i++) {
        int64_t k = n * 50 + i;
        reel_rtp(r, MEDIA_AUDIO, START_US + k * 20000, 65500 + k, (uint32_t)(k * 960 - 48000), false, opus,
                 sizeof(opus));
    }
    for (int i = 0; i < 25; i++) {
        int64_t k = n * 25 + i, index = 65400 + k * 2, rx_us = START_US + k * 40000 + 5000;
        uint32_t ts = (uint32_t)(k * 3600 - 90000);
        bool key = k % 50 == 0;
        if (video == CODEC_VP8) {
            uint8_t first[64] = {0x90, 0x80, (uint8_t)(0x80 | (k >> 8 & 0x7f)), (uint8_t)k, key ? 0x10 : 0x11, 1, 0};
            uint8_t second[] = {0x80, 0x80, first[2], first[3], 7, 7, 7};
            if (key)
                memcpy(first + 7, "\x9d\x01\x2a\x40\x01\xf0\x00", 7);
            reel_rtp(r, MEDIA_VIDEO, rx_us, index, ts, false, first, sizeof(first));
            reel_rtp(r, MEDIA_VIDEO, rx_us, index + 1, ts, true, second, sizeof(second));
            continue;
        }
        uint8_t start[] = {0x7c, key ? 0x85 : 0x81, 0x88, 1, 2}, end[] = {0x7c, key ? 0x45 : 0x41, 3, 4};
        if (k == 0) {
            reel_rtp(r, MEDIA_VIDEO, rx_us, index - 2, ts, false, sps, sizeof(sps));
            reel_rtp(r, MEDIA_VIDEO, rx_us, index - 1, ts, false, pps, sizeof(pps));
        }
        reel_rtp(r, MEDIA_VIDEO, rx_us, index, ts, false, start, sizeof(start));
        reel_rtp(r, MEDIA_VIDEO, rx_us, index + 1, ts, true, end, sizeof(end));
    }
}

static void check_clean(enum codec video, size_t key_bytes, size_t delta_bytes)
{
    struct unit u;
    struct reel *r = begin(CODEC_OPUS, video);
    for (int64_t n = 0; n < 60; n++)
        put_second(r, video, n);
    struct take *t = take_of(r);
    assert_string_equal(take_about(t)->why, "salvaged");
    for (int round = 0; round < 2; round++) {
        for (int64_t k = 0; k < 60 * 50; k++) {
            assert_true(take_next(t, MEDIA_AUDIO, &u));
            assert_in_range(u.at_us, START_US + k * 20000 - 10, START_US + k * 20000 + 10);
            assert_int_equal(u.duration_us, 20000);
            assert_int_equal(u.bytes, 3);
            assert_int_equal(u.flags, 0);
        }
        assert_false(take_next(t, MEDIA_AUDIO, &u));
        for (int64_t k = 0; k < 60 * 25; k++) {
            assert_true(take_next(t, MEDIA_VIDEO, &u));
            assert_in_range(u.at_us, START_US + 5000 + k * 40000 - 10, START_US + 5000 + k * 40000 + 10);
            assert_int_equal(u.flags, k % 50 ? 0 : UNIT_KEY);
            assert_int_equal(u.bytes, k % 50 ? delta_bytes : key_bytes);
            assert_int_equal(u.width, video == CODEC_VP8 ? 320 : 640);
            assert_int_equal(u.height, video == CODEC_VP8 ? 240 : 480);
        }
        assert_false(take_next(t, MEDIA_VIDEO, &u));
        take_rewind(t, MEDIA_AUDIO);
        take_rewind(t, MEDIA_VIDEO);
    }
    const struct take_track *track = take_track(t, MEDIA_VIDEO);
    assert_int_equal(track->units, 1500);
    assert_int_equal(track->units_broken + track->units_left_out + track->packets_lost + track->gaps, 0);
    take_close(t);
}

static void test_vp8(void **state)
{
    check_clean(CODEC_VP8, 60 + 3, 60 + 3);
}

static void test_h264(void **state)
{
    check_clean(CODEC_H264, 4 + 10 + 4 + 4 + 4 + 1 + 3 + 2, 4 + 1 + 3 + 2);
}

/* Sound every 20 ms from index 0 on. */
static void put_sound(struct reel *r, int from, int to)
{
    static const uint8_t opus[] = {0x78, 1, 2};
    for (int i = from; i < to; i++)
        reel_rtp(r, MEDIA_AUDIO, START_US + i * 20000, i, (uint32_t)i * 960, false, opus, sizeof(opus));
}

static void test_counts(void **state)
{
    static const uint8_t opus[] = {0x78, 1, 2};
    struct unit u;
    struct reel *r = begin(CODEC_OPUS, CODEC_NONE);
    put_sound(r, 0, 10);
    put_sound(r, 5, 6);    /* again */
    put_sound(r, 12, 20);  /* two are lost: 60 ms without a packet */
    put_sound(r, 50, 300); /* 30 are: a gap */
    reel_rtp(r, MEDIA_AUDIO, START_US + 5900000, 20, 20 * 960, false, opus, sizeof(opus)); /* too late */
    struct take *t = take_of(r);
    const struct take_track *track = take_track(t, MEDIA_AUDIO);
    assert_int_equal(track->packets, 10 + 1 + 8 + 250 + 1);
    assert_int_equal(track->packets_duplicate, 1);
    assert_int_equal(track->packets_lost, 2 + 30);
    assert_int_equal(track->packets_late, 1);
    assert_int_equal(track->gaps, 1);
    assert_int_equal(track->units, 268);
    for (int i = 0; i < 268; i++) {
        assert_true(take_next(t, MEDIA_AUDIO, &u));
        int n = i < 10 ? i : i < 18 ? i + 2 : i + 32;
        assert_in_range(u.at_us, START_US + n * 20000 - 10, START_US + n * 20000 + 10);
        assert_int_equal(u.flags, n == 12 || n == 50 ? UNIT_AFTER_GAP : 0);
    }
    take_close(t);
}

/* Comfort noise and the like have numbers of the same row, but are no loss. */
static void test_other_payload_types(void **state)
{
    struct reel *r = begin(CODEC_OPUS, CODEC_NONE);
    size_t len, others = 0;
    put_sound(r, 0, 20);
    uint8_t *bytes = (uint8_t *)(uintptr_t)reel_bytes(r, &len);
    struct capture_read capture = {bytes, len};
    const struct tap_record *record;
    char path[] = "/tmp/test_take.XXXXXX";
    const char *why;
    for (size_t at = 0; (record = capture_read_next(&capture, &at));)
        if (record->type == TAP_RTP && record->index % 4 == 1) {
            bytes[at - record->bytes + sizeof(*record) + 1] = 13;
            others++;
        }
    int fd = mkstemp(path);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
    struct take *t = take_open(path, &why);
    unlink(path);
    reel_destroy(r);
    assert_non_null(t);
    assert_int_equal(others, 5);
    assert_int_equal(take_track(t, MEDIA_AUDIO)->units, 15);
    assert_int_equal(take_track(t, MEDIA_AUDIO)->packets_lost, 0);
    take_close(t);
}

static void test_what_cannot_be_read_back(void **state)
{
    struct unit u;
    static const uint8_t vp9[] = {0x8a, 0x81, 0x23};
    struct reel *r = begin(CODEC_OPUS, CODEC_VP9);
    put_sound(r, 0, 5);
    reel_rtp(r, MEDIA_VIDEO, START_US, 1, 1, true, vp9, sizeof(vp9));
    struct take *t = take_of(r);
    assert_int_equal(take_track(t, MEDIA_VIDEO)->codec, CODEC_NONE);
    assert_false(take_next(t, MEDIA_VIDEO, &u));
    assert_int_equal(take_track(t, MEDIA_AUDIO)->units, 5);
    take_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_about),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_other_payload_types),
        cmocka_unit_test(test_what_cannot_be_read_back),
        cmocka_unit_test(test_vp8),
        cmocka_unit_test(test_h264),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
