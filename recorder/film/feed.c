/* SPDX-License-Identifier: MIT */
/* What all kinds of feeds have in common. */
#include <errno.h>

#include "recorder/film/feed.h"

int feed_init(struct feed *f, enum AVMediaType type, enum AVCodecID codec, AVRational time_base)
{
    f->par = avcodec_parameters_alloc();
    if (!f->par)
        return -ENOMEM;
    f->par->codec_type = type;
    f->par->codec_id = codec;
    f->time_base = time_base;
    return 0;
}

void feed_finish(struct feed *f)
{
    avcodec_parameters_free(&f->par);
    av_dict_free(&f->tags);
}

enum AVCodecID feed_codec(enum codec codec)
{
    switch (codec) {
    case CODEC_OPUS:
        return AV_CODEC_ID_OPUS;
    case CODEC_PCMU:
        return AV_CODEC_ID_PCM_MULAW;
    case CODEC_PCMA:
        return AV_CODEC_ID_PCM_ALAW;
    case CODEC_H264:
        return AV_CODEC_ID_H264;
    case CODEC_VP8:
        return AV_CODEC_ID_VP8;
    case CODEC_NONE:
    case CODEC_VP9:
    case CODEC_AV1:
    case CODEC_COUNT:
        break;
    }
    return AV_CODEC_ID_NONE;
}

void feed_destroy(struct feed *f)
{
    if (f)
        f->destroy(f);
}
