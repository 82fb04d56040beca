/* SPDX-License-Identifier: MIT */
/* What can be seen and heard of the time at which it was recorded: a number in every picture, and a tone on every whole
 * second. Times are of the scene, in us. */
#ifndef ROOMLINE_TESTS_FILM_SLATE_H
#define ROOMLINE_TESTS_FILM_SLATE_H

#include <stddef.h>
#include <stdint.h>

#define SLATE_NUMBER_MAX 0xffffff
#define SLATE_TONES      8
#define SLATE_TONE_US    40000

/* Sixteen by two large blocks, black for 0 and white for 1, on the upper half: 24 bits of the number and 8 that check
 * it. On the lower half a bar moves. At least 64x32. */
void slate_draw(uint8_t *luma, int stride, int width, int height, uint32_t number);
/* Noise upon it, another in each picture, so that an encoder has something to spend its bits on. amplitude: of luma,
 * below 25, that the number can still be read. */
void slate_grain(uint8_t *luma, int stride, int width, int height, uint32_t number, int amplitude);
int32_t slate_read(const uint8_t *luma, int stride, int width, int height); /* -1: cannot be read */

/* Silence, but for SLATE_TONE_US from every whole second on, whose tone is number second % SLATE_TONES. -1..1 */
float slate_sound(double at_us);
/* Which tone it is; -1: none of them. 10 ms are enough. */
int slate_tone(const float *samples, size_t n, int rate);

#endif
