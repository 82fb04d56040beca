/* SPDX-License-Identifier: MIT */
/* participant: a client's presence in a room. */
#include "controlplane/participant.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "controlplane/client.h"
#include "controlplane/hub.h"
#include "controlplane/room.h"
#include "controlplane/stream.h"

struct participant *participant_create(struct client *c, struct room *r)
{
    struct participant *p = calloc(1, sizeof(*p));
    if (!p || !(p->login = strdup(c->login)))
        abort();
    p->client = c;
    p->room = r;
    TAILQ_INIT(&p->streams);
    LIST_INSERT_HEAD(&c->participants, p, entry);
    HASH_ADD_KEYPTR(hh, r->participants, p->login, strlen(p->login), p);
    c->n_participants++;
    c->hub->n_participants++;
    LOG_EVENT(INFO, ROOM, "joined room=%s login=%s client=%u participants=%u", r->name, p->login, c->number,
              HASH_COUNT(r->participants));
    return p;
}

/* A stream that never came to life fails: the SDK's own tests expect it of a leave right after a publish. */
void participant_end_streams(struct participant *p)
{
    struct stream *s;
    while ((s = TAILQ_FIRST(&p->streams))) {
        bool live = s->state == STREAM_PUBLISHING || s->state == STREAM_PLAYING;
        stream_set(s, live ? STREAM_STOPPED : STREAM_FAILED, "Stopped by user");
    }
}

void participant_destroy(struct participant *p, bool left)
{
    struct room *r = p->room;
    assert(TAILQ_EMPTY(&p->streams));
    room_tell_others(p, "LEFT", json_string(p->login));
    HASH_DEL(r->participants, p);
    LIST_REMOVE(p, entry);
    p->client->n_participants--;
    r->hub->n_participants--;
    LOG_EVENT(INFO, ROOM, "gone room=%s login=%s client=%u how=%s participants=%u", r->name, p->login,
              p->client->number, left ? "left" : "vanished", HASH_COUNT(r->participants));
    free(p->login);
    free(p);
    room_on_gone(r, left);
}
