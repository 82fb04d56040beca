/* SPDX-License-Identifier: MIT */
/* Replay protection (RFC 3711 3.3.2): a window of REPLAY_BITS packet indices up to the highest authenticated one. Video
 * with retransmissions arrives far out of order, hence much more than the 64 the RFC asks for. Also the packet index
 * estimate from a 16-bit sequence number (RFC 3711 3.3.1, appendix A). Pure, header only. */
#ifndef ROOMLINE_DATAPLANE_REPLAY_H
#define ROOMLINE_DATAPLANE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define REPLAY_BITS 1024

struct replay {
    int64_t highest;                 /* highest authenticated packet index, ROC << 16 | SEQ; -1: nothing yet */
    uint64_t bits[REPLAY_BITS / 64]; /* ring: bit of index i at i % REPLAY_BITS */
};

static inline void replay_init(struct replay *r)
{
    r->highest = -1;
    memset(r->bits, 0, sizeof(r->bits));
}

/* The index with this sequence number that is nearest to highest, never negative. Nothing yet (highest < 0): ROC 0. */
static inline int64_t replay_estimate(int64_t highest, uint16_t seq)
{
    if (highest < 0)
        return seq;
    int64_t index = highest + (int16_t)(uint16_t)(seq - (uint16_t)highest);
    return index < 0 ? index + 0x10000 : index;
}

static inline bool replay_seen(const struct replay *r, int64_t index)
{
    uint64_t bit = (uint64_t)index % REPLAY_BITS;
    return r->bits[bit / 64] >> (bit % 64) & 1;
}

/* May a packet with this index be taken? false: it was here already, or it is older than the window. */
static inline bool replay_check(const struct replay *r, int64_t index)
{
    if (index > r->highest)
        return true;
    return index > r->highest - REPLAY_BITS && !replay_seen(r, index);
}

/* Soon this index will be taken. */
static inline void replay_prefetch(const struct replay *r, int64_t index)
{
    __builtin_prefetch(&r->bits[(uint64_t)index % REPLAY_BITS / 64], 1);
}

/* Takes an authenticated index in. false: replay_check forbids it. */
static inline bool replay_take(struct replay *r, int64_t index)
{
    if (!replay_check(r, index))
        return false;
    if (index > r->highest + REPLAY_BITS)
        memset(r->bits, 0, sizeof(r->bits));
    else
        for (int64_t i = r->highest + 1; i < index; i++)
            r->bits[(uint64_t)i % REPLAY_BITS / 64] &= ~(UINT64_C(1) << ((uint64_t)i % 64));
    r->bits[(uint64_t)index % REPLAY_BITS / 64] |= UINT64_C(1) << ((uint64_t)index % 64);
    if (index > r->highest)
        r->highest = index;
    return true;
}

#endif
