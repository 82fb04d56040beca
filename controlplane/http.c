/* SPDX-License-Identifier: MIT */
/* http: files and small texts as answers. */
#include "controlplane/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "controlplane/files.h"
#include "controlplane/metrics.h"
#include "controlplane/server.h"

#define CHUNK_BYTES   16384
#define HEADER_BYTES  2048
#define STALL_SECONDS 20 /* a reader that takes nothing for so long is closed; a slow one may take hours */

struct answer {
    unsigned status;
    const char *type;
    size_t bytes;
    bool no_cache;
    const char *location; /* of a redirect, or NULL */
};

static bool add_header(struct lws *wsi, const char *name, const char *value, unsigned char **p, unsigned char *end)
{
    return !lws_add_http_header_by_name(wsi, (const unsigned char *)name, (const unsigned char *)value,
                                        (int)strlen(value), p, end);
}

static int write_head(struct lws *wsi, const struct answer *a)
{
    unsigned char buf[LWS_PRE + HEADER_BYTES], *start = buf + LWS_PRE, *p = start, *end = buf + sizeof(buf) - 1;
    if (lws_add_http_common_headers(wsi, a->status, a->type, a->bytes, &p, end))
        return -1;
    if (!add_header(wsi, "x-content-type-options:", "nosniff", &p, end))
        return -1;
    if (a->no_cache && !add_header(wsi, "cache-control:", "no-cache", &p, end))
        return -1;
    if (a->location && !add_header(wsi, "location:", a->location, &p, end))
        return -1;
    return lws_finalize_write_http_header(wsi, start, &p, end);
}

static int complete(struct lws *wsi, struct http *h)
{
    http_on_closed(h);
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* libwebsockets would otherwise give the whole answer a few seconds. */
static void await_writable(struct lws *wsi)
{
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALL_SECONDS);
    lws_callback_on_writable(wsi);
}

/* Sends the head; the body follows when the socket takes it. */
static int respond(struct lws *wsi, struct http *h, const struct answer *a)
{
    if (write_head(wsi, a))
        return -1;
    if (!a->bytes || lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI))
        return complete(wsi, h);
    h->sent_bytes = 0;
    h->bytes = a->bytes;
    await_writable(wsi);
    return 0;
}

static int respond_text(struct lws *wsi, struct http *h, unsigned status, const char *type, const char *text)
{
    struct answer a = {.status = status, .type = type, .bytes = strlen(text), .no_cache = true};
    h->text = strdup(text);
    return h->text ? respond(wsi, h, &a) : -1;
}

static int respond_error(struct lws *wsi, struct http *h, unsigned status, const char *words)
{
    char page[512];
    snprintf(page, sizeof(page),
             "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Roomline: %u</title>"
             "<body style=\"font-family:sans-serif;margin:4em auto;max-width:30em\"><h1>%u</h1><p>%s</p>"
             "<p><a href=\"/\">To the start page</a></p></body></html>\n",
             status, status, words);
    return respond_text(wsi, h, status, "text/html; charset=utf-8", page);
}

int http_refuse(struct lws *wsi, unsigned status, const char *text)
{
    lws_return_http_status(wsi, status, text);
    return 1;
}

static int respond_health(const struct server *s, struct lws *wsi, struct http *h)
{
    const struct hub *hub = s->hub;
    bool up = dp_is_up(hub->dp);
    const char *state = up ? "up" : dp_is_frozen(hub->dp) ? "frozen" : "down";
    char text[512];
    snprintf(text, sizeof(text),
             "{\"status\":\"%s\",\"dataplane\":\"%s\",\"workers\":%u,\"rooms\":%u,\"participants\":%u,"
             "\"published\":%u,\"played\":%u,\"connections\":%u,\"slow_readers\":%llu}\n",
             up ? "ok" : "degraded", state, up ? dp_hello(hub->dp)->n_workers : 0, hub->n_rooms, hub->n_participants,
             hub->n_published, hub->n_played, s->n_websockets, (unsigned long long)s->n_slow_readers);
    return respond_text(wsi, h, up ? HTTP_STATUS_OK : HTTP_STATUS_SERVICE_UNAVAILABLE, "application/json", text);
}

static int respond_metrics(const struct server *s, struct lws *wsi, struct http *h)
{
    char *text = metrics_write(s->hub, s->n_websockets, s->n_slow_readers);
    int ret = text ? respond_text(wsi, h, HTTP_STATUS_OK, METRICS_TYPE, text) : -1;
    free(text);
    return ret;
}

static int redirect_to_folder(struct lws *wsi, struct http *h, const char *path)
{
    char location[1024];
    size_t len = (size_t)snprintf(location, sizeof(location), "%s/", path);
    struct answer a = {.status = HTTP_STATUS_MOVED_PERMANENTLY, .type = "text/plain", .location = location};
    bool plain = len < sizeof(location) && !strncmp(path, "/", 1) && strncmp(path, "//", 2) &&
                 !path[strspn(path, "/-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")];
    return plain ? respond(wsi, h, &a) : respond_error(wsi, h, HTTP_STATUS_NOT_FOUND, "There is no such page here.");
}

/* Which folder a path means, and what of it remains. -1: none. */
static int pick_root(const struct server *s, const char **path)
{
    const char *mount = s->conf->static_mount;
    size_t len = strlen(mount);
    while (len && mount[len - 1] == '/')
        len--;
    if (s->static_fd >= 0 && !strncmp(*path, mount, len) && (!(*path)[len] || (*path)[len] == '/')) {
        *path += len;
        return s->static_fd;
    }
    return s->www_fd;
}

static int respond_file(const struct server *s, struct lws *wsi, struct http *h, const char *path)
{
    struct files_found found;
    const char *rest = path;
    int root = pick_root(s, &rest);
    int err = root < 0 ? -ENOENT : !*rest ? -EISDIR : files_open(root, rest, &found);
    if (err == -EISDIR)
        return redirect_to_folder(wsi, h, path);
    if (err)
        return respond_error(wsi, h, HTTP_STATUS_NOT_FOUND, "There is no such page here.");
    h->fd = found.fd;
    h->open = true;
    struct answer a = {.status = HTTP_STATUS_OK, .type = found.type, .bytes = found.bytes, .no_cache = found.page};
    return respond(wsi, h, &a);
}

int http_on_request(struct server *s, struct lws *wsi, struct http *h, const char *path)
{
    http_on_closed(h);
    if (!lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) && !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI))
        return respond_error(wsi, h, HTTP_STATUS_METHOD_NOT_ALLOWED, "Only GET and HEAD are served.");
    if (!strcmp(path, "/healthz"))
        return respond_health(s, wsi, h);
    if (!strcmp(path, "/metrics"))
        return respond_metrics(s, wsi, h);
    return respond_file(s, wsi, h, path);
}

int http_on_writable(struct lws *wsi, struct http *h)
{
    unsigned char buf[LWS_PRE + CHUNK_BYTES];
    size_t len = h->bytes - h->sent_bytes;
    if (!h->open && !h->text)
        return 0;
    if (len > CHUNK_BYTES)
        len = CHUNK_BYTES;
    if (h->text) {
        memcpy(buf + LWS_PRE, h->text + h->sent_bytes, len);
    } else {
        ssize_t n = read(h->fd, buf + LWS_PRE, len);
        if (n <= 0)
            return -1; /* shorter than it was: the length is promised already */
        len = (size_t)n;
    }
    h->sent_bytes += len;
    bool last = h->sent_bytes == h->bytes;
    if (lws_write(wsi, buf + LWS_PRE, len, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    if (last)
        return complete(wsi, h);
    await_writable(wsi);
    return 0;
}

void http_on_closed(struct http *h)
{
    if (h->open)
        close(h->fd);
    free(h->text);
    *h = (struct http){0};
}
