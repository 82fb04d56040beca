/* SPDX-License-Identifier: MIT */
/* The last clear packets of an RTP stream, by reference, for retransmission: a ring by packet index, capped in age, in
 * packets and in its share of the pool; the oldest goes first. */
#ifndef ROOMLINE_DATAPLANE_HISTORY_H
#define ROOMLINE_DATAPLANE_HISTORY_H

#include <stdint.h>

#include "dataplane/pkt.h"

struct worker;

struct history {
    struct rte_mbuf **slots; /* size entries, a power of two; NULL: stream without retransmission. ctl allocates */
    uint32_t size;
    uint32_t used;
    int64_t oldest; /* index of the oldest entry */
};

#endif
