/* SPDX-License-Identifier: MIT */
/* slate: blocks of luma, and sines. */
#include "tests/film/slate.h"

#include <math.h>
#include <string.h>

#define COLUMNS 16
#define ROWS    2
#define BLACK   30
#define GREY    110
#define WHITE   225

static uint32_t code_of(uint32_t number)
{
    return number << 8 | (number * 2654435761u) >> 24;
}

void slate_draw(uint8_t *luma, int stride, int width, int height, uint32_t number)
{
    uint32_t code = code_of(number);
    int w = width / COLUMNS, h = height / 2 / ROWS, bar = (int)(number * 7 % (uint32_t)(width - w));
    for (int y = 0; y < height; y++)
        memset(luma + y * stride, GREY, (size_t)width);
    for (int bit = 0; bit < COLUMNS * ROWS; bit++)
        for (int y = 0; y < h; y++)
            memset(luma + (bit / COLUMNS * h + y) * stride + bit % COLUMNS * w, code >> bit & 1 ? WHITE : BLACK,
                   (size_t)w);
    for (int y = ROWS * h; y < height; y++)
        memset(luma + y * stride + bar, WHITE, (size_t)w);
}

#define GRAIN 4 /* pixels, each way */

void slate_grain(uint8_t *luma, int stride, int width, int height, uint32_t number, int amplitude)
{
    uint32_t random = number * 2654435761u | 1;
    for (int y = 0; y + GRAIN <= height; y += GRAIN)
        for (int x = 0; x + GRAIN <= width; x += GRAIN) {
            random ^= random << 13; /* xorshift32 (Marsaglia) */
            random ^= random >> 17;
            random ^= random << 5;
            int add = (int)(random % (uint32_t)(2 * amplitude + 1)) - amplitude;
            for (int i = 0; i < GRAIN * GRAIN; i++)
                luma[(y + i / GRAIN) * stride + x + i % GRAIN] += (uint8_t)add;
        }
}

static int mean(const uint8_t *luma, int stride, int w, int h)
{
    int sum = 0, n = 0;
    for (int y = h / 4; y < h - h / 4; y++)
        for (int x = w / 4; x < w - w / 4; x++, n++)
            sum += luma[y * stride + x];
    return n ? sum / n : 0;
}

int32_t slate_read(const uint8_t *luma, int stride, int width, int height)
{
    uint32_t code = 0;
    int w = width / COLUMNS, h = height / 2 / ROWS;
    for (int bit = 0; bit < COLUMNS * ROWS; bit++)
        if (mean(luma + bit / COLUMNS * h * stride + bit % COLUMNS * w, stride, w, h) > (BLACK + WHITE) / 2)
            code |= 1u << bit;
    return code_of(code >> 8) == code ? (int32_t)(code >> 8) : -1;
}

static double tone_hz(int tone)
{
    return 600 + 300 * tone; /* what G.711 lets through */
}

float slate_sound(double at_us)
{
    double second = floor(at_us / 1e6), into_us = at_us - second * 1e6;
    if (into_us >= SLATE_TONE_US)
        return 0;
    return (float)(0.5 * sin(2 * M_PI * tone_hz((int)second % SLATE_TONES) * into_us / 1e6));
}

int slate_tone(const float *samples, size_t n, int rate)
{
    double best = 0, all = 1e-9;
    int tone = -1;
    for (size_t i = 0; i < n; i++)
        all += (double)samples[i] * samples[i];
    for (int t = 0; t < SLATE_TONES; t++) {
        double re = 0, im = 0;
        for (size_t i = 0; i < n; i++) {
            double angle = 2 * M_PI * tone_hz(t) * (double)i / rate;
            re += samples[i] * cos(angle);
            im += samples[i] * sin(angle);
        }
        double power = (re * re + im * im) * 2 / (double)n; /* all, if there is nothing but it */
        if (power > best) {
            best = power;
            tone = t;
        }
    }
    return best > all / 2 ? tone : -1;
}
