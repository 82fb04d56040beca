/* SPDX-License-Identifier: MIT */
/* A ring of tap records in memory that two processes share: one worker writes, the recorder reads. Positions are counts
 * of bytes since the start, which never wrap; a record lies in one piece. The writer never waits: what finds no room is
 * lost and counted.
 *
 * Slab: for each worker a page with struct tap_head, then ring_bytes of data. The recorder maps it read-only and can
 * scribble on nothing but its tails. Both ends keep their own position and geometry to themselves and never read them
 * back: of the other's side the writer reads the tail, the reader the head and the records, and both check. */
#ifndef ROOMLINE_COMMON_TAP_RING_H
#define ROOMLINE_COMMON_TAP_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "common/tap.h"

#define TAP_PAGE_BYTES     4096
#define TAP_RING_BYTES_MIN (64u << 10)
#define TAP_RING_BYTES_MAX (1u << 30)

struct tap_head {                       /* written by the worker */
    _Alignas(64) _Atomic uint64_t head; /* of the next record; all before it are complete */
    _Atomic uint64_t lost;              /* records that found no room, since the start */
};

struct tap_tail { /* written by the recorder: all before it has been read */
    _Alignas(64) _Atomic uint64_t tail;
};

/* Of the slab and of the tails, whole pages. ring_bytes: a power of two in range. */
size_t tap_slab_bytes(uint32_t n_rings, uint64_t ring_bytes);
size_t tap_tails_bytes(uint32_t n_rings);
bool tap_geometry_ok(uint32_t n_rings, uint64_t ring_bytes);

/* ---- The writer, in the worker; nothing below calls, allocates or waits ---- */

struct tap_writer {
    uint8_t *data;              /* NULL: there is no tee */
    uint64_t mask;              /* ring_bytes - 1 */
    uint64_t head;              /* ours; published by tap_publish */
    uint64_t room_until;        /* head may grow to here before the tail is looked at again */
    uint64_t lost;              /* records */
    uint64_t records, bad_tail; /* bad_tail: looks at a tail that cannot be, taken for a full ring */
    struct tap_head *shared;
    const struct tap_tail *tail;
};

/* slab, tails: mappings of the whole; ring: 0..n_rings-1. */
void tap_writer_init(struct tap_writer *w, void *slab, const void *tails, uint32_t ring, uint64_t ring_bytes);

/* Looks at the tail for the room of one record more. */
bool tap_writer_look(struct tap_writer *w, uint64_t need);

/* Room for one record: where its head goes, or NULL (counted). Its bytes, body_bytes and type are written; the rest is
 * the caller's. The zeros are the reader's to make. Not seen by the reader before tap_publish. */
static inline struct tap_record *tap_reserve(struct tap_writer *w, enum tap_type type, uint32_t body_bytes)
{
    uint32_t bytes = tap_record_bytes(body_bytes);
    uint64_t at = w->head & w->mask, pad = at + bytes > w->mask + 1 ? w->mask + 1 - at : 0;

    if (w->head + pad + bytes > w->room_until && !tap_writer_look(w, pad + bytes)) {
        w->lost++;
        return NULL;
    }
    if (pad) {
        /* A multiple of 8 may be shorter than a head: its first 8 bytes are there always. */
        struct tap_record gap = {.bytes = (uint32_t)pad, .type = TAP_PAD};
        memcpy(w->data + at, &gap, 8);
        w->head += pad;
        at = 0;
    }
    struct tap_record *r = (struct tap_record *)(w->data + at);
    r->bytes = bytes;
    r->body_bytes = (uint16_t)body_bytes;
    r->type = (uint16_t)type;
    w->head += bytes;
    w->records++;
    return r;
}

/* Lets the reader see what was reserved so far, which must be complete. Once a burst. */
static inline void tap_publish(struct tap_writer *w)
{
    atomic_store_explicit(&w->shared->lost, w->lost, memory_order_relaxed);
    atomic_store_explicit(&w->shared->head, w->head, memory_order_release);
}

/* ---- The reader, in the recorder ---- */

struct tap_reader {
    const uint8_t *data;
    uint64_t mask;
    uint64_t tail; /* ours */
    uint64_t lost; /* of the writer, as seen last */
    const struct tap_head *shared;
    struct tap_tail *out;
};

/* Starts at what is written next: what an earlier reader left is skipped. */
void tap_reader_init(struct tap_reader *r, const void *slab, void *tails, uint32_t ring, uint64_t ring_bytes);

/* Copies whole records, in order and back to back without PADs, into buf (at least TAP_RECORD_BYTES_MAX): the bytes
 * copied, 0 when none waits. *lost: records that found no room since the last call. -EPROTO: what is there is no ring
 * of records; it is skipped up to the head, and counts as lost to the caller. Each record that comes out lies within
 * the bytes returned, with a known type and a body within it. */
int64_t tap_read(struct tap_reader *r, uint8_t *buf, size_t size, uint64_t *lost);

#endif
