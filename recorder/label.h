/* SPDX-License-Identifier: MIT */
/* The texts that say what a capture is: META, END and room.json of common/capture.h, written and read back. */
#ifndef ROOMLINE_RECORDER_LABEL_H
#define ROOMLINE_RECORDER_LABEL_H

#include <stddef.h>

#include "common/rec_proto.h"

/* Compact JSON of at most CAPTURE_TEXT_MAX bytes, to be freed. Text that is no UTF-8 becomes "". */
char *label_meta(const struct rec_take_put *take, const struct rec_room_put *room);
char *label_end(const char *file, const char *why);
char *label_room(const struct rec_room_put *room);

/* Total. 0, or -EBADMSG: it is no such text, or holds what rec_msg_check would refuse. The structs are then as a PUT
 * would have brought them, heads too; of META's room, file is "". */
int label_parse_meta(const char *text, size_t len, struct rec_take_put *take, struct rec_room_put *room);
int label_parse_room(const char *text, size_t len, struct rec_room_put *room);

#endif
