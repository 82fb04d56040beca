/* SPDX-License-Identifier: MIT */
/* Transport-wide congestion control feedback: reader and writer.
 *
 * A status is a symbol: lost, small delta (one byte), large or negative delta (two bytes). Symbols stand in chunks of
 * 16 bits: a run of up to 8191 equal ones, or a vector of 14 one-bit (lost, small) or 7 two-bit symbols. */
#include "common/twcc.h"

#include <errno.h>
#include <string.h>

#define FIXED_BYTES   20 /* RTCP header, two SSRCs, base, count, reference time, feedback count */
#define RUN_MAX       8191
#define ONE_BIT_MAX   14
#define TWO_BIT_MAX   7
#define TICKS_PER_REF (TWCC_REF_US / TWCC_TICK_US)
#define CHUNK_ONE_BIT 0x8000
#define CHUNK_TWO_BIT 0xc000

enum { LOST = 0, SMALL = 1, LARGE = 2, RESERVED = 3 };

/* ---- Reader ---- */

static size_t chunk_symbols(uint16_t chunk)
{
    if (!(chunk & CHUNK_ONE_BIT))
        return chunk & RUN_MAX;
    return (chunk & CHUNK_TWO_BIT) == CHUNK_TWO_BIT ? TWO_BIT_MAX : ONE_BIT_MAX;
}

static unsigned chunk_symbol(uint16_t chunk, size_t i)
{
    if (!(chunk & CHUNK_ONE_BIT))
        return chunk >> 13;
    if ((chunk & CHUNK_TWO_BIT) == CHUNK_TWO_BIT)
        return chunk >> (2 * (TWO_BIT_MAX - 1 - i)) & 3;
    return chunk >> (ONE_BIT_MAX - 1 - i) & 1;
}

/* Bytes of delta that the first n symbols of a chunk ask for, or -EBADMSG. A symbol's number is its delta's length. */
static int chunk_delta_bytes(uint16_t chunk, size_t n)
{
    bool run = !(chunk & CHUNK_ONE_BIT);
    int bytes = 0;
    for (size_t i = 0; i < (run ? 1 : n); i++) {
        unsigned symbol = chunk_symbol(chunk, i);
        if (symbol == RESERVED)
            return -EBADMSG;
        bytes += (int)symbol;
    }
    return run ? bytes * (int)n : bytes;
}

int twcc_parse(struct twcc_view *view, const struct rtcp_packet *packet)
{
    if (packet->kind != RTCP_TWCC)
        return -EBADMSG;
    const uint8_t *p = packet->body, *end = p + packet->body_bytes;
    *view = (struct twcc_view){
        .sender = get_be32(p),
        .media = get_be32(p + 4),
        .base_seq = get_be16(p + 8),
        .n_status = get_be16(p + 10),
        .ref_time = get_be24(p + 12),
        .fb_count = p[15],
        .chunks = p + 16,
    };
    size_t delta_bytes = 0;
    p = view->chunks;
    for (size_t left = view->n_status; left; p += 2) {
        if (end - p < 2)
            return -EBADMSG;
        size_t n = MIN(left, chunk_symbols(get_be16(p)));
        int bytes = chunk_delta_bytes(get_be16(p), n);
        if (bytes < 0)
            return bytes;
        delta_bytes += (size_t)bytes;
        left -= n;
    }
    view->deltas = p;
    return delta_bytes <= (size_t)(end - p) ? 0 : -EBADMSG;
}

void twcc_begin(struct twcc_iter *it, const struct twcc_view *view)
{
    *it = (struct twcc_iter){
        .chunk = view->chunks,
        .delta = view->deltas,
        .arrival_us = (int64_t)view->ref_time * TWCC_REF_US,
        .seq = view->base_seq,
        .left = view->n_status,
    };
}

bool twcc_next(struct twcc_iter *it, struct twcc_status *status)
{
    if (!it->left)
        return false;
    while (it->in_chunk >= chunk_symbols(get_be16(it->chunk))) { /* a run may be of length 0 */
        it->chunk += 2;
        it->in_chunk = 0;
    }
    unsigned symbol = chunk_symbol(get_be16(it->chunk), it->in_chunk++);
    if (symbol == SMALL)
        it->arrival_us += it->delta[0] * TWCC_TICK_US;
    else if (symbol == LARGE)
        it->arrival_us += (int16_t)get_be16(it->delta) * TWCC_TICK_US;
    it->delta += symbol;
    it->left--;
    *status = (struct twcc_status){.arrival_us = it->arrival_us, .seq = it->seq++, .received = symbol != LOST};
    return true;
}

/* ---- Writer ---- */

/* A cursor over the arrival times. Deltas are between whole ticks, so that rounding never adds up. */
struct walk {
    const uint64_t *arrival_us;
    size_t at, end;
    int64_t tick; /* of the last received one; at first the reference time */
};

/* Symbol of the next packet, its delta in *delta; RESERVED: the delta does not fit 16 bits. */
static unsigned step(struct walk *w, int64_t *delta)
{
    uint64_t arrival_us = w->arrival_us[w->at++];
    *delta = 0;
    if (arrival_us == TWCC_MISSING)
        return LOST;
    int64_t tick = (int64_t)(arrival_us / TWCC_TICK_US);
    *delta = tick - w->tick;
    w->tick = tick;
    if (*delta < INT16_MIN || *delta > INT16_MAX)
        return RESERVED;
    return *delta >= 0 && *delta <= UINT8_MAX ? SMALL : LARGE;
}

/* The chunk that takes most of the symbols ahead; *taken: how many. Among equals the run, then one bit each. */
static uint16_t next_chunk(struct walk w, size_t *taken)
{
    unsigned symbols[ONE_BIT_MAX] = {0}, chunk = CHUNK_ONE_BIT;
    size_t n = 0, run = 1, small = 0;
    int64_t delta;
    while (n < ONE_BIT_MAX && w.at < w.end)
        symbols[n++] = step(&w, &delta);
    while (run < n && symbols[run] == symbols[0])
        run++;
    while (small < n && symbols[small] != LARGE)
        small++;
    if (run == ONE_BIT_MAX)
        while (run < RUN_MAX && w.at < w.end && step(&w, &delta) == symbols[0])
            run++;
    size_t one_bit = small == n ? n : 0; /* a vector cannot stop short but at the end of all */
    size_t two_bit = MIN(n, TWO_BIT_MAX);
    *taken = MAX(run, MAX(one_bit, two_bit));
    if (*taken == run)
        return (uint16_t)(symbols[0] << 13 | run);
    if (*taken == one_bit) {
        for (size_t i = 0; i < one_bit; i++)
            chunk |= symbols[i] << (ONE_BIT_MAX - 1 - i);
        return (uint16_t)chunk;
    }
    chunk = CHUNK_TWO_BIT;
    for (size_t i = 0; i < two_bit; i++)
        chunk |= symbols[i] << (2 * (TWO_BIT_MAX - 1 - i));
    return (uint16_t)chunk;
}

/* How many statuses one packet of this size can take. The last chunk may be cut anywhere: what is left of it is one
 * chunk still, and none before it changes but by taking in all that is left. */
static size_t fitting(struct walk w, size_t size, bool *any_received)
{
    size_t used = FIXED_BYTES, n = 0, taken;
    *any_received = false;
    while (w.at < w.end) {
        next_chunk(w, &taken);
        used += 2;
        while (taken--) {
            int64_t delta;
            unsigned symbol = step(&w, &delta);
            used += symbol;
            if (symbol == RESERVED || ((used + 3) & ~(size_t)3) > size)
                return n;
            *any_received |= symbol != LOST;
            n = w.at;
        }
    }
    return n;
}

static void skip(struct walk *w, size_t n)
{
    int64_t delta;
    while (n--)
        step(w, &delta);
}

static uint8_t *put_chunks(uint8_t *p, struct walk w)
{
    size_t taken;
    for (; w.at < w.end; p += 2, skip(&w, taken))
        put_be16(p, next_chunk(w, &taken));
    return p;
}

static uint8_t *put_deltas(uint8_t *p, struct walk w)
{
    int64_t delta;
    while (w.at < w.end) {
        unsigned symbol = step(&w, &delta);
        if (symbol == SMALL)
            p[0] = (uint8_t)delta;
        else if (symbol == LARGE)
            put_be16(p, (uint16_t)delta);
        p += symbol;
    }
    return p;
}

int twcc_write(uint8_t *out, size_t size, const struct twcc_head *head, const uint64_t *arrival_us, size_t n,
               size_t *n_done)
{
    size_t first = 0;
    *n_done = 0;
    n = MIN(n, TWCC_STATUS_MAX);
    while (first < n && arrival_us[first] == TWCC_MISSING)
        first++;
    if (first == n)
        return -ENODATA;
    uint64_t ref = arrival_us[first] / TWCC_REF_US;
    struct walk w = {.arrival_us = arrival_us, .end = n, .tick = (int64_t)(ref * TICKS_PER_REF)};
    bool any_received;
    w.end = fitting(w, size, &any_received);
    if (!any_received)
        return -ENOSPC;

    uint8_t *p = put_deltas(put_chunks(out + FIXED_BYTES, w), w);
    while ((p - out) % 4)
        *p++ = 0;
    out[0] = 0x80 | 15;
    out[1] = RTCP_TYPE_RTPFB;
    put_be16(out + 2, (uint16_t)((p - out) / 4 - 1));
    put_be32(out + 4, head->sender);
    put_be32(out + 8, head->media);
    put_be16(out + 12, head->base_seq);
    put_be16(out + 14, (uint16_t)w.end);
    put_be24(out + 16, (uint32_t)ref & 0xffffff);
    out[19] = head->fb_count;
    *n_done = w.end;
    return (int)(p - out);
}
