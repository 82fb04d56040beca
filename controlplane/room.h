/* SPDX-License-Identifier: MIT */
/* A room: a name under which participants meet. Made by the first join, ended by the last leave; if the last
 * participant vanishes without a leave the room stays for room.idle_timeout. */
#ifndef ROOMLINE_CONTROLPLANE_ROOM_H
#define ROOMLINE_CONTROLPLANE_ROOM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "controlplane/recording.h"
#include "controlplane/timers.h"

struct client;
struct hub;
struct participant;
struct stream;

struct room {
    struct hub *hub;
    char *name;
    struct participant *participants; /* uthash, by login */
    struct stream *published;         /* uthash, by name: every publish that has not ended */
    struct timer idle;
    struct recording recording;
    UT_hash_handle hh; /* hub.rooms */
};

/* Returns the participant, or NULL with *info the text owed to the client. Tells nobody. record: the room, if this join
 * makes it, is to be recorded. */
struct participant *room_join(struct client *c, const char *name, bool record, const char **info);

struct participant *room_participant(const struct room *r, const char *login);
struct stream *room_published(const struct room *r, const char *name);

/* Room events (protocol 2.3). info is stolen. room_tell_others: to all but one participant. */
void room_tell(struct participant *to, const char *event, json_t *info);
void room_tell_others(const struct participant *from, const char *event, json_t *info);
void room_tell_all(const struct room *r, const char *event, json_t *info);

/* STATE: who else is here, and what they are publishing. A new array. */
json_t *room_state(const struct participant *joiner);

/* A participant has gone. An empty room ends: at once after a leave, later after a disconnect. */
void room_on_gone(struct room *r, bool left);
void room_destroy(struct room *r); /* must be empty */

#endif
