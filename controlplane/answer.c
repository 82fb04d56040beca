/* SPDX-License-Identifier: MIT */
/* answer: heads, and bodies in pieces. */
#include "controlplane/answer.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES   16384
#define HEADER_BYTES  4096
#define STALL_SECONDS 20 /* a reader that takes nothing for so long is closed; a slow one may take hours */

void answer_add_header(struct answer_head *head, const char *name, const char *value)
{
    assert(head->n_headers < ANSWER_HEADERS_MAX);
    head->headers[head->n_headers].name = name;
    head->headers[head->n_headers++].value = value;
}

static bool write_header(struct lws *wsi, const char *name, const char *value, unsigned char **p, unsigned char *end)
{
    return !lws_add_http_header_by_name(wsi, (const unsigned char *)name, (const unsigned char *)value,
                                        (int)strlen(value), p, end);
}

static int write_head(struct lws *wsi, const struct answer_head *head)
{
    unsigned char buf[LWS_PRE + HEADER_BYTES], *start = buf + LWS_PRE, *p = start, *end = buf + sizeof(buf) - 1;
    if (lws_add_http_common_headers(wsi, head->status, head->type, head->bytes, &p, end))
        return -1;
    if (!write_header(wsi, "x-content-type-options:", "nosniff", &p, end))
        return -1;
    for (size_t i = 0; i < head->n_headers; i++) {
        if (!write_header(wsi, head->headers[i].name, head->headers[i].value, &p, end))
            return -1;
    }
    return lws_finalize_write_http_header(wsi, start, &p, end);
}

static int complete(struct lws *wsi, struct answer *a)
{
    answer_finish(a);
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* libwebsockets would otherwise give the whole answer a few seconds. */
static void await_writable(struct lws *wsi)
{
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALL_SECONDS);
    lws_callback_on_writable(wsi);
}

/* Sends the head; the body follows when the socket takes it. */
static int respond(struct lws *wsi, struct answer *a, const struct answer_head *head)
{
    if (write_head(wsi, head))
        return -1;
    if (!head->bytes || head->without_body || lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI))
        return complete(wsi, a);
    a->sent_bytes = 0;
    a->bytes = head->bytes;
    await_writable(wsi);
    return 0;
}

int answer_text(struct lws *wsi, struct answer *a, struct answer_head *head, const char *text)
{
    head->bytes = strlen(text);
    answer_add_header(head, "cache-control:", "no-cache");
    a->text = strdup(text);
    return a->text ? respond(wsi, a, head) : -1;
}

int answer_file(struct lws *wsi, struct answer *a, const struct answer_head *head, int fd, int64_t offset)
{
    a->fd = fd;
    a->open = true;
    a->offset = offset;
    return respond(wsi, a, head);
}

int answer_empty(struct lws *wsi, struct answer *a, struct answer_head *head)
{
    head->without_body = true;
    return respond(wsi, a, head);
}

int answer_error(struct lws *wsi, struct answer *a, unsigned status, const char *words)
{
    struct answer_head head = {.status = status, .type = "text/html; charset=utf-8"};
    char page[512];
    snprintf(page, sizeof(page),
             "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Roomline: %u</title>"
             "<body style=\"font-family:sans-serif;margin:4em auto;max-width:30em\"><h1>%u</h1><p>%s</p>"
             "<p><a href=\"/\">To the start page</a></p></body></html>\n",
             status, status, words);
    return answer_text(wsi, a, &head, page);
}

/* The next piece of the body. Returns its length, or 0 when there is none although it was promised. */
static size_t read_piece(struct answer *a, unsigned char *buf, size_t len)
{
    if (a->text) {
        memcpy(buf, a->text + a->sent_bytes, len);
        return len;
    }
    ssize_t n = pread(a->fd, buf, len, a->offset + (int64_t)a->sent_bytes);
    return n > 0 ? (size_t)n : 0;
}

int answer_on_writable(struct lws *wsi, struct answer *a)
{
    unsigned char buf[LWS_PRE + CHUNK_BYTES];
    size_t len = a->bytes - a->sent_bytes;
    if (!a->open && !a->text)
        return 0;
    len = read_piece(a, buf + LWS_PRE, len < CHUNK_BYTES ? len : CHUNK_BYTES);
    if (!len)
        return -1; /* shorter than it was: the length is promised already */
    a->sent_bytes += len;
    bool last = a->sent_bytes == a->bytes;
    if (lws_write(wsi, buf + LWS_PRE, len, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    if (last)
        return complete(wsi, a);
    await_writable(wsi);
    return 0;
}

void answer_finish(struct answer *a)
{
    if (a->open)
        close(a->fd);
    free(a->text);
    *a = (struct answer){0};
}
