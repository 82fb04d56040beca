/* SPDX-License-Identifier: MIT */
/* VP8 out of RTP (RFC 7741): payload descriptor, and as much of the frame as says whether it is a key frame, how large,
 * and where its first partition ends (RFC 6386 9.1). Total on any payload. */
#ifndef ROOMLINE_RECORDER_FILM_DEPAY_VP8_H
#define ROOMLINE_RECORDER_FILM_DEPAY_VP8_H

#include "recorder/film/picture.h"

struct depay_vp8 {
    struct picture picture;
    int32_t picture_id, last_id; /* with 15 or with 7 bits, of this picture and of the one before; -1: none */
    uint16_t id_mask;
    uint16_t width, height; /* of the newest key frame */
};

struct depay_vp8_head { /* payload descriptor, RFC 7741 4.2 */
    size_t bytes;
    bool start; /* of partition 0, that is of the frame */
    int32_t picture_id;
    uint16_t id_mask; /* 0x7f or 0x7fff */
};

/* 0 or -EBADMSG: cut off, or nothing follows it. */
int depay_vp8_head(struct depay_vp8_head *head, const uint8_t *payload, size_t len);

void depay_vp8_begin(struct depay_vp8 *v);
/* lost: packets are missing between this one and the one before, of the same picture or of another. */
void depay_vp8_add(struct depay_vp8 *v, const uint8_t *payload, size_t len, bool lost);
/* No more packets. false: it is of no use. */
bool depay_vp8_end(struct depay_vp8 *v);

/* Is it the one that follows the last one that was begun, by its number? false: unknown. */
bool depay_vp8_follows(const struct depay_vp8 *v);

#endif
