/* SPDX-License-Identifier: MIT */
/* What the mix of a recording is called: DIR/NAME.mkv becomes DIR/NAME-mixed.mp4. */
#ifndef ROOMLINE_RECORDER_MIX_MIXED_NAME_H
#define ROOMLINE_RECORDER_MIX_MIXED_NAME_H

#include <stddef.h>

#define MIXED_NAME_BYTES 245 /* at most, but for DIR: with ".json.part" behind it 255, as file systems take */

/* Names that are too long are cut between characters. 0 or -ENAMETOOLONG: path has no room. */
int mixed_name_write(char *path, size_t size, const char *file);

#endif
