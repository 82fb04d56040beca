/* SPDX-License-Identifier: MIT */
/* Replay windows of received SRTCP (RFC 3711 3.3.2), one per sender SSRC, in bounded memory: a peer that holds the keys
 * can use them up, but only for itself. Pure, header only. */
#ifndef ROOMLINE_DATAPLANE_SRTCP_REPLAY_H
#define ROOMLINE_DATAPLANE_SRTCP_REPLAY_H

#include <errno.h>
#include <stdint.h>

#define SRTCP_SENDERS_MAX 32
#define SRTCP_REPLAY_BITS 64

struct srtcp_replay { /* zeroed: nothing yet */
    uint32_t n;
    struct {
        uint32_t ssrc, highest; /* authenticated index, 31 bits */
        uint64_t seen;          /* bit i: highest - i */
    } sender[SRTCP_SENDERS_MAX];
};

static inline uint32_t srtcp_replay_find(const struct srtcp_replay *r, uint32_t ssrc)
{
    uint32_t i = 0;

    while (i < r->n && r->sender[i].ssrc != ssrc)
        i++;
    return i;
}

/* May it be taken? 0, -EALREADY, or -EINVAL: one sender too many. */
static inline int16_t srtcp_replay_check(const struct srtcp_replay *r, uint32_t ssrc, uint32_t index)
{
    uint32_t i = srtcp_replay_find(r, ssrc);

    if (i == SRTCP_SENDERS_MAX)
        return -EINVAL;
    if (i == r->n || index > r->sender[i].highest)
        return 0;
    uint32_t back = r->sender[i].highest - index;
    return back >= SRTCP_REPLAY_BITS || r->sender[i].seen >> back & 1 ? -EALREADY : 0;
}

/* Takes an authentic index in; the same errors. */
static inline int16_t srtcp_replay_take(struct srtcp_replay *r, uint32_t ssrc, uint32_t index)
{
    int16_t error = srtcp_replay_check(r, ssrc, index);
    uint32_t i = srtcp_replay_find(r, ssrc);

    if (error)
        return error;
    if (i == r->n) {
        r->sender[i].ssrc = ssrc;
        r->sender[i].highest = index;
        r->sender[i].seen = 1;
        r->n++;
    } else if (index > r->sender[i].highest) {
        uint32_t step = index - r->sender[i].highest;
        r->sender[i].seen = (step < SRTCP_REPLAY_BITS ? r->sender[i].seen << step : 0) | 1;
        r->sender[i].highest = index;
    } else {
        r->sender[i].seen |= UINT64_C(1) << (r->sender[i].highest - index);
    }
    return 0;
}

#endif
