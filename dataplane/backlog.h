/* SPDX-License-Identifier: MIT */
/* Frames that a port has not taken yet. A fan-out of thousands comes out of a worker at once, ten times as fast as a
 * line takes it and more than its ring holds: they wait here, in order, until the ring has room again. Bounded by the
 * worker's pool; when it fills, video is dropped and a reserve is left for the rest. Owner worker. */
#ifndef ROOMLINE_DATAPLANE_BACKLOG_H
#define ROOMLINE_DATAPLANE_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

#define BACKLOG_FRAMES 4096

struct rte_mbuf;
struct worker;

struct backlog {
    uint32_t first, n;
    struct rte_mbuf *m[BACKLOG_FRAMES]; /* ring */
};

/* Takes the frame: it waits, or is dropped (TX_FULL). */
void backlog_add(struct worker *w, struct backlog *b, struct rte_mbuf *m);

/* The oldest that stand side by side, at most n of them; how many. The caller has sent k of these, in any order: the
 * others stand behind them. */
uint32_t backlog_peek(struct backlog *b, struct rte_mbuf ***m, uint32_t n);
void backlog_sent(struct backlog *b, uint32_t k);

void backlog_finish(struct backlog *b); /* frees what waits */

#endif
