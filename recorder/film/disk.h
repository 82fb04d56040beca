/* SPDX-License-Identifier: MIT */
/* Files of the records folder: opened for FFmpeg to write, brought to disk, given their names. */
#ifndef ROOMLINE_RECORDER_FILM_DISK_H
#define ROOMLINE_RECORDER_FILM_DISK_H

#include <stdint.h>

#include <libavformat/avio.h>

char *disk_path(const char *dir, const char *name, const char *suffix); /* the caller's to free; NULL: no memory */
char *disk_url(const char *path); /* for FFmpeg, which would take a name with a colon for a protocol's; as above */

int disk_open(AVIOContext **pb, const char *path); /* to be written from its start. 0 or a negative AVERROR */
int disk_close(AVIOContext **pb);                  /* what could not be written shows here at the latest */

/* path, written whole, becomes dir/name, and stays that after a loss of power. 0 or -errno. bytes: NULL, or its size */
int disk_settle(const char *path, const char *dir, const char *name, uint64_t *bytes);

/* A whole small file, in the same way, by way of dir/name.part. */
int disk_put(const char *dir, const char *name, const char *text);

/* All of a small file, the caller's to free. NULL: there is none. */
char *disk_get(const char *dir, const char *name);

void disk_remove(const char *dir, const char *name);

#endif
