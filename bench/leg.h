/* SPDX-License-Identifier: MIT */
/* The accounts of one received RTP stream: which of the sender's packets came, how often, in which order and how late.
 * It works on the outer sequence number alone: a relay numbers anew, but at a fixed distance, and one opened packet
 * tells that. Only behind a jump, when a receiver could not follow the true one, may the distance be another. Pure,
 * header only. */
#ifndef ROOMLINE_BENCH_LEG_H
#define ROOMLINE_BENCH_LEG_H

#include "common/hist.h"
#include "dataplane/replay.h"

#define LEG_MISSING_MAX 256    /* packets back: those before are past help */
#define LEG_JUMP        0x1000 /* numbers passed over at once, as by a relay that begins to number anew */

struct leg_counts {
    uint64_t unique, duplicates, reordered; /* reordered: new, but behind a younger one */
};

struct leg {
    int64_t first; /* index of the packet that mapped it */
    int64_t shift; /* index as it comes minus the sender's; valid when mapped */
    uint64_t from; /* the sender's first packet that counts */
    int64_t transit_ns;
    struct leg_counts counts;
    bool mapped, moving; /* moving: transit_ns is that of the packet before */
    struct replay replay;
};

static inline void leg_init(struct leg *leg)
{
    *leg = (struct leg){0};
    replay_init(&leg->replay);
}

/* Counts from this packet of the sender on. */
static inline void leg_begin(struct leg *leg, uint64_t from)
{
    leg->from = from;
    leg->counts = (struct leg_counts){0};
    leg->moving = false;
}

static inline int64_t leg_index(const struct leg *leg, uint16_t seq)
{
    return replay_estimate(leg->replay.highest, seq);
}

static inline void leg_map(struct leg *leg, int64_t index, uint64_t sender_seq)
{
    leg->first = index;
    leg->shift = index - (int64_t)sender_seq;
    leg->mapped = true;
}

/* Does this packet come after a gap behind which the relay may number otherwise? It is to be opened. */
static inline bool leg_jumps(const struct leg *leg, int64_t index)
{
    return leg->mapped && index - leg->replay.highest >= LEG_JUMP;
}

static inline uint64_t leg_sender_seq(const struct leg *leg, int64_t index)
{
    return (uint64_t)(index - leg->shift);
}

/* A packet of a mapped leg. true: it counts, and is new. */
static inline bool leg_take(struct leg *leg, int64_t index)
{
    bool behind = index < leg->replay.highest, is_new = replay_take(&leg->replay, index);

    if ((int64_t)leg_sender_seq(leg, index) < (int64_t)leg->from)
        return false;
    leg->counts.unique += is_new;
    leg->counts.duplicates += !is_new;
    leg->counts.reordered += is_new && behind;
    return is_new;
}

/* Sequence numbers that were passed over and have not come since, the oldest first; at most n. */
static inline uint32_t leg_missing(const struct leg *leg, uint16_t *seqs, uint32_t n)
{
    int64_t index = leg->replay.highest - LEG_MISSING_MAX;
    uint32_t found = 0;

    for (index = index > leg->first ? index : leg->first; index < leg->replay.highest && found < n; index++)
        if (!replay_seen(&leg->replay, index))
            seqs[found++] = (uint16_t)index;
    return found;
}

/* How long it was under way, and how much longer or shorter than the one before (RFC 3550 6.4.1: D). */
static inline void leg_time(struct leg *leg, int64_t transit_ns, struct hist *latency, struct hist *jitter)
{
    int64_t change = transit_ns - leg->transit_ns;

    hist_add(latency, (uint64_t)(transit_ns > 0 ? transit_ns : 0));
    if (leg->moving)
        hist_add(jitter, (uint64_t)(change < 0 ? -change : change));
    leg->transit_ns = transit_ns;
    leg->moving = true;
}

#endif
