/* SPDX-License-Identifier: MIT */
/* Pictures of one size made pictures of another: decoded, scaled as large as they fit, in the middle of black, encoded
 * again. For stretches of a stream, each of which starts with a key frame. */
#ifndef ROOMLINE_RECORDER_FILM_RESCALE_H
#define ROOMLINE_RECORDER_FILM_RESCALE_H

#include "recorder/film/paint.h"

struct rescale {
    struct paint_form form; /* of what comes out */
    AVCodecContext *decoder, *encoder;
    struct SwsContext *sws;
    AVFrame *in, *out;
};

/* Begins a stretch, and ends what there was. 0 or a negative AVERROR. */
int rescale_begin(struct rescale *r, const struct paint_form *form);
void rescale_finish(struct rescale *r); /* zeroed too */

/* One packet in, one out, or none (AVERROR(EAGAIN)) when it cannot be decoded. in is emptied. */
int rescale_packet(struct rescale *r, AVPacket *in, AVPacket *out);

/* Which values of luma the picture of a key frame uses; by that players tell pictures of one stream apart.
 * AVCOL_RANGE_UNSPECIFIED when it says nothing, or cannot be decoded. */
enum AVColorRange rescale_range(enum AVCodecID codec, const AVPacket *key);

#endif
