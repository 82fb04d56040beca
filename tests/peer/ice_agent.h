/* SPDX-License-Identifier: MIT */
/* The controlling ICE agent of one component towards one candidate of a lite peer (RFC 8445), and its consent checks
 * (RFC 7675). Knows no sockets. */
#ifndef ROOMLINE_TESTS_PEER_ICE_AGENT_H
#define ROOMLINE_TESTS_PEER_ICE_AGENT_H

#include "common/stun.h"
#include "tests/peer/rng.h"

#define ICE_AGENT_TIDS 8 /* checks that may still be answered */

struct ice_agent {
    struct rng rng;
    struct stun_key key, own_key; /* by their password, by ours */
    char username[STUN_USERNAME_MAX];
    uint64_t tie_breaker;
    uint8_t tids[ICE_AGENT_TIDS][STUN_TID_BYTES];
    uint64_t sent, answered, refused;
    int64_t due_us; /* next check; LOOP_NEVER: none */
    int64_t answered_us;
    struct dp_addr mapped; /* where the peer sees us */
};

void ice_agent_init(struct ice_agent *a, const char *remote_ufrag, const char *remote_pwd, const char *local_ufrag,
                    const char *local_pwd, uint64_t seed, int64_t now_us);
void ice_agent_finish(struct ice_agent *a);

/* A check, due or not; nominates from the second on. Bytes. */
int ice_agent_write_check(struct ice_agent *a, uint8_t *out, size_t size, int64_t now_us);

/* true: an authentic success response to one of our checks. */
bool ice_agent_on_answer(struct ice_agent *a, const uint8_t *bytes, size_t len, int64_t now_us);

/* Some lite peers check all the same. The answer to such a check from there: bytes, or 0: not authentic. */
int ice_agent_write_answer(const struct ice_agent *a, const uint8_t *check, size_t len, const struct dp_addr *from,
                           uint8_t *out, size_t size);

#endif
