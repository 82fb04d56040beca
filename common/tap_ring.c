/* SPDX-License-Identifier: MIT */
/* tap_ring: geometry, the writer's look at the tail, the reader. */
#include "common/tap_ring.h"

#include <assert.h>
#include <errno.h>

#include "common/util.h"

static size_t stride(uint64_t ring_bytes)
{
    return TAP_PAGE_BYTES + ring_bytes;
}

size_t tap_slab_bytes(uint32_t n_rings, uint64_t ring_bytes)
{
    return n_rings * stride(ring_bytes);
}

size_t tap_tails_bytes(uint32_t n_rings)
{
    return (n_rings * sizeof(struct tap_tail) + TAP_PAGE_BYTES - 1) / TAP_PAGE_BYTES * TAP_PAGE_BYTES;
}

bool tap_geometry_ok(uint32_t n_rings, uint64_t ring_bytes)
{
    return n_rings > 0 && n_rings <= 1024 && ring_bytes >= TAP_RING_BYTES_MIN && ring_bytes <= TAP_RING_BYTES_MAX &&
           !(ring_bytes & (ring_bytes - 1));
}

void tap_writer_init(struct tap_writer *w, void *slab, const void *tails, uint32_t ring, uint64_t ring_bytes)
{
    uint8_t *page = (uint8_t *)slab + ring * stride(ring_bytes);
    *w = (struct tap_writer){
        .data = page + TAP_PAGE_BYTES,
        .mask = ring_bytes - 1,
        .room_until = ring_bytes,
        .shared = (struct tap_head *)page,
        .tail = (const struct tap_tail *)tails + ring,
    };
}

bool tap_writer_look(struct tap_writer *w, uint64_t need)
{
    uint64_t tail = atomic_load_explicit(&w->tail->tail, memory_order_acquire);
    if (tail > w->head || w->head - tail > w->mask + 1) {
        w->bad_tail++;
        return false;
    }
    w->room_until = tail + w->mask + 1;
    return w->head + need <= w->room_until;
}

/* A position at which a record may begin, whatever was written there. */
static uint64_t whole(uint64_t position)
{
    return position & ~(uint64_t)(TAP_RECORD_ALIGN - 1);
}

void tap_reader_init(struct tap_reader *r, const void *slab, void *tails, uint32_t ring, uint64_t ring_bytes)
{
    const uint8_t *page = (const uint8_t *)slab + ring * stride(ring_bytes);
    *r = (struct tap_reader){
        .data = page + TAP_PAGE_BYTES,
        .mask = ring_bytes - 1,
        .shared = (const struct tap_head *)page,
        .out = (struct tap_tail *)tails + ring,
    };
    r->tail = whole(atomic_load_explicit(&r->shared->head, memory_order_acquire));
    r->lost = atomic_load_explicit(&r->shared->lost, memory_order_relaxed);
    atomic_store_explicit(&r->out->tail, r->tail, memory_order_release);
}

/* Its first eight bytes only, for a PAD may be no longer: bytes, body_bytes, type. */
static bool is_record(const struct tap_record *r, uint64_t left_in_ring, uint64_t left_to_head)
{
    if (r->bytes < TAP_RECORD_ALIGN || r->bytes % TAP_RECORD_ALIGN || r->bytes > left_in_ring ||
        r->bytes > left_to_head)
        return false;
    if (r->type == TAP_PAD)
        return r->bytes == left_in_ring;
    return r->type < TAP_TYPE_COUNT && r->body_bytes <= TAP_BODY_MAX && r->bytes == tap_record_bytes(r->body_bytes);
}

static int64_t give_up(struct tap_reader *r, uint64_t head)
{
    r->tail = whole(head);
    atomic_store_explicit(&r->out->tail, r->tail, memory_order_release);
    return -EPROTO;
}

int64_t tap_read(struct tap_reader *r, uint8_t *buf, size_t size, uint64_t *lost)
{
    uint64_t head = atomic_load_explicit(&r->shared->head, memory_order_acquire);
    uint64_t seen = atomic_load_explicit(&r->shared->lost, memory_order_relaxed);
    size_t copied = 0;

    assert(size >= TAP_RECORD_BYTES_MAX);
    *lost = seen - r->lost;
    r->lost = seen;
    if (head < r->tail || head - r->tail > r->mask + 1 || head != whole(head))
        return give_up(r, head);
    while (r->tail < head) {
        uint64_t at = r->tail & r->mask;
        struct tap_record record = {0};
        memcpy(&record, r->data + at, TAP_RECORD_ALIGN); /* once: it is checked and used from here */
        if (!is_record(&record, r->mask + 1 - at, head - r->tail))
            return give_up(r, head);
        if (record.type != TAP_PAD) {
            if (record.bytes > size - copied)
                break;
            memcpy(buf + copied, r->data + at, record.bytes);
            memcpy(buf + copied, &record, TAP_RECORD_ALIGN);
            uint32_t used = sizeof(record) + record.body_bytes;
            memset(buf + copied + used, 0, record.bytes - used); /* what stood there before is in nobody's file */
            copied += record.bytes;
        }
        r->tail += record.bytes;
    }
    atomic_store_explicit(&r->out->tail, r->tail, memory_order_release);
    return (int64_t)copied;
}
