/* SPDX-License-Identifier: MIT */
/* packetize: descriptors, aggregation, fragments. */
#include "tests/film/packetize.h"

#include <stdlib.h>
#include <string.h>

#include "common/util.h"

enum { NAL_SLICE = 1, NAL_IDR = 5, NAL_SPS = 7, NAL_PPS = 8, NAL_STAP_A = 24, NAL_FU_A = 28 };

#define VP8_DESCRIPTOR_BYTES 4
#define NALS_MAX             64

void packetize_vp8(const uint8_t *frame, size_t bytes, uint16_t picture_id, packetize_fn *send, void *arg)
{
    uint8_t out[PACKETIZE_BYTES_MAX];
    for (size_t at = 0, n; at < bytes; at += n) {
        n = MIN(bytes - at, sizeof(out) - VP8_DESCRIPTOR_BYTES);
        out[0] = at ? 0x80 : 0x90;
        out[1] = 0x80;
        put_be16(out + 2, picture_id | 0x8000);
        memcpy(out + VP8_DESCRIPTOR_BYTES, frame + at, n);
        send(arg, out, VP8_DESCRIPTOR_BYTES + n, at + n == bytes);
    }
}

struct nal {
    const uint8_t *p;
    size_t bytes;
};

static const uint8_t *next_start(const uint8_t *p, const uint8_t *end)
{
    for (; end - p >= 3; p++)
        if (!p[0] && !p[1] && p[2] == 1)
            return p;
    return end;
}

static size_t split(const uint8_t *unit, size_t bytes, struct nal *nals)
{
    const uint8_t *end = unit + bytes, *p = next_start(unit, end);
    size_t n = 0;
    while (p < end) {
        const uint8_t *nal = p + 3, *last = p = next_start(nal, end);
        while (last > nal && last < end && !last[-1])
            last--; /* the longer start code of the next one */
        if (n == NALS_MAX)
            abort();
        nals[n++] = (struct nal){nal, (size_t)(last - nal)};
    }
    return n;
}

static uint8_t type_of(const struct nal *nal)
{
    return nal->p[0] & 0x1f;
}

static void send_fragments(const struct nal *nal, bool last, packetize_fn *send, void *arg)
{
    uint8_t out[PACKETIZE_BYTES_MAX];
    for (size_t at = 1, n; at < nal->bytes; at += n) {
        n = MIN(nal->bytes - at, sizeof(out) - 2);
        bool end = at + n == nal->bytes;
        out[0] = (uint8_t)((nal->p[0] & 0x60) | NAL_FU_A);
        out[1] = (uint8_t)((at == 1 ? 0x80 : 0) | (end ? 0x40 : 0) | type_of(nal));
        memcpy(out + 2, nal->p + at, n);
        send(arg, out, n + 2, last && end);
    }
}

static void send_together(const struct nal *nals, size_t n, packetize_fn *send, void *arg)
{
    uint8_t out[PACKETIZE_BYTES_MAX] = {0x60 | NAL_STAP_A};
    size_t at = 1;
    for (size_t i = 0; i < n; at += 2 + nals[i++].bytes) {
        if (at + 2 + nals[i].bytes > sizeof(out))
            abort();
        put_be16(out + at, (uint16_t)nals[i].bytes);
        memcpy(out + at + 2, nals[i].p, nals[i].bytes);
    }
    send(arg, out, at, false);
}

void packetize_h264(const uint8_t *unit, size_t bytes, bool sets, packetize_fn *send, void *arg)
{
    struct nal nals[NALS_MAX], small[NALS_MAX];
    size_t n = split(unit, bytes, nals), n_small = 0;
    for (size_t i = 0; i < n; i++) {
        const struct nal *nal = &nals[i];
        bool last = i + 1 == n;
        if (type_of(nal) > NAL_IDR) {
            if (sets || (type_of(nal) != NAL_SPS && type_of(nal) != NAL_PPS))
                small[n_small++] = *nal;
            continue;
        }
        if (n_small)
            send_together(small, n_small, send, arg);
        n_small = 0;
        if (nal->bytes > PACKETIZE_BYTES_MAX)
            send_fragments(nal, last, send, arg);
        else
            send(arg, nal->p, nal->bytes, last);
    }
}
