/* SPDX-License-Identifier: MIT */
/* Connect, upgrade, frames; buffers grow as needed. */
#include "tests/peer/wsock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/util.h"

#define KEY    "dGhlIHNhbXBsZSBub25jZQ==" /* the pair of RFC 6455 1.3: one key is as good as another here */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define MASK   0x37fa213du

enum { FIN = 0x80, MASKED = 0x80, OP_CONTINUE = 0, OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

enum phase { CONNECTING, UPGRADING, OPEN, CLOSED };

struct buf {
    uint8_t *p;
    size_t len, size;
};

struct wsock {
    struct loop_item item; /* first: the loop gives it back */
    struct wsock_conf conf;
    enum phase phase;
    int close_code;
    SSL *ssl;
    char path[256], origin[256];
    struct buf in, out, message;
    bool deaf, was_open;
};

static int append(struct buf *b, const void *bytes, size_t len)
{
    if (b->size - b->len < len + 1) {
        size_t size = MAX(2 * b->size, b->len + len + 1);
        uint8_t *p = realloc(b->p, size);
        if (!p)
            return -ENOMEM;
        b->p = p;
        b->size = size;
    }
    memcpy(b->p + b->len, bytes, len);
    b->len += len;
    b->p[b->len] = '\0';
    return 0;
}

static void consume(struct buf *b, size_t len)
{
    b->len -= len;
    memmove(b->p, b->p + len, b->len + 1);
}

static void watch(struct wsock *w)
{
    uint32_t events = (w->deaf ? 0 : EPOLLIN) | (w->out.len || w->phase == CONNECTING ? EPOLLOUT : 0);
    if (w->phase != CLOSED)
        loop_watch(w->conf.loop, &w->item, events);
}

static void close_down(struct wsock *w)
{
    if (w->phase == CLOSED)
        return;
    w->phase = CLOSED;
    loop_del(w->conf.loop, &w->item);
    close(w->item.fd);
    w->item.fd = -1;
    w->conf.on_close(w->conf.arg, w->was_open ? w->close_code : -1);
}

/* > 0 bytes, 0: end, -EAGAIN, -ECONNRESET. */
static ssize_t transfer(struct wsock *w, void *bytes, size_t len, bool out)
{
    if (!w->ssl) {
        ssize_t n = out ? send(w->item.fd, bytes, len, MSG_NOSIGNAL) : recv(w->item.fd, bytes, len, 0);
        return n >= 0 ? n : errno == EAGAIN ? -EAGAIN : -ECONNRESET;
    }
    int n = out ? SSL_write(w->ssl, bytes, (int)len) : SSL_read(w->ssl, bytes, (int)len);
    if (n > 0)
        return n;
    switch (SSL_get_error(w->ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return -ECONNRESET;
    }
}

static void flush(struct wsock *w)
{
    while (w->out.len && w->phase != CLOSED) {
        ssize_t n = transfer(w, w->out.p, w->out.len, true);
        if (n == -EAGAIN)
            break;
        if (n <= 0) {
            close_down(w);
            return;
        }
        consume(&w->out, (size_t)n);
    }
    watch(w);
}

static int send_frame(struct wsock *w, unsigned opcode, const void *bytes, size_t len)
{
    uint8_t head[14] = {(uint8_t)(FIN | opcode)};
    size_t n = 2;
    if (w->phase != OPEN)
        return -ENOTCONN;
    if (len < 126) {
        head[1] = (uint8_t)(MASKED | len);
    } else if (len <= UINT16_MAX) {
        head[1] = MASKED | 126;
        put_be16(head + 2, (uint16_t)len);
        n += 2;
    } else {
        head[1] = MASKED | 127;
        put_be64(head + 2, len);
        n += 8;
    }
    put_be32(head + n, MASK);
    const uint8_t *mask = head + n;
    n += 4;
    if (append(&w->out, head, n) || append(&w->out, bytes, len))
        return -ENOMEM;
    uint8_t *masked = w->out.p + w->out.len - len;
    for (size_t i = 0; i < len; i++)
        masked[i] ^= mask[i % 4];
    flush(w);
    return 0;
}

int wsock_send_text(struct wsock *w, const char *text, size_t len)
{
    return send_frame(w, OP_TEXT, text, len);
}

int wsock_send_raw(struct wsock *w, const void *bytes, size_t len)
{
    if (w->phase == CLOSED)
        return -ENOTCONN;
    if (append(&w->out, bytes, len))
        return -ENOMEM;
    flush(w);
    return 0;
}

/* Bytes of the response header, 0: not whole yet, -1: not an upgrade. */
static ssize_t read_response(const struct buf *in)
{
    const char *text = (const char *)in->p;
    const char *end = in->len ? strstr(text, "\r\n\r\n") : NULL;
    if (!end)
        return 0;
    if (strncmp(text, "HTTP/1.1 101", 12) != 0 || !strstr(text, ACCEPT))
        return -1;
    return end + 4 - text;
}

static void on_frame(struct wsock *w, uint8_t head, const uint8_t *bytes, size_t len)
{
    switch (head & 0x0f) {
    case OP_TEXT:
    case OP_CONTINUE:
        append(&w->message, bytes, len);
        if (head & FIN) {
            w->conf.on_text(w->conf.arg, (const char *)w->message.p, w->message.len);
            w->message.len = 0;
        }
        break;
    case OP_PING:
        send_frame(w, OP_PONG, bytes, len);
        break;
    case OP_CLOSE:
        w->close_code = len >= 2 ? get_be16(bytes) : 1005;
        close_down(w);
        break;
    default:
        break;
    }
}

/* false: no whole frame there. */
static bool take_frame(struct wsock *w)
{
    const uint8_t *p = w->in.p;
    size_t n = 2;
    if (w->in.len < n)
        return false;
    uint64_t len = p[1] & 0x7f;
    size_t extended = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (w->in.len < n + extended)
        return false;
    if (extended)
        len = extended == 2 ? get_be16(p + 2) : get_be64(p + 2);
    n += extended;
    if (w->in.len - n < len)
        return false;
    on_frame(w, p[0], p + n, (size_t)len);
    consume(&w->in, n + (size_t)len);
    return true;
}

static void parse(struct wsock *w)
{
    if (w->phase == UPGRADING) {
        ssize_t n = read_response(&w->in);
        if (n < 0) {
            close_down(w);
            return;
        }
        if (n == 0)
            return;
        consume(&w->in, (size_t)n);
        w->phase = OPEN;
        w->was_open = true;
        w->conf.on_open(w->conf.arg);
    }
    while (w->phase == OPEN && take_frame(w))
        ;
}

static void read_all(struct wsock *w)
{
    uint8_t bytes[16384];
    ssize_t n = 0;
    while (w->phase != CLOSED && !w->deaf && (n = transfer(w, bytes, sizeof(bytes), false)) > 0) {
        append(&w->in, bytes, (size_t)n);
        parse(w);
    }
    if (w->phase != CLOSED && (n == 0 || n == -ECONNRESET) && !w->deaf)
        close_down(w);
}

static void on_connected(struct wsock *w)
{
    int err = 0, n;
    socklen_t len = sizeof(err);
    char request[1024];
    getsockopt(w->item.fd, SOL_SOCKET, SO_ERROR, &err, &len);
    if (err) {
        close_down(w);
        return;
    }
    w->phase = UPGRADING;
    n = snprintf(request, sizeof(request),
                 "GET %s HTTP/1.1\r\nHost: localhost:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
                 w->path, ntohs(w->conf.addr.sin6_port), *w->origin ? "Origin: " : "", w->origin,
                 *w->origin ? "\r\n" : "");
    append(&w->out, request, (size_t)n);
}

static void on_ready(struct loop_item *item, uint32_t events, int64_t now_us)
{
    struct wsock *w = (struct wsock *)item;
    if (w->phase == CONNECTING)
        on_connected(w);
    if (w->phase != CLOSED)
        flush(w);
    if (w->phase != CLOSED && !w->deaf)
        read_all(w);
    else if (w->phase != CLOSED && events & (EPOLLERR | EPOLLHUP))
        close_down(w);
}

static int open_socket(struct wsock *w)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), off = 0;
    if (fd < 0)
        return -errno;
    w->item.fd = fd;
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (w->conf.receive_bytes) {
        int bytes = (int)w->conf.receive_bytes;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
    if (connect(fd, (const struct sockaddr *)&w->conf.addr, sizeof(w->conf.addr)) && errno != EINPROGRESS)
        return -errno;
    if (w->conf.tls) {
        w->ssl = SSL_new(w->conf.tls);
        if (!w->ssl || !SSL_set_fd(w->ssl, fd))
            return -ENOMEM;
        SSL_set_mode(w->ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
        SSL_set_connect_state(w->ssl);
    }
    return loop_add(w->conf.loop, &w->item, EPOLLOUT);
}

struct wsock *wsock_create(const struct wsock_conf *conf)
{
    struct wsock *w = calloc(1, sizeof(*w));
    if (!w)
        return NULL;
    w->conf = *conf;
    w->item = (struct loop_item){.fd = -1, .on_ready = on_ready};
    snprintf(w->path, sizeof(w->path), "%s", conf->path ? conf->path : "/");
    snprintf(w->origin, sizeof(w->origin), "%s", conf->origin ? conf->origin : "");
    w->conf.path = w->conf.origin = NULL;
    if (append(&w->in, "", 0) || append(&w->out, "", 0) || append(&w->message, "", 0) || open_socket(w)) {
        wsock_destroy(w);
        return NULL;
    }
    return w;
}

void wsock_destroy(struct wsock *w)
{
    if (!w)
        return;
    if (w->phase != CLOSED) {
        loop_del(w->conf.loop, &w->item);
        if (w->item.fd >= 0)
            close(w->item.fd);
    }
    SSL_free(w->ssl);
    free(w->in.p);
    free(w->out.p);
    free(w->message.p);
    free(w);
}

bool wsock_is_open(const struct wsock *w)
{
    return w->phase == OPEN;
}

bool wsock_is_closed(const struct wsock *w)
{
    return w->phase == CLOSED;
}

void wsock_stop_reading(struct wsock *w, bool stop)
{
    w->deaf = stop;
    watch(w);
}

size_t wsock_unsent_bytes(const struct wsock *w)
{
    return w->out.len;
}
