/* SPDX-License-Identifier: MIT */
/* A film: feeds drawn side by side in the order of their times into one file. Memory is that of one packet ahead for
 * each feed, whatever the film's length. */
#ifndef ROOMLINE_RECORDER_FILM_FILM_H
#define ROOMLINE_RECORDER_FILM_FILM_H

#include "recorder/film/feed.h"
#include "recorder/film/progress.h"

struct film {
    const char *dir, *name;
    struct feed **feeds;
    unsigned n;
    int64_t length_us; /* the last picture stands until then */
    const AVDictionary *tags;
    struct progress *progress;
};

/* Writes dir/name by way of its .part. *bytes: of the file. 0 or a negative AVERROR, and then nothing is left. */
int film_write(const struct film *film, uint64_t *bytes);

#endif
