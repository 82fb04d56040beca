/* SPDX-License-Identifier: MIT */
/* Rings as the dataplane shares them, and the recorder's end of them: for tests of the tee. */
#ifndef ROOMLINE_TESTS_PIPELINE_TEE_H
#define ROOMLINE_TESTS_PIPELINE_TEE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "common/tap_ring.h"
#include "dataplane/tap_memory.h"
#include "dataplane/worker.h"

#define TEE_WORKERS_MAX 2
#define TEE_READ_BYTES  (1 << 20)

struct tee {
    struct tap_memory memory;
    void *tails; /* as the recorder maps them */
    struct tap_reader readers[TEE_WORKERS_MAX];
    uint8_t *buf; /* what was read last */
    size_t len, at;
    uint64_t lost; /* that readers were told of */
};

static inline void tee_read_anew(struct tee *t)
{
    for (uint32_t i = 0; i < t->memory.n_rings; i++)
        tap_reader_init(&t->readers[i], t->memory.slab, t->tails, i, t->memory.ring_bytes);
}

static inline void tee_init(struct tee *t, struct worker *const *workers, uint32_t n, uint64_t ring_bytes)
{
    *t = (struct tee){.buf = malloc(TEE_READ_BYTES)};
    assert_int_equal(tap_memory_init(&t->memory, n, ring_bytes), 0);
    t->tails = mmap(NULL, tap_tails_bytes(n), PROT_READ | PROT_WRITE, MAP_SHARED, t->memory.tails_fd, 0);
    assert_true(t->tails != MAP_FAILED);
    for (uint32_t i = 0; i < n; i++)
        tap_writer_init(&workers[i]->tap, t->memory.slab, t->memory.tails, i, ring_bytes);
    tee_read_anew(t);
}

static inline void tee_finish(struct tee *t)
{
    munmap(t->tails, tap_tails_bytes(t->memory.n_rings));
    tap_memory_finish(&t->memory);
    free(t->buf);
}

/* The next record out of this ring, valid until the next call; NULL: none waits. Its body follows it. */
static inline const struct tap_record *tee_next(struct tee *t, uint32_t ring)
{
    if (t->at == t->len) {
        uint64_t lost;
        int64_t n = tap_read(&t->readers[ring], t->buf, TEE_READ_BYTES, &lost);
        assert_true(n >= 0);
        t->len = (size_t)n;
        t->at = 0;
        t->lost += lost;
    }
    if (t->at == t->len)
        return NULL;
    const struct tap_record *r = (const struct tap_record *)(t->buf + t->at);
    t->at += r->bytes;
    return r;
}

static inline const uint8_t *tee_body(const struct tap_record *r)
{
    return (const uint8_t *)(r + 1);
}

#endif
