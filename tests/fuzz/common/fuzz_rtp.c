/* SPDX-License-Identifier: MIT */
/* Any bytes as an RTP packet: whatever parses lies inside the packet, and its elements survive writer and reader. */
#include <stdlib.h>
#include <string.h>

#include "common/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ELEMS_MAX 64

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void rewrite(const struct rtp_ext_elem *elems, size_t n)
{
    static uint8_t packet[RTP_PACKET_MAX] = {0x90};
    struct rtp_view v;
    struct rtp_ext_iter it;
    struct rtp_ext_elem e;
    int len = rtp_ext_write(packet + RTP_HEADER_BYTES, sizeof(packet) - RTP_HEADER_BYTES, elems, n);
    check(len > 0 && len % 4 == 0 && rtp_parse(&v, packet, RTP_HEADER_BYTES + (size_t)len) == 0);
    rtp_ext_begin(&it, &v, packet);
    for (size_t i = 0; i < n; i++) {
        check(rtp_ext_next(&it, &e) && e.id == elems[i].id && e.len == elems[i].len);
        check(!e.len || memcmp(e.data, elems[i].data, e.len) == 0);
    }
    check(!rtp_ext_next(&it, &e));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtp_view v;
    struct rtp_ext_iter it;
    struct rtp_ext_elem elems[ELEMS_MAX], found;
    size_t n = 0;
    rtp_demux(data, size);
    if (rtp_parse(&v, data, size))
        return 0;
    check((size_t)v.payload + v.payload_bytes + v.pad_bytes == size);
    for (rtp_ext_begin(&it, &v, data); n < ELEMS_MAX && rtp_ext_next(&it, &elems[n]); n++) {
        check(elems[n].data >= data + v.ext && elems[n].data + elems[n].len <= data + v.payload);
        check(rtp_ext_find(&v, data, elems[n].id, &found));
    }
    if (n)
        rewrite(elems, n);
    return 0;
}
