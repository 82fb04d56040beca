/* SPDX-License-Identifier: MIT */
/* worker path */
/* Ownership of a group of sessions (a publisher and all that play it) moves from worker to worker: by pointer, once.
 * The old owner stops, drains, and sends the token; from the moment it has named the new owner, everybody's packets go
 * there, and wait there until the token has come. Nothing is copied, so no index is used twice. */
#include <assert.h>
#include <string.h>

#include "dataplane/frame.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

/* Histories keep their packets; the worker's count of them moves along. */
static uint32_t history_of(const struct session *s)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < s->n_streams; i++)
        used += s->streams[i]->history.used;
    return used;
}

static uint32_t taps_of(const struct session *s)
{
    uint32_t tapped = 0;
    for (uint32_t i = 0; i < s->n_streams; i++)
        tapped += s->streams[i]->tapped;
    return tapped;
}

static void give(struct worker *w, struct session *head, uint32_t to)
{
    for (struct session *s = head; s; s = s->move_next) {
        w->history_used -= history_of(s);
        w->n_tapped -= taps_of(s);
        session_unlist(w, s);
        atomic_store_explicit(&s->owner, to, memory_order_release);
    }
}

static void take(struct worker *w, struct session *head)
{
    for (struct session *s = head; s; s = s->move_next) {
        atomic_store_explicit(&s->owner, w->index, memory_order_release);
        session_attach(w, s);
        w->history_used += history_of(s);
        w->n_tapped += taps_of(s);
    }
}

void move_release(struct worker *w, struct rte_mbuf *m)
{
    assert(!w->token); /* ctl moves one group at a time */
    egress_flush(w);   /* no job of the group is left here */
    frame_flush(w);
    give(w, pkt(m)->session, pkt(m)->worker);
    w->token = m;
    move_pass(w);
}

void move_pass(struct worker *w)
{
    if (w->token && mailbox_send(&w->peers[pkt(w->token)->worker]->mailbox, w->token, MAIL_ADOPT) == 0)
        w->token = NULL;
}

void move_adopt(struct worker *w, struct rte_mbuf *m)
{
    take(w, pkt(m)->session);
    worker_answer(w, m, MAIL_ADOPTED);
}

void move_hold(struct worker *w, struct rte_mbuf *m)
{
    if (w->n_held == WORKER_HELD_MAX)
        worker_drop(w, m, DROP_MOVING);
    else
        w->held[w->n_held++] = m;
}

/* Each held packet is classified again: its session may be here now, have gone elsewhere, or be gone. */
void move_retry(struct worker *w, int64_t now_us)
{
    uint32_t n = w->n_held;
    struct burst b;

    if (n == 0)
        return;
    struct rte_mbuf *held[WORKER_HELD_MAX];
    memcpy(held, w->held, n * sizeof(held[0]));
    w->n_held = 0; /* those that still wait are held again, in order */
    for (uint32_t at = 0; at < n; at += b.n) {
        b.n = n - at < PKT_BURST ? n - at : PKT_BURST;
        memcpy(b.m, held + at, b.n * sizeof(b.m[0]));
        uint32_t taken = b.n;
        worker_input(w, &b, now_us);
        b.n = taken;
    }
}
