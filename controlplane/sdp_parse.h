/* SPDX-License-Identifier: MIT */
/* An SDP description (RFC 8866) as an object: what offer/answer needs of it, syntax checked, nothing decided.
 *
 * Hostile text: total and bounded (size, lines, m-lines, formats), time linear in the text. Tolerant where browsers and
 * munging pages are sloppy: CRLF or LF, stray CRs, empty lines, unknown lines and attributes, attributes of payload
 * types that the m-line does not hold. Refused: control bytes, ill-formed ICE credentials, mids and fingerprints. */
#ifndef ROOMLINE_CONTROLPLANE_SDP_PARSE_H
#define ROOMLINE_CONTROLPLANE_SDP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

#define SDP_BYTES_MAX             65536
#define SDP_LINES_MAX             4096
#define SDP_SECTIONS_MAX          16
#define SDP_FORMATS_MAX           64 /* payload types of one m-line; Chromium offers 34 */
#define SDP_FMTPS_MAX             4  /* a=fmtp lines of one payload type; more are ignored */
#define SDP_WORD_BYTES            32 /* media, protocol and format words that an answer must repeat */
#define SDP_FINGERPRINT_BYTES_MAX 64

enum sdp_direction { /* of the offerer: bit 0 sends, bit 1 receives */
                     SDP_INACTIVE = 0,
                     SDP_SENDONLY = 1,
                     SDP_RECVONLY = 2,
                     SDP_SENDRECV = 3,
};

enum sdp_setup { SDP_SETUP_NONE, SDP_SETUP_ACTIVE, SDP_SETUP_PASSIVE, SDP_SETUP_ACTPASS, SDP_SETUP_HOLDCONN };

/* One payload type of an m-line. Strings point into the description and live as long as it. */
struct sdp_format {
    uint8_t pt;
    uint8_t channels; /* 0: not given */
    uint8_t feedback; /* enum dp_feedback bits, a=rtcp-fb:* not yet included */
    uint32_t clock_hz;
    const char *name; /* encoding name; "" without a=rtpmap (static types of RFC 3551 that we know have theirs) */
    const char *fmtp[SDP_FMTPS_MAX]; /* parameters of each a=fmtp, NULL where there are fewer */
};

struct sdp_extmap {
    uint8_t id;        /* 0: not offered */
    uint8_t direction; /* enum sdp_direction */
    bool directed;     /* the direction was written out */
};

struct sdp_fingerprint {
    char hash[16]; /* "sha-256", ...; "" none */
    uint8_t bytes[SDP_FINGERPRINT_BYTES_MAX];
    size_t n_bytes;
    bool inherited;   /* from the session level: the section's own replaces it */
    bool unsupported; /* one with a hash function we refuse (SHA-1, MD5, ...) was seen */
};

/* One m-line. What may also stand at session level has been copied down. Absent strings are "". */
struct sdp_section {
    const char *media, *protocol, *first_fmt;
    uint16_t port;
    const char *mid;
    const char *ufrag, *pwd;
    struct sdp_fingerprint fingerprint;
    enum sdp_setup setup;
    enum sdp_direction direction;
    bool rtcp_mux, rtcp_rsize, bundle_only;
    uint8_t bundle;   /* number of the BUNDLE group it is in, from 1; 0: none */
    uint8_t feedback; /* a=rtcp-fb:*, holds for every format */
    uint32_t ssrc;    /* the first a=ssrc; 0: none */
    uint32_t fid[2];  /* the first a=ssrc-group:FID (RFC 5576 4.2): source and its RTX; 0: none */
    struct sdp_extmap ext[RTP_EXT_COUNT];
    size_t n_formats;
    struct sdp_format formats[SDP_FORMATS_MAX];
};

struct sdp {
    size_t n_sections;
    struct sdp_section sections[SDP_SECTIONS_MAX];
    size_t n_bundled;
    uint8_t bundled[SDP_SECTIONS_MAX]; /* indices of sections, group after group, in the order of their a=group lines */
    char text[];                       /* what the strings point into */
};

/* Returns 0 and the description, to be given to sdp_destroy; or -errno (-EINVAL, -E2BIG, -ENOMEM) and in *why a static
 * English reason, without any of the text. */
int sdp_parse(const char *text, size_t len, struct sdp **out, const char **why);
void sdp_destroy(struct sdp *sdp);

/* The value of KEY=number in the format's a=fmtp lines (the first one wins). *value is left alone when the key is
 * absent. False: there, but not a number of the base up to max. Keys are compared without case. */
bool sdp_format_number(const struct sdp_format *format, const char *key, unsigned base, uint32_t max, uint32_t *value);

#endif
