/* SPDX-License-Identifier: MIT */
/* A worker: one thread, one core, a list of (port, queue), the sessions it owns. worker.c reads as the life of a
 * packet. A worker never allocates, logs, locks, calls the kernel (its ports' I/O and the sleep apart) or waits. Time
 * comes in. */
#ifndef ROOMLINE_DATAPLANE_WORKER_H
#define ROOMLINE_DATAPLANE_WORKER_H

#include <rte_mempool.h>
#include <rte_ring.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/tap_ring.h"
#include "dataplane/backlog.h"
#include "dataplane/drop.h"
#include "dataplane/egress.h"
#include "dataplane/mailbox.h"
#include "dataplane/meter.h"
#include "dataplane/pkt.h"
#include "dataplane/port.h"
#include "dataplane/session.h"
#include "dataplane/shed.h"

#define WORKER_PORTS_MAX PORTS_MAX
#define WORKER_SPENT_MAX 1024
#define WORKER_HELD_MAX  512

struct rtcp_sr;
struct tables;

/* Settings every worker reads and nobody writes after start. */
struct dataplane_conf {
    int64_t consent_us; /* RFC 7675: 30 s */
    int64_t history_age_us;
    uint32_t history_packets; /* per RTP stream, a power of two */
    uint32_t history_mbufs;   /* per worker, of its rx pool: the rest is for receiving */
    uint32_t mtu;             /* largest IP packet sent */
    uint32_t max_sessions;
    uint32_t burst;      /* packets asked of a port at a time, and encrypted at a time; 0: PKT_BURST, the most */
    uint16_t media_port; /* of worker 0; worker i has media_port + i */
    uint16_t n_workers;
    uint16_t n_addresses; /* ours on link_layer ports: IPv4 as ::ffff:a.b.c.d */
    const uint8_t (*addresses)[16];
};

struct worker_stats { /* written by the worker, read relaxed by ctl */
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
    uint64_t stun_requests, stun_responses, dtls_punted, dtls_sent;
    uint64_t rtp_received, rtcp_received, rtp_forwarded, rtcp_sent;
    uint64_t retransmitted, nacks_sent, nacks_received, plis_sent, plis_received;
    uint64_t handed_over, strays;
    uint64_t loops, busy_loops, sleeps;
    uint64_t drops[DROP_COUNT];
};

struct worker {
    uint32_t index;
    uint32_t n_ports;
    struct {
        struct port *port; /* port.id is its place in this array, in every worker */
        uint16_t queue;
        uint16_t n_tx; /* finished frames, see frame.h */
        struct rte_mbuf *tx[PKT_BURST];
        struct backlog backlog; /* those that the port did not take */
    } ports[WORKER_PORTS_MAX];
    const struct dataplane_conf *conf;
    const struct tables *tables; /* ctl writes, lock-free reads under RCU */
    struct rte_rcu_qsbr *rcu;    /* NULL in tests without ctl */
    struct rte_mempool *tx_pool; /* mbufs for what we send */
    /* Ours: any thread sends, we drain. In a line of its own, since every sender reads it. */
    _Alignas(RTE_CACHE_LINE_SIZE) struct mailbox mailbox;
    _Alignas(RTE_CACHE_LINE_SIZE) struct mailbox *ctl_mailbox; /* to ctl */
    struct rte_mbuf *token;                                    /* of a group we gave away, not sent yet */
    struct rte_mbuf *unsent_head, *unsent_tail; /* answers to ctl that found its mailbox full, linked by mbuf.next */
    struct worker *const *peers;                /* all workers, by index: their mailboxes */
    struct seat *seats; /* owned sessions, n_sessions of conf->max_sessions; first the n_publishers that publish */
    uint32_t n_sessions, n_publishers;
    uint32_t seat_at[TIMER_COUNT]; /* housekeeping goes round in slices */
    int64_t tick_us;
    struct srtp_engine *srtp;                 /* of all its bursts */
    struct egress egress;                     /* packets under construction for this burst */
    struct rte_mbuf *spent[WORKER_SPENT_MAX]; /* clear packets still read by egress jobs; freed after the flush */
    uint32_t n_spent;
    struct rte_mbuf *held[WORKER_HELD_MAX]; /* packets of sessions that are on their way to us */
    uint32_t n_held;
    uint32_t history_used; /* packets held by the histories of owned streams */
    uint64_t random;       /* state of worker_random */
    uint64_t cause_tsc;    /* arrival of the RTCP packet that is being answered; 0: none */
    struct shed shed;
    uint32_t n_tapped;     /* owned streams that are copied for the recorder */
    struct tap_writer tap; /* where to */
    struct worker_stats stats;
    struct meter meter;
};

/* Drops a packet with its reason. */
static inline void worker_drop(struct worker *w, struct rte_mbuf *m, enum drop why)
{
    w->stats.drops[why]++;
    rte_pktmbuf_free(m);
}

/* Frees a clear packet once the egress jobs that may read it are flushed. */
void worker_spend(struct worker *w, struct rte_mbuf *m);

uint32_t worker_random(struct worker *w); /* not for keys */

static inline uint32_t worker_burst(const struct worker *w)
{
    return w->conf->burst ? w->conf->burst : PKT_BURST;
}

/* Is it one of our addresses on link_layer ports? IPv4 as ::ffff:a.b.c.d. */
bool worker_owns(const struct worker *w, const uint8_t ip[16]);

/* One turn: every port once, the mailbox, housekeeping, flush. Returns the packets and mails handled (0: idle). */
uint32_t worker_turn(struct worker *w, int64_t now_us);

/* The pipeline behind parse: for what comes from a port, a peer's mailbox or the held packets. Takes all. */
void worker_input(struct worker *w, struct burst *b, int64_t now_us);

/* A mail to ctl that must not be lost. */
void worker_answer(struct worker *w, struct rte_mbuf *m, enum mail mail);

/* The stages, in order, each in the file of its name. */
void parse_burst(struct worker *w, struct burst *b, const struct port *port, int64_t now_us);
void neigh_input(struct worker *w, struct rte_mbuf *m, const struct port *port); /* ARP, ND, ICMP echo */
void classify_burst(struct worker *w, struct burst *b, int64_t now_us); /* leaves SRTP and SRTCP of own sessions */
void ice_on_binding(struct worker *w, struct rte_mbuf *m, int64_t now_us);
void ice_on_entered(struct worker *w, struct rte_mbuf *m, int64_t now_us); /* MAIL_STUN */
void ice_on_authenticated(struct worker *w, struct session *s, uint8_t tuple, int64_t now_us);
void ice_tick(struct worker *w, struct session *s, int64_t now_us); /* consent */
void punt_dtls(struct worker *w, struct rte_mbuf *m, int64_t now_us);
void punt_answer(struct worker *w, struct rte_mbuf *m); /* MAIL_DTLS */
void move_release(struct worker *w, struct rte_mbuf *m);
void move_pass(struct worker *w); /* the token that the new owner's mailbox had no room for; never taken back */
void move_adopt(struct worker *w, struct rte_mbuf *m);
void move_hold(struct worker *w, struct rte_mbuf *m); /* until its session arrives */
void move_retry(struct worker *w, int64_t now_us);    /* the held packets, once a turn */
void receive_burst(struct worker *w, struct burst *b,
                   int64_t now_us); /* unprotect; leaves clear RTP, RTCP to feedback */
void feedback_rtcp(struct worker *w, struct rte_mbuf *m, size_t len, int64_t now_us); /* len: in the clear */
void tap_burst(struct worker *w, const struct burst *b); /* copies of what receive left, for the recorder */
void forward_burst(struct worker *w, struct burst *b, int64_t now_us); /* takes every packet */
/* RR, NACK, PLI, twcc, REMB, expiry of history. Returns when it is due again. */
int64_t report_tick(struct worker *w, struct session *s, int64_t now_us);

/* Objects, owner worker (called by mailbox_drain; defined where their nouns live: receive.c, forward.c). A stream
 * enters and leaves session.streams, a subscription the lists of its stream and session. A stream is detached after its
 * subscriptions. */
void stream_attach(struct worker *w, struct stream *st, int64_t now_us);
void stream_detach(struct worker *w, struct stream *st);
void subscription_attach(struct worker *w, struct subscription *sub, int64_t now_us);
void subscription_detach(struct worker *w, struct subscription *sub);
void tap_attach(struct worker *w, struct stream *st, int64_t now_us); /* tap.c: its copies begin */
void tap_detach(struct worker *w, struct stream *st);
void tap_sr(struct worker *w, const struct stream *st, const struct rtcp_sr *sr, int64_t rx_us);
void stream_want_keyframe(struct worker *w, struct stream *st, int64_t now_us); /* merged and throttled */

#endif
