/* SPDX-License-Identifier: MIT */
/* Encoders of FFmpeg, set up as browsers set up theirs: no delay, no reordering. A failure ends the process. */
#ifndef ROOMLINE_TESTS_FILM_ENCODE_H
#define ROOMLINE_TESTS_FILM_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

struct encode;

/* grain: of slate_grain; 0: none. */
struct encode *encode_video(enum codec codec, int width, int height, int fps, int kbps, int grain);
struct encode *encode_audio(enum codec codec, int samples); /* in a packet; Opus at 48 kHz, G.711 at 8 kHz, mono */
void encode_destroy(struct encode *e);

/* One picture of slate.h. Its bytes are the encoder's, until the next call. */
const uint8_t *encode_picture(struct encode *e, uint32_t number, bool key, size_t *bytes, bool *is_key);
const uint8_t *encode_sound(struct encode *e, const float *samples, size_t *bytes);

#endif
