/* SPDX-License-Identifier: MIT */
/* An RTP stream (RFC 7656: one SSRC, and the RTX SSRC that repairs it) as a session publishes it, and a subscription:
 * that stream as one session plays it. Both belong to the publisher's owner worker; hot fields stand first. */
#ifndef ROOMLINE_DATAPLANE_STREAM_H
#define ROOMLINE_DATAPLANE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dp_proto.h"
#include "dataplane/history.h"
#include "dataplane/nack.h"
#include "dataplane/pkt.h"
#include "dataplane/session.h"
#include "dataplane/source.h"

struct stream {
    uint64_t id;
    struct session *session; /* publisher */
    enum codec codec;
    enum media_kind kind;
    uint32_t clock_hz;
    LIST_HEAD(, subscription) subs; /* who plays it */
    uint32_t n_subs;
    struct dp_rtp rtp;             /* as negotiated with the publisher; the SSRCs in force are those of the sources */
    struct rx_source primary, rtx; /* ssrc 0: latched from the first authenticated packet that fits */
    struct history history;        /* clear packets for retransmission */
    struct nack nack;              /* gaps to ask the publisher for */
    int64_t sr_relayed_us;         /* last sender report passed on; 0: none yet */
    bool keyframe_wanted;          /* a request is outstanding */
    int64_t keyframe_asked_us;     /* throttle */
    uint32_t keyframe_tries;       /* since it was wanted */
    uint32_t keyframe_ts;          /* of the newest key frame: its timestamp and first packet that came */
    int64_t keyframe_index;
    uint64_t keyframes;
    uint8_t fir_seq;
    struct dp_stream_put put; /* as installed; ctl */
};

#define RESENT_SLOTS 128

/* How packets of the stream leave to one subscriber. Offsets are fixed when the first packet is forwarded (seq_offset
 * anew, with first_index, when a gap would be too large) and rtp never changes after the attach, so that a packet of
 * the history from first_index on can be written again exactly as it was sent: on the original SSRC anything else would
 * use a nonce twice. */
struct subscription {
    uint64_t id;
    struct session *session; /* subscriber */
    struct stream *stream;
    bool attached;
    bool running;         /* a key frame (or, for audio, any packet) was forwarded: the offsets below hold */
    int64_t seq_offset;   /* out index = in index + seq_offset (48 bit SRTP index, both) */
    int64_t first_index;  /* first in-index forwarded under this offset; older ones are not */
    int64_t newest;       /* highest out index used; at first the one that the first packet gets */
    uint32_t ts_offset;   /* out timestamp = in + ts_offset, modulo 2^32 */
    struct dp_rtp rtp;    /* PT, SSRC, RTX, extension ids at the subscriber; SSRCs are unique for the session's life */
    uint8_t ext_map[256]; /* id at the publisher -> id at the subscriber, 0: strip */
    LIST_ENTRY(subscription) of_stream;  /* stream.subs */
    LIST_ENTRY(subscription) of_session; /* session.subs */
    int64_t rtx_index;                   /* last index of the RTX SSRC; 0: none yet */
    uint32_t srtcp_index;                /* last one used of rtp.ssrc, 31 bits */
    uint64_t packets, octets;            /* sent, for sender reports: RTP payload octets (RFC 3550 6.4.1) */
    int64_t sr_sent_us; /* last sender report: when, and its NTP middle 32, for the round trip (RFC 3550 6.4.1) */
    uint32_t sr_ntp_mid;
    int64_t rtt_us;   /* smoothed; -1 unknown */
    uint32_t lost_q8; /* fraction lost of the last receiver report */
    struct {
        int64_t index; /* in-index */
        int64_t us;
    } resent[RESENT_SLOTS];         /* when a packet was last retransmitted, by index */
    struct dp_subscription_put put; /* as installed; ctl */
};

#endif
