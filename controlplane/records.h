/* SPDX-License-Identifier: MIT */
/* Records: what is being recorded or made into a file right now, from its beginning until the recorder says that the
 * file is there or that there will be none. Keeps names from being given twice, tells HTTP what is worth waiting for,
 * and counts. Knows no rooms and no streams. */
#ifndef ROOMLINE_CONTROLPLANE_RECORDS_H
#define ROOMLINE_CONTROLPLANE_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rec_proto.h"

#define RECORDS_DONE 1024 /* last ones that are remembered, for what the recorder tells twice */

struct record;

struct records { /* zeroed: empty */
    struct record *by_id;
    uint32_t n[REC_OF_ROOM + 1][REC_STATE_COUNT]; /* now, RECORDING or FINISHING */
    uint64_t n_ready, n_failed;                   /* since the start */
    struct {
        uint64_t id;      /* 0: none */
        bool ready;       /* or failed, after which a part may still become ready */
    } done[RECORDS_DONE]; /* a ring */
    uint32_t next_done;
};

void records_finish(struct records *r);

/* file: its name, or "" for none. An id is added once; rename it later if another name holds in the end. waits_for: id
 * of the room at whose end its file is made anew, or 0. */
void records_add(struct records *r, enum rec_state_of of, uint64_t id, const char *file, uint64_t waits_for);
void records_rename(struct records *r, uint64_t id, const char *file);
void records_del(struct records *r, uint64_t id); /* nothing will come of it; an unknown id: nothing happens */

/* What the recorder says, also of what began before our start. False: nothing new, or of something that has no file of
 * its own and lives no more. */
bool records_note(struct records *r, const struct rec_state *state);

uint32_t records_count(const struct records *r);                  /* being made now */
uint64_t records_waits_for(const struct records *r, uint64_t id); /* as added, while the room is here; else 0 */
bool records_has_file(const struct records *r, const char *file);

#endif
