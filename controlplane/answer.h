/* SPDX-License-Identifier: MIT */
/* An answer to an HTTP request: a head, and a body out of memory or a file, which follows as the socket takes it. */
#ifndef ROOMLINE_CONTROLPLANE_ANSWER_H
#define ROOMLINE_CONTROLPLANE_ANSWER_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_HEADERS_MAX 8

struct answer { /* being sent; zeroed: none */
    bool open;  /* fd is */
    int fd;     /* a file's body */
    int64_t offset;
    char *text; /* or one made here */
    size_t sent_bytes, bytes;
};

struct answer_head {
    unsigned status;
    const char *type;
    size_t bytes;      /* of the body */
    bool without_body; /* although it has so many bytes: 304 */
    struct {
        const char *name, *value; /* "location:", borrowed */
    } headers[ANSWER_HEADERS_MAX];
    size_t n_headers;
};

void answer_add_header(struct answer_head *head, const char *name, const char *value);

/* The result is that of the libwebsockets callback in which the request came: not 0 closes the connection. A HEAD gets
 * the head. */
int answer_text(struct lws *wsi, struct answer *a, struct answer_head *head,
                const char *text); /* sets bytes; no-cache */
int answer_file(struct lws *wsi, struct answer *a, const struct answer_head *head, int fd,
                int64_t offset); /* takes fd */
int answer_empty(struct lws *wsi, struct answer *a, struct answer_head *head);

/* A page that says what is wrong in a few words of HTML. */
int answer_error(struct lws *wsi, struct answer *a, unsigned status, const char *words);

int answer_on_writable(struct lws *wsi, struct answer *a);
void answer_finish(struct answer *a); /* done or given up */

#endif
