/* SPDX-License-Identifier: MIT */
/* What becomes of captures: a take's own file once it is captured, a room's once all its takes are done with, and at
 * last, when the controlplane has been told, their end. A capture is deleted only after the news of what became of it
 * has gone out, so that a crash in between repeats both. */
#ifndef ROOMLINE_RECORDER_OUTCOME_H
#define ROOMLINE_RECORDER_OUTCOME_H

#include "recorder/finish.h"
#include "recorder/link.h"

struct recorder;
struct room;
struct take;

/* Goes on as far as it can now. The take, and the room, may be gone afterwards. */
void outcome_of_take(struct recorder *rec, struct take *take);
void outcome_of_room(struct recorder *rec, struct room *room);

void outcome_on_done(struct recorder *rec, struct finish_job *job, enum finish_outcome outcome);
void outcome_on_told(struct recorder *rec, struct tale *tale);

#endif
