/* SPDX-License-Identifier: MIT */
/* Captures of which everything has been made, or nothing can be: deleted, or kept aside in .captures/failed/<room>. By
 * a hand. */
#ifndef ROOMLINE_RECORDER_ERASE_H
#define ROOMLINE_RECORDER_ERASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/hand.h"

#define ERASE_PREFIX "erased-" /* of a folder that is being deleted */

void erase_take(struct hand *hand, const char *records, uint64_t room, uint64_t take, bool keep);

/* The whole folder at once, so that a crash leaves all of it or nothing to be made anew. These takes of it, and
 * room.json with them, are kept; the ids are copied. */
void erase_room(struct hand *hand, const char *records, uint64_t room, const uint64_t *kept, size_t n_kept);

/* At once: a folder with the files in it. 0 or -errno. */
int erase_folder(int captures, const char *name);

#endif
