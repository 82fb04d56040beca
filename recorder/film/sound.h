/* SPDX-License-Identifier: MIT */
/* A feed of continuous sound: what a take sent, decoded, laid out on the film's clock and encoded anew at 48 kHz.
 * Silence where nothing came; a sender's clock that runs faster or slower than ours is followed by resampling, never by
 * cutting. The encoder's priming stands before zero, where containers hide it. */
#ifndef ROOMLINE_RECORDER_FILM_SOUND_H
#define ROOMLINE_RECORDER_FILM_SOUND_H

#include "recorder/film/feed.h"
#include "recorder/film/take.h"

/* codec: AV_CODEC_ID_AAC or AV_CODEC_ID_OPUS. channels: 0: as many as were sent. t: NULL, or a take
 * without sound: nothing but silence. zero_us: of the
 * take's timeline, where the film starts; length_us: of the film, which is filled up to there. The take stays the
 * caller's and must live longer. 0 or a negative AVERROR. */
int sound_create(struct take *t, int64_t zero_us, int64_t length_us, enum AVCodecID codec, int channels,
                 struct feed **out);

#endif
