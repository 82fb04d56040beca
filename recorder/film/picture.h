/* SPDX-License-Identifier: MIT */
/* The bytes of one picture while its packets come, and what is known of it. */
#ifndef ROOMLINE_RECORDER_FILM_PICTURE_H
#define ROOMLINE_RECORDER_FILM_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICTURE_BYTES_MAX (16u << 20) /* a larger one is torn */

struct picture { /* zeroed: none */
    uint8_t *data;
    size_t bytes, size;
    bool begun; /* its first packet came */
    bool torn;  /* something of it is missing, or what came makes no sense: no use to anybody */
    bool cut;   /* its end is missing, nothing else */
    bool key;   /* says its header */
};

/* Keeps the memory. */
void picture_begin(struct picture *p);
void picture_finish(struct picture *p);

/* Room for n bytes at offset at <= bytes, what was there moves up. NULL: too large, it is torn now. */
uint8_t *picture_insert(struct picture *p, size_t at, size_t n);
void picture_append(struct picture *p, const uint8_t *data, size_t n);

#endif
