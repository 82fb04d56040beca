/* SPDX-License-Identifier: MIT */
/* A mark beside a capture, that its own file has been made, or cannot be, and that this has been told. A capture stays
 * until its room is done with; after a restart its file is not made, nor is a hook run, once more. */
#ifndef ROOMLINE_RECORDER_TOLD_H
#define ROOMLINE_RECORDER_TOLD_H

#include <stdint.h>

#include "recorder/hand.h"

enum told { TOLD_NOTHING, TOLD_READY, TOLD_FAILED };

void told_write(struct hand *hand, const char *records, uint64_t room, uint64_t take, enum told told); /* by the hand */
enum told told_read(int room, uint64_t take); /* room: descriptor of its folder */

#endif
