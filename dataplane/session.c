/* SPDX-License-Identifier: MIT */
/* worker path */
/* What a worker does with a session as a whole: takes it, tells a packet of its own from a stray, reports its events,
 * lets it go. */
#include "dataplane/session.h"

#include <assert.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/line.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Nothing that ctl or another worker writes stands in a line that the owner writes. */
_Static_assert(LINE_BEGINS(struct session, event_flying), "ctl clears it");
_Static_assert(sizeof(struct session) % RTE_CACHE_LINE_SIZE == 0, "ctl's part of the object follows");
_Static_assert(sizeof(struct stream) % RTE_CACHE_LINE_SIZE == 0, "ctl's part of the object follows");
_Static_assert(sizeof(((struct subscription *)0)->put) >= RTE_CACHE_LINE_SIZE, "keeps ctl's part of the object apart");
_Static_assert(LINE_BEGINS(struct worker, mailbox) && LINE_BEGINS(struct worker, ctl_mailbox), "every sender reads it");

/* ---- Tuples ---- */

void tuple_key_of(struct rte_mbuf *m, struct tuple_key *key)
{
    const uint8_t *l3 = rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_HDR_LEN);
    const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, pkt(m)->l4_off);

    if (l3[0] >> 4 == 4) {
        const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)l3;
        memcpy(key->remote_ip, v4_mapped, sizeof(v4_mapped));
        memcpy(key->remote_ip + sizeof(v4_mapped), &ip->src_addr, 4);
        memcpy(key->local_ip, v4_mapped, sizeof(v4_mapped));
        memcpy(key->local_ip + sizeof(v4_mapped), &ip->dst_addr, 4);
    } else {
        const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)l3;
        memcpy(key->remote_ip, ip->src_addr, sizeof(key->remote_ip));
        memcpy(key->local_ip, ip->dst_addr, sizeof(key->local_ip));
    }
    key->remote_port = udp->src_port;
    key->local_port = udp->dst_port;
    key->port_id = pkt(m)->port_id;
    key->pad = 0;
}

static uint8_t fill_ipv4(uint8_t *l3, const struct tuple_key *key)
{
    struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;
    *ip = (struct rte_ipv4_hdr){.version_ihl = RTE_IPV4_VHL_DEF,
                                .fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG), /* hence id 0 (RFC 6864 4.1) */
                                .time_to_live = 64,
                                .next_proto_id = IPPROTO_UDP};
    memcpy(&ip->src_addr, key->local_ip + sizeof(v4_mapped), 4);
    memcpy(&ip->dst_addr, key->remote_ip + sizeof(v4_mapped), 4);
    return sizeof(*ip);
}

static uint8_t fill_ipv6(uint8_t *l3, const struct tuple_key *key)
{
    struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)l3;
    *ip = (struct rte_ipv6_hdr){.vtc_flow = RTE_BE32(6u << 28), .proto = IPPROTO_UDP, .hop_limits = 64};
    memcpy(ip->src_addr, key->local_ip, sizeof(ip->src_addr));
    memcpy(ip->dst_addr, key->remote_ip, sizeof(ip->dst_addr));
    return sizeof(*ip);
}

void tuple_fill(struct tuple *t, struct rte_mbuf *m, const struct tuple_key *key)
{
    const struct rte_ether_hdr *rx = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
    struct rte_ether_hdr *tx = (struct rte_ether_hdr *)t->head.bytes;
    bool v4 = rx->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4);
    uint8_t *l3 = t->head.bytes + sizeof(*tx);

    *tx = (struct rte_ether_hdr){.dst_addr = rx->src_addr, .src_addr = rx->dst_addr, .ether_type = rx->ether_type};
    uint8_t l3_len = v4 ? fill_ipv4(l3, key) : fill_ipv6(l3, key);
    struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(l3 + l3_len);
    *udp = (struct rte_udp_hdr){.src_port = key->local_port, .dst_port = key->remote_port};
    t->key = *key;
    t->head.port_id = key->port_id;
    t->head.len = (uint8_t)(sizeof(*tx) + l3_len + sizeof(*udp));
}

/* ---- The way out ---- */

void session_route(struct worker *w, struct session *s, int64_t now_us)
{
    const struct tuple *t = session_send_tuple(s);
    struct subscription *sub;

    s->path.srtp = t ? s->srtp_tx : NULL;
    if (!s->path.srtp)
        return;
    s->path.head = t->head;
    s->path.overhead = srtp_overhead(s->path.srtp);
    LIST_FOREACH (sub, &s->subs, of_session)
        if (!subscription_leg(sub)->running)
            stream_want_keyframe(w, sub->stream, now_us);
}

/* ---- Whose is it ---- */

bool session_is_mine(const struct worker *w, const struct session *s)
{
    return atomic_load_explicit(&s->owner, memory_order_relaxed) == w->index && s->attached;
}

bool session_claim(struct worker *w, struct session *s, struct rte_mbuf *m)
{
    uint32_t owner = atomic_load_explicit(&s->owner, memory_order_acquire);

    if (owner != w->index) {
        if (mailbox_send(&w->peers[owner]->mailbox, m, MAIL_STRAY) == 0)
            w->stats.handed_over++;
        else
            worker_drop(w, m, DROP_MAILBOX_FULL);
        return false;
    }
    if (!s->attached) {
        move_hold(w, m);
        return false;
    }
    return true;
}

/* ---- Coming and going ---- */

static void swap(struct worker *w, uint32_t a, uint32_t b)
{
    struct seat seat = w->seats[a];

    w->seats[a] = w->seats[b];
    w->seats[a].session->worker_slot = a;
    w->seats[b] = seat;
    seat.session->worker_slot = b;
}

void session_due(struct worker *w, const struct session *s, enum timer timer)
{
    assert(session_is_mine(w, s));
    w->seats[s->worker_slot].due_us[timer] = 0;
}

void session_attach(struct worker *w, struct session *s)
{
    assert(!s->attached && atomic_load(&s->owner) == w->index && w->n_sessions < w->conf->max_sessions);
    s->worker_slot = w->n_sessions++;
    w->seats[s->worker_slot] = (struct seat){.session = s};
    s->attached = true;
    if (s->n_streams > 0)
        swap(w, s->worker_slot, w->n_publishers++);
}

void session_unlist(struct worker *w, struct session *s)
{
    assert(session_is_mine(w, s));
    if (s->n_streams > 0)
        swap(w, s->worker_slot, --w->n_publishers);
    swap(w, s->worker_slot, --w->n_sessions);
    s->attached = false;
}

void session_stream_add(struct worker *w, struct session *s, struct stream *st)
{
    assert(s->n_streams < DP_STREAMS_MAX);
    s->streams[s->n_streams++] = st;
    if (s->n_streams == 1)
        swap(w, s->worker_slot, w->n_publishers++);
}

void session_stream_del(struct worker *w, struct session *s, struct stream *st)
{
    for (uint32_t i = 0; i < s->n_streams; i++) {
        if (s->streams[i] != st)
            continue;
        s->streams[i] = s->streams[--s->n_streams];
        if (s->n_streams == 0)
            swap(w, s->worker_slot, --w->n_publishers);
        return;
    }
}

void session_detach(struct worker *w, struct session *s)
{
    assert(session_is_mine(w, s));
    egress_flush(w); /* jobs may use its contexts */
    while (s->n_streams > 0)
        stream_detach(w, s->streams[s->n_streams - 1]);
    for (struct subscription *sub; (sub = LIST_FIRST(&s->subs));)
        subscription_detach(w, sub);
    session_unlist(w, s);
}

void session_keys(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    struct session *s = pkt(m)->session;
    const struct mail_keys *keys = rte_pktmbuf_mtod(m, const struct mail_keys *);

    assert(session_is_mine(w, s) && !s->srtp_rx);
    s->srtp_rx = keys->rx;
    s->srtp_tx = keys->tx;
    rte_pktmbuf_free(m);
    if (s->ice.dtls != TUPLE_NONE) /* the handshake that made the keys came over it */
        ice_on_authenticated(w, s, s->ice.dtls, now_us);
    session_route(w, s, now_us);
}

/* ---- Events ---- */

/* Where media goes or, while that is open, the pair checked last. */
static void remote_of(const struct session *s, struct dp_addr *remote)
{
    const struct tuple *t = &s->ice.tuples[0];

    for (uint32_t i = 1; i < SESSION_TUPLES_MAX; i++)
        if (s->ice.tuples[i].checked_us > t->checked_us)
            t = &s->ice.tuples[i];
    if (s->ice.send != TUPLE_NONE)
        t = &s->ice.tuples[s->ice.send];
    memcpy(remote->ip, t->key.remote_ip, sizeof(remote->ip));
    remote->port = rte_be_to_cpu_16(t->key.remote_port);
}

void session_tick(struct worker *w, struct session *s)
{
    if (s->event_bits == 0 || atomic_load_explicit(&s->event_flying, memory_order_acquire))
        return;
    struct rte_mbuf *m = mailbox_command(w->ctl_mailbox);
    if (!m)
        return;
    struct mail_event *event = rte_pktmbuf_mtod(m, struct mail_event *);
    event->bits = s->event_bits;
    remote_of(s, &event->remote);
    pkt(m)->session = s;
    atomic_store_explicit(&s->event_flying, true, memory_order_relaxed);
    if (mailbox_send(w->ctl_mailbox, m, MAIL_EVENT) == 0) {
        s->event_bits = 0;
        return;
    }
    atomic_store_explicit(&s->event_flying, false, memory_order_relaxed);
    rte_pktmbuf_free(m);
}

void session_event(struct worker *w, struct session *s, uint32_t bits)
{
    assert(session_is_mine(w, s));
    if (bits & DP_SESSION_ICE)
        s->event_bits &= ~(uint32_t)DP_SESSION_CONSENT; /* it came back: ICE alone says so */
    s->event_bits |= bits;
    session_tick(w, s);
    if (s->event_bits)
        session_due(w, s, TIMER_SESSION);
}
