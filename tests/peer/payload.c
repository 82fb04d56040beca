/* SPDX-License-Identifier: MIT */
/* Codec descriptors (RFC 7587, RFC 3551, RFC 7741, RFC 6184), the record and its checksum. */
#include "tests/peer/payload.h"

#include <assert.h>
#include <string.h>

#define MAGIC        0x526c7078u
#define RECORD_BYTES 40 /* magic, source, ts, flags and frame, seq, sent_us, sum */

enum { FLAG_FIRST = 1, FLAG_LAST = 2, FLAG_KEY = 4 };

enum { NAL_SLICE = 1, NAL_IDR = 5, NAL_SPS = 7, NAL_PPS = 8, NAL_FILLER = 12, NAL_STAP_A = 24, NAL_FU_A = 28 };

static const uint8_t sps[] = {0x60 | NAL_SPS, 0x42, 0xe0, 0x1f, 0x8c, 0x8d, 0x40, 0x50, 0x1e, 0xd0};
static const uint8_t pps[] = {0x60 | NAL_PPS, 0xce, 0x3c, 0x80};

static uint64_t checksum(const uint8_t *bytes, size_t len)
{
    uint64_t sum = len, word;
    for (; len >= sizeof(word); bytes += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    for (; len; bytes++, len--)
        sum = (sum ^ *bytes) * UINT64_C(0x100000001b3);
    return sum;
}

/* A descriptor with a 15-bit picture id, and on the first packet of a frame the frame tag, with the start code and the
 * size of the picture for a key frame. */
static size_t write_vp8(uint8_t *out, const struct payload *p)
{
    size_t n = 0;
    out[n++] = (uint8_t)(0x80 | (p->first ? 0x10 : 0));
    out[n++] = 0x80;
    out[n++] = (uint8_t)(0x80 | (p->frame >> 8 & 0x7f));
    out[n++] = (uint8_t)p->frame;
    if (!p->first)
        return n;
    out[n++] = p->key ? 0x10 : 0x11;
    out[n++] = 0x02;
    out[n++] = 0x00;
    if (p->key) {
        static const uint8_t start[] = {0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00};
        memcpy(out + n, start, sizeof(start));
        n += sizeof(start);
    }
    return n;
}

static size_t write_nal(uint8_t *out, const uint8_t *nal, size_t len)
{
    put_be16(out, (uint16_t)len);
    memcpy(out + 2, nal, len);
    return len + 2;
}

/* A key frame begins with its parameter sets in a STAP-A, whose filler unit holds the rest; all other packets are
 * fragments of one slice (FU-A). */
static size_t write_h264(uint8_t *out, size_t len, const struct payload *p)
{
    if (p->key && p->first) {
        size_t n = 1;
        out[0] = 0x60 | NAL_STAP_A;
        n += write_nal(out + n, sps, sizeof(sps));
        n += write_nal(out + n, pps, sizeof(pps));
        put_be16(out + n, (uint16_t)(len - n - 2));
        out[n + 2] = NAL_FILLER;
        return n + 3;
    }
    out[0] = 0x60 | NAL_FU_A;
    out[1] = (uint8_t)((p->first ? 0x80 : 0) | (p->last ? 0x40 : 0) | (p->key ? NAL_IDR : NAL_SLICE));
    return 2;
}

static size_t write_descriptor(uint8_t *out, size_t len, enum codec codec, const struct payload *p)
{
    switch (codec) {
    case CODEC_OPUS:
        out[0] = 0x78; /* CELT, 20 ms, mono, one frame */
        return 1;
    case CODEC_VP8:
        return write_vp8(out, p);
    case CODEC_H264:
        return write_h264(out, len, p);
    case CODEC_PCMU:
    case CODEC_PCMA:
    case CODEC_NONE:
    case CODEC_VP9:
    case CODEC_AV1:
    case CODEC_COUNT:
        break;
    }
    return 0;
}

void payload_write(uint8_t *out, size_t len, enum codec codec, const struct payload *p)
{
    assert(len >= PAYLOAD_BYTES_MIN);
    size_t n = write_descriptor(out, len, codec, p);
    uint8_t *record = out + len - RECORD_BYTES;
    memset(out + n, (uint8_t)p->seq, len - RECORD_BYTES - n);
    put_be32(record, MAGIC);
    put_be32(record + 4, p->source);
    put_be32(record + 8, p->ts);
    put_be16(record + 12,
             (uint16_t)((p->first ? FLAG_FIRST : 0) | (p->last ? FLAG_LAST : 0) | (p->key ? FLAG_KEY : 0)));
    put_be16(record + 14, p->frame);
    put_be64(record + 16, p->seq);
    put_be64(record + 24, (uint64_t)p->sent_us);
    put_be64(record + 32, checksum(out, len - 8));
}

bool payload_read(struct payload *p, enum codec codec, const uint8_t *bytes, size_t len)
{
    if (len < PAYLOAD_BYTES_MIN)
        return false;
    const uint8_t *record = bytes + len - RECORD_BYTES;
    if (get_be32(record) != MAGIC || get_be64(record + 32) != checksum(bytes, len - 8))
        return false;
    uint16_t flags = get_be16(record + 12);
    *p = (struct payload){
        .source = get_be32(record + 4),
        .ts = get_be32(record + 8),
        .frame = get_be16(record + 14),
        .seq = get_be64(record + 16),
        .sent_us = (int64_t)get_be64(record + 24),
        .first = flags & FLAG_FIRST,
        .last = flags & FLAG_LAST,
        .key = flags & FLAG_KEY,
    };
    uint8_t descriptor[PAYLOAD_BYTES_MIN];
    size_t n = write_descriptor(descriptor, len, codec, p);
    return memcmp(descriptor, bytes, n) == 0;
}
