/* SPDX-License-Identifier: MIT */
/* One synthetic peer connection: offer, answer, ICE, DTLS, SRTP, and media that proves itself (payload.h). It either
 * publishes (a source per kind) or plays (a sink per kind). Driven by a loop; thousands fit in one thread. */
#ifndef ROOMLINE_TESTS_PEER_PEER_H
#define ROOMLINE_TESTS_PEER_PEER_H

#include "tests/peer/ice_agent.h"
#include "tests/peer/loop.h"
#include "tests/peer/peer_sdp.h"
#include "tests/peer/sink.h"
#include "tests/peer/source.h"

struct dtls_ctx;
struct dtls_keys;
struct peer;

enum peer_state { PEER_NEW, PEER_CHECKING, PEER_HANDSHAKE, PEER_CONNECTED, PEER_CLOSED, PEER_FAILED };

struct peer_conf {
    struct loop *loop;
    struct dtls_ctx *dtls; /* its profiles are what we offer */
    bool publish;
    bool ipv6;
    uint32_t codecs;  /* PEER_SDP_CODEC of each offered; publish: at most one of a kind is sent */
    unsigned variant; /* see peer_sdp.h */
    uint64_t seed;
    uint32_t video_kbps, video_fps; /* 0: 400 kbit/s, 15 */
    const char *fingerprint;        /* in the offer, in place of ours; borrowed until peer_create returns */
    const char *remote_pwd;         /* in place of the answer's; borrowed */
    struct in6_addr local;          /* zeroed: any */
    uint16_t first_seq;             /* publish: of both streams */
    bool no_dtls;                   /* never starts the handshake */
    bool no_media;                  /* neither SRTP nor reports: see peer_hand_over */
    void (*send)(void *arg, struct peer *peer, const uint8_t *bytes, size_t len); /* NULL: by a socket of our own */
    void (*on_state)(void *arg, struct peer *peer); /* may not destroy the peer; NULL: none */
    void *arg;
};

struct peer_stats {
    uint64_t sent, received;         /* datagrams */
    uint64_t plis, firs, remb, twcc; /* received */
    uint64_t reports;                /* report blocks received about our sources */
    uint64_t byes;
    uint64_t bad_srtp;     /* received and not authentic or replayed */
    uint64_t bad_rtcp;     /* authentic, but malformed */
    uint64_t unknown;      /* datagrams or RTP packets that belong to nothing agreed */
    uint8_t fraction_lost; /* of the last report */
};

struct peer *peer_create(const struct peer_conf *conf, int64_t now_us); /* NULL: out of something */
void peer_destroy(struct peer *peer);                                   /* says close_notify */

const char *peer_offer(const struct peer *peer);
int peer_on_answer(struct peer *peer, const char *sdp, int64_t now_us); /* 0 or -EINVAL; starts the checks */

/* The other way round, where the relay offers and we only play: the same, and the answer's length in out. */
int peer_on_offer(struct peer *peer, const char *sdp, char *out, size_t size, int64_t now_us);

enum peer_state peer_state(const struct peer *peer);
const struct peer_stats *peer_stats(const struct peer *peer);
const struct peer_sdp_answer *peer_answer(const struct peer *peer);
struct ice_agent *peer_agent(struct peer *peer);
struct source *peer_source(struct peer *peer, enum media_kind kind); /* NULL: not agreed, or not CONNECTED yet */
struct sink *peer_sink(struct peer *peer, enum media_kind kind);     /* NULL: not agreed, or we publish */

/* A datagram that came for a peer without a socket. Decrypted in place. */
void peer_deliver(struct peer *peer, uint8_t *bytes, size_t len, int64_t now_us);

/* CONNECTED: the keys. From now on checks, media and reports are the caller's, and the peer does no more than DTLS. 0
 * or -EINVAL. */
int peer_hand_over(struct peer *peer, struct dtls_keys *keys);

/* Sources stop and go on, also those that are still to come. */
void peer_pause(struct peer *peer);
void peer_resume(struct peer *peer, int64_t now_us);

/* ---- What only a bad network or a bad peer does ---- */

void peer_mute(struct peer *peer, bool mute);     /* nothing leaves any more: neither checks nor media */
void peer_stop_checks(struct peer *peer);         /* only the checks end */
int peer_move(struct peer *peer, int64_t now_us); /* a new local port; checks at once. 0 or -errno */
const struct sockaddr_in6 *peer_remote(const struct peer *peer);
void peer_send_raw(struct peer *peer, const void *bytes, size_t len);

/* Encrypts and sends. len + CRYPT_TRAILER_MAX <= PEER_PACKET_MAX. */
#define PEER_PACKET_MAX 1600
void peer_send_rtp(struct peer *peer, const uint8_t *packet, size_t len);
void peer_send_rtcp(struct peer *peer, const uint8_t *packet, size_t len);

/* Sees every datagram that leaves, NULL: nobody. */
void peer_tap(struct peer *peer, void (*on_sent)(void *arg, const uint8_t *bytes, size_t len), void *arg);

#endif
