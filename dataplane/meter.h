/* SPDX-License-Identifier: MIT */
/* Where a worker's time goes, and what its packets wait: always on. A stage that has something to do says so by
 * meter_enter; what it costs is two reads of the time stamp counter a burst, not a packet. Written by the worker, read
 * relaxed by ctl. */
#ifndef ROOMLINE_DATAPLANE_METER_H
#define ROOMLINE_DATAPLANE_METER_H

#include <rte_common.h>
#include <rte_cycles.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/hist.h"

/* In the order of a turn. POLL is the loop itself and its looks at ports and mailbox that bring nothing; PROTECT and TX
 * are entered from FORWARD and others whenever a batch is full. */
#define STAGE_LIST(X)                                                        \
    X(POLL, "looking for work")                                              \
    X(RX, "receiving: the port's driver")                                    \
    X(PARSE, "headers of the frame")                                         \
    X(CLASSIFY, "address pair to session; STUN, DTLS, strays")               \
    X(RECEIVE, "source, index, replay; RTCP, RTX")                           \
    X(UNPROTECT, "SRTP decryption")                                          \
    X(TAP, "copies for the recorder")                                        \
    X(FORWARD, "a header per subscriber")                                    \
    X(MAIL, "mails of ctl and of other workers")                             \
    X(TICK, "timers of sessions: reports, NACK, consent, expiry of history") \
    X(PROTECT, "SRTP encryption")                                            \
    X(FRAME, "lengths, checksums")                                           \
    X(TX, "sending: the port's driver")

enum stage {
#define X(id, text) STAGE_##id,
    STAGE_LIST(X)
#undef X
        STAGE_COUNT
};

/* What latencies are told apart by. */
enum traffic {
    TRAFFIC_OTHER, /* STUN, DTLS, ARP, reports of our own: not measured */
    TRAFFIC_AUDIO,
    TRAFFIC_VIDEO,
    TRAFFIC_RTCP, /* relayed: sender reports */
    TRAFFIC_COUNT
};

#define METER_BURSTS 8 /* bin i: bursts of 2^(i-1)+1 to 2^i packets; 0: of one */

/* All counters. */
struct meter {
    uint64_t cycles[STAGE_COUNT];
    uint64_t asleep;               /* cycles */
    uint64_t bursts[METER_BURSTS]; /* received, by their size */
    struct hist turns;             /* that had something to do: how long a packet may have waited to be looked at */
    struct hist latency[TRAFFIC_COUNT]; /* from the end of the burst that brought a packet to the start of the one that
                                         sends it on, each subscriber's copy */
    uint64_t ns_q22;                    /* ns per cycle << 22 */
    uint64_t mark;                      /* since when it is in stage */
    uint64_t stage;                     /* enum stage */
};

const char *stage_name(enum stage stage); /* "POLL" */
const char *stage_text(enum stage stage);
const char *traffic_name(enum traffic traffic); /* "audio" */

void meter_init(struct meter *m);

static inline uint64_t meter_ns(const struct meter *m, uint64_t cycles)
{
    return cycles >> 42 ? UINT64_MAX : cycles * m->ns_q22 >> 22;
}

/* What passed since the last call is booked on the stage that was; returns that, for whoever goes back. */
static inline enum stage meter_enter(struct meter *m, enum stage stage)
{
    uint64_t now = rte_rdtsc();
    enum stage was = (enum stage)m->stage;

    m->cycles[was] += now - m->mark;
    m->mark = now;
    m->stage = stage;
    return was;
}

/* A look at a port that began at this time has brought n packets; one that brings none stays with POLL. */
static inline void meter_received(struct meter *m, uint32_t n, uint64_t began)
{
    m->cycles[m->stage] += began - m->mark;
    m->mark = began;
    m->stage = STAGE_RX;
    m->bursts[RTE_MIN(n > 1 ? 32 - (uint32_t)__builtin_clz(n - 1) : 0u, METER_BURSTS - 1u)]++;
}

/* The end of a turn. */
static inline void meter_turned(struct meter *m, uint64_t began, bool busy)
{
    if (m->stage == STAGE_POLL)
        return;
    meter_enter(m, STAGE_POLL);
    if (busy)
        hist_add(&m->turns, meter_ns(m, m->mark - began));
}

/* The thread has slept since the last call of meter_enter. */
static inline void meter_slept(struct meter *m)
{
    uint64_t now = rte_rdtsc();

    m->asleep += now - m->mark;
    m->mark = now;
}

#endif
