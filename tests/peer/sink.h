/* SPDX-License-Identifier: MIT */
/* What a subscriber sees of one RTP stream: every packet verified (payload, header, continuity), loss counted and asked
 * for again (RFC 4585), reports written (RFC 3550 6.4.2). Packets come in the clear. Knows neither sockets nor keys. */
#ifndef ROOMLINE_TESTS_PEER_SINK_H
#define ROOMLINE_TESTS_PEER_SINK_H

#include "common/rtcp.h"
#include "common/rtp.h"
#include "tests/peer/payload.h"

#define SINK_WINDOW       512 /* sequence numbers that are told apart as new, late or repeated */
#define SINK_LATENCY_BINS 24  /* bin i: below 2^i us; the last one: everything else */

struct sink_conf {
    enum codec codec;
    uint32_t ssrc, rtx_ssrc; /* as signalled; 0: taken from the first packet of pt */
    uint8_t pt, rtx_pt;
    uint8_t ext[RTP_EXT_COUNT];
    uint32_t clock_hz;
    uint32_t own_ssrc; /* ours in RTCP */
    bool nack, pli;    /* agreed */
};

struct sink_stats {
    uint64_t received;   /* packets of this stream, RTX too */
    uint64_t unique;     /* verified, each once */
    uint64_t bytes;      /* their payload */
    uint64_t duplicates; /* came again */
    uint64_t late;       /* came behind a younger one, RTX apart */
    uint64_t repaired;   /* came by RTX only */
    uint64_t corrupt;    /* the payload is not what was sent */
    uint64_t wrong_head; /* marker, extension or payload type is not what was sent */
    uint64_t rebased;    /* the distance to the sender's sequence number or timestamp changed */
    uint64_t resourced;  /* the sender changed */
    uint64_t keys;       /* first packets of key frames */
    uint64_t early;      /* video before the first key frame */
    uint64_t nacks, plis;
    uint64_t srs;
    int64_t gap_us;         /* the longest time between two packets */
    int64_t latency_max_us; /* of packets that were not repaired */
    uint32_t latency[SINK_LATENCY_BINS];
};

struct sink_slot {
    uint32_t seq; /* low bits of the extended one */
    uint16_t asked_ms;
    uint8_t tries;
    bool here;
};

struct sink {
    struct sink_conf conf;
    struct sink_stats stats;
    bool started, has_key;
    uint32_t source;              /* of the first payload */
    uint64_t first_seq, last_seq; /* of the sender, unique packets */
    int64_t first_rtp, highest;   /* extended RTP sequence numbers */
    int64_t seq_shift;            /* RTP minus the sender's */
    uint32_t ts_shift;
    int64_t last_us, last_pli_us;
    uint32_t missing; /* in the window, may still be repaired */
    uint32_t lsr, jitter_q4;
    int64_t sr_us, transit;
    uint64_t sr_ntp;
    uint32_t sr_ts;
    struct rtp_unwrap unwrap;
    int64_t sync_us; /* time of capture by the relay's sender reports minus that by the payload: equal for all streams
                        of one publisher if they play in sync. Valid when stats.srs > 0 */
    struct sink_slot window[SINK_WINDOW];
};

void sink_init(struct sink *s, const struct sink_conf *conf);

/* false: not of this stream. */
bool sink_on_rtp(struct sink *s, const uint8_t *packet, size_t len, int64_t now_us);
void sink_on_sr(struct sink *s, const struct rtcp_sr *sr, int64_t now_us);

/* A NACK or PLI if one is due: bytes, 0, or -ENOSPC. Call again after sink_feedback_us. */
int sink_write_feedback(struct sink *s, uint8_t *out, size_t size, int64_t now_us);
int64_t sink_feedback_us(const struct sink *s, int64_t now_us); /* LOOP_NEVER: nothing is missing */

/* One receiver report; bytes, 0 before the first packet, or -ENOSPC. */
int sink_write_rr(struct sink *s, uint8_t *out, size_t size, int64_t now_us);

/* Packets of the sender between the first one seen and end_seq (source.seq) that never came. */
uint64_t sink_lost(const struct sink *s, uint64_t end_seq);

/* Upper edge of the bin that holds this share (0..100) of latencies. */
int64_t sink_latency_us(const struct sink *s, unsigned percent);

#endif
