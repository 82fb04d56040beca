/* SPDX-License-Identifier: MIT */
/* Checks, their pace and their answers. */
#include "tests/peer/ice_agent.h"

#include <stdio.h>
#include <string.h>

#define PACE_US    50000
#define CONSENT_US 2500000 /* below the 5 s of RFC 7675 5.1, as browsers do */
#define PRIORITY   0x6e7f1eff

void ice_agent_init(struct ice_agent *a, const char *remote_ufrag, const char *remote_pwd, const char *local_ufrag,
                    const char *local_pwd, uint64_t seed, int64_t now_us)
{
    *a = (struct ice_agent){.rng.state = seed, .due_us = now_us};
    a->tie_breaker = rng_next(&a->rng);
    stun_key_init(&a->key, remote_pwd, strlen(remote_pwd));
    stun_key_init(&a->own_key, local_pwd, strlen(local_pwd));
    snprintf(a->username, sizeof(a->username), "%s:%s", remote_ufrag, local_ufrag);
}

void ice_agent_finish(struct ice_agent *a)
{
    stun_key_finish(&a->key);
    stun_key_finish(&a->own_key);
}

int ice_agent_write_check(struct ice_agent *a, uint8_t *out, size_t size, int64_t now_us)
{
    struct stun_request request = {
        .username = a->username,
        .priority = PRIORITY,
        .role = STUN_ROLE_CONTROLLING,
        .tie_breaker = a->tie_breaker,
        .use_candidate = a->sent > 0,
    };
    for (size_t i = 0; i < STUN_TID_BYTES; i += 4)
        put_be32(request.tid + i, (uint32_t)rng_next(&a->rng));
    memcpy(a->tids[a->sent++ % ICE_AGENT_TIDS], request.tid, STUN_TID_BYTES);
    int64_t consent_us = CONSENT_US * 4 / 5 + (int64_t)(rng_next(&a->rng) % (CONSENT_US * 2 / 5));
    a->due_us = now_us + (a->answered ? consent_us : PACE_US);
    return stun_write_request(out, size, &request, &a->key);
}

static bool is_ours(const struct ice_agent *a, const uint8_t *tid)
{
    for (size_t i = 0; i < ICE_AGENT_TIDS && i < a->sent; i++)
        if (memcmp(a->tids[i], tid, STUN_TID_BYTES) == 0)
            return true;
    return false;
}

bool ice_agent_on_answer(struct ice_agent *a, const uint8_t *bytes, size_t len, int64_t now_us)
{
    struct stun_view v;
    if (stun_parse(&v, bytes, len) || !stun_check_fingerprint(&v) || !is_ours(a, v.tid))
        return false;
    if (v.type == STUN_BINDING_ERROR)
        a->refused++;
    if (v.type != STUN_BINDING_SUCCESS || !stun_check_integrity(&v, &a->key) || !v.has_mapped)
        return false;
    a->answered++;
    a->answered_us = now_us;
    a->mapped = v.mapped;
    return true;
}

int ice_agent_write_answer(const struct ice_agent *a, const uint8_t *check, size_t len, const struct dp_addr *from,
                           uint8_t *out, size_t size)
{
    struct stun_view v;
    if (stun_parse(&v, check, len) || v.type != STUN_BINDING_REQUEST || !stun_check_integrity(&v, &a->own_key))
        return 0;
    int n = stun_write_success(out, size, v.tid, from, &a->own_key);
    return MAX(n, 0);
}
