/* SPDX-License-Identifier: MIT */
/* H.264 parameter sets: learnt from units, put in front of key frames. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/defs.h>
#include <libavutil/mem.h>

#include "recorder/film/sets.h"

#define START_CODE_BYTES 4

enum { NAL_SPS = 7, NAL_PPS = 8 };

struct nal {
    const uint8_t *data; /* from its start code on */
    size_t bytes;
    int type;
};

static bool starts_at(const uint8_t *p, const uint8_t *end)
{
    return end - p > START_CODE_BYTES && !p[0] && !p[1] && !p[2] && p[3] == 1;
}

/* The next NAL unit from *at on. */
static bool next_nal(const uint8_t **at, const uint8_t *end, struct nal *n)
{
    const uint8_t *p = *at;
    while (p < end && !starts_at(p, end))
        p++;
    if (p == end)
        return false;
    const uint8_t *stop = p + START_CODE_BYTES;
    while (stop < end && !starts_at(stop, end))
        stop++;
    *n = (struct nal){p, (size_t)(stop - p), p[START_CODE_BYTES] & 0x1f};
    *at = stop;
    return true;
}

static void copy_nals(const uint8_t *unit, size_t bytes, bool (*wanted)(int type), struct sets_text *out)
{
    const uint8_t *at = unit;
    struct nal n;
    while (next_nal(&at, unit + bytes, &n)) {
        if (!wanted(n.type))
            continue;
        memcpy(out->data + out->bytes, n.data, n.bytes);
        out->bytes += n.bytes;
    }
}

static bool is_sps(int type)
{
    return type == NAL_SPS;
}

static bool is_pps(int type)
{
    return type == NAL_PPS;
}

static bool is_neither(int type)
{
    return type != NAL_SPS && type != NAL_PPS;
}

static int learn(struct sets_text *known, const uint8_t *unit, size_t bytes, bool (*wanted)(int type), bool *changed)
{
    struct sets_text fresh = {.data = malloc(bytes ? bytes : 1)};
    if (!fresh.data)
        return -ENOMEM;
    copy_nals(unit, bytes, wanted, &fresh);
    if (!fresh.bytes || (fresh.bytes == known->bytes && !memcmp(fresh.data, known->data, fresh.bytes))) {
        free(fresh.data);
        return 0;
    }
    *changed |= known->bytes > 0;
    free(known->data);
    *known = fresh;
    return 0;
}

int sets_learn(struct sets *s, const uint8_t *unit, size_t bytes)
{
    int r = learn(&s->sps, unit, bytes, is_sps, &s->changed);
    return r ? r : learn(&s->pps, unit, bytes, is_pps, &s->changed);
}

bool sets_known(const struct sets *s)
{
    return s->sps.bytes && s->pps.bytes;
}

/* Those that are known: an empty text has no memory. */
static void put_sets(uint8_t *to, const struct sets *s)
{
    if (s->sps.bytes)
        memcpy(to, s->sps.data, s->sps.bytes);
    if (s->pps.bytes)
        memcpy(to + s->sps.bytes, s->pps.data, s->pps.bytes);
}

int sets_to_par(const struct sets *s, AVCodecParameters *par)
{
    size_t bytes = s->sps.bytes + s->pps.bytes;
    av_freep(&par->extradata);
    par->extradata = av_mallocz(bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!par->extradata)
        return -ENOMEM;
    put_sets(par->extradata, s);
    par->extradata_size = (int)bytes;
    return 0;
}

static int plain_packet(const uint8_t *unit, size_t bytes, AVPacket *pkt)
{
    if (av_new_packet(pkt, (int)bytes))
        return -ENOMEM;
    memcpy(pkt->data, unit, bytes);
    return 0;
}

int sets_packet(const struct sets *s, const uint8_t *unit, size_t bytes, bool key, AVPacket *pkt)
{
    if (!key)
        return plain_packet(unit, bytes, pkt);
    size_t sets_bytes = s->sps.bytes + s->pps.bytes;
    if (av_new_packet(pkt, (int)(sets_bytes + bytes)))
        return -ENOMEM;
    put_sets(pkt->data, s);
    struct sets_text rest = {.data = pkt->data + sets_bytes};
    copy_nals(unit, bytes, is_neither, &rest);
    av_shrink_packet(pkt, (int)(sets_bytes + rest.bytes));
    return 0;
}

void sets_finish(struct sets *s)
{
    free(s->sps.data);
    free(s->pps.data);
    *s = (struct sets){0};
}
