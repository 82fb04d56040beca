/* SPDX-License-Identifier: MIT */
/* A feed of a take's units as they came: H.264 (with its parameter sets in each key frame), VP8, Opus, G.711. Picture
 * begins with the first key frame that can be decoded. */
#ifndef ROOMLINE_RECORDER_FILM_COPY_H
#define ROOMLINE_RECORDER_FILM_COPY_H

#include "recorder/film/feed.h"
#include "recorder/film/take.h"

/* Opus sounds this much later than its timestamps say: what libopus looks ahead at 48 kHz (but for its low-delay mode,
 * which no browser uses). A file tells it as pre-skip (RFC 7845 4.2), so that players take it off again. */
#define OPUS_DELAY_SAMPLES 312

/* *out is NULL when the take has nothing of that kind that can be shown. zero_us: of the take's timeline, where the
 * film starts. The take stays the caller's and must live longer. 0 or -errno. */
int copy_create(struct take *t, enum media_kind kind, int64_t zero_us, struct feed **out);

/* Size of the newest packet's picture. f: of copy_create. */
void copy_size(const struct feed *f, int *width, int *height);

#endif
