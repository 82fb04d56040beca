/* SPDX-License-Identifier: MIT */
/* A WebSocket client (RFC 6455) on a loop: text messages out and in, TLS if a context is given. Small on purpose, and
 * able to misbehave: raw bytes in place of frames, reading that stops. */
#ifndef ROOMLINE_TESTS_PEER_WSOCK_H
#define ROOMLINE_TESTS_PEER_WSOCK_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "tests/peer/loop.h"

struct wsock;

struct wsock_conf {
    struct loop *loop;
    struct sockaddr_in6 addr;  /* IPv4 as ::ffff:a.b.c.d */
    const char *path, *origin; /* borrowed for the call; NULL: "/", none */
    SSL_CTX *tls;              /* NULL: plain; must outlive the socket */
    size_t receive_bytes;      /* of the kernel's buffer; 0: its default */
    void (*on_open)(void *arg);
    void (*on_text)(void *arg, const char *text, size_t len); /* text is NUL-terminated */
    void (*on_close)(void *arg, int code); /* RFC 6455 7.4.1; 0: without a close frame; -1: never opened. Once. */
    void *arg;
};

/* The callbacks may not destroy the socket. NULL: out of memory or descriptors. */
struct wsock *wsock_create(const struct wsock_conf *conf);
void wsock_destroy(struct wsock *w); /* closes the connection as it is */

bool wsock_is_open(const struct wsock *w);
bool wsock_is_closed(const struct wsock *w);
int wsock_send_text(struct wsock *w, const char *text, size_t len); /* 0, -ENOTCONN or -ENOMEM */
int wsock_send_raw(struct wsock *w, const void *bytes, size_t len); /* behind the framing */
void wsock_stop_reading(struct wsock *w, bool stop);
size_t wsock_unsent_bytes(const struct wsock *w);

#endif
