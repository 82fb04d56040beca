/* SPDX-License-Identifier: MIT */
/* The offer of a synthetic browser as text, and what it needs to know of the answer. */
#ifndef ROOMLINE_TESTS_PEER_PEER_SDP_H
#define ROOMLINE_TESTS_PEER_PEER_SDP_H

#include <netinet/in.h>

#include "common/media.h"
#include "common/util.h"
#include "controlplane/sdp_parse.h"

#define PEER_SDP_BYTES        8192
#define PEER_SDP_CODEC(codec) (UINT32_C(1) << (codec)) /* for sets of codecs */

/* One m-line as offered, or as answered. */
struct peer_sdp_media {
    enum codec codec; /* answer: CODEC_NONE: refused or not offered */
    uint32_t ssrc, rtx_ssrc;
    uint8_t pt, rtx_pt; /* rtx_pt 0: no RTX */
    uint8_t ext[RTP_EXT_COUNT];
    bool nack, pli;
};

struct peer_sdp_offer {
    bool publish;
    uint32_t codecs;  /* PEER_SDP_CODEC of each */
    unsigned variant; /* 0 or 1: other payload types and extension ids */
    const char *ufrag, *pwd, *fingerprint, *cname;
    uint32_t ssrc[MEDIA_KINDS], rtx_ssrc[MEDIA_KINDS]; /* publish */
};

struct peer_sdp_answer {
    char ufrag[257], pwd[257];
    char hash[16];
    uint8_t fingerprint[SDP_FINGERPRINT_BYTES_MAX];
    size_t fingerprint_bytes;
    bool active;                 /* the answerer starts DTLS */
    struct sockaddr_in6 addr[2]; /* the first IPv4 candidate, as ::ffff:a.b.c.d, and the first IPv6 one; port 0: none */
    struct peer_sdp_media media[MEDIA_KINDS];
};

/* Length, or -ENOSPC. Audio first; a kind without codecs has no m-line. */
int peer_sdp_write_offer(const struct peer_sdp_offer *offer, char *out, size_t size);

/* 0, or -EINVAL: not SDP, or nothing accepted. Reads an offer as well: of each m-line the first format. */
int peer_sdp_read_answer(const char *text, struct peer_sdp_answer *answer);

/* The answer of who only receives, to an offer of a codec per kind (an SFU's to its subscriber): takes all of the
 * offer that peer_sdp_read_answer read, and is active in DTLS. Of own: credentials and fingerprint. Length, -EINVAL or
 * -ENOSPC. */
int peer_sdp_write_answer(const char *offer, const struct peer_sdp_offer *own, char *out, size_t size);

enum media_kind peer_sdp_kind(enum codec codec);
uint32_t peer_sdp_clock_hz(enum codec codec);
const char *peer_sdp_mid(enum media_kind kind); /* of our offers */

#endif
