/* SPDX-License-Identifier: MIT */
/* Gaps in a published stream, to be asked for again by generic NACK (RFC 4585 6.2.1): which packet indices are missing,
 * when each was last asked for and how often. Bounded; a packet that stays lost ends as a key frame request. Pure;
 * zeroed = nothing is missing. */
#ifndef ROOMLINE_DATAPLANE_NACK_H
#define ROOMLINE_DATAPLANE_NACK_H

#include <stdbool.h>
#include <stdint.h>

#define NACK_MISSING_MAX  256
#define NACK_TRIES_MAX    10
#define NACK_WAIT_US      10000 /* reordering is given this long */
#define NACK_RTT_START_US 80000
#define NACK_RTT_MIN_US   20000
#define NACK_RTT_MAX_US   400000

struct nack {
    uint32_t n;
    uint32_t rtt_us; /* smoothed: question to answer; 0: no answer yet */
    struct {
        int64_t index;
        int64_t asked_us; /* last time; since_us before the first */
        uint32_t tries;
    } missing[NACK_MISSING_MAX]; /* by index, ascending */
};

/* A packet newer than all before it came: what lies between highest and index is missing. false: too much is; the list
 * is empty again, and a key frame is the way out. */
bool nack_gap(struct nack *n, int64_t highest, int64_t index, int64_t now_us);

/* An older packet came after all. */
void nack_found(struct nack *n, int64_t index, int64_t now_us);

/* The sequence numbers to ask for now, ascending; they count as asked. *given_up: newest index of the packets that stay
 * lost; -1: none. */
uint32_t nack_due(struct nack *n, int64_t now_us, uint16_t *seqs, uint32_t max, int64_t *given_up);

#endif
