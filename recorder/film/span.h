/* SPDX-License-Identifier: MIT */
/* Pieces of the takes' timeline. */
#ifndef ROOMLINE_RECORDER_FILM_SPAN_H
#define ROOMLINE_RECORDER_FILM_SPAN_H

#include "recorder/film/take.h"

struct span {
    int64_t start_us, end_us; /* empty when the end is not behind the start */
};

/* What a take's units fill, sound or picture. */
struct span span_of_units(const struct take *t);

#endif
