/* SPDX-License-Identifier: MIT */
/* room: put, end. */
#include "recorder/room.h"

#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "recorder/recorder.h"
#include "recorder/take.h"

struct room *room_find(struct recorder *rec, uint64_t id)
{
    struct room *room;
    HASH_FIND(hh, rec->rooms, &id, sizeof(id), room);
    return room;
}

void room_put(struct recorder *rec, const struct rec_room_put *m)
{
    struct room *room = room_find(rec, m->id);
    if (room) {
        room->seen = true;
        return;
    }
    room = calloc(1, sizeof(*room));
    if (!room)
        abort();
    room->id = m->id;
    room->put = *m;
    room->seen = true;
    LIST_INIT(&room->takes);
    HASH_ADD(hh, rec->rooms, id, sizeof(room->id), room);
    LOG_EVENT(INFO, REC, "room is recorded room=%s whole=%d step=%d", m->name, !!(m->flags & REC_WHOLE),
              !!(m->flags & REC_STEP));
}

void room_end(struct recorder *rec, struct room *room)
{
    struct take *take;
    if (room->ended)
        return;
    room->ended = true;
    LIST_FOREACH (take, &room->takes, in_room)
        take_end(rec, take, "", "ended");
    LOG_EVENT(INFO, REC, "room has ended room=%s", room->put.name);
}

void room_destroy(struct recorder *rec, struct room *room)
{
    assert(LIST_EMPTY(&room->takes));
    link_forget(&rec->link, &room->tale);
    HASH_DEL(rec->rooms, room);
    free(room);
}
