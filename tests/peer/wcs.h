/* SPDX-License-Identifier: MIT */
/* The room protocol from the client's side: JSON over a WebSocket, commands out, events in. Keeps no rooms and no
 * streams; person.h does. */
#ifndef ROOMLINE_TESTS_PEER_WCS_H
#define ROOMLINE_TESTS_PEER_WCS_H

#include <jansson.h>

#include "tests/peer/wsock.h"

struct wcs;

enum wcs_kind {
    WCS_ESTABLISHED,
    WCS_CLOSED,       /* code */
    WCS_STATUS,       /* of a command: id, ok, info */
    WCS_ROOM,         /* room, name, data: STATE, JOINED, LEFT, PUBLISHED, UNPUBLISHED, FAILED, MESSAGE */
    WCS_ANSWER,       /* id, text: SDP */
    WCS_STREAM,       /* id, name: status, info, data */
    WCS_STREAM_EVENT, /* id, name: type, data */
    WCS_OTHER,        /* name, data: anything else, ping apart */
    WCS_BROKEN,       /* text: not the envelope that every message must have */
};

/* Strings are "" where the message has none, and live as long as the call. */
struct wcs_event {
    enum wcs_kind kind;
    bool ok;
    int code;
    const char *id, *room, *name, *info, *text;
    const json_t *data;
};

struct wcs_conf {
    struct wsock_conf socket; /* loop, address, tls; callbacks are ours */
    const char *login;        /* NULL: says nothing on its own when the socket opens */
    void (*on_event)(void *arg, const struct wcs_event *event);
    void *arg;
};

/* The callback may not destroy the client. */
struct wcs *wcs_create(const struct wcs_conf *conf);
void wcs_destroy(struct wcs *wcs);

struct wsock *wcs_socket(struct wcs *wcs); /* for misbehaviour */
bool wcs_is_established(const struct wcs *wcs);
bool wcs_is_closed(const struct wcs *wcs);
void wcs_stop_ponging(struct wcs *wcs);

/* Each returns 0 or -errno as wsock_send_text. id: of the operation, or of the media session. */
int wcs_join(struct wcs *wcs, const char *id, const char *room);
int wcs_leave(struct wcs *wcs, const char *id, const char *room);
int wcs_chat(struct wcs *wcs, const char *id, const char *room, const char *to, const char *text);
int wcs_publish(struct wcs *wcs, const char *id, const char *room, const char *stream, const char *sdp, bool record);
int wcs_play(struct wcs *wcs, const char *id, const char *room, const char *stream, const char *sdp);
int wcs_unpublish(struct wcs *wcs, const char *id, const char *stream);
int wcs_stop(struct wcs *wcs, const char *id, const char *stream);
int wcs_stream_event(struct wcs *wcs, const char *id, const char *type);
int wcs_send(struct wcs *wcs, const char *message, json_t *data); /* takes data, NULL: null */

#endif
