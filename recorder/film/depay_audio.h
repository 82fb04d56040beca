/* SPDX-License-Identifier: MIT */
/* How long the sound in one payload is. Total on any (ptr, len). */
#ifndef ROOMLINE_RECORDER_FILM_DEPAY_AUDIO_H
#define ROOMLINE_RECORDER_FILM_DEPAY_AUDIO_H

#include <stddef.h>
#include <stdint.h>

/* Opus (RFC 6716 3.1, 3.2): us, 2500 to 120000; a frame without data, as DTX sends, counts. 0: no Opus packet. */
int64_t depay_audio_opus_us(const uint8_t *payload, size_t len);

/* G.711 (RFC 3551 4.5.14): a byte a sample and channel. 0: no whole sample. */
int64_t depay_audio_pcm_us(size_t len, uint8_t channels, uint32_t clock_hz);

#endif
