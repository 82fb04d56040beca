/* SPDX-License-Identifier: MIT */
/* keyframes: one packet a millisecond of VP8, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/keyframes.h"

#define SECOND_MS 1000

static struct stream {
    struct keyframes k;
    int64_t interval_us;
    uint64_t wishes;
} stream;

static void send_at(int64_t index, int64_t at_ms, bool key)
{
    struct {
        struct tap_record r;
        uint8_t packet[12 + 4];
    } m = {.r = {.type = TAP_RTP, .body_bytes = sizeof(m.packet), .index = index, .rx_us = at_ms * 1000 + 1}};
    m.packet[0] = 0x80;
    m.packet[12] = 0x10;              /* VP8: start of a partition */
    m.packet[13] = key ? 0x00 : 0x01; /* P bit: inverse key frame */
    stream.wishes += keyframes_take(&stream.k, &m.r, CODEC_VP8, stream.interval_us);
}

static void run(int64_t from_ms, int64_t to_ms)
{
    for (int64_t t = from_ms; t < to_ms; t++)
        send_at(t, t, false);
}

static int setup(void **state)
{
    stream = (struct stream){0};
    return 0;
}

static void test_start(void **state)
{
    run(0, 5 * SECOND_MS); /* asked, and again while none comes */
    assert_int_equal(stream.wishes, 3);
    send_at(5 * SECOND_MS, 5 * SECOND_MS, true);
    run(5 * SECOND_MS + 1, 60 * SECOND_MS);
    assert_int_equal(stream.wishes, 3);
}

static void test_begins_with_a_key(void **state)
{
    send_at(0, 0, true);
    run(1, 60 * SECOND_MS);
    assert_int_equal(stream.wishes, 0);
}

static void test_interval(void **state)
{
    stream.interval_us = 10000000;
    send_at(0, 0, true);
    run(1, 10 * SECOND_MS);
    assert_int_equal(stream.wishes, 0);
    run(10 * SECOND_MS, 11 * SECOND_MS);
    assert_int_equal(stream.wishes, 1);
    send_at(11 * SECOND_MS, 11 * SECOND_MS, true);
    run(11 * SECOND_MS + 1, 20 * SECOND_MS);
    assert_int_equal(stream.wishes, 1);
}

/* Packets that come again in time leave no gap. */
static void test_repaired(void **state)
{
    send_at(0, 0, true);
    for (int64_t t = 1; t < 20 * SECOND_MS; t++) {
        if (t % 100 >= 3)
            send_at(t, t, false);
        if (t % 100 == 50)
            for (int64_t late = t - 50 + (t == 50); late < t - 47; late++)
                send_at(late, t, false);
    }
    assert_int_equal(stream.wishes, 0);
}

static void test_gap(void **state)
{
    send_at(0, 0, true);
    run(1, 1000);
    run(1001, 1490);
    assert_int_equal(stream.wishes, 0);
    run(1490, 1600);
    assert_int_equal(stream.wishes, 1);
    run(1600, 3000); /* not more often than each two seconds */
    assert_int_equal(stream.wishes, 1);
    send_at(3000, 3000, true);
    run(3001, 60 * SECOND_MS);
    assert_int_equal(stream.wishes, 1);
}

/* Another SSRC, whose indices begin elsewhere, is a start and not a gap. */
static void test_another_ssrc(void **state)
{
    send_at(1 << 20, 0, true);
    for (int64_t t = 1; t < 3000; t++)
        send_at(t, t, t == 1);
    assert_int_equal(stream.wishes, 0);
    assert_int_equal(stream.k.missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_start, setup),    cmocka_unit_test_setup(test_begins_with_a_key, setup),
        cmocka_unit_test_setup(test_interval, setup), cmocka_unit_test_setup(test_repaired, setup),
        cmocka_unit_test_setup(test_gap, setup),      cmocka_unit_test_setup(test_another_ssrc, setup),
    };
    return cmocka_run_group_tests_name("recorder keyframes", tests, NULL, NULL);
}
