/* SPDX-License-Identifier: MIT */
/* A folder for a test, and captures made in memory. */
#ifndef ROOMLINE_TESTS_UNIT_RECORDER_PLACE_H
#define ROOMLINE_TESTS_UNIT_RECORDER_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "common/capture.h"
#include "common/rec_proto.h"

/* For cmocka: *state is the path of a new folder, gone with all in it afterwards. */
int place_setup(void **state);
int place_teardown(void **state);

void place_write(const char *folder, const char *name, const void *bytes, size_t len);
size_t place_read(const char *folder, const char *name, uint8_t *bytes, size_t size); /* 0: not there */

struct rec_room_put place_room(uint64_t id);
struct rec_take_put place_take(uint64_t id, uint64_t room); /* Opus and H.264 */

/* Appends a record; the bytes there are then. body may be NULL: zeros. */
size_t place_record(uint8_t *bytes, size_t at, enum tap_type type, uint64_t stream, const void *body,
                    size_t body_bytes);

/* A capture with n_rtp packets, closed or not: its bytes, at most SIZE. */
#define PLACE_CAPTURE_BYTES 65536
size_t place_capture(uint8_t *bytes, const struct rec_take_put *take, const struct rec_room_put *room, int n_rtp,
                     bool closed);

#endif
