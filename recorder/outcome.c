/* SPDX-License-Identifier: MIT */
/* outcome: one step after the other, for takes and for rooms. */
#include "recorder/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/util.h"
#include "recorder/erase.h"
#include "recorder/recorder.h"
#include "recorder/room.h"
#include "recorder/take.h"

#define NOTHING_CAME "no media came"

static struct hand *chores(struct recorder *rec)
{
    return &rec->workers[HAND_CHORES].hand;
}

static void erase(struct recorder *rec, struct take *take)
{
    if (!take->erased)
        erase_take(chores(rec), rec->records, take->room->id, take->id, take->keep);
    take->erased = true;
}

/* ---- A take ---- */

void outcome_of_take(struct recorder *rec, struct take *take)
{
    struct room *room = take->room;
    if (take->phase == TAKE_CAPTURED && take->put.flags & REC_FILE) {
        take->phase = TAKE_FINISHING;
        take->job = finish_add(&rec->finish, FINISH_TAKE, room->id, take->id, take);
        take_tell(rec, take, REC_IS_FINISHING);
        return;
    }
    if (take->phase == TAKE_CAPTURED)
        take->phase = TAKE_FINISHED;
    if (take->phase != TAKE_FINISHED)
        return;
    if (!room_is_wanted(room) && !take->tale.owed) {
        erase(rec, take);
        if (take->over)
            take_destroy(rec, take);
    }
    outcome_of_room(rec, room);
}

static void on_take_done(struct recorder *rec, struct take *take, const struct finish_job *job,
                         enum finish_outcome outcome)
{
    take->job = NULL;
    take->phase = TAKE_FINISHED;
    if (outcome == FINISH_DONE && job->file.kind == REPORT_FILE) {
        take_tell(rec, take, REC_IS_READY);
        struct rec_state *s = &take->tale.state;
        s->bytes = job->file.bytes;
        s->duration_us = job->file.duration_ms * 1000;
        s->start_unix_us = job->file.start_unix_ms * 1000;
        strcpy(s->file, job->file.file);
        LOG_EVENT(INFO, REC, "recording is ready file=%s kbytes=%llu s=%lld", s->file,
                  (unsigned long long)(s->bytes >> 10), (long long)(job->file.duration_ms / 1000));
    } else {
        const char *why = outcome == FINISH_EMPTY  ? NOTHING_CAME
                          : outcome == FINISH_DONE ? "the finisher names no file"
                                                   : job->error;
        take->keep = outcome != FINISH_EMPTY || !take->empty;
        snprintf(take->error, sizeof(take->error), "%s", why);
        take_tell(rec, take, REC_IS_FAILED);
        LOG_EVENT(WARN, REC, "no recording becomes of a take stream_name=%s reason=%s", take->put.stream_name, why);
    }
    outcome_of_take(rec, take);
}

/* ---- A room ---- */

static bool all_finished(const struct room *room)
{
    const struct take *take;
    LIST_FOREACH (take, &room->takes, in_room)
        if (take->phase != TAKE_FINISHED)
            return false;
    return true;
}

static bool all_erased(const struct room *room)
{
    const struct take *take;
    LIST_FOREACH (take, &room->takes, in_room)
        if (!take->erased)
            return false;
    return true;
}

static void begin(struct recorder *rec, struct room *room, enum room_phase phase)
{
    room->phase = phase;
    room->job = finish_add(&rec->finish, phase == ROOM_WHOLE ? FINISH_ROOM : FINISH_STEP, room->id, 0, room);
    room_tell(rec, room, REC_IS_FINISHING);
}

static void conclude(struct recorder *rec, struct room *room)
{
    bool failed = *room->error && room->file.kind != REPORT_FILE;
    room->phase = ROOM_FINISHED;
    room_tell(rec, room, failed ? REC_IS_FAILED : REC_IS_READY);
    if (*room->error)
        LOG_EVENT(WARN, REC, "not all becomes of a room what should room=%s reason=%s", room->put.name, room->error);
    else if (room_is_wanted(room))
        LOG_EVENT(INFO, REC, "recording is ready room=%s file=%s", room->put.name, room->put.file);
}

/* What is next to be made of it. */
static void step(struct recorder *rec, struct room *room)
{
    bool wanted = room_is_wanted(room);
    if (wanted && all_erased(room) && room->phase == ROOM_ENDED)
        snprintf(room->error, sizeof(room->error), NOTHING_CAME);
    if (!wanted || *room->error)
        conclude(rec, room);
    else if (room->phase == ROOM_ENDED && room->put.flags & REC_WHOLE)
        begin(rec, room, ROOM_WHOLE);
    else if (room->phase != ROOM_STEP && room->put.flags & REC_STEP)
        begin(rec, room, ROOM_STEP);
    else
        conclude(rec, room);
}

static void clear_away(struct recorder *rec, struct room *room)
{
    struct take *take;
    uint64_t *kept = NULL;
    size_t n_kept = 0;
    while ((take = LIST_FIRST(&room->takes))) {
        if (!take->erased && (room->keep || take->keep)) {
            kept = realloc(kept, (n_kept + 1) * sizeof(*kept));
            if (!kept)
                abort();
            kept[n_kept++] = take->id;
        }
        take_destroy(rec, take);
    }
    erase_room(chores(rec), rec->records, room->id, kept, n_kept);
    free(kept);
    room_destroy(rec, room);
}

static bool is_told(const struct room *room)
{
    const struct take *take;
    LIST_FOREACH (take, &room->takes, in_room)
        if (take->tale.owed)
            return false;
    return !room->tale.owed;
}

void outcome_of_room(struct recorder *rec, struct room *room)
{
    if (room->phase == ROOM_LIVE || room->job || !all_finished(room))
        return;
    if (room->phase != ROOM_FINISHED)
        step(rec, room);
    if (room->phase == ROOM_FINISHED && is_told(room))
        clear_away(rec, room);
}

static void on_room_done(struct recorder *rec, struct room *room, const struct finish_job *job,
                         enum finish_outcome outcome)
{
    const struct take *take;
    room->job = NULL;
    if (room->phase == ROOM_WHOLE && job->file.kind == REPORT_FILE)
        room->file = job->file;
    if (outcome == FINISH_EMPTY)
        snprintf(room->error, sizeof(room->error), NOTHING_CAME);
    else if (outcome == FINISH_FAILED)
        snprintf(room->error, sizeof(room->error), "%s", job->error);
    room->keep = outcome == FINISH_FAILED;
    LIST_FOREACH (take, &room->takes, in_room)
        room->keep |= outcome == FINISH_EMPTY && !take->empty;
    outcome_of_room(rec, room);
}

/* ---- Both ---- */

void outcome_on_done(struct recorder *rec, struct finish_job *job, enum finish_outcome outcome)
{
    if (job->kind == FINISH_TAKE)
        on_take_done(rec, job->arg, job, outcome);
    else
        on_room_done(rec, job->arg, job, outcome);
}

/* Of one whose capture its room needs yet. */
static void mark(struct recorder *rec, struct take *take)
{
    enum told told = take->tale.state.state == REC_IS_READY ? TOLD_READY : TOLD_FAILED;
    if (take->phase != TAKE_FINISHED || take->marked || take->erased || !(take->put.flags & REC_FILE))
        return;
    take->marked = true;
    told_write(chores(rec), rec->records, take->room->id, take->id, told);
}

void outcome_on_told(struct recorder *rec, struct tale *tale)
{
    struct take *take = CONTAINER_OF(tale, struct take, tale);
    if (tale->state.of == REC_OF_ROOM) {
        outcome_of_room(rec, CONTAINER_OF(tale, struct room, tale));
        return;
    }
    if (room_is_wanted(take->room))
        mark(rec, take);
    outcome_of_take(rec, take);
}
