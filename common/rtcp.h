/* SPDX-License-Identifier: MIT */
/* RTCP on the wire: walk a compound or reduced-size packet, read and write what a relay terminates (RFC 3550 6, RFC
 * 4585 6, RFC 5104 4.3.1, RFC 5506, draft-alvestrand-rmcat-remb-03). Transport-wide feedback is in twcc.h.
 *
 * Readers are total and never copy; writers return the bytes written (a multiple of 4), -ENOSPC, or -EINVAL for a count
 * the format cannot hold, and make a compound packet by being called one behind the other. */
#ifndef ROOMLINE_COMMON_RTCP_H
#define ROOMLINE_COMMON_RTCP_H

#include "common/util.h"

#define RTCP_HEADER_BYTES 4
#define RTCP_REPORTS_MAX  31 /* the 5-bit count; also of SDES chunks and BYE sources */
#define RTCP_CNAME_MAX    255
#define RTCP_REMB_MAX     255

enum rtcp_type {
    RTCP_TYPE_SR = 200,
    RTCP_TYPE_RR = 201,
    RTCP_TYPE_SDES = 202,
    RTCP_TYPE_BYE = 203,
    RTCP_TYPE_RTPFB = 205,
    RTCP_TYPE_PSFB = 206,
};

/* What a packet is once type and format are put together. */
enum rtcp_kind {
    RTCP_OTHER,
    RTCP_SR,
    RTCP_RR,
    RTCP_SDES,
    RTCP_BYE,
    RTCP_NACK,
    RTCP_PLI,
    RTCP_FIR,
    RTCP_REMB,
    RTCP_TWCC
};

/* One packet of a compound. Every kind but RTCP_OTHER is long enough for its fixed part and for what its count field
 * announces (SDES apart, which its iterator checks). */
struct rtcp_packet {
    const uint8_t *body; /* after the 4-byte header */
    size_t body_bytes;   /* without padding */
    enum rtcp_kind kind;
    uint8_t type;  /* 192..223 */
    uint8_t count; /* report blocks, SDES chunks, BYE sources; FMT of feedback */
};

struct rtcp_iter {
    const uint8_t *p, *end;
    bool malformed; /* set when the walk stopped before the end */
};

/* Zero bytes hold no packet and are not malformed. */
void rtcp_begin(struct rtcp_iter *it, const uint8_t *p, size_t len);

/* Next packet; false at the end or at the first malformation: wrong version, length beyond the end, a type outside
 * 192..223, padding of a wrong count or not in the last packet (RFC 3550 6.4.1). */
bool rtcp_next(struct rtcp_iter *it, struct rtcp_packet *packet);

/* true: the whole of it can be walked. For callers that act on all packets or on none. */
bool rtcp_check(const uint8_t *p, size_t len);

/* The readers return false when the packet is of another kind or has no i-th item. */

/* SSRC of who sent it: SR, RR and all feedback. */
bool rtcp_read_sender(const struct rtcp_packet *packet, uint32_t *ssrc);

struct rtcp_sr {
    uint64_t ntp; /* 32.32, see ntp.h */
    uint32_t ssrc;
    uint32_t rtp_ts;
    uint32_t packets;
    uint32_t bytes; /* payload bytes */
};

bool rtcp_read_sr(const struct rtcp_packet *packet, struct rtcp_sr *sr);

struct rtcp_report {
    uint32_t ssrc;
    int32_t lost;         /* cumulative, 24 bits signed */
    uint32_t highest_seq; /* extended */
    uint32_t jitter;      /* RTP clock units */
    uint32_t lsr;         /* ntp_middle of the last SR; 0: none */
    uint32_t dlsr;        /* 1/65536 s since then */
    uint8_t fraction_lost;
};

/* i-th report block of a SR or RR, i < packet->count. */
bool rtcp_read_report(const struct rtcp_packet *packet, size_t i, struct rtcp_report *report);

struct rtcp_sdes_iter {
    const uint8_t *p, *end;
    size_t left;
};

struct rtcp_sdes {
    const char *cname; /* not terminated; NULL: the chunk has none */
    uint32_t ssrc;
    uint8_t cname_bytes;
};

void rtcp_sdes_begin(struct rtcp_sdes_iter *it, const struct rtcp_packet *packet);
bool rtcp_sdes_next(struct rtcp_sdes_iter *it, struct rtcp_sdes *sdes);

/* i-th source that leaves, i < packet->count. */
bool rtcp_read_bye(const struct rtcp_packet *packet, size_t i, uint32_t *ssrc);

/* The two SSRCs of every feedback packet (RFC 4585 6.1). media is 0 in FIR and REMB. */
struct rtcp_feedback {
    uint32_t sender;
    uint32_t media;
};

bool rtcp_read_feedback(const struct rtcp_packet *packet, struct rtcp_feedback *feedback);

struct rtcp_nack_iter {
    const uint8_t *p, *end;
    uint32_t lost; /* bit i: pid + i */
    uint16_t pid;
};

/* Sequence numbers of a generic NACK (RFC 4585 6.2.1), in the order of the packet, at most 17 per 4 bytes. */
void rtcp_nack_begin(struct rtcp_nack_iter *it, const struct rtcp_packet *packet);
bool rtcp_nack_next(struct rtcp_nack_iter *it, uint16_t *seq);

struct rtcp_fir {
    uint32_t ssrc;
    uint8_t seq; /* a command repeated with the same number is to be acted on once (RFC 5104 4.3.1.2) */
};

/* i-th entry of a FIR. */
bool rtcp_read_fir(const struct rtcp_packet *packet, size_t i, struct rtcp_fir *fir);

struct rtcp_remb {
    const uint8_t *ssrcs; /* see rtcp_remb_ssrc */
    uint64_t bitrate_bps; /* saturates */
    uint8_t n_ssrcs;
};

bool rtcp_read_remb(const struct rtcp_packet *packet, struct rtcp_remb *remb);

static inline uint32_t rtcp_remb_ssrc(const struct rtcp_remb *remb, size_t i) /* i < n_ssrcs */
{
    return get_be32(remb->ssrcs + 4 * i);
}

/* ---- Writers (rtcp_write.c) ---- */

int rtcp_write_sr(uint8_t *out, size_t size, const struct rtcp_sr *sr, const struct rtcp_report *reports, size_t n);
int rtcp_write_rr(uint8_t *out, size_t size, uint32_t ssrc, const struct rtcp_report *reports, size_t n);
int rtcp_write_sdes(uint8_t *out, size_t size, uint32_t ssrc, const char *cname);
int rtcp_write_bye(uint8_t *out, size_t size, const uint32_t *ssrcs, size_t n);

/* seqs: ascending on the circle, n > 0. Neighbours within 16 share one entry. */
int rtcp_write_nack(uint8_t *out, size_t size, const struct rtcp_feedback *fb, const uint16_t *seqs, size_t n);
int rtcp_write_pli(uint8_t *out, size_t size, const struct rtcp_feedback *fb);
int rtcp_write_fir(uint8_t *out, size_t size, uint32_t sender, const struct rtcp_fir *entries, size_t n);

/* The bitrate is rounded down to the 18 bits of its mantissa. */
int rtcp_write_remb(uint8_t *out, size_t size, uint32_t sender, uint64_t bitrate_bps, const uint32_t *ssrcs, size_t n);

#endif
