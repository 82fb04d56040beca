/* SPDX-License-Identifier: MIT */
/* A feed: one track of a film to be, whose packets are made when they are asked for, in order of decoding. Times of
 * packets count from the start of the film. Whoever makes a kind of feed embeds struct feed as the first member. */
#ifndef ROOMLINE_RECORDER_FILM_FEED_H
#define ROOMLINE_RECORDER_FILM_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include <libavcodec/packet.h>
#include <libavformat/avformat.h>

#include "common/media.h"

struct feed {
    int (*next)(struct feed *f, AVPacket *pkt); /* 1, 0 at the end, or a negative AVERROR */
    void (*destroy)(struct feed *f);
    AVCodecParameters *par; /* complete from the start; this and tags are feed_destroy's to free */
    AVRational time_base;   /* of the packets' times */
    AVDictionary *tags;     /* for containers that take them */
    bool sets_changed;      /* H.264: other parameter sets than those of par have come by */
};

/* Fills what all feeds have. -ENOMEM: nothing is to be undone. */
int feed_init(struct feed *f, enum AVMediaType type, enum AVCodecID codec, AVRational time_base);
void feed_finish(struct feed *f);

void feed_destroy(struct feed *f); /* NULL: nothing */

enum AVCodecID feed_codec(enum codec codec); /* AV_CODEC_ID_NONE: not recorded */

static inline AVRational us_base(void)
{
    return (AVRational){1, 1000000};
}

#endif
