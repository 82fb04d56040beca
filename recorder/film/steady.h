/* SPDX-License-Identifier: MIT */
/* A feed of picture without gaps at its ends: from the start of the film to its end, in one size. Black before the take
 * shows its first picture and after it has ended; in between what it sent, copied where it has that size, which is that
 * of its first key frame, else scaled into it. */
#ifndef ROOMLINE_RECORDER_FILM_STEADY_H
#define ROOMLINE_RECORDER_FILM_STEADY_H

#include "recorder/film/feed.h"
#include "recorder/film/take.h"

#define STEADY_WIDTH  640 /* of a take that shows nothing */
#define STEADY_HEIGHT 360

struct steady_span {
    int64_t zero_us;   /* of the take's timeline, where the film starts */
    int64_t end_us;    /* of the film, where the take ends */
    int64_t length_us; /* of the film */
};

/* codec: of the black picture of a take without any: H264 or VP8. The take stays the caller's and must live longer.
 * 0 or a negative AVERROR. */
int steady_create(struct take *t, const struct steady_span *span, enum AVCodecID codec, struct feed **out);

#endif
