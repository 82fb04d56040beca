/* SPDX-License-Identifier: MIT */
/* Replay protection (RFC 3711 3.3.2): a window of REPLAY_BITS packet indices below the highest authenticated one. Video
 * with retransmissions arrives far out of order, hence much more than the 64 the RFC asks for. Also the packet index
 * estimate from a 16-bit sequence number (RFC 3711 3.3.1, appendix A). Pure, header only. */
#ifndef ROOMLINE_DATAPLANE_REPLAY_H
#define ROOMLINE_DATAPLANE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_BITS 1024

struct replay {
    int64_t highest;                 /* -1: nothing yet */
    uint64_t bits[REPLAY_BITS / 64]; /* ring: bit of index i at i % REPLAY_BITS */
};

#endif
