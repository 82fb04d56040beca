/* SPDX-License-Identifier: MIT */
/* Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1): which packets of
 * a transport came and when. A reader over a packet that rtcp.h found, and a writer that packs arrival times. */
#ifndef ROOMLINE_COMMON_TWCC_H
#define ROOMLINE_COMMON_TWCC_H

#include "common/rtcp.h"

#define TWCC_TICK_US    250
#define TWCC_REF_US     64000                              /* unit of the reference time */
#define TWCC_CYCLE_US   (INT64_C(0x1000000) * TWCC_REF_US) /* its 24 bits wrap after 12 days */
#define TWCC_STATUS_MAX UINT16_MAX
#define TWCC_BYTES_MIN  44         /* a buffer that always takes at least one received packet */
#define TWCC_MISSING    UINT64_MAX /* "arrival time" of a packet that did not come */

/* A validated packet: its chunks cover n_status packets and its deltas are all there. */
struct twcc_view {
    uint32_t sender;
    uint32_t media;
    uint32_t ref_time; /* 24 bits, TWCC_REF_US */
    uint16_t base_seq;
    uint16_t n_status;
    uint8_t fb_count;
    const uint8_t *chunks;
    const uint8_t *deltas;
};

struct twcc_status {
    int64_t arrival_us; /* when received: on the sender's clock modulo TWCC_CYCLE_US; inside one packet it does not
                           wrap, so that it may be below 0 or beyond the cycle */
    uint16_t seq;
    bool received;
};

struct twcc_iter {
    const uint8_t *chunk, *delta;
    int64_t arrival_us;
    uint16_t seq;
    uint16_t left;     /* statuses to come */
    uint16_t in_chunk; /* symbols of the current chunk that were read */
};

/* packet: of kind RTCP_TWCC. 0 or -EBADMSG: another kind, chunks or deltas cut short, a reserved symbol. */
int twcc_parse(struct twcc_view *view, const struct rtcp_packet *packet);

/* Every status in order of sequence number, at most n_status steps. */
void twcc_begin(struct twcc_iter *it, const struct twcc_view *view);
bool twcc_next(struct twcc_iter *it, struct twcc_status *status);

struct twcc_head {
    uint32_t sender;
    uint32_t media;
    uint16_t base_seq; /* of arrival_us[0] */
    uint8_t fb_count;
};

/* Packs arrival_us[0..n), consecutive sequence numbers from base_seq, as far as it fits the buffer and the 16 bits of a
 * delta. Stores in *n_done how many were taken, and returns the bytes written; the caller goes on behind them with a
 * new packet and fb_count + 1. -ENODATA: none of them was received. -ENOSPC: not even the first received one
 * fits, which needs size < TWCC_BYTES_MIN. */
int twcc_write(uint8_t *out, size_t size, const struct twcc_head *head, const uint64_t *arrival_us, size_t n,
               size_t *n_done);

#endif
