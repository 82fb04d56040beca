/* SPDX-License-Identifier: MIT */
/* RTP payloads that look like their codec to a relay and can be verified by whoever receives them: a codec's own
 * descriptor in front, a record of who sent what and when at the end, and a checksum over all of it. */
#ifndef ROOMLINE_TESTS_PEER_PAYLOAD_H
#define ROOMLINE_TESTS_PEER_PAYLOAD_H

#include "common/media.h"
#include "common/util.h"

#define PAYLOAD_BYTES_MIN 112 /* room for the longest descriptor and the record */

struct payload {
    uint32_t source; /* the sender's name for the RTP stream */
    uint32_t ts;     /* RTP timestamp as it was sent */
    uint64_t seq;    /* counts the packets of the source; its low 16 bits are the RTP sequence number as sent */
    int64_t sent_us; /* when it was sent first, of loop_now_us */
    uint16_t frame;  /* video: number of the picture */
    bool first;      /* of its frame */
    bool last;       /* of its frame */
    bool key;        /* of a key frame */
};

/* Fills out[0..len), len >= PAYLOAD_BYTES_MIN. */
void payload_write(uint8_t *out, size_t len, enum codec codec, const struct payload *payload);

/* false: not one of ours, or not as it was written. */
bool payload_read(struct payload *payload, enum codec codec, const uint8_t *bytes, size_t len);

#endif
