/* SPDX-License-Identifier: MIT */
/* What a relay must know of a codec's RTP payload. Total on any (ptr, len), no state. */
#ifndef ROOMLINE_COMMON_CODEC_H
#define ROOMLINE_COMMON_CODEC_H

#include "common/media.h"
#include "common/util.h"

/* Can a decoder that has nothing start at this packet? payload: of one RTP packet, in the clear, without padding.
 *   audio        always
 *   VP8          first packet of a key frame (RFC 7741 4.2, 4.3)
 *   VP9          first packet of a key frame's lowest spatial layer (RFC 9628 4.2)
 *   H.264        holds a SPS, an IDR slice or its first fragment, alone or in a STAP-A (RFC 6184 5.4, packetization
 *                modes 0 and 1). Both the SPS and the IDR packet behind it say yes, so that streams which send their
 *                parameter sets once still start.
 *   AV1          first packet of a coded video sequence: N bit, and a sequence header first (AV1 RTP 4.4)
 * false for what is malformed. */
bool codec_is_keyframe_start(enum codec codec, const uint8_t *payload, size_t len);

#endif
