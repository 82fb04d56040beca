/* SPDX-License-Identifier: MIT */
/* worker path */
/* Second stage: what protocol (RFC 7983, by the first byte) and whose session. STUN names its session by user name and
 * goes to ice.c; all else belongs to the session that holds its address pair, compared in full. */
#include "dataplane/worker.h"

#include "dataplane/table.h"

#define STUN_LAST  3
#define DTLS_FIRST 20
#define DTLS_LAST  63
#define RTP_FIRST  128 /* RTP and RTCP */
#define RTP_LAST   191

enum protocol { PROTOCOL_NONE, PROTOCOL_STUN, PROTOCOL_DTLS, PROTOCOL_RTP };

static enum protocol protocol_of(struct rte_mbuf *m)
{
    if (pkt(m)->payload_len == 0)
        return PROTOCOL_NONE;
    uint8_t first = pkt_payload(m)[0];
    if (first <= STUN_LAST)
        return PROTOCOL_STUN;
    if (first >= DTLS_FIRST && first <= DTLS_LAST)
        return PROTOCOL_DTLS;
    if (first >= RTP_FIRST && first <= RTP_LAST)
        return PROTOCOL_RTP;
    return PROTOCOL_NONE;
}

/* STUN is done with here: its session may not have this address pair yet. */
static void take_stun(struct worker *w, struct burst *b, int64_t now_us)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < b->n; i++) {
        struct rte_mbuf *m = b->m[i];
        switch (protocol_of(m)) {
        case PROTOCOL_STUN:
            ice_on_binding(w, m, now_us);
            break;
        case PROTOCOL_NONE:
            worker_drop(w, m, DROP_DEMUX);
            break;
        case PROTOCOL_DTLS:
        case PROTOCOL_RTP:
            b->m[kept++] = m;
            break;
        }
    }
    b->n = kept;
}

static void find_sessions(const struct worker *w, struct burst *b, struct session **sessions, uint8_t *indices)
{
    struct tuple_key keys[PKT_BURST];
    const struct tuple_key *key_ptrs[PKT_BURST];

    for (uint32_t i = 0; i < b->n; i++) {
        tuple_key_of(b->m[i], &keys[i]);
        key_ptrs[i] = &keys[i];
    }
    tables_find_tuples(w->tables, key_ptrs, b->n, sessions, indices);
}

void classify_burst(struct worker *w, struct burst *b, int64_t now_us)
{
    struct session *sessions[PKT_BURST];
    uint8_t indices[PKT_BURST];
    uint32_t kept = 0;

    take_stun(w, b, now_us);
    find_sessions(w, b, sessions, indices);
    for (uint32_t i = 0; i < b->n; i++)
        if (sessions[i])
            session_prefetch(sessions[i]);
    for (uint32_t i = 0; i < b->n; i++) {
        struct rte_mbuf *m = b->m[i];
        if (!sessions[i]) {
            worker_drop(w, m, DROP_NO_SESSION);
            continue;
        }
        if (!session_claim(w, sessions[i], m))
            continue;
        pkt(m)->session = sessions[i];
        pkt(m)->tuple = indices[i];
        if (protocol_of(m) == PROTOCOL_DTLS)
            punt_dtls(w, m, now_us);
        else
            b->m[kept++] = m;
    }
    b->n = kept;
}
