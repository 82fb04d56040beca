/* SPDX-License-Identifier: MIT */
/* Which file a take or a room becomes: by the configuration (stream_record_policy, record_formats), in a name that
 * neither a file in record.dir has nor anything that is being made. */
#ifndef ROOMLINE_CONTROLPLANE_RECORD_FILE_H
#define ROOMLINE_CONTROLPLANE_RECORD_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/media.h"
#include "common/rec_proto.h"

struct hub;
struct room;
struct stream;

bool record_file_takes_codec(enum codec codec); /* CODEC_NONE: no */

/* end_unix_us: 0 before its end, when record_file_is_open names may be others in the end. */
void record_file_for_take(const struct stream *s, int64_t end_unix_us, char file[REC_FILE_BYTES]);
void record_file_for_room(const struct room *r, char file[REC_FILE_BYTES]);
bool record_file_is_open(const struct hub *hub);

#endif
