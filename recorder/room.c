/* SPDX-License-Identifier: MIT */
/* room: put, end, told. */
#include "recorder/room.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "recorder/outcome.h"
#include "recorder/recorder.h"
#include "recorder/take.h"

struct room *room_find(struct recorder *rec, uint64_t id)
{
    struct room *room;
    HASH_FIND(hh, rec->rooms, &id, sizeof(id), room);
    return room;
}

bool room_is_wanted(const struct room *room)
{
    return room->put.flags & (REC_WHOLE | REC_STEP);
}

static uint64_t captured_bytes(const struct room *room)
{
    const struct take *take;
    uint64_t bytes = 0;
    LIST_FOREACH (take, &room->takes, in_room)
        bytes += take_bytes(take);
    return bytes;
}

void room_tell(struct recorder *rec, struct room *room, enum rec_state_id state)
{
    struct rec_state *s = &room->tale.state;
    if (!room_is_wanted(room))
        return;
    *s = (struct rec_state){.of = REC_OF_ROOM, .state = (uint8_t)state, .id = room->id};
    s->bytes = state == REC_IS_READY ? room->file.bytes : captured_bytes(room);
    s->start_unix_us = room->file.start_unix_ms ? room->file.start_unix_ms * 1000 : room->start_unix_us;
    s->duration_us = room->file.duration_ms * 1000;
    strcpy(s->room, room->put.name);
    strcpy(s->file, room->put.flags & REC_WHOLE ? room->put.file : "");
    strcpy(s->error, room->error);
    link_tell(&rec->link, &room->tale);
    manifest_touch(&rec->manifest);
}

static struct room *add(struct recorder *rec, const struct rec_room_put *m)
{
    struct room *room = calloc(1, sizeof(*room));
    if (!room)
        abort();
    room->id = m->id;
    room->put = *m;
    LIST_INIT(&room->takes);
    HASH_ADD(hh, rec->rooms, id, sizeof(room->id), room);
    return room;
}

void room_put(struct recorder *rec, const struct rec_room_put *m)
{
    struct room *room = room_find(rec, m->id);
    bool is_new = !room;
    if (is_new)
        room = add(rec, m);
    room->seen = true;
    if (room->start_us)
        return;
    room->start_us = rec->now_us;
    room->start_unix_us = recorder_unix_us();
    room_tell(rec, room, REC_IS_RECORDING);
    LOG_EVENT(INFO, REC, "room is recorded again=%d room=%s whole=%d step=%d", !is_new, m->name,
              !!(m->flags & REC_WHOLE), !!(m->flags & REC_STEP));
}

void room_leave(struct recorder *rec, const struct rec_room_put *m)
{
    if (!room_find(rec, m->id))
        add(rec, m);
}

void room_end(struct recorder *rec, struct room *room)
{
    struct take *take, *next;
    if (room->phase != ROOM_LIVE)
        return;
    for (take = LIST_FIRST(&room->takes); take; take = next) {
        next = LIST_NEXT(take, in_room);
        take_end(rec, take, ""); /* may be gone then, not so the room while it lives */
    }
    LOG_EVENT(INFO, REC, "room has ended room=%s", room->put.name);
    room->phase = ROOM_ENDED;
    outcome_of_room(rec, room);
}

void room_destroy(struct recorder *rec, struct room *room)
{
    assert(LIST_EMPTY(&room->takes));
    link_forget(&rec->link, &room->tale);
    HASH_DEL(rec->rooms, room);
    free(room);
}
