/* SPDX-License-Identifier: MIT */
/* Recordings by HTTP: files of conf record.dir, whole or in ranges (RFC 9110 14), no folders, links or dot files.
 *
 * One that is being finished is served as far as it is there, but not as a download; one that is in the making, of
 * which there is nothing to be seen yet, is a page that loads itself again, or 503 with Retry-After for whom is no
 * browser. */
#ifndef ROOMLINE_CONTROLPLANE_HTTP_RECORDS_H
#define ROOMLINE_CONTROLPLANE_HTTP_RECORDS_H

#include <libwebsockets.h>

struct answer;
struct server;

/* name: decoded, what follows the last slash. Result as of answer.h. */
int http_records_serve(const struct server *s, struct lws *wsi, struct answer *a, const char *name);

#endif
