/* SPDX-License-Identifier: MIT */
/* http_records: finds a recording in whatever state it is, and says so in HTTP. */
#include "controlplane/http_records.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/rec_proto.h"
#include "controlplane/answer.h"
#include "controlplane/files.h"
#include "controlplane/http_range.h"
#include "controlplane/server.h"

#define INDEX         "index.json"
#define RETRY_SECONDS "2"
#define HEADER_BYTES  512
#define PATH_BYTES    (REC_FILE_BYTES + 8)

/* What of a request matters here; texts are "" where a header is not there. */
struct request {
    struct lws *wsi;
    char range[HEADER_BYTES], if_range[HEADER_BYTES], none_match[HEADER_BYTES], modified_since[HEADER_BYTES];
    bool download;  /* ?download */
    bool navigates; /* wants a page */
};

/* What there is of a file. */
struct version {
    char etag[64], last_modified[64];
};

static void copy_header(struct lws *wsi, enum lws_token_indexes token, char out[HEADER_BYTES])
{
    if (lws_hdr_copy(wsi, out, HEADER_BYTES, token) <= 0)
        *out = 0;
}

static struct request read_request(struct lws *wsi)
{
    struct request r = {.wsi = wsi};
    char text[HEADER_BYTES];
    copy_header(wsi, WSI_TOKEN_HTTP_RANGE, r.range);
    copy_header(wsi, WSI_TOKEN_HTTP_IF_RANGE, r.if_range);
    copy_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, r.none_match);
    copy_header(wsi, WSI_TOKEN_HTTP_IF_MODIFIED_SINCE, r.modified_since);
    copy_header(wsi, WSI_TOKEN_HTTP_ACCEPT, text);
    r.navigates = strstr(text, "text/html");
    copy_header(wsi, WSI_TOKEN_HTTP_URI_ARGS, text);
    r.download = !strncmp(text, "download", 8) && (!text[8] || text[8] == '=');
    return r;
}

static struct version version_of(const struct files_found *found)
{
    struct version v;
    time_t seconds = found->mtime_ns / 1000000000;
    struct tm tm;
    snprintf(v.etag, sizeof(v.etag), "\"%" PRIx64 "-%" PRIx64 "-%zx\"", found->inode, (uint64_t)found->mtime_ns,
             found->bytes);
    if (!gmtime_r(&seconds, &tm) || !strftime(v.last_modified, sizeof(v.last_modified), "%a, %d %b %Y %T GMT", &tm))
        strcpy(v.last_modified, "Thu, 01 Jan 1970 00:00:00 GMT");
    return v;
}

/* Content-Disposition with the name in UTF-8 (RFC 8187). */
static void write_disposition(const char *name, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "attachment; filename*=UTF-8''");
    for (const unsigned char *c = (const unsigned char *)name; *c && n + 4 < size; c++) {
        bool plain = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *c);
        n += (size_t)snprintf(out + n, size - n, plain ? "%c" : "%%%02X", *c);
    }
}

static int respond_unsatisfiable(struct lws *wsi, struct answer *a, size_t bytes)
{
    struct answer_head head = {.status = HTTP_STATUS_REQ_RANGE_NOT_SATISFIABLE, .type = "text/plain"};
    char range[64];
    snprintf(range, sizeof(range), "bytes */%zu", bytes);
    answer_add_header(&head, "content-range:", range);
    return answer_text(wsi, a, &head, "Nothing of this range is there.\n");
}

static int respond_file(const struct request *r, struct answer *a, const struct files_found *found, const char *name)
{
    struct version v = version_of(found);
    struct answer_head head = {.status = HTTP_STATUS_OK, .type = found->type, .bytes = found->bytes};
    char range[96], disposition[3 * REC_FILE_BYTES + 64];
    uint64_t first = 0, last;
    enum http_range asked = HTTP_RANGE_WHOLE;
    if (http_range_holds(r->if_range, v.etag, v.last_modified))
        asked = http_range_parse(r->range, found->bytes, &first, &last);
    if (asked == HTTP_RANGE_NONE) {
        close(found->fd);
        return respond_unsatisfiable(r->wsi, a, found->bytes);
    }
    answer_add_header(&head, "cache-control:", "no-cache");
    answer_add_header(&head, "etag:", v.etag);
    answer_add_header(&head, "last-modified:", v.last_modified);
    answer_add_header(&head, "accept-ranges:", "bytes");
    if (http_range_is_known(r->none_match, r->modified_since, v.etag, v.last_modified)) {
        close(found->fd);
        head.status = HTTP_STATUS_NOT_MODIFIED;
        return answer_empty(r->wsi, a, &head);
    }
    if (r->download) {
        write_disposition(name, disposition, sizeof(disposition));
        answer_add_header(&head, "content-disposition:", disposition);
    }
    if (asked == HTTP_RANGE_PART) {
        snprintf(range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%zu", first, last, found->bytes);
        answer_add_header(&head, "content-range:", range);
        head.status = HTTP_STATUS_PARTIAL_CONTENT;
        head.bytes = (size_t)(last - first + 1);
    }
    return answer_file(r->wsi, a, &head, found->fd, (int64_t)first);
}

/* As far as it is there now. No ranges: it is another file with each byte that comes. */
static int respond_so_far(const struct request *r, struct answer *a, const struct files_found *found)
{
    struct answer_head head = {.status = HTTP_STATUS_OK, .type = found->type, .bytes = found->bytes};
    answer_add_header(&head, "cache-control:", "no-store");
    answer_add_header(&head, "accept-ranges:", "none");
    return answer_file(r->wsi, a, &head, found->fd, 0);
}

static int respond_patience(const struct request *r, struct answer *a)
{
    struct answer_head head = {.status = HTTP_STATUS_SERVICE_UNAVAILABLE, .type = "text/plain; charset=utf-8"};
    const char *text = "This recording is in the making.\n";
    answer_add_header(&head, "retry-after:", RETRY_SECONDS);
    if (r->navigates) {
        head.type = "text/html; charset=utf-8";
        text = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Roomline: in the making</title>"
               "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"dark\">"
               "<meta http-equiv=\"refresh\" content=\"" RETRY_SECONDS "\">"
               "<body style=\"font-family:sans-serif;margin:4em auto;max-width:30em;padding:0 1em\">"
               "<h1>In the making</h1><p>This recording is not finished yet. This page shows it as soon as it is.</p>"
               "<p><a href=\"/client/records/\">All recordings</a></p></body></html>\n";
    }
    return answer_text(r->wsi, a, &head, text);
}

static int open_with(int folder, const char *name, const char *suffix, struct files_found *out)
{
    char path[PATH_BYTES];
    int len = snprintf(path, sizeof(path), "%s%s", name, suffix);
    return len < 0 || (size_t)len >= sizeof(path) ? -ENAMETOOLONG : files_open(folder, path, out);
}

/* Not there under its name. A side-car without its file says that somebody is at it. */
static int respond_unfinished(const struct server *s, const struct request *r, struct answer *a, int folder,
                              const char *name)
{
    struct files_found found;
    if (!r->download && !open_with(folder, name, ".part", &found)) {
        files_set_type(&found, name);
        return respond_so_far(r, a, &found);
    }
    bool known = records_has_file(&s->hub->records, name);
    if (!known && !open_with(folder, name, ".json", &found)) {
        close(found.fd);
        known = true;
    }
    return known ? respond_patience(r, a)
                 : answer_error(r->wsi, a, HTTP_STATUS_NOT_FOUND, "There is no such recording here.");
}

int http_records_serve(const struct server *s, struct lws *wsi, struct answer *a, const char *name)
{
    struct request r = read_request(wsi);
    struct files_found found;
    int folder = open(s->conf->record_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;
    bool is_name = rec_file_name_ok(name);
    if (folder >= 0 && is_name && !files_open(folder, name, &found))
        ret = respond_file(&r, a, &found, name);
    else if (!strcmp(name, INDEX))
        ret = answer_text(wsi, a, &(struct answer_head){.status = HTTP_STATUS_OK, .type = "application/json"}, "[]\n");
    else if (is_name)
        ret = respond_unfinished(s, &r, a, folder, name);
    else
        ret = answer_error(wsi, a, HTTP_STATUS_NOT_FOUND, "There is no such recording here.");
    if (folder >= 0)
        close(folder);
    return ret;
}
