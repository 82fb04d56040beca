/* SPDX-License-Identifier: MIT */
/* Payload formats of SDP as codecs: recognises them, compares their parameters, writes them back. */
#ifndef ROOMLINE_CONTROLPLANE_SDP_CODEC_H
#define ROOMLINE_CONTROLPLANE_SDP_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"
#include "controlplane/h264.h"

struct sdp_format; /* sdp_parse.h */

/* What a=fmtp says, as far as it matters to who can play what. Only the codec's own members are meaningful. */
struct codec_params {
    struct h264_format h264;
    uint8_t profile;         /* VP9 profile-id (RFC 9628 6), AV1 profile */
    uint8_t level_idx, tier; /* AV1 */
    bool stereo;             /* Opus: the other side wants to receive stereo (RFC 7587 6.1) */
};

struct codec_info {
    const char *name; /* SDP encoding name */
    enum media_kind kind;
    uint32_t clock_hz;
    unsigned channels; /* audio */
};

const struct codec_info *sdp_codec_info(enum codec codec); /* of a codec other than CODEC_NONE */

/* CODEC_NONE: a format that we do not relay, or ill-formed parameters. */
enum codec sdp_codec_parse(const struct sdp_format *format, struct codec_params *params);

/* Order of preference among formats of one codec for publishing, 0 the best; -1: not relayed. At most 15. */
int sdp_codec_rank(enum codec codec, const struct codec_params *params);

/* How well a receiver's format takes what is sent with the same codec, 0 the best; -1: it does not. */
int sdp_codec_match(enum codec codec, const struct codec_params *sent, const struct codec_params *declared);

/* The a=fmtp parameters of our answer, "" when the codec needs none. Returns the length; size at least 128. */
size_t sdp_codec_write_fmtp(enum codec codec, const struct codec_params *params, char *buf, size_t size);

#endif
