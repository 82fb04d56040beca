/* SPDX-License-Identifier: MIT */
/* The records folder, and the captures in it (common/capture.h). Everything is reached from descriptors, one component
 * at a time, and no symbolic link below the records folder is followed. Folders are made 0755, files 0644. All of this
 * may wait for the disk. */
#ifndef ROOMLINE_RECORDER_FOLDER_H
#define ROOMLINE_RECORDER_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#define FOLDER_HEX_BYTES  17 /* an id as 16 hex digits, and NUL */
#define FOLDER_FAILED     "failed"
#define FOLDER_ROOM_FILE  "room.json"
#define FOLDER_TAKE_BYTES (FOLDER_HEX_BYTES + 4) /* name of a capture and NUL */

void folder_hex(char out[FOLDER_HEX_BYTES], uint64_t id);
int folder_parse_hex(const char *text, size_t len, uint64_t *id); /* exactly 16 lower-case digits: 0, or -EINVAL */
void folder_take_name(char out[FOLDER_TAKE_BYTES], uint64_t take);

/* Descriptors of folders, to be closed by the caller, or -errno. */
int folder_open(const char *records);                     /* the records folder; made if it is not there */
int folder_open_in(int parent, const char *name);         /* one that is there */
int folder_make_in(int parent, const char *name);         /* made if it is not there */
int folder_captures(const char *records);                 /* .captures, made */
int folder_room(const char *records, uint64_t room);      /* .captures/<room>; -ENOENT when it is not there */
int folder_make_room(const char *records, uint64_t room); /* made */

/* All of them, after interruptions too: 0 or -errno. */
int folder_write_all(int fd, const void *bytes, size_t n);

/* A whole file of text, in place at once or not at all: NAME.part, synced, renamed, and the folder synced. 0 or
 * -errno. */
int folder_write(int parent, const char *name, const char *text, size_t len);

/* Reads a regular file of at most size - 1 bytes; text ends in NUL. Its length, or -errno; -EFBIG: longer. */
int64_t folder_read(int parent, const char *name, char *text, size_t size);

#endif
