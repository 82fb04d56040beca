/* SPDX-License-Identifier: MIT */
/* The last clear packets of an RTP stream, by reference, for retransmission: a ring by packet index, capped in age, in
 * packets and in its share of the pool; the oldest goes first. An evicted packet goes through worker_spend, so that
 * jobs under construction may still read it. */
#ifndef ROOMLINE_DATAPLANE_HISTORY_H
#define ROOMLINE_DATAPLANE_HISTORY_H

#include <stdint.h>

#include "dataplane/pkt.h"

struct worker;

struct history_slot {
    struct rte_mbuf *m; /* NULL: free */
    uint32_t index;     /* low bits of its index and arrival, so that nobody need look at a packet to let go of it */
    uint32_t rx_ms;
};

struct history {
    struct history_slot *slots; /* size entries, a power of two; NULL: stream without retransmission */
    uint32_t size;
    uint32_t used;
    int64_t oldest;  /* no entry is older */
    int64_t highest; /* newest entry */
};

/* ctl. size: rounded up to a power of two; 0: keeps nothing. 0 or -ENOMEM. */
int history_init(struct history *h, uint32_t size);
void history_finish(struct history *h); /* empty: the owner has cleared it, or the stream was never attached */

/* Owner. Takes the mbuf in every case; pkt.index and pkt.rx_us are set. */
void history_add(struct worker *w, struct history *h, struct rte_mbuf *m);
/* NULL: not here. The mbuf stays the history's. */
struct rte_mbuf *history_find(const struct history *h, int64_t index);
/* Soon a packet will be added: its place comes nearer; later still, the packet that will have to go for it. */
void history_prefetch(const struct history *h, int64_t index);
void history_prefetch_oldest(const struct history *h);
/* Evicts what came before a time. */
void history_expire(struct worker *w, struct history *h, int64_t before_us);
void history_clear(struct worker *w, struct history *h);

#endif
