/* SPDX-License-Identifier: MIT */
/* What the server says about streams and commands (protocol 2.1 to 2.8): each function builds one message and sends it.
 * Every server message has a data array, without which the SDK throws. */
#ifndef ROOMLINE_CONTROLPLANE_MESSAGE_H
#define ROOMLINE_CONTROLPLANE_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>

struct client;
struct stream;

void message_welcome(struct client *c, const json_t *connection); /* getVersion, getUserData */
void message_ping(struct client *c);
void message_pong(struct client *c);

/* DataStatusEvent: the one answer to a sendData. info NULL: accepted. */
void message_data_status(struct client *c, const char *operation_id, const char *info);

void message_remote_sdp(struct client *c, const char *media_session_id, const char *sdp);

/* The status of a stream that lives, and of one that does not. info may be NULL. */
void message_stream_status(const struct stream *s, const char *status, const char *info);
void message_no_stream_status(struct client *c, const char *media_session_id, const char *name, bool published,
                              const char *status, const char *info);

void message_stream_event(struct client *c, const char *media_session_id, const char *type, json_t *payload);
void message_available_stream(struct client *c, const char *media_session_id, bool available, const char *info);

#endif
