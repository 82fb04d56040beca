/* SPDX-License-Identifier: MIT */
/* WebSockets: the transport of the hub's clients. Any path, no sub-protocol, text messages of bounded size put together
 * from fragments, an output queue of bounded length per connection. */
#ifndef ROOMLINE_CONTROLPLANE_WS_H
#define ROOMLINE_CONTROLPLANE_WS_H

#include <libwebsockets.h>
#include <stddef.h>

#include "controlplane/answer.h"
#include "controlplane/hub.h"

struct server;
struct ws;

struct conn {           /* what libwebsockets keeps for each connection, zeroed at first */
    struct ws *ws;      /* once upgraded */
    struct answer page; /* the answer being sent */
};

extern const struct transport_ops ws_transport; /* conn: struct ws */

/* The callbacks of libwebsockets, and their results: not 0 closes the connection. */
int ws_on_upgrade(struct server *s, struct lws *wsi); /* refuses with an HTTP status */
int ws_on_open(struct server *s, struct lws *wsi, struct conn *conn);
int ws_on_receive(struct ws *ws, const char *bytes, size_t len);
int ws_on_writable(struct ws *ws);
void ws_on_closed(struct conn *conn);

#endif
