/* SPDX-License-Identifier: MIT */
/* A ring of the tee whose two ends do not trust each other: bytes of the slab, its head, and the tail are anybody's.
 * What the reader returns is whole records within the bytes returned; the writer stays within its ring, beyond which no
 * memory is (the sanitizer looks). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/tap_ring.h"
#include "common/util.h"

#define RING TAP_RING_BYTES_MIN

enum op {
    OP_WRITE, /* body bytes (16 bits): a record, published */
    OP_POKE,  /* offset / 8 in the slab (16 bits), length, bytes */
    OP_HEAD,  /* 64 bits */
    OP_TAIL,  /* 64 bits */
    OP_READ,  /* room beyond the least, in units of 64 bytes */
    OP_ANEW,  /* another reader */
    OP_COUNT
};

struct input {
    const uint8_t *at;
    size_t left;
};

struct ends {
    uint8_t *slab, *tails;
    struct tap_writer w;
    struct tap_reader r;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t take(struct input *in, size_t bytes)
{
    uint64_t value = 0;

    bytes = MIN(bytes, in->left);
    memcpy(&value, in->at, bytes);
    in->at += bytes;
    in->left -= bytes;
    return value;
}

static void write_record(struct ends *e, uint32_t body_bytes)
{
    struct tap_record *r = tap_reserve(&e->w, TAP_RTP, body_bytes);

    if (r)
        memset(r + 1, 0x5a, body_bytes);
    tap_publish(&e->w);
    if (e->w.head > e->w.room_until)
        abort();
}

static void poke(struct ends *e, struct input *in)
{
    size_t at = take(in, 2) * 8 % tap_slab_bytes(1, RING), n = take(in, 1);

    n = MIN(n, MIN(in->left, tap_slab_bytes(1, RING) - at));
    memcpy(e->slab + at, in->at, n);
    in->at += n;
    in->left -= n;
}

static void check_records(const uint8_t *buf, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        struct tap_record r;
        if (bytes - at < sizeof(r))
            abort();
        memcpy(&r, buf + at, sizeof(r));
        if (r.type == TAP_PAD || r.type >= TAP_TYPE_COUNT || r.bytes > bytes - at || r.body_bytes > TAP_BODY_MAX ||
            r.bytes != tap_record_bytes(r.body_bytes))
            abort();
        for (size_t i = sizeof(r) + r.body_bytes; i < r.bytes; i++)
            if (buf[at + i])
                abort();
        at += r.bytes;
    }
}

static void read_records(struct ends *e, size_t size)
{
    uint8_t *buf = malloc(size);
    uint64_t lost;
    int64_t n = tap_read(&e->r, buf, size, &lost);

    if (n < 0 ? n != -EPROTO : (size_t)n > size)
        abort();
    if (n > 0)
        check_records(buf, (size_t)n);
    free(buf);
}

static void step(struct ends *e, struct input *in)
{
    switch ((enum op)(take(in, 1) % OP_COUNT)) {
    case OP_WRITE:
        return write_record(e, (uint32_t)take(in, 2) % (TAP_BODY_MAX + 1));
    case OP_POKE:
        return poke(e, in);
    case OP_HEAD:
        e->w.shared->head = take(in, 8);
        return;
    case OP_TAIL:
        ((struct tap_tail *)e->tails)->tail = take(in, 8);
        return;
    case OP_READ:
        return read_records(e, TAP_RECORD_BYTES_MAX + 64 * take(in, 1));
    case OP_ANEW:
        return tap_reader_init(&e->r, e->slab, e->tails, 0, RING);
    case OP_COUNT:
        return;
    }
}

static uint8_t *zeroed(size_t bytes)
{
    uint8_t *p = aligned_alloc(TAP_PAGE_BYTES, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ends e = {.slab = zeroed(tap_slab_bytes(1, RING)), .tails = zeroed(tap_tails_bytes(1))};
    struct input in = {data, size};

    if (!e.slab || !e.tails)
        abort();
    tap_writer_init(&e.w, e.slab, e.tails, 0, RING);
    tap_reader_init(&e.r, e.slab, e.tails, 0, RING);
    while (in.left)
        step(&e, &in);
    free(e.slab);
    free(e.tails);
    return 0;
}
