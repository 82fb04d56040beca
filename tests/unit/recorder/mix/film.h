/* SPDX-License-Identifier: MIT */
/* A film, decoded into memory as a player shows it: what is seen and heard when. */
#ifndef ROOMLINE_TESTS_MIX_FILM_H
#define ROOMLINE_TESTS_MIX_FILM_H

#include <libavutil/frame.h>
#include <stddef.h>
#include <stdint.h>

#define FILM_FRAMES_MAX 1000

struct film {
    AVFrame *frames[FILM_FRAMES_MAX]; /* pts in us */
    size_t n;
    float *left; /* samples at 48 kHz from the time 0 on */
    size_t samples;
    double duration_s;                     /* as the file says */
    int width, height;                     /* 0: no picture */
    const char *video_codec, *audio_codec; /* NULL: none */
};

void film_read(struct film *film, const char *path); /* a failure fails the test */
void film_finish(struct film *film);

/* The colour shown at this time around this place. */
struct film_colour {
    int y, u, v;
};
struct film_colour film_at(const struct film *film, int at_ms, int x, int y);

/* How far the brightest and the darkest pixel of this rectangle are apart. */
int film_contrast(const struct film *film, int at_ms, int x, int y, int w, int h);

/* The longest stretch of [from, to) in which nothing is louder than this, in samples. */
size_t film_longest_silence(const struct film *film, int from_ms, int to_ms, float level);

/* Root mean square of the sound of [from, to). */
float film_loudness(const struct film *film, int from_ms, int to_ms);

/* When it first gets brighter, or louder, than this; -1: never. In us. */
int64_t film_first_bright_us(const struct film *film, int x, int y, int level);
int64_t film_first_loud_us(const struct film *film, float level);

#endif
