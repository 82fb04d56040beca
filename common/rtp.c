/* SPDX-License-Identifier: MIT */
/* Writer of RTP header-extension blocks (RFC 8285); the readers are inline in rtp.h. */
#include "common/rtp.h"

#include <string.h>

static bool fits_one_byte(const struct rtp_ext_elem *elem)
{
    return elem->id <= RTP_EXT_ONE_ID_MAX && elem->len >= 1 && elem->len <= 16;
}

int rtp_ext_write(uint8_t *out, size_t size, const struct rtp_ext_elem *elems, size_t n)
{
    size_t head = 1, bytes = 0;
    for (size_t i = 0; i < n; i++) {
        if (!elems[i].id)
            return -EINVAL;
        if (!fits_one_byte(&elems[i]))
            head = 2;
        bytes += elems[i].len;
    }
    if (!n)
        return 0;
    size_t padded = (bytes + n * head + 3) & ~(size_t)3;
    if (size < 4 || padded > size - 4 || padded > RTP_PACKET_MAX)
        return -ENOSPC;

    put_be16(out, head == 1 ? RTP_EXT_ONE_BYTE : RTP_EXT_TWO_BYTE);
    put_be16(out + 2, (uint16_t)(padded / 4));
    uint8_t *p = out + 4;
    for (size_t i = 0; i < n; i++) {
        if (head == 1) {
            *p++ = (uint8_t)(elems[i].id << 4 | (elems[i].len - 1));
        } else {
            *p++ = elems[i].id;
            *p++ = elems[i].len;
        }
        if (elems[i].len)
            memcpy(p, elems[i].data, elems[i].len);
        p += elems[i].len;
    }
    memset(p, 0, (size_t)(out + 4 + padded - p));
    return (int)(4 + padded);
}
