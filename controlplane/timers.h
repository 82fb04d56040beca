/* SPDX-License-Identifier: MIT */
/* One-shot timers in a binary heap. Pure: the owner says what time it is and when to look, so that tests run on virtual
 * time. A timer lives inside the object it belongs to, which cancels it before it goes. Running out of memory ends the
 * process, as everywhere in the controlplane. */
#ifndef ROOMLINE_CONTROLPLANE_TIMERS_H
#define ROOMLINE_CONTROLPLANE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer { /* zeroed: not set */
    int64_t due_us;
    size_t slot; /* 1-based place in the heap; 0: not set */
    void (*fire)(struct timer *t);
};

struct timers { /* zeroed: empty */
    struct timer **heap;
    size_t n, capacity;
};

void timers_finish(struct timers *ts);

/* (Re)arms t to fire once, at due_us or soon after. */
void timers_set(struct timers *ts, struct timer *t, int64_t due_us, void (*fire)(struct timer *t));
void timers_cancel(struct timers *ts, struct timer *t); /* one that is not set: nothing happens */

/* Fires what is due, earliest first. A timer may set or cancel any timer, and free what holds it. */
void timers_run(struct timers *ts, int64_t now_us);

int64_t timers_next_us(const struct timers *ts); /* when the next one is due; INT64_MAX: none is set */

#endif
