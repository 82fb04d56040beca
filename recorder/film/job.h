/* SPDX-License-Identifier: MIT */
/* What the finisher is asked for: one of these jobs on a folder of records. Each says on stdout, by progress.h and
 * job_write, what it does and what came of it. */
#ifndef ROOMLINE_RECORDER_FILM_JOB_H
#define ROOMLINE_RECORDER_FILM_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "recorder/film/film.h"
#include "recorder/film/progress.h"
#include "recorder/film/sidecar.h"

#define JOB_NOTHING (-ENODATA) /* the captures hold nothing that can be shown */

struct job {
    const char *records; /* folder of the files */
    const char *path;    /* capture file, or a room's folder of them */
    struct progress progress;
    char why[256]; /* of a failure; "" until then */
};

/* 0, JOB_NOTHING, or a negative AVERROR with why. */
int job_take(struct job *job); /* take_film.c: the take's own file */
int job_room(struct job *job); /* room_film.c: all tracks of the room in one file */
int job_step(struct job *job); /* step_film.c: the takes' own files, of equal length and in step */

/* Keeps the first reason; returns r. */
int job_fail(struct job *job, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Writes the film with its side-car, before and after, and says on stdout that it is there. Fills side->bytes. */
int job_write(struct job *job, const struct film *film, struct sidecar *side);

#endif
