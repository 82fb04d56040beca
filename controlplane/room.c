/* SPDX-License-Identifier: MIT */
/* room: who is in it, what is published in it, and its end. */
#include "controlplane/room.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/util.h"
#include "conf/conf.h"
#include "controlplane/client.h"
#include "controlplane/hub.h"
#include "controlplane/message.h"
#include "controlplane/participant.h"
#include "controlplane/stream.h"

static struct room *create(struct hub *hub, const char *name)
{
    struct room *r = calloc(1, sizeof(*r));
    if (!r || !(r->name = strdup(name)))
        abort();
    r->hub = hub;
    HASH_ADD_KEYPTR(hh, hub->rooms, r->name, strlen(r->name), r);
    hub->n_rooms++;
    LOG_EVENT(INFO, ROOM, "created room=%s rooms=%u", r->name, hub->n_rooms);
    return r;
}

void room_destroy(struct room *r)
{
    struct hub *hub = r->hub;
    assert(!r->participants && !r->published);
    recording_end(r);
    timers_cancel(&hub->timers, &r->idle);
    HASH_DEL(hub->rooms, r);
    hub->n_rooms--;
    LOG_EVENT(INFO, ROOM, "ended room=%s rooms=%u", r->name, hub->n_rooms);
    free(r->name);
    free(r);
}

/* Of the rooms kept for someone who vanished, the one that would end first ends now: whoever makes rooms and vanishes
 * does not keep others from making theirs. */
static bool make_place(struct hub *hub)
{
    struct room *first = NULL;
    for (struct room *r = hub->rooms; r; r = r->hh.next) {
        if (!r->participants && (!first || r->idle.due_us < first->idle.due_us))
            first = r;
    }
    if (first)
        room_destroy(first);
    return first != NULL;
}

static const char *check_join(const struct client *c, const char *name, const struct room *r)
{
    const struct conf *conf = c->hub->out.conf;
    if (strlen(name) > conf->limit_name_bytes)
        return "Room name is too long";
    if (client_in_room(c, name))
        return "Already in this room";
    if (c->n_participants >= conf->limit_rooms_per_connection)
        return "In too many rooms";
    if (!r)
        return c->hub->n_rooms < conf->limit_rooms || make_place(c->hub) ? NULL : "Too many rooms";
    if (room_participant(r, c->login))
        return "Room already has user with such login";
    if (HASH_COUNT(r->participants) >= conf->limit_participants_per_room)
        return "Room is full";
    return NULL;
}

struct participant *room_join(struct client *c, const char *name, bool record, const char **info)
{
    struct room *r;
    HASH_FIND_STR(c->hub->rooms, name, r);
    *info = check_join(c, name, r);
    if (*info)
        return NULL;
    if (!r) {
        r = create(c->hub, name);
        if (record)
            recording_begin(r);
    }
    timers_cancel(&c->hub->timers, &r->idle);
    return participant_create(c, r);
}

struct participant *room_participant(const struct room *r, const char *login)
{
    struct participant *p;
    HASH_FIND_STR(r->participants, login, p);
    return p;
}

struct stream *room_published(const struct room *r, const char *name)
{
    struct stream *s;
    HASH_FIND(published, r->published, name, strlen(name), s);
    return s;
}

/* OnDataEvent, its text made once for any number of recipients. */
static char *write_event(const struct room *r, const char *event, json_t *info)
{
    json_t *message = json_pack("{s:s, s:[{s:{s:s, s:s, s:o}}]}", "message", "OnDataEvent", "data", "payload",
                                "roomName", r->name, "name", event, "info", info);
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    if (!text)
        abort();
    return text;
}

void room_tell(struct participant *to, const char *event, json_t *info)
{
    char *text = write_event(to->room, event, info);
    client_send_text(to->client, text, strlen(text));
    free(text);
}

static void tell_all_but(const struct room *r, const struct participant *but, const char *event, json_t *info)
{
    char *text = write_event(r, event, info);
    size_t len = strlen(text);
    for (struct participant *p = r->participants; p; p = p->hh.next) {
        if (p != but)
            client_send_text(p->client, text, len);
    }
    free(text);
}

void room_tell_others(const struct participant *from, const char *event, json_t *info)
{
    tell_all_but(from->room, from, event, info);
}

void room_tell_all(const struct room *r, const char *event, json_t *info)
{
    tell_all_but(r, NULL, event, info);
}

json_t *room_state(const struct participant *joiner)
{
    json_t *state = json_array();
    for (struct participant *p = joiner->room->participants; p; p = p->hh.next) {
        size_t before = json_array_size(state);
        struct stream *s;
        if (p == joiner)
            continue;
        TAILQ_FOREACH (s, &p->streams, entry) {
            if (s->state == STREAM_PUBLISHING)
                json_array_append_new(state, json_pack("{s:s, s:s}", "login", p->login, "name", s->name));
        }
        if (json_array_size(state) == before)
            json_array_append_new(state, json_string(p->login));
    }
    return state;
}

static void on_idle(struct timer *t)
{
    room_destroy(CONTAINER_OF(t, struct room, idle));
}

void room_on_gone(struct room *r, bool left)
{
    struct hub *hub = r->hub;
    if (r->participants)
        return;
    if (left)
        room_destroy(r);
    else
        timers_set(&hub->timers, &r->idle, hub->now_us + hub->out.conf->room_idle_timeout_ms * MS_US, on_idle);
}
