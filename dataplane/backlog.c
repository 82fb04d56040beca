/* SPDX-License-Identifier: MIT */
/* worker path */
/* A ring of frames in front of a port's. */
#include "dataplane/backlog.h"

#include "common/util.h"
#include "dataplane/worker.h"

#define POOL_SHARE    2 /* one mbuf in two of the pool may wait: the rest is under way, or being made */
#define RESERVE_SHARE 8 /* one place in eight is not for video */

void backlog_add(struct worker *w, struct backlog *b, struct rte_mbuf *m)
{
    uint32_t most = MIN(BACKLOG_FRAMES, w->tx_pool->size / POOL_SHARE);

    if (pkt(m)->traffic == TRAFFIC_VIDEO)
        most -= most / RESERVE_SHARE;
    if (b->n >= most)
        worker_drop(w, m, DROP_TX_FULL);
    else
        b->m[(b->first + b->n++) % BACKLOG_FRAMES] = m;
}

uint32_t backlog_peek(struct backlog *b, struct rte_mbuf ***m, uint32_t n)
{
    *m = &b->m[b->first];
    return MIN(n, MIN(b->n, BACKLOG_FRAMES - b->first));
}

void backlog_sent(struct backlog *b, uint32_t k)
{
    b->first = (b->first + k) % BACKLOG_FRAMES;
    b->n -= k;
}

void backlog_finish(struct backlog *b)
{
    struct rte_mbuf **m;

    for (uint32_t n; (n = backlog_peek(b, &m, BACKLOG_FRAMES)) > 0; backlog_sent(b, n))
        rte_pktmbuf_free_bulk(m, n);
}
