/* SPDX-License-Identifier: MIT */
/* Gaps in a published stream, to be asked for again by generic NACK (RFC 4585 6.2.1): which packet indices are missing,
 * when each was last asked for and how often. Bounded; a packet that stays lost ends as a key frame request. Pure. */
#ifndef ROOMLINE_DATAPLANE_NACK_H
#define ROOMLINE_DATAPLANE_NACK_H

#include <stdint.h>

#define NACK_MISSING_MAX 128

struct nack {
    uint32_t n;
    struct {
        int64_t index;
        int64_t asked_us; /* 0: never */
        int64_t since_us;
        uint8_t tries;
    } missing[NACK_MISSING_MAX]; /* by index, ascending */
};

#endif
