/* SPDX-License-Identifier: MIT */
/* A room's folder of captures: its takes, opened, in the order in which they started. */
#ifndef ROOMLINE_RECORDER_FILM_ROOM_H
#define ROOMLINE_RECORDER_FILM_ROOM_H

#include "recorder/film/job.h"
#include "recorder/film/span.h"

struct room_take {
    struct take *take;
    struct span alive; /* from its publish to its end, as far as something of it came */
};

struct room {
    char *name, *file; /* of room.json; "" when it says none */
    struct room_take *takes;
    unsigned n;
};

/* Reads the folder job->path. A capture in which nothing is to be shown is left out. 0, JOB_NOTHING without any, or
 * -errno; room_close in every case. */
int room_open(struct room *r, struct job *job);
void room_close(struct room *r);

/* From the first start to the last end. */
struct span room_span(const struct room *r);

/* How much of the time from the room's first start to take i's start no take was alive. For i = n: to the last end. */
int64_t room_idle_us(const struct room *r, unsigned i);

#endif
