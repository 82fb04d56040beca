/* SPDX-License-Identifier: MIT */
/* A folder for records that is gone when the test is over, and looks into what is in it. */
#ifndef ROOMLINE_TESTS_UNIT_RECORDER_FILM_STAGE_H
#define ROOMLINE_TESTS_UNIT_RECORDER_FILM_STAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/unit/recorder/film/watch.h"

#define SECOND INT64_C(1000000)

extern char stage_folder[]; /* of the records */

int stage_setup(void **state); /* cmocka's, for a group */
int stage_teardown(void **state);

const char *stage_path(const char *file); /* valid until the next call */
bool stage_has(const char *file);
unsigned stage_count(void); /* files in the folder */

/* Watches a film of the folder from its file; nothing in it may be unreadable. */
void stage_watch(struct watch *w, const char *file, unsigned video, unsigned audio);
json_t *stage_json(const char *file); /* the caller's to release */

/* Does the index, of mp4 or Matroska, stand before the media? */
bool stage_index_first(const char *file);

void assert_near(int64_t a, int64_t b, int64_t within);

#endif
