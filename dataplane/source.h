/* SPDX-License-Identifier: MIT */
/* A source: one SSRC as it is received, primary or RTX. Which stream of a session an SSRC belongs to, what is known of
 * its packet index, and the statistics for receiver reports. Owner worker. */
#ifndef ROOMLINE_DATAPLANE_SOURCE_H
#define ROOMLINE_DATAPLANE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rtcp.h"
#include "common/rtp.h"
#include "dataplane/replay.h"

struct session;
struct stream;

/* Receive state of one SSRC (RFC 3550 A.1, A.3, A.8; RFC 3711 3.3.1). */
struct rx_source {
    uint32_t ssrc;      /* 0: not latched yet */
    uint32_t jitter_q4; /* RTP units, 28.4 fixed */
    uint32_t transit;
    int64_t base;            /* lowest index that came; valid once replay.highest >= 0 */
    int64_t last_us;         /* last authenticated packet */
    int64_t passed;          /* index of the newest packet that was shed, never decrypted: a guess */
    uint64_t packets, bytes; /* bytes: whole clear packets */
    struct replay replay;    /* with the highest authenticated packet index */
    int64_t expected_prior;  /* at the last receiver report */
    uint64_t received_prior;
    uint64_t sr_ntp; /* last sender report: NTP time, its RTP time, when it came; sr_us 0: none yet */
    uint32_t sr_rtp;
    int64_t sr_us;
};

void source_init(struct rx_source *src, uint32_t ssrc);

/* Whose packet is it? By SSRC; one that is not known goes to a source without one that fits by payload type and mid
 * (RFC 8843 9.2), which keeps it only when the packet proves authentic (source_take). p: the packet that v was parsed
 * from. NULL: nobody's. */
struct rx_source *source_find(const struct session *s, const struct rtp_view *v, const uint8_t *p, struct stream **st);
bool source_takes_pt(const struct rx_source *src, const struct stream *st, uint8_t pt);

/* Before the first packet, and after a silence, a wrap may have passed unseen (RFC 3711 3.3.1 leaves such a stream dead
 * for ever): the index may be one ROC higher than the obvious one. */
bool source_in_doubt(const struct rx_source *src, int64_t now_us);

/* A packet was shed. Its number is kept in mind, or a stream that is shed for long would have lost count of the wraps
 * when it comes back. It is not authentic, so it is one of the guesses for the next index, and nothing more. */
void source_pass(struct rx_source *src, uint16_t seq);

/* The guesses for the index of a packet when in doubt, the most likely first. */
#define SOURCE_GUESSES 3
uint32_t source_guess(const struct rx_source *src, uint16_t seq, int64_t guesses[SOURCE_GUESSES]);

/* An authentic packet that was not here before. */
void source_take(struct rx_source *src, uint32_t ssrc, int64_t index, uint16_t bytes, int64_t rx_us);
/* A packet of the source that came back over RTX: it is expected, but was not received (RFC 4588 8.2). */
void source_restored(struct rx_source *src, int64_t index);
/* Interarrival jitter (RFC 3550 A.8), after source_take. */
void source_jitter(struct rx_source *src, uint32_t ts, uint32_t clock_hz, int64_t rx_us);

int64_t source_expected(const struct rx_source *src); /* packets; 0 before the first */

/* The block of a receiver report (RFC 3550 6.4.1, A.3); starts the next interval. */
struct rtcp_report source_report(struct rx_source *src, int64_t now_us);

#endif
