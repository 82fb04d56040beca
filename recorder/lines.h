/* SPDX-License-Identifier: MIT */
/* Bytes from a pipe, cut into lines. Memory is bounded: a line that is too long is left out. Total on any bytes. */
#ifndef ROOMLINE_RECORDER_LINES_H
#define ROOMLINE_RECORDER_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_BYTES_MAX 4096 /* of a line without its end */

struct lines { /* zeroed: nothing yet */
    char text[LINES_BYTES_MAX];
    size_t n;
    bool skip; /* up to the next end: this one is too long */
};

/* Calls on_line for each line that these bytes end, without its "\n"; borrowed for the call. */
void lines_feed(struct lines *l, const char *bytes, size_t len,
                void (*on_line)(void *arg, const char *line, size_t len), void *arg);
void lines_end(struct lines *l, void (*on_line)(void *arg, const char *line, size_t len), void *arg); /* the last one */

#endif
