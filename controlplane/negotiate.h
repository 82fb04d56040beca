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

struct sdp; /* sdp_parse.h */

#define NEGOTIATE_SECTIONS_MAX 16 /* m-lines in one offer; more are refused */
#define NEGOTIATE_FMTP_BYTES   256
#define NEGOTIATE_ADDRS_MAX    8
#define FINGERPRINT_BYTES_MAX  64

/* What the operator chose; the caller fills it from conf. */
struct negotiate_conf {
    enum codec codecs[CODEC_COUNT]; /* in order of preference, both kinds; ends at CODEC_NONE */
    size_t n_codecs;
};

enum dtls_setup { SETUP_PASSIVE, SETUP_ACTIVE }; /* our role (RFC 8842); passive whenever the offer allows it */

/* One m-line of the offer and what became of it, in offer order. */
struct negotiated_section {
    enum media_kind kind; /* meaningful only if accepted */
    bool accepted;        /* false: answered with port 0 and inactive */
    char mid[DP_MID_BYTES];
    char media[16];     /* "audio", "video", "application", ... as offered, for the refused ones */
    char protocol[32];  /* as offered */
    char first_fmt[32]; /* a refused m-line must repeat one format */
    enum codec codec;
    char fmtp[NEGOTIATE_FMTP_BYTES]; /* to echo in the answer; "" none */
    int h264_profile;                /* profile-level-id of an H.264 codec, packetization mode below */
    int h264_packetization_mode;
    struct dp_rtp rtp; /* pt, rtx_pt, ext ids, feedback; ssrc from the offer (publish) or from the caller (play) */
};

struct negotiated {
    bool publish; /* the offerer sends */
    bool bundle;  /* BUNDLE was offered; without it each section is answered on the first section's transport only */
    enum dtls_setup setup;
    char remote_ufrag[DP_REMOTE_UFRAG];
    char remote_pwd[257];
    char fingerprint_hash[16]; /* "sha-256", ... lower case */
    uint8_t fingerprint[FINGERPRINT_BYTES_MAX];
    size_t fingerprint_bytes;
    size_t n_sections;
    struct negotiated_section sections[NEGOTIATE_SECTIONS_MAX];
};

/* Chooses codecs, RTX, feedback and extensions for a publishing offer: exactly one codec per accepted m-line, the first
 * of conf that the offer holds (H.264: 42e01f mode 1 before other profiles). At most one audio and one video section is
 * accepted. Returns 0, or -errno with *info set to the status text owed to the client ("No common codecs", ...). */
int negotiate_publish(const struct sdp *offer, const struct negotiate_conf *conf, struct negotiated *out,
                      const char **info);

/* The same for a playing offer against what the publisher sends. A section of a kind that the publisher does not send
 * is refused; if the subscriber lacks the publisher's codec (H.264: profile and packetization mode matched) the whole
 * play fails with "No common codecs". rtp.ssrc and rtx_ssrc are left 0 for the caller to fill. */
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
    uint64_t session_id;      /* o= line */
};

/* Writes the answer, NUL-terminated, CRLF lines. Returns its length, or -ENOSPC. */
int sdp_write_answer(const struct negotiated *n, const struct sdp_local *local, char *buf, size_t size);

#endif
