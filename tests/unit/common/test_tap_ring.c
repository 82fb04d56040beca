/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/tap_ring.h"
#include "common/util.h"

#define RING TAP_RING_BYTES_MIN

struct pair {
    uint8_t *slab, *tails;
    struct tap_writer w;
    struct tap_reader r;
    uint64_t written, read; /* numbers of the next record */
};

static void *zeroed_pages(size_t bytes)
{
    void *p = aligned_alloc(TAP_PAGE_BYTES, bytes);
    assert_non_null(p);
    return memset(p, 0, bytes);
}

static int setup(void **state)
{
    struct pair *p = calloc(1, sizeof(*p));
    p->slab = zeroed_pages(tap_slab_bytes(2, RING));
    p->tails = zeroed_pages(tap_tails_bytes(2));
    tap_writer_init(&p->w, p->slab, p->tails, 1, RING);
    tap_reader_init(&p->r, p->slab, p->tails, 1, RING);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct pair *p = *state;
    free(p->slab);
    free(p->tails);
    free(p);
    return 0;
}

static bool put(struct pair *p, uint32_t body_bytes)
{
    struct tap_record *r = tap_reserve(&p->w, TAP_RTP, body_bytes);
    if (!r)
        return false;
    r->stream = 7;
    r->rx_us = (int64_t)body_bytes;
    r->index = (int64_t)p->written++;
    memset(r + 1, (int)(r->index & 0xff), body_bytes);
    return true;
}

/* Reads until nothing waits; all is checked. Returns the records lost that it was told of. */
static uint64_t drain(struct pair *p, size_t size)
{
    uint8_t *buf = malloc(size);
    uint64_t lost, all_lost = 0;
    int64_t n;
    while ((n = tap_read(&p->r, buf, size, &lost)) > 0 || lost) {
        all_lost += lost;
        assert_true(n >= 0 && (size_t)n <= size);
        for (int64_t at = 0; at < n;) {
            const struct tap_record *r = (const struct tap_record *)(buf + at);
            assert_int_equal(r->type, TAP_RTP);
            assert_int_equal(r->index, p->read++);
            assert_int_equal(r->body_bytes, r->rx_us);
            for (uint32_t i = 0; i < r->body_bytes; i++)
                assert_int_equal(buf[at + (int64_t)sizeof(*r) + i], r->index & 0xff);
            for (uint32_t i = sizeof(*r) + r->body_bytes; i < r->bytes; i++)
                assert_int_equal(buf[at + i], 0);
            at += r->bytes;
        }
    }
    free(buf);
    return all_lost;
}

static void test_every_size_many_times_round(void **state)
{
    struct pair *p = *state;
    for (uint32_t i = 0; i < 20000; i++) {
        assert_true(put(p, i * 7919 % (TAP_BODY_MAX + 1)));
        if (i % 13 == 0) {
            tap_publish(&p->w);
            assert_int_equal(drain(p, TAP_RECORD_BYTES_MAX + i % 50000), 0);
        }
    }
    tap_publish(&p->w);
    drain(p, 100000);
    assert_int_equal(p->read, 20000);
    assert_true(p->w.head > 100 * RING);
}

static void test_unpublished_is_unseen(void **state)
{
    struct pair *p = *state;
    assert_true(put(p, 100));
    drain(p, 4096);
    assert_int_equal(p->read, 0);
    tap_publish(&p->w);
    drain(p, 4096);
    assert_int_equal(p->read, 1);
}

static void test_full_ring_loses_and_counts(void **state)
{
    struct pair *p = *state;
    uint64_t fit = 0;
    while (put(p, 1000))
        fit++;
    assert_true(fit >= RING / tap_record_bytes(1000) - 1);
    assert_false(put(p, 1000));
    tap_publish(&p->w);
    assert_int_equal(drain(p, 4096), 2);
    assert_int_equal(p->read, fit);
    assert_true(put(p, 1000)); /* room again */
    tap_publish(&p->w);
    assert_int_equal(drain(p, 4096), 0);
    assert_int_equal(p->read, fit + 1);
}

/* A new reader starts at what is written next. */
static void test_second_reader(void **state)
{
    struct pair *p = *state;
    while (put(p, 1000))
        ;
    tap_publish(&p->w);
    tap_reader_init(&p->r, p->slab, p->tails, 1, RING);
    p->read = p->written;
    assert_int_equal(drain(p, 4096), 0);
    assert_true(put(p, 10));
    tap_publish(&p->w);
    drain(p, 4096);
    assert_int_equal(p->read, p->written);
}

/* Whatever a hostile recorder writes there, the writer stays within its ring. */
static void test_hostile_tail(void **state)
{
    struct pair *p = *state;
    static const uint64_t lies[] = {1, 7, RING, RING + 1, UINT64_MAX, UINT64_MAX / 2, 8 - RING};
    struct tap_tail *tail = (struct tap_tail *)p->tails + 1;
    uint8_t *other = p->slab; /* the ring before ours */
    for (size_t i = 0; i < 10000; i++) {
        tail->tail = lies[i % ARRAY_SIZE(lies)] + (i % 3 ? p->w.head : 0);
        put(p, i % (TAP_BODY_MAX + 1));
        tap_publish(&p->w);
    }
    assert_true(p->w.bad_tail > 0);
    for (size_t i = 0; i < TAP_PAGE_BYTES + RING; i++)
        assert_int_equal(other[i], 0);
}

/* Whatever stands in the ring, what comes out is records, or -EPROTO. */
static void test_hostile_writer(void **state)
{
    struct pair *p = *state;
    uint8_t *data = p->slab + 2 * TAP_PAGE_BYTES + RING;
    struct tap_head *head = (struct tap_head *)(data - TAP_PAGE_BYTES);
    uint8_t buf[8192];
    uint64_t lost, refused = 0;
    srandom(1);
    for (int i = 0; i < 20000; i++) {
        uint64_t at = (uint64_t)random() % RING;
        if (i % 4 == 0)
            put(p, (uint32_t)random() % TAP_BODY_MAX);
        data[at] = (uint8_t)random();
        head->head = i % 5 ? p->w.head : (uint64_t)random();
        int64_t n = tap_read(&p->r, buf, sizeof(buf), &lost);
        refused += n == -EPROTO;
        for (int64_t done = 0; done < n;) {
            const struct tap_record *r = (const struct tap_record *)(buf + done);
            assert_true(r->type != TAP_PAD && r->type < TAP_TYPE_COUNT);
            assert_true(r->bytes >= sizeof(*r) + r->body_bytes && done + r->bytes <= n);
            done += r->bytes;
        }
    }
    assert_true(refused > 0);
}

/* A head where no record can begin: the reader is as sane afterwards as before. */
static void test_wild_head(void **state)
{
    static const uint64_t heads[] = {RING - 4, 3, UINT64_MAX, UINT64_MAX - 7, RING + 8, UINT64_MAX / 2};
    struct pair *p = *state;
    uint8_t buf[8192];
    uint64_t lost;
    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        p->w.shared->head = heads[i];
        assert_int_equal(tap_read(&p->r, buf, sizeof(buf), &lost), -EPROTO);
        assert_int_equal(tap_read(&p->r, buf, sizeof(buf), &lost), heads[i] % 8 ? -EPROTO : 0);
        tap_publish(&p->w);
        tap_read(&p->r, buf, sizeof(buf), &lost); /* back to what is true */
        assert_true(put(p, 100));
        tap_publish(&p->w);
        drain(p, 4096);
        assert_int_equal(p->read, i + 1);
    }
    p->w.shared->head = RING - 4;
    tap_reader_init(&p->r, p->slab, p->tails, 1, RING);
    assert_int_equal(p->r.tail % TAP_RECORD_ALIGN, 0);
}

static void test_geometry(void **state)
{
    (void)state;
    assert_true(tap_geometry_ok(1, TAP_RING_BYTES_MIN));
    assert_true(tap_geometry_ok(64, TAP_RING_BYTES_MAX));
    assert_false(tap_geometry_ok(0, TAP_RING_BYTES_MIN));
    assert_false(tap_geometry_ok(1, TAP_RING_BYTES_MIN - 1));
    assert_false(tap_geometry_ok(1, 3 * TAP_RING_BYTES_MIN));
    assert_false(tap_geometry_ok(1, 2ull * TAP_RING_BYTES_MAX));
    assert_int_equal(tap_tails_bytes(1), TAP_PAGE_BYTES);
    assert_int_equal(tap_tails_bytes(64), TAP_PAGE_BYTES);
    assert_int_equal(tap_tails_bytes(65), 2 * TAP_PAGE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_size_many_times_round, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unpublished_is_unseen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_ring_loses_and_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile_tail, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile_writer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wild_head, setup, teardown),
        cmocka_unit_test(test_geometry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
