/* SPDX-License-Identifier: MIT */
/* worker path */
/* Clear packets kept by reference for retransmission. */
#include "dataplane/history.h"

#include <assert.h>
#include <errno.h>
#include <rte_common.h>
#include <stdlib.h>

#include "dataplane/line.h"
#include "dataplane/worker.h"

int history_init(struct history *h, uint32_t size)
{
    *h = (struct history){.size = size ? rte_align32pow2(size) : 0};
    if (size == 0)
        return 0;
    h->slots = line_alloc(h->size * sizeof(*h->slots));
    return h->slots ? 0 : -ENOMEM;
}

void history_finish(struct history *h)
{
    assert(h->used == 0);
    free(h->slots);
    h->slots = NULL;
}

static struct history_slot *slot(const struct history *h, int64_t index)
{
    return &h->slots[(uint64_t)index & (h->size - 1)];
}

static uint32_t ms(int64_t us)
{
    return (uint32_t)(us / 1000);
}

struct rte_mbuf *history_find(const struct history *h, int64_t index)
{
    if (h->used == 0 || index < h->oldest || index > h->highest)
        return NULL;
    const struct history_slot *s = slot(h, index);
    return s->m && s->index == (uint32_t)index ? s->m : NULL;
}

/* h->used > 0: moves oldest up to an entry. */
static struct history_slot *oldest(struct history *h)
{
    while (!history_find(h, h->oldest))
        h->oldest++;
    return slot(h, h->oldest);
}

static void evict_oldest(struct worker *w, struct history *h)
{
    struct history_slot *s = oldest(h);
    struct rte_mbuf *m = s->m;

    s->m = NULL;
    h->oldest++;
    h->used--;
    w->history_used--;
    worker_spend(w, m);
}

/* Makes room for a packet index. false: it is too old to be kept, or the pool's share is used up by other streams. */
static bool make_room(struct worker *w, struct history *h, int64_t index)
{
    while (h->used && h->oldest <= index - (int64_t)h->size)
        evict_oldest(w, h);
    while (h->used && w->history_used >= w->conf->history_mbufs)
        evict_oldest(w, h);
    if (w->history_used >= w->conf->history_mbufs || (h->used && index <= h->highest - (int64_t)h->size))
        return false;
    return !slot(h, index)->m;
}

void history_add(struct worker *w, struct history *h, struct rte_mbuf *m)
{
    int64_t index = pkt(m)->index;

    if (!h->slots || !make_room(w, h, index)) {
        worker_spend(w, m);
        return;
    }
    if (h->used == 0)
        h->oldest = h->highest = index;
    h->oldest = RTE_MIN(h->oldest, index);
    h->highest = RTE_MAX(h->highest, index);
    *slot(h, index) = (struct history_slot){.m = m, .index = (uint32_t)index, .rx_ms = ms(pkt(m)->rx_us)};
    h->used++;
    w->history_used++;
}

void history_prefetch(const struct history *h, int64_t index)
{
    if (!h->slots)
        return;
    rte_prefetch0(slot(h, index));
    rte_prefetch0(slot(h, h->oldest));
}

void history_prefetch_oldest(const struct history *h)
{
    if (h->used > 0)
        rte_prefetch0(slot(h, h->oldest)->m);
}

void history_expire(struct worker *w, struct history *h, int64_t before_us)
{
    while (h->used && (int32_t)(oldest(h)->rx_ms - ms(before_us)) < 0)
        evict_oldest(w, h);
}

void history_clear(struct worker *w, struct history *h)
{
    while (h->used)
        evict_oldest(w, h);
}
