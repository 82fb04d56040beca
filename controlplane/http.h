/* SPDX-License-Identifier: MIT */
/* HTTP: our pages, the operator's extra folder, /healthz. GET and HEAD. */
#ifndef ROOMLINE_CONTROLPLANE_HTTP_H
#define ROOMLINE_CONTROLPLANE_HTTP_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

struct server;

struct http {   /* the answer being sent; zeroed: none */
    bool open;  /* fd is */
    int fd;     /* a file's body */
    char *text; /* or one made here */
    size_t sent_bytes, bytes;
};

/* The callbacks of libwebsockets, and their results: not 0 closes the connection. path: decoded, without query. */
int http_on_request(struct server *s, struct lws *wsi, struct http *h, const char *path);
int http_on_writable(struct lws *wsi, struct http *h);
void http_on_closed(struct http *h);

/* A plain text answer to an upgrade that we do not want. Returns 1: answered. */
int http_refuse(struct lws *wsi, unsigned status, const char *text);

#endif
