/* SPDX-License-Identifier: MIT */
/* What a publisher sends on one RTP stream: paced, codec-shaped packets in the clear, key frames and retransmissions on
 * request (RFC 4585, RFC 4588), sender reports. Packets are made from a few bytes of memory each, so a retransmission
 * needs no copy of the packet. Knows neither sockets nor keys. */
#ifndef ROOMLINE_TESTS_PEER_SOURCE_H
#define ROOMLINE_TESTS_PEER_SOURCE_H

#include "common/rtcp.h"
#include "tests/peer/payload.h"

#define SOURCE_HISTORY 512 /* packets that can be sent again */

struct source_conf {
    enum codec codec;
    uint32_t ssrc, rtx_ssrc;
    uint8_t pt, rtx_pt;         /* rtx_ssrc 0: no RTX, NACKs are not answered */
    uint8_t ext[RTP_EXT_COUNT]; /* ids agreed, 0: not */
    const char *mid;            /* borrowed; sent when its extension is agreed */
    uint32_t interval_us;       /* between frames */
    uint16_t frame_packets;
    uint16_t payload_bytes; /* of each packet */
    uint16_t first_seq;
    uint32_t first_ts;
    uint16_t *transport_seq; /* counter of the session (transport-wide congestion control) */
};

struct source_stats {
    uint64_t packets, bytes; /* without retransmissions; payload bytes */
    uint64_t frames, keys;
    uint64_t nacked, resent; /* sequence numbers asked for; answered */
    uint64_t key_requests;
};

struct source_slot {
    uint64_t seq;
    int64_t sent_us;
    uint32_t ts;
    uint16_t frame;
    bool first, last, key;
};

struct source {
    struct source_conf conf;
    struct source_stats stats;
    uint64_t seq; /* next */
    uint16_t rtx_seq;
    int64_t start_us, due_us; /* LOOP_NEVER: paused */
    uint32_t frame;
    uint16_t left; /* packets of this frame that are still to be sent */
    bool want_key, key;
    struct source_slot history[SOURCE_HISTORY];
};

/* Inline, for the sake of programs that hold the dataplane too: its own source_init would meet this one. */
static inline void source_init(struct source *s, const struct source_conf *conf, int64_t now_us)
{
    *s = (struct source){.conf = *conf, .seq = conf->first_seq, .start_us = now_us, .due_us = now_us, .want_key = true};
}

void source_pause(struct source *s);
void source_resume(struct source *s, int64_t now_us);

/* The next RTP packet that is due at now_us: its bytes, 0 when none is, or -ENOSPC. */
int source_write(struct source *s, uint8_t *out, size_t size, int64_t now_us);

/* The same packet again as RTX: its bytes, 0 when it is not known (any more), or -ENOSPC. */
int source_write_rtx(struct source *s, uint16_t seq, uint8_t *out, size_t size, int64_t now_us);

void source_request_key(struct source *s); /* the next frame is a key frame */
int source_write_sr(const struct source *s, uint8_t *out, size_t size,
                    int64_t now_us); /* SR only; 0: nothing sent yet */

#endif
