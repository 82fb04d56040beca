/* SPDX-License-Identifier: MIT */
/* HTTP: our pages, the operator's extra folder, the recordings, /healthz, /metrics. GET and HEAD. */
#ifndef ROOMLINE_CONTROLPLANE_HTTP_H
#define ROOMLINE_CONTROLPLANE_HTTP_H

#include <libwebsockets.h>

struct answer;
struct server;

/* path: decoded, without query. Result as of answer.h. */
int http_on_request(struct server *s, struct lws *wsi, struct answer *a, const char *path);

/* A plain text answer to an upgrade that we do not want. Returns 1: answered. */
int http_refuse(struct lws *wsi, unsigned status, const char *text);

#endif
