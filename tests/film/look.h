/* SPDX-License-Identifier: MIT */
/* What is seen and heard in a finished film of a scene (scene.h), decoded. Times are those of the file, us. A failure
 * ends the process. */
#ifndef ROOMLINE_TESTS_FILM_LOOK_H
#define ROOMLINE_TESTS_FILM_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

struct look_picture {
    int64_t at_us;
    int32_t number; /* -1: cannot be read */
    int width, height;
};

struct look_tone {
    int64_t at_us; /* of its onset */
    int tone;      /* second % SLATE_TONES; -1: noise that is none */
};

struct look_track {
    enum media_kind kind;
    enum codec codec;         /* CODEC_NONE: none of ours */
    int64_t start_us, end_us; /* of all that was decoded */
    size_t errors;            /* packets that the decoder refused */
    struct look_picture *pictures;
    struct look_tone *tones;
    size_t n_pictures, n_tones;
    char *tags; /* "KEY=value\n" each, in the order of the file */
};

struct look {
    int64_t duration_us; /* as the file says; 0: it does not */
    struct look_track *tracks;
    size_t n_tracks;
};

void look_open(struct look *look, const char *path);
void look_close(struct look *look);

/* The nth track of a kind, from 0 on; NULL: there is none. */
const struct look_track *look_track(const struct look *look, enum media_kind kind, size_t n);

/* A tag of a track, into out ("" when it has none). */
void look_tag(const struct look_track *track, const char *key, char *out, size_t size);

/* When the picture with this number is shown first, and false if it never is. */
bool look_find(const struct look_track *video, int32_t number, int64_t *at_us);

/* How much later than its picture a tone sounds, of every tone whose picture is there (fps of the scene): the
 * differences go to out, their number is returned. A tone is that of the nearest second with its number. */
size_t look_offsets(const struct look_track *video, const struct look_track *audio, int fps, int64_t *out, size_t max);

/* Of sorted or unsorted differences: the one that a share of 0..1 of all do not exceed in absolute value. */
int64_t look_percentile(int64_t *offsets, size_t n, double share);

#endif
