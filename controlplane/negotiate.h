/* SPDX-License-Identifier: MIT */
/* Offer/answer (RFC 8829, RFC 3264) as pure functions: offer text in, what the dataplane must do and the answer text
 * out. No I/O, no clock, no global state; allocation only of the returned objects.
 *
 *   publish: sdp_parse -> negotiate_publish -> struct negotiated -> sdp_write_answer
 *   play:    sdp_parse -> negotiate_play(publisher's struct negotiated) -> struct negotiated -> sdp_write_answer
 */
#ifndef ROOMLINE_CONTROLPLANE_NEGOTIATE_H
#define ROOMLINE_CONTROLPLANE_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dp_proto.h"
#include "common/media.h"
#include "controlplane/sdp_codec.h"
#include "controlplane/sdp_parse.h"

#define NEGOTIATE_ADDRS_MAX 8

/* What the operator chose; the caller fills it from conf. */
struct negotiate_conf {
    enum codec codecs[CODEC_COUNT]; /* in order of preference, both kinds */
    size_t n_codecs;
};

enum dtls_setup { SETUP_PASSIVE, SETUP_ACTIVE }; /* our role (RFC 8842); passive whenever the offer allows it */

/* One m-line of the offer and what became of it, in offer order. */
struct negotiated_section {
    bool accepted; /* false: answered with port 0 and inactive; only what stands above kind is meaningful */
    bool carrier;  /* not accepted, but the bundle's transport is its: inactive with a port, codec and rtp.pt */
    char mid[DP_MID_BYTES];         /* "" none */
    char media[SDP_WORD_BYTES];     /* "audio", "video", "application", ... as offered */
    char protocol[SDP_WORD_BYTES];  /* as offered */
    char first_fmt[SDP_WORD_BYTES]; /* a refused m-line must repeat one format */
    enum media_kind kind;
    enum codec codec;
    struct codec_params params;
    bool rtcp_rsize;       /* RFC 5506, offered */
    uint32_t ext_directed; /* 1 << enum rtp_ext: the offer wrote the direction out, so must the answer */
    struct dp_rtp rtp;     /* pt, rtx_pt, ext ids, feedback; ssrc from the offer (publish) or from the caller (play) */
};

struct negotiated {
    bool publish; /* the offerer sends */
    enum dtls_setup setup;
    char remote_ufrag[DP_REMOTE_UFRAG];
    char remote_pwd[257];
    struct sdp_fingerprint fingerprint; /* hash "sha-256", ...; bytes, n_bytes */
    size_t n_sections;
    struct negotiated_section sections[SDP_SECTIONS_MAX];
    size_t n_bundled; /* accepted or carrier, in the order of the offer's BUNDLE group; 0: no BUNDLE was offered */
    uint8_t bundled[SDP_SECTIONS_MAX];
};

/* Both choose exactly one codec, its RTX, feedback and extensions for each accepted m-line; at most one audio and one
 * video m-line is accepted, the first of its kind that can be. A session has one transport: that of the first accepted
 * m-line. So an m-line outside its BUNDLE group (or the second one, without BUNDLE) is refused. The group's first
 * m-line stays as its carrier even if no media of it is wanted: under bundlePolicy max-bundle refusing it refuses the
 * group.
 *
 * They return 0, or -errno with *info set to the static status text owed to the client: "No common codecs"
 * (-EOPNOTSUPP), or what is wrong with the offer (-EINVAL: no rtcp-mux, ICE credentials or usable fingerprint, ...). */

/* A publishing offer. Codec: the first of conf that the m-line holds; H.264: Constrained Baseline mode 1 before others.
 * An m-line without a common codec is refused, the offer only when that leaves nothing. */
int negotiate_publish(const struct sdp *offer, const struct negotiate_conf *conf, struct negotiated *out,
                      const char **info);

/* A playing offer against what the publisher sends: the publisher's codec under the subscriber's payload types and
 * extension ids. A section of a kind that the publisher does not send is refused; if the subscriber offers a kind but
 * not the publisher's codec in it (H.264: profile and packetization mode, see h264_match) the whole play fails with "No
 * common codecs". rtp.ssrc and rtx_ssrc are left 0 for the caller to fill; rtx_pt is DP_PT_NONE when there is no RTX.
 */
int negotiate_play(const struct sdp *offer, const struct negotiated *publisher, struct negotiated *out,
                   const char **info);

/* What the answer says about us. */
struct sdp_local {
    const char *ufrag, *pwd;                /* ICE credentials */
    const char *fingerprint_sha256;         /* "AB:CD:..." of our certificate */
    uint16_t port;                          /* UDP port of the worker */
    const char *addrs[NEGOTIATE_ADDRS_MAX]; /* candidate addresses, IPv4 and IPv6 text; at least one */
    size_t n_addrs;
    const char *cname, *msid; /* play: one msid shared by audio and video */
    uint64_t session_id;      /* o= line: its lower 63 bits */
};

/* Writes the answer, NUL-terminated, CRLF lines. Returns its length, or -ENOSPC. */
int sdp_write_answer(const struct negotiated *n, const struct sdp_local *local, char *buf, size_t size);

#endif
