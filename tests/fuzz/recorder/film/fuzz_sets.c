/* SPDX-License-Identifier: MIT */
/* Any bytes as two access units of H.264, cut at what the first byte says: a key frame's packet begins with the sets
 * that are known, and who has nothing but it knows them too. */
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "recorder/film/sets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void pass(struct sets *s, const uint8_t *unit, size_t bytes)
{
    AVPacket *pkt = av_packet_alloc();
    check(pkt && sets_learn(s, unit, bytes) == 0);
    check(sets_packet(s, unit, bytes, false, pkt) == 0 && (size_t)pkt->size == bytes);
    check(!bytes || memcmp(pkt->data, unit, bytes) == 0);
    av_packet_unref(pkt);
    check(sets_packet(s, unit, bytes, true, pkt) == 0);
    check((size_t)pkt->size >= s->sps.bytes + s->pps.bytes && (size_t)pkt->size <= s->sps.bytes + s->pps.bytes + bytes);
    check(!s->sps.bytes || memcmp(pkt->data, s->sps.data, s->sps.bytes) == 0);
    struct sets again = {0};
    check(sets_learn(&again, pkt->data, (size_t)pkt->size) == 0 && (sets_known(&again) || !sets_known(s)));
    sets_finish(&again);
    av_packet_free(&pkt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sets s = {0};
    if (!size)
        return 0;
    size_t first = MIN((size_t)data[0], size - 1);
    pass(&s, data + 1, first);
    pass(&s, data + 1 + first, size - 1 - first);
    AVCodecParameters *par = avcodec_parameters_alloc();
    check(par && sets_to_par(&s, par) == 0 && (size_t)par->extradata_size == s.sps.bytes + s.pps.bytes);
    avcodec_parameters_free(&par);
    sets_finish(&s);
    return 0;
}
