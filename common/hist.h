/* SPDX-License-Identifier: MIT */
/* A histogram of times, in the manner of HDR histograms: HIST_SUBS bins to each doubling, so that a bin is at most
 * 1/HIST_SUBS of its value wide (6 %), from HIST_MIN_NS up to 17 s. Adding is a shift and an increment, and packets
 * that leave together share a bin and its cache line. One writer; readers copy. Pure, header only. */
#ifndef ROOMLINE_COMMON_HIST_H
#define ROOMLINE_COMMON_HIST_H

#include <stdint.h>

#define HIST_SUBS_LOG2 4
#define HIST_SUBS      (1 << HIST_SUBS_LOG2)
#define HIST_MIN_LOG2  8 /* below 256 ns everything is one bin */
#define HIST_MIN_NS    (UINT64_C(1) << HIST_MIN_LOG2)
#define HIST_MAX_LOG2  34
#define HIST_BINS      ((HIST_MAX_LOG2 - HIST_MIN_LOG2) * HIST_SUBS + 1)

struct hist { /* all counters, for those who copy them one by one */
    uint64_t count;
    uint64_t max_ns;
    uint64_t bins[HIST_BINS];
};

static inline uint32_t hist_bin(uint64_t ns)
{
    if (ns < HIST_MIN_NS)
        return 0;
    if (ns >> HIST_MAX_LOG2)
        return HIST_BINS - 1;
    uint32_t log2 = 63 - (uint32_t)__builtin_clzll(ns);
    uint32_t sub = (uint32_t)(ns >> (log2 - HIST_SUBS_LOG2)) & (HIST_SUBS - 1);
    return 1 + (log2 - HIST_MIN_LOG2) * HIST_SUBS + sub;
}

/* The first value above a bin. */
static inline uint64_t hist_bin_end(uint32_t bin)
{
    uint32_t log2 = HIST_MIN_LOG2 + (bin - 1) / HIST_SUBS;
    return bin == 0 ? HIST_MIN_NS : (uint64_t)(HIST_SUBS + (bin - 1) % HIST_SUBS + 1) << (log2 - HIST_SUBS_LOG2);
}

static inline void hist_add_n(struct hist *h, uint64_t ns, uint64_t n)
{
    h->count += n;
    h->bins[hist_bin(ns)] += n;
    if (ns > h->max_ns)
        h->max_ns = ns;
}

static inline void hist_add(struct hist *h, uint64_t ns)
{
    hist_add_n(h, ns, 1);
}

static inline void hist_merge(struct hist *to, const struct hist *from)
{
    to->count += from->count;
    to->max_ns = from->max_ns > to->max_ns ? from->max_ns : to->max_ns;
    for (uint32_t i = 0; i < HIST_BINS; i++)
        to->bins[i] += from->bins[i];
}

/* No more than this, ns, in so many of a million cases; the maximum where the bin is wider than that. Empty: 0. */
static inline uint64_t hist_quantile(const struct hist *h, uint32_t ppm)
{
    uint64_t below = 0, wanted = (h->count * ppm + 999999) / 1000000;

    if (h->count == 0)
        return 0;
    for (uint32_t i = 0; i < HIST_BINS; i++) {
        below += h->bins[i];
        if (below >= wanted && below > 0)
            return hist_bin_end(i) < h->max_ns ? hist_bin_end(i) : h->max_ns;
    }
    return h->max_ns;
}

#endif
