/* SPDX-License-Identifier: MIT */
/* The tee: copies of decrypted RTP, and what sender reports say of the clocks, on their way from the dataplane's
 * workers to the recorder, and from there to disk. One record format for both: what a worker wrote into its ring is
 * what a capture file holds (capture.h).
 *
 * The link: the recorder connects to TAP_SOCKET (SOCK_SEQPACKET) and gets one struct tap_hello with two descriptors.
 * The dataplane serves one recorder at a time; a second one is refused by closing. Nothing else is ever said on it:
 * when it closes the other end has gone. descriptor 0  the slab: for each worker one ring (tap_ring.h), sealed,
 * read-only for the recorder descriptor 1  the tails: for each worker one struct tap_tail, sealed, which the recorder
 * writes Host order: both ends are one build on one machine. Neither end trusts what the other can write. */
#ifndef ROOMLINE_COMMON_TAP_H
#define ROOMLINE_COMMON_TAP_H

#include <stddef.h>
#include <stdint.h>

#define TAP_SOCKET       "dataplane.tap" /* in conf run_dir */
#define TAP_VERSION      1
#define TAP_RECORD_ALIGN 8
#define TAP_BODY_MAX     2048 /* bytes behind the head of a record that a worker writes */

struct tap_hello {
    uint32_t version;
    uint32_t n_rings;
    uint64_t ring_bytes; /* of each ring's data: a power of two, the geometry of tap_ring.h */
    uint64_t boot_id;    /* that of struct dp_hello */
};

/* id, what its body is */
#define TAP_LIST(X)                                                                   \
    X(PAD, "nothing: up to the end of the ring")                                      \
    X(RTP, "one RTP packet in the clear, from its header on, without padding or tag") \
    X(SR, "struct tap_sr")                                                            \
    X(META, "capture files only: JSON text, see capture.h")                           \
    X(CLOCK, "capture files only: struct tap_clock")                                  \
    X(LOST, "capture files only: struct tap_lost")                                    \
    X(END, "capture files only: JSON text, see capture.h")

enum tap_type {
#define X(id, text) TAP_##id,
    TAP_LIST(X)
#undef X
        TAP_TYPE_COUNT
};

/* Head of a record. Its body follows, then zeros up to the next multiple of TAP_RECORD_ALIGN. */
struct tap_record {
    uint32_t bytes;      /* of head, body and zeros */
    uint16_t body_bytes; /* RTP: of the packet */
    uint16_t type;       /* enum tap_type */
    uint64_t stream;     /* id of the RTP stream (dp_stream_put.id); 0 where it is about none */
    int64_t rx_us;       /* arrival, CLOCK_MONOTONIC */
    int64_t index;       /* RTP: packet index ROC << 16 | SEQ of the stream's SSRC, which never wraps; else 0 */
};

struct tap_sr { /* RFC 3550 6.4.1, as the publisher said it */
    uint64_t ntp;
    uint32_t rtp_ts;
    uint32_t packets;
};

struct tap_clock { /* two clocks at one moment */
    int64_t monotonic_us;
    int64_t unix_us;
};

struct tap_lost {
    uint64_t records; /* that a full ring did not take, of all streams of that worker, since the last such record */
};

_Static_assert(sizeof(struct tap_record) == 32 && sizeof(struct tap_sr) == 16, "no padding");

#define TAP_RECORD_BYTES_MAX (sizeof(struct tap_record) + TAP_BODY_MAX)

/* Bytes that a record takes with its head. */
static inline uint32_t tap_record_bytes(uint32_t body_bytes)
{
    return (uint32_t)(sizeof(struct tap_record) + body_bytes + TAP_RECORD_ALIGN - 1) & ~(TAP_RECORD_ALIGN - 1u);
}

#endif
