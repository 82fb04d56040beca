/* SPDX-License-Identifier: MIT */
/* worker path */
/* ICE-lite (RFC 8445 2.5, 7.3), the answering side only. Nothing is answered, remembered or sent on before
 * MESSAGE-INTEGRITY has verified. A Binding from a new address pair is answered only after ctl has entered the pair
 * into the table, so that what it provokes (a ClientHello) finds its session.
 *
 * Where media is sent: a valid Binding with a spoofed source must not redirect it. So the send address moves only to a
 * pair over which SRTP, SRTCP or DTLS was authenticated, or, when the present one has had no check for SILENT_US, to a
 * nominated pair with fresh checks. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/stun.h"
#include "dataplane/frame.h"
#include "dataplane/table.h"
#include "dataplane/worker.h"

#define SILENT_US            5000000
#define WINDOW_US            1000000
#define NEW_TUPLES_IN_WINDOW 32
#define RESPONSE_BYTES_MAX   128

/* ---- Send address ---- */

static void set_consent(struct worker *w, struct session *s, bool consent, int64_t now_us)
{
    s->ice.consent = consent;
    atomic_store_explicit(&s->alive, consent, memory_order_relaxed);
    session_route(w, s, now_us);
}

static void set_send(struct worker *w, struct session *s, uint8_t tuple, int64_t now_us)
{
    if (s->ice.send == tuple)
        return;
    s->ice.send = tuple;
    session_route(w, s, now_us);
}

void ice_on_authenticated(struct worker *w, struct session *s, uint8_t tuple, int64_t now_us)
{
    assert(session_is_mine(w, s) && tuple < SESSION_TUPLES_MAX);
    if (tuple != s->ice.send && s->ice.tuples[tuple].entered)
        set_send(w, s, tuple, now_us);
}

/* A nominated pair was just checked: is it the first, or is the present one silent? */
static void on_nominated(struct worker *w, struct session *s, uint8_t index, int64_t now_us)
{
    const struct ice *ice = &s->ice;

    if (ice->send == TUPLE_NONE || now_us - ice->tuples[ice->send].checked_us >= SILENT_US)
        set_send(w, s, index, now_us);
}

/* ---- Answers ---- */

static void respond(struct worker *w, const struct session *s, const struct tuple *t, const struct stun_view *stun)
{
    uint8_t response[RESPONSE_BYTES_MAX];
    struct dp_addr mapped = {.port = rte_be_to_cpu_16(t->key.remote_port)};

    memcpy(mapped.ip, t->key.remote_ip, sizeof(mapped.ip));
    int len = stun_write_success(response, sizeof(response), stun->tid, &mapped, &s->ice.key);
    assert(len > 0);
    frame_datagram(w, &t->head, response, (size_t)len);
    w->stats.stun_responses++;
}

/* RFC 8489 6.3.1. Over the pair it came from, whether known or not. */
static void refuse_unknown(struct worker *w, const struct session *s, struct rte_mbuf *m, const struct stun_view *stun)
{
    uint8_t response[RESPONSE_BYTES_MAX];
    struct tuple_key key;
    struct tuple t;

    tuple_key_of(m, &key);
    tuple_fill(&t, m, &key);
    int len = stun_write_error(response, sizeof(response), stun->tid, STUN_UNKNOWN_ATTRIBUTE, stun->unknown,
                               stun->n_unknown, &s->ice.key);
    assert(len > 0);
    frame_datagram(w, &t.head, response, (size_t)len);
}

static void on_check(struct worker *w, struct session *s, uint8_t index, const struct stun_view *stun, int64_t now_us)
{
    struct tuple *t = &s->ice.tuples[index];

    t->checked_us = now_us;
    t->nominated |= stun->use_candidate;
    if (t->nominated)
        on_nominated(w, s, index, now_us);
    s->ice.consent_us = now_us;
    if (!s->ice.consent) { /* for the first time, or again */
        set_consent(w, s, true, now_us);
        session_event(w, s, DP_SESSION_ICE);
    }
    respond(w, s, t, stun);
}

/* ---- Requests ---- */

/* Parsed, a Binding request with a user name; otherwise the reason. The session comes from our half of the name. */
static int read_request(struct worker *w, struct rte_mbuf *m, struct stun_view *stun, struct session **session)
{
    if (stun_parse(stun, pkt_payload(m), pkt(m)->payload_len) != 0)
        return DROP_STUN_MALFORMED;
    if (stun->type != STUN_BINDING_REQUEST)
        return DROP_STUN_NOT_REQUEST;
    if (!stun->username)
        return DROP_STUN_MALFORMED;
    if (!stun_check_fingerprint(stun))
        return DROP_STUN_INTEGRITY;
    const char *colon = memchr(stun->username, ':', stun->username_bytes);
    if (!colon)
        return DROP_STUN_MALFORMED;
    *session = tables_find_ufrag(w->tables, (const uint8_t *)stun->username, (size_t)(colon - stun->username));
    return *session ? DROP_COUNT : DROP_STUN_NO_SESSION;
}

static bool remote_ufrag_matches(const struct session *s, const struct stun_view *stun)
{
    size_t ours = strlen(s->ice.local_ufrag), theirs = strlen(s->ice.remote_ufrag);
    return stun->username_bytes == ours + 1 + theirs &&
           memcmp(stun->username + ours + 1, s->ice.remote_ufrag, theirs) == 0;
}

static uint8_t find_tuple(const struct ice *ice, const struct tuple_key *key)
{
    for (uint8_t i = 0; i < SESSION_TUPLES_MAX; i++)
        if (ice->tuples[i].used && memcmp(&ice->tuples[i].key, key, sizeof(*key)) == 0)
            return i;
    return TUPLE_NONE;
}

/* A free slot, else the least recently checked one that is neither sent to nor on its way to ctl. */
static uint8_t victim_of(const struct ice *ice)
{
    uint8_t victim = TUPLE_NONE;

    for (uint8_t i = 0; i < SESSION_TUPLES_MAX; i++) {
        const struct tuple *t = &ice->tuples[i];
        if (!t->used)
            return i;
        if (i == ice->send || !t->entered)
            continue;
        if (victim == TUPLE_NONE || t->checked_us < ice->tuples[victim].checked_us)
            victim = i;
    }
    return victim;
}

static bool over_rate(struct ice *ice, int64_t now_us)
{
    if (now_us - ice->window_us >= WINDOW_US) {
        ice->window_us = now_us;
        ice->new_in_window = 0;
    }
    return ice->new_in_window++ >= NEW_TUPLES_IN_WINDOW;
}

/* The slot is taken at once, so that the same pair asks ctl once; it is used after MAIL_STUN. */
static void enter(struct worker *w, struct session *s, struct rte_mbuf *m, const struct tuple_key *key, int64_t now_us)
{
    uint8_t index = over_rate(&s->ice, now_us) ? TUPLE_NONE : victim_of(&s->ice);

    if (index == TUPLE_NONE) {
        worker_drop(w, m, DROP_STUN_RATE);
        return;
    }
    struct tuple *t = &s->ice.tuples[index];
    struct tuple before = *t;
    *t = (struct tuple){.used = true};
    tuple_fill(t, m, key);
    pkt(m)->session = s;
    pkt(m)->tuple = index;
    if (mailbox_send(w->ctl_mailbox, m, MAIL_TUPLE) != 0) {
        *t = before;
        worker_drop(w, m, DROP_MAILBOX_FULL);
    } else if (s->ice.dtls == index) {
        s->ice.dtls = TUPLE_NONE;
    }
}

void ice_on_binding(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    struct stun_view stun;
    struct session *s;
    struct tuple_key key;

    int verdict = read_request(w, m, &stun, &s);
    if (verdict != DROP_COUNT) {
        worker_drop(w, m, (enum drop)verdict);
        return;
    }
    if (!session_claim(w, s, m))
        return;
    w->stats.stun_requests++; /* once, where it is answered: strays and held ones pass here again */
    if (!stun_check_integrity(&stun, &s->ice.key) || !remote_ufrag_matches(s, &stun)) {
        worker_drop(w, m, DROP_STUN_INTEGRITY);
        return;
    }
    if (stun.n_unknown > 0) {
        refuse_unknown(w, s, m, &stun);
        worker_drop(w, m, DROP_STUN_UNKNOWN_ATTRIBUTE);
        return;
    }
    tuple_key_of(m, &key);
    uint8_t index = find_tuple(&s->ice, &key);
    if (index == TUPLE_NONE) {
        enter(w, s, m, &key, now_us);
        return;
    }
    if (s->ice.tuples[index].entered) /* else the answer to the first one is under way; the peer sends again */
        on_check(w, s, index, &stun, now_us);
    rte_pktmbuf_free(m);
}

void ice_on_entered(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    struct session *s = pkt(m)->session;
    uint8_t index = pkt(m)->tuple;
    struct tuple *t = &s->ice.tuples[index];
    struct stun_view stun;

    assert(session_is_mine(w, s) && t->used && !t->entered);
    if (pkt(m)->error) {
        t->used = false;
        worker_drop(w, m, DROP_STUN_REFUSED);
        return;
    }
    int err = stun_parse(&stun, pkt_payload(m), pkt(m)->payload_len); /* authenticated before it went to ctl */
    assert(err == 0);
    (void)err;
    t->entered = true;
    on_check(w, s, index, &stun, now_us);
    rte_pktmbuf_free(m);
}

/* ---- Consent (RFC 7675 5.1) ---- */

void ice_tick(struct worker *w, struct session *s, int64_t now_us)
{
    if (!s->ice.consent || now_us - s->ice.consent_us < w->conf->consent_us)
        return;
    set_consent(w, s, false, now_us);
    session_event(w, s, DP_SESSION_CONSENT);
}
