/* SPDX-License-Identifier: MIT */
/* A capture file (common/capture.h) as a row of records. Total on any bytes: what is no whole record is stepped over to
 * the next that is one, so a torn end, or a hole that a power cut left in the middle, costs only itself. The file is
 * mapped: a page that the disk cannot give back ends the process (SIGBUS). */
#ifndef ROOMLINE_RECORDER_FILM_CAPTURE_READ_H
#define ROOMLINE_RECORDER_FILM_CAPTURE_READ_H

#include <stdbool.h>

#include "common/capture.h"

#define CAPTURE_READ_INDEX_MAX (INT64_C(1) << 48) /* packet indices are below: 32 bits of ROC, 16 of SEQ */
#define CAPTURE_READ_US_MAX    (INT64_C(1) << 50) /* and times, in us: 35 years */

struct capture_read {
    const uint8_t *bytes;
    size_t len;
};

/* 0, -errno, or -EBADMSG: there is no capture file of that name. */
int capture_read_open(struct capture_read *c, const char *path);
void capture_read_close(struct capture_read *c);

/* The first whole record at or after *at (0 to begin with), which goes behind it. Its body follows it, body_bytes long;
 * type, index and time are in range. NULL: there is none any more. */
const struct tap_record *capture_read_next(const struct capture_read *c, size_t *at);

#endif
