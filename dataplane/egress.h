/* SPDX-License-Identifier: MIT */
/* Packets under construction: headers are written into a transmit mbuf, SRTP jobs gather here over all inputs and
 * receivers of a burst, and one flush encrypts them together, finishes the headers and hands them to their ports. */
#ifndef ROOMLINE_DATAPLANE_EGRESS_H
#define ROOMLINE_DATAPLANE_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/pkt.h"
#include "dataplane/srtp.h"

struct path;
struct worker;

#define EGRESS_MAX PKT_BURST

struct egress {
    uint32_t n;
    struct rte_mbuf *m[EGRESS_MAX]; /* from tx_pool; pkt.l4_off, payload_off and port_id are set */
    struct srtp_job job[EGRESS_MAX];
};

/* An mbuf with the path's header in place, or NULL with the reason in *why (not counted). *rtp: where the RTP header
 * goes; *room: bytes there before the tag, by MTU and mbuf. Every mbuf ends in egress_rtp or is freed. */
struct rte_mbuf *egress_begin(struct worker *w, const struct path *path, uint8_t **rtp, uint16_t *room, enum drop *why);

/* Queues an SRTP packet: a header of hdr_len stands at rtp, the payload is read from src at the flush (src must stay
 * valid until then: worker_spend), or stands behind the header already (src == NULL). */
void egress_rtp(struct worker *w, struct path *path, struct rte_mbuf *m, uint16_t hdr_len, const uint8_t *src,
                uint16_t payload_len, int64_t index);

/* Encrypts and sends one RTCP packet (compound, >= 8 bytes) now: it is rare. index: next SRTCP index of its sender
 * SSRC. A path without keys: counted drop. */
void egress_rtcp(struct worker *w, const struct path *path, const uint8_t *rtcp, size_t len, uint32_t index);

/* Encrypts what is queued and hands it to frame_send. */
void egress_flush(struct worker *w);

#endif
