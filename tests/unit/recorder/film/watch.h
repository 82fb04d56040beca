/* SPDX-License-Identifier: MIT */
/* A film watched from its file to its end: when it shows what, and what sounds when. */
#ifndef ROOMLINE_TESTS_UNIT_RECORDER_FILM_WATCH_H
#define ROOMLINE_TESTS_UNIT_RECORDER_FILM_WATCH_H

#include <stddef.h>
#include <stdint.h>

#define WATCH_HZ 48000

struct watch_frame {
    int64_t at_us;
    int width, height, luma; /* luma: of the middle */
};

struct watch {
    char *video, *audio; /* FFmpeg's names of the codecs; NULL: no such track */
    struct watch_frame *frames;
    size_t n_frames;
    int64_t sound_at_us; /* of the first sample */
    float *sound;        /* one channel, WATCH_HZ; where the file has none it is silent */
    size_t n_samples;
    int64_t duration_us; /* as the container says */
    unsigned errors;     /* packets that a decoder refused */
};

/* 0 or a negative AVERROR. video, audio: indices among the tracks of their kind. */
int watch_film(struct watch *w, const char *path, unsigned video, unsigned audio);
void watch_finish(struct watch *w);

/* When the i-th tone, and the i-th white picture begins; -1: never. */
int64_t watch_tone_us(const struct watch *w, size_t i);
int64_t watch_flash_us(const struct watch *w, size_t i);

#endif
