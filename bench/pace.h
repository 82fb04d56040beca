/* SPDX-License-Identifier: MIT */
/* When is whose turn? Members that share an interval take turns at even distances, so the whole schedule is a start, a
 * step and a count: no heap, no drift. Pure, header only. */
#ifndef ROOMLINE_BENCH_PACE_H
#define ROOMLINE_BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    int64_t start_ns;
    double step_ns;     /* between turns of neighbours */
    uint32_t n_members; /* 0: nobody's turn ever comes */
    uint64_t turns;     /* taken */
};

static inline void pace_init(struct pace *p, uint32_t n_members, double interval_ns, int64_t now_ns)
{
    *p = (struct pace){
        .start_ns = now_ns, .step_ns = n_members ? interval_ns / n_members : interval_ns, .n_members = n_members};
}

static inline int64_t pace_due_ns(const struct pace *p)
{
    return p->n_members ? p->start_ns + (int64_t)((double)p->turns * p->step_ns) : INT64_MAX;
}

/* Takes a turn if one is due. */
static inline bool pace_take(struct pace *p, int64_t now_ns, uint32_t *member)
{
    if (now_ns < pace_due_ns(p))
        return false;
    *member = (uint32_t)(p->turns++ % p->n_members);
    return true;
}

#endif
