/* SPDX-License-Identifier: MIT */
/* Retransmission to a subscriber: over RTX (RFC 4588) where it was agreed, else byte-identical on the original SSRC.
 * Not more often than once a round trip per packet, and within the session's budget. */
#ifndef ROOMLINE_DATAPLANE_RESEND_H
#define ROOMLINE_DATAPLANE_RESEND_H

#include <stdbool.h>
#include <stdint.h>

struct subscription;
struct worker;

/* seq: as the subscriber knows it. false: not in the history, too soon, or no budget left. */
bool resend_packet(struct worker *w, struct subscription *sub, uint16_t seq, int64_t now_us);

#endif
