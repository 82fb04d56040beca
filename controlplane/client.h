/* SPDX-License-Identifier: MIT */
/* A client: one WebSocket connection, who it says it is, the rooms it is in and the streams it has. Owned by the
 * transport, which creates it when the socket opens and destroys it when the socket is gone. */
#ifndef ROOMLINE_CONTROLPLANE_CLIENT_H
#define ROOMLINE_CONTROLPLANE_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/timers.h"

struct hub;
struct stream;
struct participant;

/* What a client may send at once: so many seconds' worth of its message rate or, if that is more, so many messages for
 * each participant a room can hold. The SDK's pages play, greet and stop everyone in one go. */
#define CLIENT_BURST_S               5
#define CLIENT_BURST_PER_PARTICIPANT 4

#define CLIENT_LOGIN_BYTES_MAX 4096 /* what limit.name_bytes can allow at most */

struct client {
    struct hub *hub;
    void *conn;                            /* the transport's */
    uint32_t number;                       /* in the log */
    bool gone;                             /* being closed or destroyed: nothing is sent any more */
    char *login;                           /* NULL until `connection` */
    LIST_HEAD(, participant) participants; /* one for each room it is in */
    uint32_t n_participants;
    struct stream *streams; /* uthash, by media session id, in order of creation */
    struct timer keepalive;
    uint32_t unanswered_pings;
    double tokens; /* messages it may send now */
    int64_t tokens_us;
    LIST_ENTRY(client) entry; /* of hub.clients */
};

struct client *client_create(struct hub *hub, void *conn);
void client_destroy(struct client *c); /* the socket is gone: so is the client, from all its rooms */

void client_on_message(struct client *c, const char *text, size_t len); /* hub->now_us is the time */

/* {"message": name, "data": data}. Steals data, an array. */
void client_send(struct client *c, const char *name, json_t *data);
void client_send_text(struct client *c, const char *text, size_t len);

/* Closes the connection; what was sent before still goes out. client_destroy follows later. */
void client_close(struct client *c, unsigned code, const char *reason);

struct participant *client_in_room(const struct client *c, const char *room); /* NULL: not in it, or room is NULL */

#endif
