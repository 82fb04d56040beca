/* SPDX-License-Identifier: MIT */
/* timers: a binary heap of intrusive one-shot timers. */
#include "controlplane/timers.h"

#include <stdlib.h>

void timers_finish(struct timers *ts)
{
    free(ts->heap);
    *ts = (struct timers){0};
}

static void place(struct timers *ts, size_t slot, struct timer *t)
{
    ts->heap[slot - 1] = t;
    t->slot = slot;
}

static void sift_up(struct timers *ts, struct timer *t)
{
    size_t slot = t->slot;
    for (; slot > 1 && ts->heap[slot / 2 - 1]->due_us > t->due_us; slot /= 2)
        place(ts, slot, ts->heap[slot / 2 - 1]);
    place(ts, slot, t);
}

static void sift_down(struct timers *ts, struct timer *t)
{
    size_t slot = t->slot;
    for (size_t child; (child = slot * 2) <= ts->n; slot = child) {
        if (child < ts->n && ts->heap[child]->due_us < ts->heap[child - 1]->due_us)
            child++;
        if (ts->heap[child - 1]->due_us >= t->due_us)
            break;
        place(ts, slot, ts->heap[child - 1]);
    }
    place(ts, slot, t);
}

void timers_cancel(struct timers *ts, struct timer *t)
{
    if (!t->slot)
        return;
    struct timer *last = ts->heap[--ts->n];
    if (last != t) {
        place(ts, t->slot, last);
        sift_up(ts, last);
        sift_down(ts, last);
    }
    t->slot = 0;
}

void timers_set(struct timers *ts, struct timer *t, int64_t due_us, void (*fire)(struct timer *t))
{
    timers_cancel(ts, t);
    if (ts->n == ts->capacity) {
        ts->capacity = ts->capacity ? ts->capacity * 2 : 64;
        ts->heap = realloc(ts->heap, ts->capacity * sizeof(struct timer *));
        if (!ts->heap)
            abort();
    }
    t->due_us = due_us;
    t->fire = fire;
    place(ts, ++ts->n, t);
    sift_up(ts, t);
}

void timers_run(struct timers *ts, int64_t now_us)
{
    while (ts->n && ts->heap[0]->due_us <= now_us) {
        struct timer *t = ts->heap[0];
        timers_cancel(ts, t);
        t->fire(t);
    }
}

int64_t timers_next_us(const struct timers *ts)
{
    return ts->n ? ts->heap[0]->due_us : INT64_MAX;
}
