/* SPDX-License-Identifier: MIT */
/* The RTP header that a subscriber gets instead of the publisher's: payload type, SSRC, sequence number and timestamp
 * of its own, CSRCs as they were, and of the header extension what the subscriber agreed to, under its own ids (RFC
 * 3550 5.1, RFC 8285). The incoming packet is read once, the header is written once per subscriber. Pure, header only.
 */
#ifndef ROOMLINE_DATAPLANE_REWRITE_H
#define ROOMLINE_DATAPLANE_REWRITE_H

#include <string.h>

#include "common/media.h"
#include "common/rtp.h"

#define REWRITE_ELEMS_MAX 16 /* of the extension block; what comes behind is stripped */
#define REWRITE_BLOCK_MAX 64 /* larger extension blocks are written anew for each subscriber */
#define REWRITE_EXT_NONE  0xff

struct rewrite_in {
    struct rtp_view view;
    const uint8_t *packet;
    uint32_t n_elems;
    struct rtp_ext_elem elems[REWRITE_ELEMS_MAX]; /* those of a kind that is forwarded; id: enum rtp_ext */
    uint8_t block_ext[RTP_EXT_COUNT];             /* whose ids stand in block */
    uint16_t block_bytes;                         /* 0: none yet */
    uint8_t block[REWRITE_BLOCK_MAX];             /* as it was written last: most subscribers agree to the same ids */
};

struct rewrite_out {
    uint32_t ssrc;
    uint32_t ts;
    uint16_t seq;
    uint8_t pt;
    const uint8_t *ext; /* id of each enum rtp_ext at the subscriber, 0: strip */
};

/* packet: clear, and it stays where it is while in is used. ext_of: 256 entries, id at the publisher -> enum rtp_ext,
 * or REWRITE_EXT_NONE for what is not forwarded. 0 or -EBADMSG. */
static inline int rewrite_read(struct rewrite_in *in, const uint8_t *ext_of, const uint8_t *packet, size_t len)
{
    struct rtp_ext_iter it;

    if (rtp_parse_header(&in->view, packet, len))
        return -EBADMSG;
    in->packet = packet;
    in->n_elems = 0;
    in->block_bytes = 0;
    if (!in->view.ext)
        return 0;
    rtp_ext_begin(&it, &in->view, packet);
    while (in->n_elems < REWRITE_ELEMS_MAX && rtp_ext_next(&it, &in->elems[in->n_elems])) {
        struct rtp_ext_elem *elem = &in->elems[in->n_elems];
        elem->id = ext_of[elem->id];
        in->n_elems += elem->id != REWRITE_EXT_NONE;
    }
    return 0;
}

static inline int rewrite_ext_block(uint8_t *out, size_t size, const struct rewrite_in *in, const uint8_t *ext)
{
    struct rtp_ext_elem kept[REWRITE_ELEMS_MAX];
    uint32_t n = 0;

    for (uint32_t i = 0; i < in->n_elems; i++) {
        kept[n] = in->elems[i];
        kept[n].id = ext[in->elems[i].id];
        n += kept[n].id != 0;
    }
    return rtp_ext_write(out, size, kept, n);
}

/* The block that was written for the last subscriber, if this one has the same ids. */
static inline int rewrite_ext(uint8_t *out, size_t size, struct rewrite_in *in, const uint8_t *ext)
{
    if (in->n_elems == 0)
        return 0;
    if (in->block_bytes == 0 || memcmp(in->block_ext, ext, sizeof(in->block_ext)) != 0) {
        int len = rewrite_ext_block(out, size, in, ext);
        if (len > 0 && len <= REWRITE_BLOCK_MAX) {
            in->block_bytes = (uint16_t)len;
            memcpy(in->block_ext, ext, sizeof(in->block_ext));
            memcpy(in->block, out, (size_t)len);
        }
        return len;
    }
    if (size < in->block_bytes)
        return -ENOSPC;
    memcpy(out, in->block, in->block_bytes);
    return in->block_bytes;
}

/* Writes the header. Returns its length, or -ENOSPC. */
static inline int rewrite_header(uint8_t *out, size_t size, struct rewrite_in *in, const struct rewrite_out *to)
{
    size_t fixed = RTP_HEADER_BYTES + 4 * (size_t)in->view.n_csrc;

    if (size < fixed)
        return -ENOSPC;
    int ext = rewrite_ext(out + fixed, size - fixed, in, to->ext);
    if (ext < 0)
        return ext;
    out[0] = (uint8_t)(0x80 | (ext ? 0x10 : 0) | in->view.n_csrc);
    out[1] = (uint8_t)((in->view.marker ? 0x80 : 0) | to->pt);
    put_be16(out + 2, to->seq);
    put_be32(out + 4, to->ts);
    put_be32(out + 8, to->ssrc);
    if (in->view.n_csrc)
        memcpy(out + RTP_HEADER_BYTES, in->packet + RTP_HEADER_BYTES, fixed - RTP_HEADER_BYTES);
    return (int)fixed + ext;
}

#endif
