/* SPDX-License-Identifier: MIT */
/* RTP on the wire: who owns a datagram (RFC 7983), a validated view of the header (RFC 3550 5.1), header-extension
 * elements (RFC 8285) read and written, serial-number arithmetic. Inline where the packet path uses it; nothing here
 * allocates, and every reader is total on any (ptr, len). */
#ifndef ROOMLINE_COMMON_RTP_H
#define ROOMLINE_COMMON_RTP_H

#include <errno.h>

#include "common/util.h"

#define RTP_HEADER_BYTES   12
#define RTP_PACKET_MAX     UINT16_MAX
#define RTP_EXT_ONE_BYTE   0xbede
#define RTP_EXT_TWO_BYTE   0x1000 /* the low 4 bits are "appbits" */
#define RTP_EXT_ONE_ID_MAX 14

/* ---- Whose datagram is it? (RFC 7983 7; RTCP by payload type, RFC 5761 4) ---- */

enum rtp_demux { RTP_DEMUX_OTHER, RTP_DEMUX_STUN, RTP_DEMUX_DTLS, RTP_DEMUX_RTP, RTP_DEMUX_RTCP };

static inline enum rtp_demux rtp_demux(const uint8_t *p, size_t len)
{
    if (len < 2)
        return RTP_DEMUX_OTHER;
    if (p[0] >= 128 && p[0] <= 191)
        return p[1] >= 192 && p[1] <= 223 ? RTP_DEMUX_RTCP : RTP_DEMUX_RTP;
    if (p[0] <= 3)
        return RTP_DEMUX_STUN;
    if (p[0] >= 20 && p[0] <= 63)
        return RTP_DEMUX_DTLS;
    return RTP_DEMUX_OTHER;
}

/* ---- Header ---- */

/* Offsets and lengths in bytes from the start of the packet that was parsed. */
struct rtp_view {
    uint32_t ssrc;
    uint32_t ts;
    uint16_t seq;
    uint16_t payload;       /* offset: fixed header, CSRCs and extension block end here */
    uint16_t payload_bytes; /* without padding */
    uint16_t ext;           /* offset of the extension elements, after the 4 bytes of profile and length; 0: no block */
    uint16_t ext_bytes;     /* of the elements, a multiple of 4 */
    uint16_t ext_profile;   /* RTP_EXT_ONE_BYTE, RTP_EXT_TWO_BYTE | appbits, or foreign */
    uint8_t pt;             /* 0..127 */
    uint8_t n_csrc;
    uint8_t pad_bytes; /* with its count byte; 0: none */
    bool marker;
    bool padded; /* P bit as it stands in the header */
};

/* The header alone, as it is in the clear in SRTP too: payload_bytes is all that follows it (with the padding and, in
 * SRTP, the tag). 0 or -EBADMSG. */
static inline int rtp_parse_header(struct rtp_view *v, const uint8_t *p, size_t len)
{
    *v = (struct rtp_view){0};
    if (len < RTP_HEADER_BYTES || len > RTP_PACKET_MAX || p[0] >> 6 != 2)
        return -EBADMSG;
    size_t at = RTP_HEADER_BYTES + 4 * (size_t)(p[0] & 0x0f);
    if (p[0] & 0x10) {
        if (at + 4 > len)
            return -EBADMSG;
        size_t ext_bytes = 4 * (size_t)get_be16(p + at + 2);
        if (at + 4 + ext_bytes > len)
            return -EBADMSG;
        v->ext_profile = get_be16(p + at);
        v->ext = (uint16_t)(at + 4);
        v->ext_bytes = (uint16_t)ext_bytes;
        at += 4 + ext_bytes;
    }
    if (at > len)
        return -EBADMSG;
    v->payload = (uint16_t)at;
    v->payload_bytes = (uint16_t)(len - at);
    v->n_csrc = p[0] & 0x0f;
    v->padded = p[0] & 0x20;
    v->marker = p[1] & 0x80;
    v->pt = p[1] & 0x7f;
    v->seq = get_be16(p + 2);
    v->ts = get_be32(p + 4);
    v->ssrc = get_be32(p + 8);
    return 0;
}

/* Takes the padding off a view whose payload is in the clear. 0 or -EBADMSG: the count is 0 or exceeds the payload. */
static inline int rtp_parse_padding(struct rtp_view *v, const uint8_t *p)
{
    if (!v->padded)
        return 0;
    if (!v->payload_bytes)
        return -EBADMSG;
    v->pad_bytes = p[v->payload + v->payload_bytes - 1];
    if (!v->pad_bytes || v->pad_bytes > v->payload_bytes)
        return -EBADMSG;
    v->payload_bytes = (uint16_t)(v->payload_bytes - v->pad_bytes);
    return 0;
}

/* A whole packet in the clear. 0 or -EBADMSG. A packet of padding only (a bandwidth probe) is valid. */
static inline int rtp_parse(struct rtp_view *v, const uint8_t *p, size_t len)
{
    int err = rtp_parse_header(v, p, len);
    return err ? err : rtp_parse_padding(v, p);
}

/* ---- Header-extension elements (RFC 8285 4.2, 4.3) ---- */

struct rtp_ext_elem {
    const uint8_t *data; /* points into the packet when read */
    uint8_t id;          /* 1..14 in the one-byte form, 1..255 in the two-byte form */
    uint8_t len;         /* bytes; 0 only in the two-byte form */
};

struct rtp_ext_iter {
    const uint8_t *p, *end;
    bool two_byte;
};

/* p: the packet that v was parsed from. A missing or foreign block holds no elements. */
static inline void rtp_ext_begin(struct rtp_ext_iter *it, const struct rtp_view *v, const uint8_t *p)
{
    it->two_byte = (v->ext_profile & 0xfff0) == RTP_EXT_TWO_BYTE;
    it->p = p + v->ext;
    it->end = it->two_byte || v->ext_profile == RTP_EXT_ONE_BYTE ? it->p + v->ext_bytes : it->p;
}

/* Next element. false: no more, or the rest is malformed, or id 15 ("stop") of the one-byte form. */
static inline bool rtp_ext_next(struct rtp_ext_iter *it, struct rtp_ext_elem *elem)
{
    while (it->p < it->end && *it->p == 0) /* padding, legal between elements too */
        it->p++;
    size_t head = it->two_byte ? 2 : 1;
    if ((size_t)(it->end - it->p) < head)
        return false;
    elem->id = it->two_byte ? it->p[0] : it->p[0] >> 4;
    elem->len = it->two_byte ? it->p[1] : (uint8_t)((it->p[0] & 0x0f) + 1);
    elem->data = it->p + head;
    bool stop = !it->two_byte && (elem->id == 0 || elem->id > RTP_EXT_ONE_ID_MAX);
    if (stop || elem->len > it->end - elem->data) {
        it->p = it->end;
        return false;
    }
    it->p = elem->data + elem->len;
    return true;
}

/* First element with this id; id 0 (not agreed) is never found. */
static inline bool rtp_ext_find(const struct rtp_view *v, const uint8_t *p, uint8_t id, struct rtp_ext_elem *elem)
{
    struct rtp_ext_iter it;
    rtp_ext_begin(&it, v, p);
    while (id && rtp_ext_next(&it, elem))
        if (elem->id == id)
            return true;
    return false;
}

/* Writes a whole block (profile, length, elements, padding to 32 bits) for a header whose X bit the caller sets; the
 * one-byte form when every element fits it, else the two-byte form (RFC 8285 6: only where both ends agreed to mix).
 * n = 0 writes nothing. Returns the bytes written, a multiple of 4, or -ENOSPC, or -EINVAL for an id of 0.
 * The data may not overlap out. */
int rtp_ext_write(uint8_t *out, size_t size, const struct rtp_ext_elem *elems, size_t n);

/* ---- Serial numbers ---- */

/* a - b on the circle, -32768..32767; a distance of exactly half the circle counts as older. */
static inline int16_t rtp_seq_diff(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b);
}

static inline int32_t rtp_ts_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static inline bool rtp_seq_newer(uint16_t a, uint16_t b)
{
    return rtp_seq_diff(a, b) > 0;
}

/* The highest extended value seen (RFC 3550 A.1: cycles and max_seq in one number). Zeroed = nothing seen yet. The
 * first value stands for itself; what is older than the first may unwrap below 0. */
struct rtp_unwrap {
    int64_t highest;
    bool started;
};

/* The extended value nearest to the highest one, without taking it in. */
static inline int64_t rtp_unwrap_seq_peek(const struct rtp_unwrap *u, uint16_t seq)
{
    return u->started ? u->highest + rtp_seq_diff(seq, (uint16_t)u->highest) : seq;
}

static inline int64_t rtp_unwrap_ts_peek(const struct rtp_unwrap *u, uint32_t ts)
{
    return u->started ? u->highest + rtp_ts_diff(ts, (uint32_t)u->highest) : ts;
}

/* Takes an extended value in. Only for values that are to be believed: authenticated, and judged by the caller. */
static inline void rtp_unwrap_take(struct rtp_unwrap *u, int64_t value)
{
    if (!u->started || value > u->highest)
        u->highest = value;
    u->started = true;
}

static inline int64_t rtp_unwrap_seq(struct rtp_unwrap *u, uint16_t seq)
{
    int64_t value = rtp_unwrap_seq_peek(u, seq);
    rtp_unwrap_take(u, value);
    return value;
}

static inline int64_t rtp_unwrap_ts(struct rtp_unwrap *u, uint32_t ts)
{
    int64_t value = rtp_unwrap_ts_peek(u, ts);
    rtp_unwrap_take(u, value);
    return value;
}

#endif
