/* SPDX-License-Identifier: MIT */
/* What the finisher says of its work on stdout: lines of JSON, at most ten a second. */
#ifndef ROOMLINE_RECORDER_FILM_PROGRESS_H
#define ROOMLINE_RECORDER_FILM_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *out;               /* NULL: says nothing */
    int64_t (*now_us)(void); /* of a clock that does not jump */
    unsigned part, parts;    /* the film that is being made, from 0 on, of how many */
    int64_t said_us;         /* when the last line came */
    int said;                /* what it was, in thousandths */
};

/* So much of this part's length is done. The line never falls behind one said before. */
void progress_say(struct progress *p, int64_t done_us, int64_t length_us);

#endif
