/* SPDX-License-Identifier: MIT */
/* The control link between controlplane (client) and dataplane (server): AF_UNIX SOCK_SEQPACKET, one message per
 * record, fixed C structs in host order (both ends are one build on one machine), exact length check before dispatch.
 *
 * Control -> dataplane is desired state: a PUT carries the whole object and may be repeated, a DEL removes it, and both
 * are answered by DP_ACK at some later time. Nobody waits. Objects form a tree: a session holds the streams it
 * publishes and the subscriptions it plays; DEL of a session removes what it holds, DEL of a stream its subscriptions
 * and its tap.
 *
 * Ids are chosen by the controlplane: epoch << 32 | counter, never reused, so that a dataplane which outlives a
 * controlplane tells the old epoch's objects from the new ones.
 *
 * A second SEQPACKET socket, the punt link, carries DTLS records both ways (struct dp_punt); either end may drop one
 * there when the socket is full, since DTLS retransmits. */
#ifndef ROOMLINE_COMMON_DP_PROTO_H
#define ROOMLINE_COMMON_DP_PROTO_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

#define DP_CTL_SOCKET     "dataplane.ctl" /* in conf run_dir */
#define DP_PUNT_SOCKET    "dataplane.punt"
#define DP_PROTO_VERSION  3
#define DP_WORKERS_MAX    64
#define DP_UFRAG_BYTES    16  /* ours: 1..15 ice-chars and NUL */
#define DP_PWD_BYTES      40  /* ours: 22..39 ice-chars and NUL (RFC 8839 5.4) */
#define DP_REMOTE_UFRAG   257 /* theirs: up to 256 ice-chars and NUL */
#define DP_MID_BYTES      17  /* RFC 8843: longer mids are refused by the controlplane */
#define DP_PUNT_BYTES_MAX 2048
#define DP_PT_NONE        0xff
#define DP_EXT_NONE       0
#define DP_STREAMS_MAX    8 /* RTP streams one session may publish */
#define DP_HEAVIEST_MAX   16
#define DP_LOAD_MS        500 /* between two DP_LOAD */

#define DP_MSG_LIST(X)                              \
    X(HELLO, struct dp_hello)                       \
    X(SESSION_PUT, struct dp_session_put)           \
    X(SESSION_DEL, struct dp_del)                   \
    X(KEYS_PUT, struct dp_keys_put)                 \
    X(STREAM_PUT, struct dp_stream_put)             \
    X(STREAM_DEL, struct dp_del)                    \
    X(SUBSCRIPTION_PUT, struct dp_subscription_put) \
    X(SUBSCRIPTION_DEL, struct dp_del)              \
    X(SESSION_MOVE, struct dp_session_move)         \
    X(KEYFRAME_REQUEST, struct dp_del)              \
    X(ACK, struct dp_ack)                           \
    X(SESSION_EVENT, struct dp_session_event)       \
    X(LOAD, struct dp_load)                         \
    X(TAP_PUT, struct dp_del)                       \
    X(TAP_DEL, struct dp_del)

enum dp_msg {
    DP_MSG_NONE,
#define X(id, type) DP_##id,
    DP_MSG_LIST(X)
#undef X
        DP_MSG_COUNT
};

/* First in every message. len: the whole record in bytes, equal to sizeof of the type's struct. */
struct dp_head {
    uint16_t type; /* enum dp_msg */
    uint16_t len;
};

/* First record in both directions. The dataplane speaks first. A version that differs closes the link. */
struct dp_hello {
    struct dp_head head;
    uint32_t version;
    uint64_t boot_id; /* dataplane -> control: random, new at each start of the dataplane. control -> dataplane: 0 */
    uint32_t epoch;   /* control -> dataplane: random, new at each start of the controlplane */
    uint32_t n_workers;
    uint16_t media_port[DP_WORKERS_MAX]; /* UDP port of each worker, host order; dataplane -> control */
    uint64_t srtp_profiles; /* 1 << enum srtp_profile, what the live backend can do; dataplane -> control */
};

/* An ICE-lite transport: one browser peer connection. Born without keys; DTLS is punted until DP_KEYS_PUT. */
struct dp_session_put {
    struct dp_head head;
    uint32_t worker; /* owner: index into dp_hello.media_port, whose port is in the SDP answer */
    uint64_t id;
    char local_ufrag[DP_UFRAG_BYTES]; /* unique among live sessions */
    char local_pwd[DP_PWD_BYTES];
    char remote_ufrag[DP_REMOTE_UFRAG];
};

/* DTLS-SRTP keys (RFC 5764 4.2), master key and salt. At most once in a session's life: a second one with other
 * bytes is refused with -EEXIST, since a send index must never start again under the same key. */
struct dp_keys_put {
    struct dp_head head;
    uint32_t profile; /* enum srtp_profile */
    uint64_t id;      /* session */
    uint8_t rx_key[SRTP_KEY_BYTES_MAX], rx_salt[SRTP_SALT_BYTES_MAX];
    uint8_t tx_key[SRTP_KEY_BYTES_MAX], tx_salt[SRTP_SALT_BYTES_MAX];
};

enum dp_feedback { /* a=rtcp-fb agreed for an RTP stream or a subscription */
                   DP_FB_NACK = 1 << 0,
                   DP_FB_PLI = 1 << 1,
                   DP_FB_FIR = 1 << 2,
                   DP_FB_REMB = 1 << 3,
                   DP_FB_TRANSPORT_CC = 1 << 4,
};

/* How one RTP stream (RFC 7656 2.1.10: one SSRC, and the SSRC that repairs it) looks on one session. */
struct dp_rtp {
    uint32_t ssrc;     /* publish: 0 = not signalled, latched by payload type. play: chosen by us, never 0 */
    uint32_t rtx_ssrc; /* RFC 4588; 0: none (publish: or latched) */
    uint8_t pt;
    uint8_t rtx_pt;             /* DP_PT_NONE: no RTX */
    uint8_t feedback;           /* enum dp_feedback bits */
    uint8_t ext[RTP_EXT_COUNT]; /* local id 1..255 of each enum rtp_ext (RFC 8285), DP_EXT_NONE: not agreed */
};

/* An RTP stream that a session publishes. After a DEL of one the session takes no other (-ESTALE): it might bear the
 * SSRC whose replay window went. */
struct dp_stream_put {
    struct dp_head head;
    uint8_t kind;  /* enum media_kind */
    uint8_t codec; /* enum codec */
    uint64_t id;
    uint64_t session;
    uint32_t clock_hz;
    uint32_t max_kbps; /* cap for the bandwidth estimate sent to the publisher; 0: none */
    struct dp_rtp rtp;
    char mid[DP_MID_BYTES]; /* "" when not agreed; used to latch an unsignalled SSRC (RFC 8843 9.2) */
};

/* An RTP stream forwarded to a session that plays it. */
struct dp_subscription_put {
    struct dp_head head;
    uint32_t pad; /* the head is 4 bytes, ids are aligned to 8 */
    uint64_t id;
    uint64_t session;
    uint64_t stream;
    struct dp_rtp rtp;
    char cname[64]; /* SDES CNAME we send for rtp.ssrc */
};

/* DEL of any object; KEYFRAME_REQUEST, TAP_PUT, TAP_DEL: id of a stream. Deleting what is not there succeeds.
 *
 * A tap: what comes of that stream is copied for the recorder (tap.h), from a key frame on that is asked for at once. A
 * stream has one or none; it may be put and deleted again and again. -ENODEV: this dataplane has no tee. */
struct dp_del {
    struct dp_head head;
    uint32_t pad;
    uint64_t id;
};

/* Move a publishing session, its streams and every session that plays them to another worker. Media never stops; the
 * UDP port in the SDP stays what it was. Acknowledged when it is there; a session that is to play a stream follows it
 * by itself. */
struct dp_session_move {
    struct dp_head head;
    uint32_t worker;
    uint64_t id;
};

/* Answer to one PUT, DEL, MOVE or KEYFRAME_REQUEST. error: 0 or -errno. */
struct dp_ack {
    struct dp_head head;
    uint16_t type; /* enum dp_msg that this answers */
    uint16_t pad;
    int32_t error;
    uint32_t pad2;
    uint64_t id;
};

enum dp_session_bit {                            /* edges since the last event of this session; coalesced, never lost */
                      DP_SESSION_ICE = 1 << 0,   /* first authenticated Binding from a tuple: remote is set */
                      DP_SESSION_MEDIA = 1 << 1, /* first authenticated RTP packet */
                      DP_SESSION_CONSENT = 1 << 2, /* consent expired (RFC 7675 5.1), sending has stopped; or it came
                                                      back (no bit CONSENT but ICE again) */
};

struct dp_addr {    /* family-neutral UDP address */
    uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint16_t port;  /* host order */
};

struct dp_session_event {
    struct dp_head head;
    uint32_t bits; /* enum dp_session_bit */
    uint64_t id;
    struct dp_addr remote; /* current send address, for logs and statistics */
};

struct dp_worker_load {
    uint32_t busy_permille; /* of the time */
    uint32_t sessions;
    uint32_t rx_pps, tx_pps;
    uint64_t tap_copies, tap_lost; /* since its start: copied for the recorder; found the ring full */
};

struct dp_publish_load { /* a session that publishes, with all that play it */
    uint64_t session;
    uint32_t busy_permille; /* of the worker's time, about */
    uint32_t pad;
};

/* Dataplane -> control, every DP_LOAD_MS: what happened since the last one. A dataplane that sends none for some
 * seconds is frozen. */
struct dp_load {
    struct dp_head head;
    uint32_t n_workers;
    struct dp_worker_load workers[DP_WORKERS_MAX];
    uint32_t busiest; /* the worker whose heaviest publishers follow, in falling order */
    uint32_t n_heaviest;
    struct dp_publish_load heaviest[DP_HEAVIEST_MAX]; /* any that found no room is below 1/16 of the worker's load */
};

/* Punt link, both ways. One DTLS datagram. tuple: which of the session's address pairs it came over; the answer goes
 * back over the same. The record is truncated to the bytes used: len counts from the start of the struct. */
struct dp_punt {
    struct dp_head head; /* type: DP_MSG_NONE, len: offsetof(bytes) + the datagram */
    uint16_t tuple;
    uint16_t pad;
    uint64_t session;
    uint8_t bytes[DP_PUNT_BYTES_MAX];
};

/* One record as it came from the control link: 0, or -EBADMSG when its type is unknown, or its length is not that of
 * the type's struct. The values inside are not looked at. msg may be unaligned. */
int dp_msg_check(const void *msg, size_t len);

/* One record of the punt link, with at least one byte of datagram: 0 or -EBADMSG. */
int dp_punt_check(const void *msg, size_t len);

/* "SESSION_PUT"; "?" for what is none. */
const char *dp_msg_name(enum dp_msg type);

#endif
