/* SPDX-License-Identifier: MIT */
/* An RTP stream (RFC 7656: one SSRC, and the RTX SSRC that repairs it) as a session publishes it, and a subscription:
 * that stream as one session plays it. Both belong to the publisher's owner worker; hot fields stand first. */
#ifndef ROOMLINE_DATAPLANE_STREAM_H
#define ROOMLINE_DATAPLANE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dp_proto.h"
#include "dataplane/fan.h"
#include "dataplane/history.h"
#include "dataplane/nack.h"
#include "dataplane/pkt.h"
#include "dataplane/session.h"
#include "dataplane/source.h"

struct stream {
    _Alignas(RTE_CACHE_LINE_SIZE) struct session *session; /* publisher */
    struct fan *fan; /* who plays it; NULL: nobody ever did. ctl makes it, the owner gives an outgrown one back */
    struct history history; /* clear packets for retransmission */
    enum codec codec;
    enum media_kind kind;
    uint32_t clock_hz;
    uint8_t shed_rank;    /* see shed.h */
    bool shed;            /* its last packet was */
    bool keyframe_wanted; /* a request is outstanding */
    bool tapped;          /* what comes is copied for the recorder */
    uint32_t keyframe_ts; /* of the newest key frame: its timestamp and first packet that came */
    int64_t keyframe_index;
    uint64_t keyframes;
    uint64_t id;
    struct dp_rtp rtp;             /* as negotiated with the publisher; the SSRCs in force are those of the sources */
    struct rx_source primary, rtx; /* ssrc 0: latched from the first authenticated packet that fits */
    uint8_t ext_of[256];           /* id -> enum rtp_ext of what is forwarded, else REWRITE_EXT_NONE */
    int64_t sr_relayed_us;         /* last sender report passed on; 0: none yet */
    int64_t keyframe_asked_us;     /* throttle */
    uint32_t keyframe_tries;       /* since it was wanted */
    uint8_t fir_seq;
    struct dp_stream_put put; /* as installed; ctl */
    struct nack nack;         /* gaps to ask the publisher for */
};

/* A packet of this stream has come: what will be read of it comes nearer. */
static inline void stream_prefetch(const struct stream *st)
{
    for (size_t at = 0; at < offsetof(struct stream, primary.replay.bits); at += RTE_CACHE_LINE_SIZE)
        rte_prefetch0((const char *)st + at);
    rte_prefetch0(&st->nack);
}

#define RESENT_SLOTS 64

/* That stream as one session plays it; the hot part is its leg in stream.fan. rtp never changes after the attach. */
struct subscription {
    uint64_t id;
    struct session *session; /* subscriber */
    struct stream *stream;
    bool attached;
    uint32_t place;    /* of its leg, while attached */
    struct dp_rtp rtp; /* PT, SSRC, RTX, extension ids at the subscriber; SSRCs are unique for the session's life */
    LIST_ENTRY(subscription) of_session; /* session.subs */
    int64_t rtx_index;                   /* last index of the RTX SSRC; 0: none yet */
    uint32_t srtcp_index;                /* last one used of rtp.ssrc, 31 bits */
    int64_t sr_sent_us; /* last sender report: when, and its NTP middle 32, for the round trip (RFC 3550 6.4.1) */
    uint32_t sr_ntp_mid;
    int64_t rtt_us;   /* smoothed; -1 unknown */
    uint32_t lost_q8; /* fraction lost of the last receiver report */
    struct {
        uint32_t index;             /* low bits of the in-index */
        uint32_t ms;                /* low bits; 0: never */
    } resent[RESENT_SLOTS];         /* when a packet was last retransmitted, by index */
    struct dp_subscription_put put; /* as installed; ctl */
};

/* Owner, while it is attached. */
static inline struct leg *subscription_leg(const struct subscription *sub)
{
    return &sub->stream->fan->legs[sub->place];
}

static inline uint32_t stream_n_subs(const struct stream *st)
{
    return st->fan ? st->fan->n : 0;
}

#endif
