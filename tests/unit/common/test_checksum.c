/* SPDX-License-Identifier: MIT */
/* Against the sum of 16-bit words, one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/checksum.h"

static uint16_t simple(const uint8_t *bytes, size_t len, uint32_t sum)
{
    uint16_t word;

    for (size_t i = 0; i < len; i += 2) {
        uint8_t pair[2] = {bytes[i], i + 1 < len ? bytes[i + 1] : 0};
        memcpy(&word, pair, sizeof(word));
        sum += word;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum = ~sum & 0xffff;
    return (uint16_t)(sum ? sum : 0xffff);
}

static void test_lengths_and_places(void **state)
{
    uint8_t bytes[1600];

    srand(1);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)rand();
    for (size_t len = 0; len <= 1500; len++)
        for (size_t at = 0; at < 8; at++)
            assert_int_equal(checksum_udp(bytes + at, len, (uint16_t)(len * 40503)),
                             simple(bytes + at, len, (uint16_t)(len * 40503)));
}

/* Every carry, and the two zeros. */
static void test_extremes(void **state)
{
    static const uint8_t zeros[1500];
    uint8_t ones[1500];
    uint16_t word = 0x1234, rest = (uint16_t)~word;

    memset(ones, 0xff, sizeof(ones));
    for (size_t len = 0; len <= sizeof(ones); len += 2) {
        assert_int_equal(checksum_udp(ones, len, 0xffff), 0xffff); /* complements to 0 */
        assert_int_equal(checksum_udp(zeros, len, 0), 0xffff);
        assert_int_equal(checksum_udp(zeros, len, 0x1234), 0xedcb);
    }
    assert_int_equal(checksum_udp(&word, sizeof(word), rest), 0xffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lengths_and_places), cmocka_unit_test(test_extremes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
