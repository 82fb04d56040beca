/* SPDX-License-Identifier: MIT */
/* RTCP writers: one packet each, into the caller's buffer. */
#include <errno.h>
#include <string.h>

#include "common/rtcp.h"

#define RTCP_BODY_MAX (4 * (size_t)UINT16_MAX)

/* The header for a body of whole words, and the body's place, zeroed. NULL: no room. */
static uint8_t *begin(uint8_t *out, size_t size, size_t count, enum rtcp_type type, size_t body_bytes)
{
    if (body_bytes > RTCP_BODY_MAX || size < RTCP_HEADER_BYTES || size - RTCP_HEADER_BYTES < body_bytes)
        return NULL;
    out[0] = (uint8_t)(0x80 | count);
    out[1] = (uint8_t)type;
    put_be16(out + 2, (uint16_t)(body_bytes / 4));
    memset(out + RTCP_HEADER_BYTES, 0, body_bytes);
    return out + RTCP_HEADER_BYTES;
}

static int packet_bytes(size_t body_bytes)
{
    return (int)(RTCP_HEADER_BYTES + body_bytes);
}

static void put_reports(uint8_t *p, const struct rtcp_report *reports, size_t n)
{
    for (size_t i = 0; i < n; i++, p += 24) {
        const struct rtcp_report *r = &reports[i];
        int32_t lost = MAX(-0x800000, MIN(r->lost, 0x7fffff));
        put_be32(p, r->ssrc);
        p[4] = r->fraction_lost;
        put_be24(p + 5, (uint32_t)lost & 0xffffff);
        put_be32(p + 8, r->highest_seq);
        put_be32(p + 12, r->jitter);
        put_be32(p + 16, r->lsr);
        put_be32(p + 20, r->dlsr);
    }
}

int rtcp_write_sr(uint8_t *out, size_t size, const struct rtcp_sr *sr, const struct rtcp_report *reports, size_t n)
{
    if (n > RTCP_REPORTS_MAX)
        return -EINVAL;
    size_t bytes = 24 + 24 * n;
    uint8_t *p = begin(out, size, n, RTCP_TYPE_SR, bytes);
    if (!p)
        return -ENOSPC;
    put_be32(p, sr->ssrc);
    put_be64(p + 4, sr->ntp);
    put_be32(p + 12, sr->rtp_ts);
    put_be32(p + 16, sr->packets);
    put_be32(p + 20, sr->bytes);
    put_reports(p + 24, reports, n);
    return packet_bytes(bytes);
}

int rtcp_write_rr(uint8_t *out, size_t size, uint32_t ssrc, const struct rtcp_report *reports, size_t n)
{
    if (n > RTCP_REPORTS_MAX)
        return -EINVAL;
    size_t bytes = 4 + 24 * n;
    uint8_t *p = begin(out, size, n, RTCP_TYPE_RR, bytes);
    if (!p)
        return -ENOSPC;
    put_be32(p, ssrc);
    put_reports(p + 4, reports, n);
    return packet_bytes(bytes);
}

int rtcp_write_sdes(uint8_t *out, size_t size, uint32_t ssrc, const char *cname)
{
    size_t len = strlen(cname);
    if (len > RTCP_CNAME_MAX)
        return -EINVAL;
    size_t bytes = (4 + 2 + len + 4) & ~(size_t)3; /* at least one zero ends the items */
    uint8_t *p = begin(out, size, 1, RTCP_TYPE_SDES, bytes);
    if (!p)
        return -ENOSPC;
    put_be32(p, ssrc);
    p[4] = 1;
    p[5] = (uint8_t)len;
    memcpy(p + 6, cname, len);
    return packet_bytes(bytes);
}

int rtcp_write_bye(uint8_t *out, size_t size, const uint32_t *ssrcs, size_t n)
{
    if (n > RTCP_REPORTS_MAX)
        return -EINVAL;
    uint8_t *p = begin(out, size, n, RTCP_TYPE_BYE, 4 * n);
    if (!p)
        return -ENOSPC;
    for (size_t i = 0; i < n; i++)
        put_be32(p + 4 * i, ssrcs[i]);
    return packet_bytes(4 * n);
}

static uint8_t *begin_feedback(uint8_t *out, size_t size, size_t fmt, enum rtcp_type type, uint32_t sender,
                               uint32_t media, size_t fci_bytes)
{
    uint8_t *p = begin(out, size, fmt, type, 8 + fci_bytes);
    if (!p)
        return NULL;
    put_be32(p, sender);
    put_be32(p + 4, media);
    return p + 8;
}

/* Sequence numbers of seqs[0..n) that one (PID, BLP) entry takes, at least the first. */
static size_t nack_entry(const uint16_t *seqs, size_t n, uint16_t *blp)
{
    size_t i = 1;
    *blp = 0;
    for (; i < n; i++) {
        uint16_t distance = (uint16_t)(seqs[i] - seqs[0]);
        if (distance > 16)
            break;
        if (distance)
            *blp |= (uint16_t)(1 << (distance - 1));
    }
    return i;
}

int rtcp_write_nack(uint8_t *out, size_t size, const struct rtcp_feedback *fb, const uint16_t *seqs, size_t n)
{
    size_t entries = 0;
    uint16_t blp;
    if (!n)
        return -EINVAL;
    for (size_t i = 0; i < n; entries++)
        i += nack_entry(seqs + i, n - i, &blp);
    uint8_t *p = begin_feedback(out, size, 1, RTCP_TYPE_RTPFB, fb->sender, fb->media, 4 * entries);
    if (!p)
        return -ENOSPC;
    for (size_t i = 0; i < n; p += 4) {
        put_be16(p, seqs[i]);
        i += nack_entry(seqs + i, n - i, &blp);
        put_be16(p + 2, blp);
    }
    return packet_bytes(8 + 4 * entries);
}

int rtcp_write_pli(uint8_t *out, size_t size, const struct rtcp_feedback *fb)
{
    return begin_feedback(out, size, 1, RTCP_TYPE_PSFB, fb->sender, fb->media, 0) ? packet_bytes(8) : -ENOSPC;
}

int rtcp_write_fir(uint8_t *out, size_t size, uint32_t sender, const struct rtcp_fir *entries, size_t n)
{
    if (!n)
        return -EINVAL;
    uint8_t *p = begin_feedback(out, size, 4, RTCP_TYPE_PSFB, sender, 0, 8 * n);
    if (!p)
        return -ENOSPC;
    for (size_t i = 0; i < n; i++) {
        put_be32(p + 8 * i, entries[i].ssrc);
        p[8 * i + 4] = entries[i].seq;
    }
    return packet_bytes(8 + 8 * n);
}

int rtcp_write_remb(uint8_t *out, size_t size, uint32_t sender, uint64_t bitrate_bps, const uint32_t *ssrcs, size_t n)
{
    if (n > RTCP_REMB_MAX)
        return -EINVAL;
    uint8_t *p = begin_feedback(out, size, 15, RTCP_TYPE_PSFB, sender, 0, 8 + 4 * n);
    if (!p)
        return -ENOSPC;
    unsigned exponent = 0;
    while (bitrate_bps >> exponent > 0x3ffff)
        exponent++;
    memcpy(p, "REMB", 4);
    p[4] = (uint8_t)n;
    put_be24(p + 5, exponent << 18 | (uint32_t)(bitrate_bps >> exponent));
    for (size_t i = 0; i < n; i++)
        put_be32(p + 8 + 4 * i, ssrcs[i]);
    return packet_bytes(16 + 4 * n);
}
