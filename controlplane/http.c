/* SPDX-License-Identifier: MIT */
/* http: what is asked for, and who answers it. */
#include "controlplane/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "controlplane/answer.h"
#include "controlplane/files.h"
#include "controlplane/http_records.h"
#include "controlplane/metrics.h"
#include "controlplane/server.h"

#define RECORDS "/client/records"

int http_refuse(struct lws *wsi, unsigned status, const char *text)
{
    lws_return_http_status(wsi, status, text);
    return 1;
}

static int respond_health(const struct server *s, struct lws *wsi, struct answer *a)
{
    const struct hub *hub = s->hub;
    bool up = dp_is_up(hub->dp);
    const char *state = up ? "up" : dp_is_frozen(hub->dp) ? "frozen" : "down";
    char text[512];
    snprintf(text, sizeof(text),
             "{\"status\":\"%s\",\"dataplane\":\"%s\",\"workers\":%u,\"rooms\":%u,\"participants\":%u,"
             "\"published\":%u,\"played\":%u,\"connections\":%u,\"slow_readers\":%llu,\"recorder\":\"%s\","
             "\"recordings\":%u}\n",
             up ? "ok" : "degraded", state, up ? dp_hello(hub->dp)->n_workers : 0, hub->n_rooms, hub->n_participants,
             hub->n_published, hub->n_played, s->n_websockets, (unsigned long long)s->n_slow_readers,
             rec_is_up(hub->rec) ? "up" : "down", records_count(&hub->records));
    struct answer_head head = {.status = up ? HTTP_STATUS_OK : HTTP_STATUS_SERVICE_UNAVAILABLE,
                               .type = "application/json"};
    return answer_text(wsi, a, &head, text);
}

static int respond_metrics(const struct server *s, struct lws *wsi, struct answer *a)
{
    struct answer_head head = {.status = HTTP_STATUS_OK, .type = METRICS_TYPE};
    char *text = metrics_write(s->hub, s->n_websockets, s->n_slow_readers);
    int ret = text ? answer_text(wsi, a, &head, text) : -1;
    free(text);
    return ret;
}

static int redirect_to_folder(struct lws *wsi, struct answer *a, const char *path)
{
    char location[1024];
    size_t len = (size_t)snprintf(location, sizeof(location), "%s/", path);
    struct answer_head head = {.status = HTTP_STATUS_MOVED_PERMANENTLY, .type = "text/plain"};
    bool plain = len < sizeof(location) && !strncmp(path, "/", 1) && strncmp(path, "//", 2) &&
                 !path[strspn(path, "/-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")];
    answer_add_header(&head, "location:", location);
    return plain ? answer_empty(wsi, a, &head)
                 : answer_error(wsi, a, HTTP_STATUS_NOT_FOUND, "There is no such page here.");
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

static int respond_file(const struct server *s, struct lws *wsi, struct answer *a, const char *path)
{
    struct files_found found;
    const char *rest = path;
    int root = pick_root(s, &rest);
    int err = root < 0 ? -ENOENT : !*rest ? -EISDIR : files_open(root, rest, &found);
    if (err == -EISDIR)
        return redirect_to_folder(wsi, a, path);
    if (err)
        return answer_error(wsi, a, HTTP_STATUS_NOT_FOUND, "There is no such page here.");
    struct answer_head head = {.status = HTTP_STATUS_OK, .type = found.type, .bytes = found.bytes};
    if (found.page)
        answer_add_header(&head, "cache-control:", "no-cache");
    return answer_file(wsi, a, &head, found.fd, 0);
}

/* The folder's own page, or what is in it. */
static int respond_recording(struct server *s, struct lws *wsi, struct answer *a, const char *name)
{
    return *name ? http_records_serve(s, wsi, a, name) : respond_file(s, wsi, a, "/records.html");
}

int http_on_request(struct server *s, struct lws *wsi, struct answer *a, const char *path)
{
    answer_finish(a);
    if (!lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) && !lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI))
        return answer_error(wsi, a, HTTP_STATUS_METHOD_NOT_ALLOWED, "Only GET and HEAD are served.");
    if (!strcmp(path, "/healthz"))
        return respond_health(s, wsi, a);
    if (!strcmp(path, "/metrics"))
        return respond_metrics(s, wsi, a);
    if (!strcmp(path, RECORDS))
        return redirect_to_folder(wsi, a, path);
    if (!strncmp(path, RECORDS "/", strlen(RECORDS "/")))
        return respond_recording(s, wsi, a, path + strlen(RECORDS "/"));
    return respond_file(s, wsi, a, path);
}
