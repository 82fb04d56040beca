/* SPDX-License-Identifier: MIT */
/* Captures of which everything has been made, or nothing can be: deleted, or kept aside in .captures/failed. By a
 * hand. */
#ifndef ROOMLINE_RECORDER_ERASE_H
#define ROOMLINE_RECORDER_ERASE_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder/hand.h"

void erase_take(struct hand *hand, const char *records, uint64_t room, uint64_t take, bool keep);

/* The folder, once nothing but room.json is in it. keep: a copy of that goes aside too. */
void erase_room(struct hand *hand, const char *records, uint64_t room, bool keep);

#endif
