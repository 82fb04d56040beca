/* SPDX-License-Identifier: MIT */
/* A hostile publisher's header on its way to a subscriber: what comes out is well-formed, no longer than the room, and
 * holds no element that was not agreed. */
#include <stdlib.h>

#include "dataplane/rewrite.h"

#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *out, size_t len, const struct rewrite_in *in, const struct rewrite_out *to)
{
    struct rtp_ext_iter it;
    struct rtp_ext_elem elem;
    struct rtp_view v;
    uint32_t n = 0;

    MUST(rtp_parse_header(&v, out, len) == 0 && v.payload == len && !v.padded);
    MUST(v.ssrc == to->ssrc && v.seq == to->seq && v.ts == to->ts && v.pt == to->pt);
    MUST(v.marker == in->view.marker && v.n_csrc == in->view.n_csrc);
    MUST(memcmp(out + 12, in->packet + 12, 4 * (size_t)v.n_csrc) == 0);
    for (rtp_ext_begin(&it, &v, out); rtp_ext_next(&it, &elem); n++)
        MUST(elem.id >= 1 && elem.id <= 16); /* all that the map gives */
    for (uint32_t i = 0; i < in->n_elems; i++)
        n -= to->ext[in->elems[i].id] != 0;
    MUST(n == 0);
}

/* Input: room (16 bits), a step for the id map, a packet. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t ext_of[256], ext[RTP_EXT_COUNT], other[RTP_EXT_COUNT];
    struct rewrite_in in;

    if (size < 3)
        return 0;
    const struct rewrite_out to = {.ssrc = 1, .ts = 2, .seq = 3, .pt = 4, .ext = ext}, before = {.ext = other};
    size_t room = get_be16(data) % 2048;
    memset(ext_of, REWRITE_EXT_NONE, sizeof(ext_of));
    for (int id = 1; id < 256; id += 1 + data[2] % 16)
        ext_of[id] = (uint8_t)(id % RTP_EXT_COUNT);
    for (int e = 0; e < RTP_EXT_COUNT; e++) {
        ext[e] = (uint8_t)(e * data[2] % 17);
        other[e] = (uint8_t)(e * data[2] % 3);
    }
    if (rewrite_read(&in, ext_of, data + 3, size - 3))
        return 0;
    uint8_t *out = malloc(room + 1); /* its exact size: ASan sees a byte too many */
    MUST(out);
    rewrite_header(out, room, &in, &before); /* another subscriber leaves its block behind */
    int len = rewrite_header(out, room, &in, &to);
    MUST(len <= (int)room);
    if (len >= 0)
        check(out, (size_t)len, &in, &to);
    free(out);
    return 0;
}
