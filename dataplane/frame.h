/* SPDX-License-Identifier: MIT */
/* Frames on their way out: the head in front of a payload, lengths and checksums filled in, and a
 * batch per port. The last step of everything a worker sends. */
#ifndef ROOMLINE_DATAPLANE_FRAME_H
#define ROOMLINE_DATAPLANE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/pkt.h"

struct head;
struct worker;

/* Puts the head into an empty mbuf and sets pkt.l4_off, payload_off and port_id. Returns where the UDP payload
 * goes; *room is what fits there: the MTU and the mbuf, whichever is less. */
uint8_t *frame_begin(const struct worker *w, const struct head *head, struct rte_mbuf *m, uint16_t *room);

/* The payload stands in place: completes lengths and checksums and queues the frame for its port. Takes m. */
void frame_send(struct worker *w, struct rte_mbuf *m, uint16_t payload_len);

/* Queues a whole frame (ARP, ICMP) for a port of this worker. Takes m. */
void frame_send_raw(struct worker *w, uint16_t port_id, struct rte_mbuf *m);

/* Once a turn: transmits what is queued. What a port does not take waits for the next time (backlog.h). */
void frame_flush(struct worker *w);
bool frame_waits(const struct worker *w);
void frame_finish(struct worker *w); /* frees what waits */

/* A bare UDP payload (STUN, DTLS) to where the head says, in an mbuf of tx_pool. */
void frame_datagram(struct worker *w, const struct head *head, const uint8_t *bytes, size_t len);

#endif
