/* SPDX-License-Identifier: MIT */
/* The RTP header that a subscriber gets instead of the publisher's: payload type, SSRC, sequence number and timestamp
 * of its own, CSRCs as they were, and of the header extension what the subscriber agreed to, under its own ids (RFC
 * 3550 5.1, RFC 8285). The incoming packet is read once, the header is written once per subscriber. Pure, header only.
 */
#ifndef ROOMLINE_DATAPLANE_REWRITE_H
#define ROOMLINE_DATAPLANE_REWRITE_H

#include <string.h>

#include "common/rtp.h"

#define REWRITE_ELEMS_MAX 16 /* of the extension block; what comes behind is stripped */

struct rewrite_in {
    struct rtp_view view;
    const uint8_t *packet;
    struct rtp_ext_elem elems[REWRITE_ELEMS_MAX];
    uint32_t n_elems;
};

struct rewrite_out {
    uint32_t ssrc;
    uint32_t ts;
    uint16_t seq;
    uint8_t pt;
    const uint8_t *ext_map; /* 256 entries: id in -> id out, 0: strip */
};

/* packet: clear, and it stays where it is while in is used. 0 or -EBADMSG. */
static inline int rewrite_read(struct rewrite_in *in, const uint8_t *packet, size_t len)
{
    struct rtp_ext_iter it;

    if (rtp_parse_header(&in->view, packet, len))
        return -EBADMSG;
    in->packet = packet;
    in->n_elems = 0;
    rtp_ext_begin(&it, &in->view, packet);
    while (in->n_elems < REWRITE_ELEMS_MAX && rtp_ext_next(&it, &in->elems[in->n_elems]))
        in->n_elems++;
    return 0;
}

/* Writes the header. Returns its length, or -ENOSPC. */
static inline int rewrite_header(uint8_t *out, size_t size, const struct rewrite_in *in, const struct rewrite_out *to)
{
    struct rtp_ext_elem kept[REWRITE_ELEMS_MAX];
    size_t fixed = RTP_HEADER_BYTES + 4 * (size_t)in->view.n_csrc;
    uint32_t n = 0;

    if (size < fixed)
        return -ENOSPC;
    for (uint32_t i = 0; i < in->n_elems; i++) {
        kept[n] = in->elems[i];
        kept[n].id = to->ext_map[in->elems[i].id];
        n += kept[n].id != 0;
    }
    int ext = rtp_ext_write(out + fixed, size - fixed, kept, n);
    if (ext < 0)
        return ext;
    out[0] = (uint8_t)(0x80 | (n ? 0x10 : 0) | in->view.n_csrc);
    out[1] = (uint8_t)((in->view.marker ? 0x80 : 0) | to->pt);
    put_be16(out + 2, to->seq);
    put_be32(out + 4, to->ts);
    put_be32(out + 8, to->ssrc);
    memcpy(out + RTP_HEADER_BYTES, in->packet + RTP_HEADER_BYTES, fixed - RTP_HEADER_BYTES);
    return (int)fixed + ext;
}

#endif
