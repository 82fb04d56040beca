/* SPDX-License-Identifier: MIT */
/* The shortest way from a take to a film that can be looked at: units as they come into a Matroska file, 0 being the
 * scene's start. */
#ifndef ROOMLINE_TESTS_RECORDER_FILM_MUX_H
#define ROOMLINE_TESTS_RECORDER_FILM_MUX_H

#include "recorder/film/take.h"

/* A failure ends the process. */
void mux_take(struct take *take, const char *path);

#endif
