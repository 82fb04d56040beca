/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/twcc.h"

#define BYTES(...) .bytes = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})
#define SSRCS      0x11, 0x22, 0x33, 0x44, 0xaa, 0xbb, 0xcc, 0xdd
#define X          TWCC_MISSING
#define MS         1000

static int parse(struct twcc_view *view, const uint8_t *p, size_t len)
{
    struct rtcp_iter it;
    struct rtcp_packet packet = {0};
    rtcp_begin(&it, p, len);
    assert_true(rtcp_next(&it, &packet));
    assert_true(it.p == it.end);
    return twcc_parse(view, &packet);
}

struct vector {
    const char *what;
    uint64_t arrival_us[24];
    size_t n;
    uint8_t bytes[48]; /* from the base sequence number on */
    size_t len;
};

/* base 65530, reference time 5 (320 ms), feedback count 7 */
static const struct vector vectors[] = {
    {"one packet, vector would do no better than the run",
     {320 * MS},
     1,
     BYTES(0xff, 0xfa, 0, 1, 0, 0, 5, 7, 0x20, 0x01, 0, 0)},
    {"three small deltas",
     {320 * MS, 321 * MS, 322 * MS + 250},
     3,
     BYTES(0xff, 0xfa, 0, 3, 0, 0, 5, 7, 0x20, 0x03, 0, 4, 5, 0, 0, 0)},
    {"a hole: one-bit vector", {320 * MS, X, 321 * MS}, 3, BYTES(0xff, 0xfa, 0, 3, 0, 0, 5, 7, 0xa8, 0x00, 0, 4)},
    {"large delta: two-bit vector",
     {320 * MS, X, 420 * MS},
     3,
     BYTES(0xff, 0xfa, 0, 3, 0, 0, 5, 7, 0xd2, 0x00, 0, 0x01, 0x90, 0, 0, 0)},
    {"reordered: negative delta",
     {321 * MS, 320 * MS},
     2,
     BYTES(0xff, 0xfa, 0, 2, 0, 0, 5, 7, 0xd8, 0x00, 4, 0xff, 0xfc, 0, 0, 0)},
    {"63.75 ms is small, 64 ms is large",
     {320 * MS, 383 * MS + 750, 447 * MS + 750},
     3,
     BYTES(0xff, 0xfa, 0, 3, 0, 0, 5, 7, 0xd6, 0x00, 0, 255, 0x01, 0x00, 0, 0)},
    {"rounding does not add up",
     {320 * MS, 320 * MS + 125, 320 * MS + 250, 320 * MS + 375, 320 * MS + 500},
     5,
     BYTES(0xff, 0xfa, 0, 5, 0, 0, 5, 7, 0x20, 0x05, 0, 0, 1, 0, 1, 0)},
    {"starts with a hole", {X, 320 * MS}, 2, BYTES(0xff, 0xfa, 0, 2, 0, 0, 5, 7, 0x90, 0x00, 0, 0)},
    {"ends with a hole", {320 * MS, X}, 2, BYTES(0xff, 0xfa, 0, 2, 0, 0, 5, 7, 0xa0, 0x00, 0, 0)},
    {"run of 15",
     {320 * MS, 320 * MS, 320 * MS, 320 * MS, 320 * MS, 320 * MS, 320 * MS, 320 * MS, 320 * MS, 320 * MS, 320 * MS,
      320 * MS, 320 * MS, 320 * MS, 320 * MS},
     15,
     BYTES(0xff, 0xfa, 0, 15, 0, 0, 5, 7, 0x20, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
    {"one-bit vector of 14, then a run",
     {320 * MS, X, 320 * MS, X, X, X, X, X, X, X, X, X, X, 320 * MS, X, X},
     16,
     BYTES(0xff, 0xfa, 0, 16, 0, 0, 5, 7, 0xa8, 0x01, 0x00, 0x02, 0, 0, 0, 0)},
};

static const struct twcc_head head = {.sender = 0x11223344, .media = 0xaabbccdd, .base_seq = 65530, .fb_count = 7};

static void check_reads_back(const uint8_t *p, size_t len, const struct twcc_head *want, const uint64_t *arrival_us,
                             size_t n)
{
    struct twcc_view view;
    struct twcc_iter it;
    struct twcc_status status;
    assert_int_equal(parse(&view, p, len), 0);
    assert_int_equal(view.sender, want->sender);
    assert_int_equal(view.media, want->media);
    assert_int_equal(view.base_seq, want->base_seq);
    assert_int_equal(view.fb_count, want->fb_count);
    assert_int_equal(view.n_status, n);
    twcc_begin(&it, &view);
    for (size_t i = 0; i < n; i++) {
        assert_true(twcc_next(&it, &status));
        assert_int_equal(status.seq, (uint16_t)(want->base_seq + i));
        assert_int_equal(status.received, arrival_us[i] != TWCC_MISSING);
        if (status.received)
            assert_true((uint64_t)status.arrival_us ==
                        arrival_us[i] / TWCC_TICK_US * TWCC_TICK_US % (uint64_t)TWCC_CYCLE_US);
    }
    assert_false(twcc_next(&it, &status));
}

static void test_vectors(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
        const struct vector *v = &vectors[i];
        uint8_t out[64], want[64] = {0x8f, 205, 0, (uint8_t)(2 + v->len / 4), SSRCS};
        size_t n_done;
        print_message("  %s\n", v->what);
        memcpy(want + 12, v->bytes, v->len);
        int n = twcc_write(out, sizeof(out), &head, v->arrival_us, v->n, &n_done);
        assert_int_equal(n, 12 + v->len);
        assert_int_equal(n_done, v->n);
        assert_memory_equal(out, want, 12 + v->len);
        check_reads_back(want, 12 + v->len, &head, v->arrival_us, v->n);
    }
}

/* Everything that arrived is read back from however many packets of this size it took. */
static void round_trip(const uint64_t *arrival_us, size_t n, size_t size)
{
    static uint8_t out[1 << 18];
    struct twcc_head h = head;
    for (size_t at = 0, n_done; at < n; at += n_done) {
        int bytes = twcc_write(out, size, &h, arrival_us + at, n - at, &n_done);
        if (bytes == -ENODATA) {
            for (; at < n; at++)
                assert_true(arrival_us[at] == TWCC_MISSING);
            return;
        }
        assert_true(bytes > 0 && (size_t)bytes <= size && bytes % 4 == 0);
        check_reads_back(out, (size_t)bytes, &h, arrival_us + at, n_done);
        h.base_seq = (uint16_t)(h.base_seq + n_done);
        h.fb_count++;
    }
}

static void test_round_trips(void **state)
{
    static uint64_t arrival_us[20000];
    unsigned short seed[3] = {1, 2, 3};
    static const struct {
        unsigned loss_percent, burst, step_us, jump_percent;
        uint64_t start_us;
    } nets[] = {
        {0, 1, 1000, 0, 1},           {5, 1, 1000, 0, UINT64_C(1700000000000000)},   {50, 1, 300, 0, 64000},
        {10, 40, 5000, 10, 12345678}, {90, 200, 60000, 30, TWCC_CYCLE_US - 1000000}, /* the reference time wraps */
        {2, 1, 200000, 50, 0}, /* deltas beyond 16 bits now and then */
    };
    for (size_t k = 0; k < ARRAY_SIZE(nets); k++) {
        uint64_t now_us = nets[k].start_us + 100000000 * (k > 0);
        for (size_t i = 0; i < ARRAY_SIZE(arrival_us);) {
            bool lost = (unsigned)(nrand48(seed) % 100) < nets[k].loss_percent;
            for (size_t b = 0; b < nets[k].burst && i < ARRAY_SIZE(arrival_us); b++, i++) {
                now_us += (uint64_t)nrand48(seed) % nets[k].step_us;
                if ((unsigned)(nrand48(seed) % 100) < nets[k].jump_percent)
                    now_us += (uint64_t)nrand48(seed) % (nets[k].step_us * 50);
                uint64_t early_us = (uint64_t)nrand48(seed) % 4 ? 0 : MIN(now_us, 20000u);
                arrival_us[i] = lost ? TWCC_MISSING : now_us - early_us;
            }
        }
        for (size_t size = 28; size <= 64; size += 4)
            round_trip(arrival_us, 500, size);
        round_trip(arrival_us, ARRAY_SIZE(arrival_us), 1200);
        round_trip(arrival_us, ARRAY_SIZE(arrival_us), 1 << 18);
    }
}

static void test_write_limits(void **state)
{
    static const uint64_t lost[] = {X, X, X}, far[] = {320 * MS, 320 * MS + 32768 * 250, 0};
    static uint64_t late[200];
    uint8_t out[64];
    size_t n_done;
    assert_int_equal(twcc_write(out, sizeof(out), &head, lost, 3, &n_done), -ENODATA);
    assert_int_equal(twcc_write(out, sizeof(out), &head, lost, 0, &n_done), -ENODATA);
    for (size_t size = 0; size < 24; size++)
        assert_int_equal(twcc_write(out, size, &head, far, 1, &n_done), -ENOSPC);
    assert_int_equal(twcc_write(out, 24, &head, far, 1, &n_done), 24);

    /* 32768 ticks do not fit 16 bits: the packet ends before */
    assert_int_equal(twcc_write(out, sizeof(out), &head, far, 3, &n_done), 24);
    assert_int_equal(n_done, 1);

    memset(late, 0xff, sizeof(late));
    late[199] = 320 * MS; /* a run of holes, then a chunk of its own */
    assert_int_equal(twcc_write(out, 24, &head, late, 200, &n_done), -ENOSPC);
    assert_int_equal(n_done, 0);
    assert_int_equal(twcc_write(out, 28, &head, late, 200, &n_done), 28);
    assert_int_equal(n_done, 200);
}

static void test_most_holes(void **state)
{
    static uint64_t arrival_us[TWCC_STATUS_MAX];
    static const size_t holes[] = {0, 13, 14, 8191, 8192, 8204, 8205, 65520, TWCC_STATUS_MAX - 1};
    for (size_t i = 0; i < ARRAY_SIZE(holes); i++) {
        uint8_t out[TWCC_BYTES_MIN];
        size_t n_done;
        memset(arrival_us, 0xff, sizeof(arrival_us));
        arrival_us[holes[i]] = 320 * MS + 63999;
        int n = twcc_write(out, sizeof(out), &head, arrival_us, TWCC_STATUS_MAX, &n_done);
        assert_true(n > 0 && n_done > holes[i]);
        check_reads_back(out, (size_t)n, &head, arrival_us, n_done);
    }
}

static void test_long_run(void **state)
{
    static uint64_t arrival_us[70000];
    static uint8_t out[1 << 18];
    size_t n_done;
    for (size_t i = 0; i < ARRAY_SIZE(arrival_us); i++)
        arrival_us[i] = 320 * MS + i * 250;
    int n = twcc_write(out, sizeof(out), &head, arrival_us, ARRAY_SIZE(arrival_us), &n_done);
    assert_int_equal(n_done, TWCC_STATUS_MAX);
    assert_int_equal(n, (20 + 2 * 9 + 65535 + 3) / 4 * 4); /* nine runs */
    check_reads_back(out, (size_t)n, &head, arrival_us, n_done);
}

static const struct {
    const char *what;
    uint8_t bytes[24]; /* from the base sequence number on */
    size_t len;
    int err;
} bad[] = {
    {"no status at all", BYTES(0, 1, 0, 0, 0, 0, 5, 7), 0},
    {"no chunk", BYTES(0, 1, 0, 1, 0, 0, 5, 7), -EBADMSG},
    {"chunks cover too little", BYTES(0, 1, 0, 20, 0, 0, 5, 7, 0x00, 0x03, 0x00, 0x04), -EBADMSG},
    {"delta missing", BYTES(0, 1, 0, 3, 0, 0, 5, 7, 0x20, 0x03, 1, 2), -EBADMSG},
    {"large delta cut", BYTES(0, 1, 0, 2, 0, 0, 5, 7, 0x40, 0x02, 1, 2), -EBADMSG},
    {"run of the reserved symbol", BYTES(0, 1, 0, 1, 0, 0, 5, 7, 0x60, 0x01, 0, 0), -EBADMSG},
    {"reserved symbol in a vector", BYTES(0, 1, 0, 1, 0, 0, 5, 7, 0xf0, 0x00, 0, 0), -EBADMSG},
    {"reserved symbol behind the last", BYTES(0, 1, 0, 1, 0, 0, 5, 7, 0xdc, 0x00, 0, 0), 0},
    {"runs of length 0", BYTES(0, 1, 0, 2, 0, 0, 5, 7, 0x20, 0x00, 0x40, 0x00, 0x20, 0x02, 1, 2), 0},
    {"run longer than the count", BYTES(0, 1, 0, 2, 0, 0, 5, 7, 0x3f, 0xff, 1, 2), 0},
    {"65535 lost need nine chunks", BYTES(0, 1, 0xff, 0xff, 0, 0, 5, 7, 0x1f, 0xff, 0x1f, 0xff), -EBADMSG},
};

static void test_parse(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        uint8_t packet[64] = {0x8f, 205, 0, (uint8_t)(2 + bad[i].len / 4), SSRCS};
        struct twcc_view view;
        struct twcc_iter it;
        struct twcc_status status;
        size_t n = 0;
        print_message("  %s\n", bad[i].what);
        memcpy(packet + 12, bad[i].bytes, bad[i].len);
        assert_int_equal(parse(&view, packet, 12 + bad[i].len), bad[i].err);
        if (bad[i].err)
            continue;
        for (twcc_begin(&it, &view); twcc_next(&it, &status);)
            n++;
        assert_int_equal(n, view.n_status);
    }
    static const uint8_t pli[] = {0x81, 206, 0, 2, SSRCS};
    struct twcc_view view;
    assert_int_equal(parse(&view, pli, sizeof(pli)), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),    cmocka_unit_test(test_round_trips), cmocka_unit_test(test_write_limits),
        cmocka_unit_test(test_most_holes), cmocka_unit_test(test_long_run),    cmocka_unit_test(test_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
