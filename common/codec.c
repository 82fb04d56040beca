/* SPDX-License-Identifier: MIT */
/* Where key frames start, per codec. */
#include "common/codec.h"

/* ---- VP8 (RFC 7741 4.2): X R N S R PID, then X's bytes, then the frame's own header ---- */

static bool vp8_starts_key(const uint8_t *p, size_t len)
{
    if (!len || !(p[0] & 0x10) || (p[0] & 0x07)) /* start of partition 0 only */
        return false;
    size_t at = 1;
    if (p[0] & 0x80) {
        if (len < 2)
            return false;
        uint8_t x = p[1];
        at++;
        if (x & 0x80) /* I: picture id, two bytes when its M bit is set */
            at += at < len && (p[at] & 0x80) ? 2 : 1;
        at += x & 0x40 ? 1 : 0; /* L: TL0PICIDX */
        at += x & 0x30 ? 1 : 0; /* T or K */
    }
    return at < len && !(p[at] & 0x01); /* P, inverse key frame flag */
}

/* ---- VP9 (RFC 9628 4.2): I P L F B E V Z ---- */

static bool vp9_starts_key(const uint8_t *p, size_t len)
{
    if (len < 2 || (p[0] & 0x40) || !(p[0] & 0x08)) /* not inter-predicted, beginning of a frame */
        return false;
    if (!(p[0] & 0x20)) /* no layer indices */
        return true;
    size_t at = 1;
    if (p[0] & 0x80)
        at += p[at] & 0x80 ? 2 : 1;
    return at < len && !(p[at] & 0x0e); /* T U SID D: spatial layer 0 */
}

/* ---- H.264 (RFC 6184 5.2) ---- */

enum { NAL_IDR = 5, NAL_SPS = 7, NAL_STAP_A = 24, NAL_FU_A = 28 };

static bool nal_starts_key(uint8_t header)
{
    return (header & 0x1f) == NAL_IDR || (header & 0x1f) == NAL_SPS;
}

static bool stap_starts_key(const uint8_t *p, size_t len)
{
    size_t nal_bytes;
    for (size_t at = 1; len - at >= 3; at += 2 + nal_bytes) {
        nal_bytes = get_be16(p + at);
        if (!nal_bytes || nal_bytes > len - at - 2)
            return false;
        if (nal_starts_key(p[at + 2]))
            return true;
    }
    return false;
}

static bool h264_starts_key(const uint8_t *p, size_t len)
{
    if (len < 2)
        return false;
    switch (p[0] & 0x1f) {
    case NAL_STAP_A:
        return stap_starts_key(p, len);
    case NAL_FU_A:
        return (p[1] & 0x80) && nal_starts_key(p[1]);
    default:
        return nal_starts_key(p[0]);
    }
}

/* ---- AV1 (RTP payload format for AV1 4.4): Z Y W W N, then OBU elements ---- */

#define OBU_SEQUENCE_HEADER 1

static bool av1_starts_key(const uint8_t *p, size_t len)
{
    if (!len || (p[0] & 0x80) || !(p[0] & 0x08)) /* no fragment of an earlier OBU, new coded video sequence */
        return false;
    size_t at = 1;
    if ((p[0] & 0x30) != 0x10) {                     /* W = 1: the only element has no length in front */
        while (at < len && at < 8 && (p[at] & 0x80)) /* leb128 */
            at++;
        at++;
    }
    return at < len && (p[at] >> 3 & 0x0f) == OBU_SEQUENCE_HEADER;
}

bool codec_is_keyframe_start(enum codec codec, const uint8_t *payload, size_t len)
{
    switch (codec) {
    case CODEC_OPUS:
    case CODEC_PCMU:
    case CODEC_PCMA:
        return true;
    case CODEC_H264:
        return h264_starts_key(payload, len);
    case CODEC_VP8:
        return vp8_starts_key(payload, len);
    case CODEC_VP9:
        return vp9_starts_key(payload, len);
    case CODEC_AV1:
        return av1_starts_key(payload, len);
    case CODEC_NONE:
    case CODEC_COUNT:
        break;
    }
    return false;
}
