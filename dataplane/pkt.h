/* SPDX-License-Identifier: MIT */
/* A packet in a worker: what each stage learned of an mbuf, kept in the mbuf's private area, so that no stage parses
 * twice. Mbufs are single-segment; every pool of the dataplane is made by pkt_pool_create. */
#ifndef ROOMLINE_DATAPLANE_PKT_H
#define ROOMLINE_DATAPLANE_PKT_H

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>
#include <stdint.h>

#include "dataplane/drop.h"

struct rte_mempool;
struct session;
struct stream;

#define PKT_BURST    64 /* packets of one rx burst and of one crypto burst, at most */
#define PKT_HEADROOM RTE_PKTMBUF_HEADROOM
#define PKT_DATAROOM 2048
#define PKT_L4_MAX   62 /* Ethernet 14, IPv6 40, UDP 8 */

/* What a mailbox delivers this mbuf as. A mail is an mbuf: a packet, or a small command in its private area. */
enum mail {
    MAIL_NONE,
    MAIL_STRAY,    /* rx packet of a session that the receiver owns: goes through the pipeline from classify on */
    MAIL_FRAME,    /* worker -> worker with a tx queue: finished frame for pkt.port_id */
    MAIL_STUN,     /* ctl -> owner: tuple is entered (pkt.error 0) or refused, answer the Binding request in it */
    MAIL_DTLS,     /* ctl -> owner: DTLS datagram (bare UDP payload) to send over pkt.tuple */
    MAIL_TUPLE,    /* worker -> ctl: authenticated Binding from a new address pair; ctl enters it, returns MAIL_STUN */
    MAIL_PUNT,     /* worker -> ctl: DTLS datagram for the controlplane */
    MAIL_ATTACH,   /* ctl -> owner: take the new session, stream or subscription: pkt.object, pkt.noun, struct
                      mail_attach in the data */
    MAIL_KEYS,     /* ctl -> owner: pkt.session gets its SRTP contexts, struct mail_keys in the data */
    MAIL_DETACH,   /* ctl -> owner: forget the object; answered by the same mbuf as MAIL_DETACHED */
    MAIL_DETACHED, /* owner -> ctl: no pointer to the object is left in the worker; free it after the grace period */
    MAIL_RELEASE,  /* ctl -> owner: give pkt.session and all behind it in session.move_next to worker pkt.worker */
    MAIL_ADOPT,    /* old owner -> new owner: the token; state is yours from here */
    MAIL_ADOPTED,  /* new owner -> ctl */
    MAIL_KEYFRAME, /* ctl -> owner: ask the publisher of the stream (pkt.object) for a key frame */
    MAIL_TAP,      /* ctl -> owner: copy what comes of the stream (pkt.object) for the recorder */
    MAIL_UNTAP,    /* ctl -> owner: no more */
    MAIL_OUTGROWN, /* owner -> ctl: the fan pkt.object is empty, free it */
    MAIL_EVENT,    /* worker -> ctl: struct mail_event in the data */
};

enum noun { NOUN_SESSION, NOUN_STREAM, NOUN_SUBSCRIPTION };

struct pkt {
    struct session *session; /* classify */
    struct stream *stream;   /* receive: the RTP stream it belongs to */
    void *object;            /* mails about an object */
    int64_t rx_us;           /* arrival, monotonic */
    uint64_t rx_tsc;         /* the same by the time stamp counter; of what goes on: of the packet it was made from */
    int64_t index;           /* receive: SRTP packet index, ROC << 16 | SEQ (RFC 3711 3.3.1), of the primary SSRC */
    uint16_t l4_off;         /* parse: UDP header from the start of data */
    uint16_t payload_off;    /* parse: UDP payload */
    uint16_t payload_len;    /* shrinks as tags and padding are taken off */
    uint16_t rtp_hdr_len;    /* receive: RTP header with CSRC and extension */
    uint16_t port_id;        /* port it came from */
    uint16_t worker;         /* mails */
    int16_t error;           /* mails: 0 or -errno */
    uint8_t tuple;           /* classify: index into session.tuples */
    uint8_t mail;            /* enum mail */
    uint8_t noun;            /* enum noun */
    uint8_t keyframe;        /* receive: payload begins a key frame */
    uint8_t traffic;         /* enum traffic, of what is sent */
};

static inline struct pkt *pkt(struct rte_mbuf *m)
{
    return rte_mbuf_to_priv(m);
}

static inline uint8_t *pkt_payload(struct rte_mbuf *m)
{
    return rte_pktmbuf_mtod_offset(m, uint8_t *, pkt(m)->payload_off);
}

/* Stages compact a burst in place. */
struct burst {
    uint32_t n;
    struct rte_mbuf *m[PKT_BURST];
};

/* NULL on error (rte_errno). cache: per-lcore cache size. */
struct rte_mempool *pkt_pool_create(const char *name, uint32_t n, uint32_t cache, int socket);

/* The same for commands: MAIL_BYTES of data instead of a packet's. */
struct rte_mempool *pkt_mail_pool_create(const char *name, uint32_t n, uint32_t cache, int socket);

#endif
