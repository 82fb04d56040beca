/* SPDX-License-Identifier: MIT */
/* RTCP readers: the walk over a compound packet and one reader per kind of packet. */
#include "common/rtcp.h"

#include <string.h>

#define SR_BYTES       24 /* of the body: SSRC and sender info */
#define RR_BYTES       4
#define REPORT_BYTES   24
#define FEEDBACK_BYTES 8
#define FIR_BYTES      8
#define REMB_BYTES     16 /* feedback SSRCs, "REMB", count, bitrate */
#define TWCC_BYTES     16 /* feedback SSRCs, base, count, reference time */
#define SDES_CNAME     1

enum { FMT_NACK = 1, FMT_TWCC = 15, FMT_PLI = 1, FMT_FIR = 4, FMT_AFB = 15 };

static bool is_remb(const struct rtcp_packet *packet)
{
    return packet->body_bytes >= REMB_BYTES && memcmp(packet->body + FEEDBACK_BYTES, "REMB", 4) == 0 &&
           packet->body_bytes >= REMB_BYTES + 4 * (size_t)packet->body[FEEDBACK_BYTES + 4];
}

static enum rtcp_kind kind_of_rtpfb(const struct rtcp_packet *packet)
{
    if (packet->count == FMT_NACK && packet->body_bytes >= FEEDBACK_BYTES + 4)
        return RTCP_NACK;
    if (packet->count == FMT_TWCC && packet->body_bytes >= TWCC_BYTES)
        return RTCP_TWCC;
    return RTCP_OTHER;
}

static enum rtcp_kind kind_of_psfb(const struct rtcp_packet *packet)
{
    if (packet->count == FMT_PLI && packet->body_bytes >= FEEDBACK_BYTES)
        return RTCP_PLI;
    if (packet->count == FMT_FIR && packet->body_bytes >= FEEDBACK_BYTES + FIR_BYTES)
        return RTCP_FIR;
    if (packet->count == FMT_AFB && is_remb(packet))
        return RTCP_REMB;
    return RTCP_OTHER;
}

static enum rtcp_kind kind_of(const struct rtcp_packet *packet)
{
    size_t bytes = packet->body_bytes, count = packet->count;
    switch (packet->type) {
    case RTCP_TYPE_SR:
        return bytes >= SR_BYTES + count * REPORT_BYTES ? RTCP_SR : RTCP_OTHER;
    case RTCP_TYPE_RR:
        return bytes >= RR_BYTES + count * REPORT_BYTES ? RTCP_RR : RTCP_OTHER;
    case RTCP_TYPE_SDES:
        return RTCP_SDES;
    case RTCP_TYPE_BYE:
        return bytes >= count * 4 ? RTCP_BYE : RTCP_OTHER;
    case RTCP_TYPE_RTPFB:
        return kind_of_rtpfb(packet);
    case RTCP_TYPE_PSFB:
        return kind_of_psfb(packet);
    default:
        return RTCP_OTHER;
    }
}

/* ---- The walk ---- */

void rtcp_begin(struct rtcp_iter *it, const uint8_t *p, size_t len)
{
    it->p = p;
    it->end = p + len;
    it->malformed = false;
}

static bool fail(struct rtcp_iter *it)
{
    it->malformed = true;
    it->p = it->end;
    return false;
}

bool rtcp_next(struct rtcp_iter *it, struct rtcp_packet *packet)
{
    const uint8_t *p = it->p;
    size_t left = (size_t)(it->end - p);
    if (!left)
        return false;
    if (left < RTCP_HEADER_BYTES || p[0] >> 6 != 2 || p[1] < 192 || p[1] > 223)
        return fail(it);
    size_t bytes = 4 * ((size_t)get_be16(p + 2) + 1), pad = 0;
    if (bytes > left)
        return fail(it);
    if (p[0] & 0x20) {
        pad = p[bytes - 1];
        if (bytes < left || !pad || pad % 4 || pad > bytes - RTCP_HEADER_BYTES)
            return fail(it);
    }
    packet->type = p[1];
    packet->count = p[0] & 0x1f;
    packet->body = p + RTCP_HEADER_BYTES;
    packet->body_bytes = bytes - RTCP_HEADER_BYTES - pad;
    packet->kind = kind_of(packet);
    it->p += bytes;
    return true;
}

bool rtcp_check(const uint8_t *p, size_t len)
{
    struct rtcp_iter it;
    struct rtcp_packet packet;
    rtcp_begin(&it, p, len);
    while (rtcp_next(&it, &packet))
        ;
    return len && !it.malformed;
}

/* ---- Reports ---- */

static bool is_feedback(const struct rtcp_packet *packet)
{
    return packet->kind >= RTCP_NACK && packet->kind <= RTCP_TWCC;
}

bool rtcp_read_sender(const struct rtcp_packet *packet, uint32_t *ssrc)
{
    if (packet->kind != RTCP_SR && packet->kind != RTCP_RR && !is_feedback(packet))
        return false;
    *ssrc = get_be32(packet->body);
    return true;
}

bool rtcp_read_sr(const struct rtcp_packet *packet, struct rtcp_sr *sr)
{
    if (packet->kind != RTCP_SR)
        return false;
    sr->ssrc = get_be32(packet->body);
    sr->ntp = get_be64(packet->body + 4);
    sr->rtp_ts = get_be32(packet->body + 12);
    sr->packets = get_be32(packet->body + 16);
    sr->bytes = get_be32(packet->body + 20);
    return true;
}

bool rtcp_read_report(const struct rtcp_packet *packet, size_t i, struct rtcp_report *report)
{
    if ((packet->kind != RTCP_SR && packet->kind != RTCP_RR) || i >= packet->count)
        return false;
    const uint8_t *p = packet->body + (packet->kind == RTCP_SR ? SR_BYTES : RR_BYTES) + i * REPORT_BYTES;
    report->ssrc = get_be32(p);
    report->fraction_lost = p[4];
    report->lost = (int32_t)(get_be24(p + 5) << 8) >> 8;
    report->highest_seq = get_be32(p + 8);
    report->jitter = get_be32(p + 12);
    report->lsr = get_be32(p + 16);
    report->dlsr = get_be32(p + 20);
    return true;
}

/* ---- SDES and BYE ---- */

void rtcp_sdes_begin(struct rtcp_sdes_iter *it, const struct rtcp_packet *packet)
{
    bool is_sdes = packet->kind == RTCP_SDES;
    it->p = packet->body;
    it->end = packet->body + (is_sdes ? packet->body_bytes : 0);
    it->left = is_sdes ? packet->count : 0;
}

/* One chunk: SSRC, items, and from one to four zero bytes up to the next 32-bit border (RFC 3550 6.5). */
bool rtcp_sdes_next(struct rtcp_sdes_iter *it, struct rtcp_sdes *sdes)
{
    if (!it->left || it->end - it->p < 4)
        return false;
    const uint8_t *p = it->p + 4;
    *sdes = (struct rtcp_sdes){.ssrc = get_be32(it->p)};
    while (p < it->end && *p) {
        if (it->end - p < 2 || it->end - p - 2 < p[1])
            return false;
        if (*p == SDES_CNAME && !sdes->cname) {
            sdes->cname = (const char *)p + 2;
            sdes->cname_bytes = p[1];
        }
        p += 2 + p[1];
    }
    size_t chunk_bytes = ((size_t)(p - it->p) + 4) & ~(size_t)3;
    if (chunk_bytes > (size_t)(it->end - it->p))
        return false;
    it->p += chunk_bytes;
    it->left--;
    return true;
}

bool rtcp_read_bye(const struct rtcp_packet *packet, size_t i, uint32_t *ssrc)
{
    if (packet->kind != RTCP_BYE || i >= packet->count)
        return false;
    *ssrc = get_be32(packet->body + 4 * i);
    return true;
}

/* ---- Feedback ---- */

bool rtcp_read_feedback(const struct rtcp_packet *packet, struct rtcp_feedback *feedback)
{
    if (!is_feedback(packet))
        return false;
    feedback->sender = get_be32(packet->body);
    feedback->media = get_be32(packet->body + 4);
    return true;
}

void rtcp_nack_begin(struct rtcp_nack_iter *it, const struct rtcp_packet *packet)
{
    it->end = packet->body + packet->body_bytes;
    it->p = packet->kind == RTCP_NACK ? packet->body + FEEDBACK_BYTES : it->end;
    it->lost = 0;
}

bool rtcp_nack_next(struct rtcp_nack_iter *it, uint16_t *seq)
{
    if (!it->lost) {
        if (it->end - it->p < 4)
            return false;
        it->pid = get_be16(it->p);
        it->lost = (uint32_t)get_be16(it->p + 2) << 1 | 1;
        it->p += 4;
    }
    *seq = (uint16_t)(it->pid + __builtin_ctz(it->lost));
    it->lost &= it->lost - 1;
    return true;
}

bool rtcp_read_fir(const struct rtcp_packet *packet, size_t i, struct rtcp_fir *fir)
{
    if (packet->kind != RTCP_FIR || i >= (packet->body_bytes - FEEDBACK_BYTES) / FIR_BYTES)
        return false;
    const uint8_t *p = packet->body + FEEDBACK_BYTES + i * FIR_BYTES;
    fir->ssrc = get_be32(p);
    fir->seq = p[4];
    return true;
}

bool rtcp_read_remb(const struct rtcp_packet *packet, struct rtcp_remb *remb)
{
    if (packet->kind != RTCP_REMB)
        return false;
    const uint8_t *p = packet->body + FEEDBACK_BYTES + 4;
    unsigned exponent = p[1] >> 2;
    uint64_t mantissa = get_be24(p + 1) & 0x3ffff;
    bool fits = mantissa <= UINT64_MAX >> exponent;
    remb->bitrate_bps = fits ? mantissa << exponent : UINT64_MAX;
    remb->n_ssrcs = p[0];
    remb->ssrcs = p + 4;
    return true;
}
