/* SPDX-License-Identifier: MIT */
/* A session: one ICE-lite transport (RFC 8445 2.5), its DTLS-made SRTP keys, the RTP streams it publishes and the
 * subscriptions it plays.
 *
 * Who owns what: ctl owns existence (allocation, the look-up tables, the grace period before a free). Everything inside
 * belongs to the owner worker from MAIL_ATTACH to MAIL_DETACHED; only fields marked ctl or atomic are touched by
 * others. Ownership moves by pointer (MAIL_RELEASE, MAIL_ADOPT), never by copy. */
#ifndef ROOMLINE_DATAPLANE_SESSION_H
#define ROOMLINE_DATAPLANE_SESSION_H

#include <rte_prefetch.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/dp_proto.h"
#include "common/stun.h"
#include "dataplane/estimate.h"
#include "dataplane/pkt.h"
#include "dataplane/srtp.h"

struct arrivals;
struct fan;
struct stream;
struct subscription;
struct worker;

#define SESSION_TUPLES_MAX 8
#define TUPLE_NONE         0xff

/* A full address pair, family-neutral: the key of the tuple table. IPv4 as ::ffff:a.b.c.d. Padding is zero. */
struct tuple_key {
    _Alignas(8) uint8_t remote_ip[16];
    uint8_t local_ip[16];
    uint16_t remote_port; /* network order */
    uint16_t local_port;
    uint16_t port_id;
    uint16_t pad;
};

/* What stands before every payload to one address: Ethernet, IP and UDP; lengths and checksums are filled in later. */
struct head {
    uint16_t port_id;
    uint8_t len;
    _Alignas(2) uint8_t bytes[PKT_L4_MAX];
};

/* One way back to the peer: what came, turned round. Owner worker. */
struct tuple {
    bool used;      /* the slot is taken */
    bool entered;   /* ctl has put it into the table: packets may be sent over it */
    bool nominated; /* USE-CANDIDATE was seen */
    struct head head;
    struct tuple_key key;
    int64_t checked_us; /* last authenticated Binding request */
};

/* All that a packet on its way out touches of its session, in two cache lines: copies of what stands below, made by
 * session_route. Owner worker. */
struct path {
    _Alignas(RTE_CACHE_LINE_SIZE) struct srtp_ctx *srtp; /* NULL: nothing may be sent, the rest is void */
    uint64_t tx_packets, tx_bytes;                       /* RTP with headers; anyone reads relaxed */
    uint16_t overhead;                                   /* bytes that SRTP adds */
    struct head head;
};

struct ice {
    uint8_t send;       /* index of the tuple that media is sent to; TUPLE_NONE: none yet */
    uint8_t dtls;       /* tuple of the last DTLS record; TUPLE_NONE */
    bool consent;       /* RFC 7675: may we send */
    int64_t consent_us; /* last authenticated Binding over any tuple */
    int64_t window_us;  /* rate limit of new tuples */
    uint32_t new_in_window;
    struct tuple tuples[SESSION_TUPLES_MAX];
    char local_ufrag[DP_UFRAG_BYTES];
    char remote_ufrag[DP_REMOTE_UFRAG];
    struct stun_key key; /* of local_pwd: verifies requests, signs responses (RFC 8445 7.3) */
};

/* When each kind of RTCP was last sent to a publisher. */
struct report {
    int64_t rr_due_us; /* next receiver report; 0: not planned yet */
    int64_t twcc_us;   /* last of each of these */
    int64_t remb_us;
    uint32_t remb_kbps;
    struct estimate estimate;
};

/* Token bucket over the retransmissions of one session: a peer that asks for everything again gets no more. */
struct resend_budget {
    int64_t filled_us;
    uint32_t tokens;
};

struct session {
    struct path path;       /* the way out */
    uint64_t id;            /* from here to ice.tuples: the way in */
    _Atomic uint32_t owner; /* worker index; written by the old owner when it gives the session away */
    bool attached;          /* the owner has taken it (false while it is in a mailbox); owner */
    bool media_seen;
    uint32_t n_streams;
    struct srtp_ctx *srtp_rx, *srtp_tx; /* NULL until keys; owner uses, ctl frees */
    struct arrivals *arrivals;     /* for transport-wide feedback to a publisher; NULL when not agreed. ctl allocates */
    uint64_t rx_packets, rx_bytes; /* RTP with headers; owner writes, anyone reads relaxed */
    struct stream *streams[DP_STREAMS_MAX]; /* published here; owner */
    LIST_HEAD(, subscription) subs;         /* played here; owner */
    struct ice ice;
    uint32_t event_bits;       /* enum dp_session_bit not mailed yet; owner */
    uint32_t worker_slot;      /* index in the owner's list of sessions; owner */
    struct session *move_next; /* the group that moves together; ctl links it before MAIL_RELEASE */
    int64_t dtls_window_us;    /* rate limit of punted DTLS; owner */
    uint32_t dtls_in_window;
    uint32_t srtcp_index;        /* last one used of rtcp_ssrc, 31 bits; owner */
    uint32_t rtcp_ssrc;          /* sender SSRC of our RTCP to a publisher */
    uint32_t remb_kbps;          /* what the subscriber says it can receive; 0: nothing said; owner */
    struct report report;        /* timers and estimate of what we tell a publisher; owner */
    struct resend_budget resend; /* retransmissions to a subscriber; owner */
    _Alignas(RTE_CACHE_LINE_SIZE) _Atomic bool event_flying; /* a MAIL_EVENT is under way; ctl clears it */
    _Atomic bool alive;                                      /* copy of ice.consent for ctl */
};

/* What is to be done for a session when nothing comes: events and consent, and what its publisher must hear. */
enum timer { TIMER_SESSION, TIMER_REPORT, TIMER_COUNT };

/* Its place in the owner's list. Side by side in memory, so that sessions for which nothing is due are not touched. */
struct seat {
    struct session *session;
    int64_t due_us[TIMER_COUNT]; /* not before; 0: as soon as it has its turn */
};

/* In the data of mails. */
struct mail_attach {
    struct arrivals *arrivals; /* for the stream's session, which has none yet; NULL: nothing to bring */
    struct fan *fan;           /* in place of the stream's, which has no room for one more; NULL: it has */
};

struct mail_keys {
    struct srtp_ctx *rx, *tx;
};

struct mail_event {
    uint32_t bits; /* enum dp_session_bit */
    struct dp_addr remote;
};

#define MAIL_BYTES 64 /* data room of a command */

/* Tuple of the packet's addresses. The packet has been parsed. */
void tuple_key_of(struct rte_mbuf *m, struct tuple_key *key);
/* Fills a tuple with the way back to where the packet came from. */
void tuple_fill(struct tuple *t, struct rte_mbuf *m, const struct tuple_key *key);

/* A packet of this session has come: what will be read of it comes nearer. */
static inline void session_prefetch(const struct session *s)
{
    for (size_t at = offsetof(struct session, id); at < offsetof(struct session, ice.tuples); at += RTE_CACHE_LINE_SIZE)
        rte_prefetch0((const char *)s + at);
}

static inline const struct tuple *session_send_tuple(const struct session *s)
{
    return s->ice.send == TUPLE_NONE || !s->ice.consent ? NULL : &s->ice.tuples[s->ice.send];
}

/* Owner worker, after any change of ice.send, ice.consent or srtp_tx. What waits for the path to open is asked for. */
void session_route(struct worker *w, struct session *s, int64_t now_us);

/* Owner worker: notes bits and mails them to ctl, at once or (coalesced) from session_tick. Never lost. */
void session_event(struct worker *w, struct session *s, uint32_t bits);
void session_tick(struct worker *w, struct session *s);

/* Owner worker: something is due at the next look. */
void session_due(struct worker *w, const struct session *s, enum timer timer);

/* Is the session attached to this worker? If not, the packet is gone: handed over to the owner, held until the session
 * arrives, or dropped. */
bool session_claim(struct worker *w, struct session *s, struct rte_mbuf *m);

/* Owner worker, for mailbox_drain and move.c: into and out of the worker's list. */
void session_attach(struct worker *w, struct session *s);
void session_detach(struct worker *w, struct session *s);                /* with what it publishes and plays */
void session_keys(struct worker *w, struct rte_mbuf *m, int64_t now_us); /* MAIL_KEYS */
void session_unlist(struct worker *w, struct session *s);
void session_stream_add(struct worker *w, struct session *s, struct stream *st);
void session_stream_del(struct worker *w, struct session *s, struct stream *st);

/* For assert: only the owner touches the inside of an attached session. */
bool session_is_mine(const struct worker *w, const struct session *s);

#endif
