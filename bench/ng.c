/* SPDX-License-Identifier: MIT */
/* Bencoding and calls. */
#include "bench/ng.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define DEPTH_MAX 16

/* ---- Write ---- */

struct text {
    char *p;
    size_t size, len;
    int err;
};

static void put(struct text *t, const void *bytes, size_t len)
{
    if (t->err)
        return;
    if (len > t->size - t->len) {
        t->err = -ENOSPC;
        return;
    }
    memcpy(t->p + t->len, bytes, len);
    t->len += len;
}

static void put_string(struct text *t, const char *string, size_t len)
{
    char head[24];
    put(t, head, (size_t)snprintf(head, sizeof(head), "%zu:", len));
    put(t, string, len);
}

static void put_value(struct text *t, json_t *value)
{
    char number[32];
    const char *key;
    json_t *item;
    size_t i;

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put(t, "d", 1);
        json_object_foreach (value, key, item) {
            put_string(t, key, strlen(key));
            put_value(t, item);
        }
        put(t, "e", 1);
        break;
    case JSON_ARRAY:
        put(t, "l", 1);
        json_array_foreach (value, i, item)
            put_value(t, item);
        put(t, "e", 1);
        break;
    case JSON_STRING:
        put_string(t, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        put(t, number, (size_t)snprintf(number, sizeof(number), "i%" PRId64 "e", (int64_t)json_integer_value(value)));
        break;
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        t->err = t->err ? t->err : -EINVAL;
        break;
    }
}

int ng_write(char *out, size_t size, json_t *value)
{
    struct text t = {.p = out, .size = size};
    put_value(&t, value);
    return t.err ? t.err : (int)t.len;
}

/* ---- Read ---- */

struct cursor {
    const char *p, *end;
    unsigned depth;
};

static bool take(struct cursor *c, char what)
{
    if (c->p == c->end || *c->p != what)
        return false;
    c->p++;
    return true;
}

/* Decimal digits up to the mark behind them. */
static bool take_number(struct cursor *c, char mark, int64_t *out)
{
    bool negative = mark == 'e' && take(c, '-');
    const char *start = c->p;
    *out = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
        if (c->p - start == 18) /* all of 18 digits fits */
            return false;
        *out = *out * 10 + (*c->p - '0');
    }
    *out = negative ? -*out : *out;
    return c->p > start && take(c, mark);
}

static const char *take_string(struct cursor *c, size_t *len)
{
    int64_t n;
    if (!take_number(c, ':', &n) || n > c->end - c->p)
        return NULL;
    *len = (size_t)n;
    c->p += n;
    return c->p - n;
}

static json_t *take_value(struct cursor *c);

static json_t *take_list(struct cursor *c)
{
    json_t *list = json_array();
    while (list && !take(c, 'e'))
        if (json_array_append_new(list, take_value(c))) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static json_t *take_dict(struct cursor *c)
{
    json_t *dict = json_object();
    while (dict && !take(c, 'e')) {
        size_t len;
        const char *bytes = take_string(c, &len);
        json_t *key = bytes ? json_stringn(bytes, len) : NULL; /* jansson's keys end at a NUL */
        int err = key ? json_object_set_new(dict, json_string_value(key), take_value(c)) : -1;
        json_decref(key);
        if (err) {
            json_decref(dict);
            dict = NULL;
        }
    }
    return dict;
}

static json_t *take_value(struct cursor *c)
{
    json_t *value = NULL;
    const char *bytes;
    int64_t number;
    size_t len;

    if (c->depth == DEPTH_MAX)
        return NULL;
    c->depth++;
    if (take(c, 'd'))
        value = take_dict(c);
    else if (take(c, 'l'))
        value = take_list(c);
    else if (take(c, 'i'))
        value = take_number(c, 'e', &number) ? json_integer(number) : NULL;
    else if ((bytes = take_string(c, &len)))
        value = json_stringn(bytes, len);
    c->depth--;
    return value;
}

json_t *ng_read(const char *bytes, size_t len)
{
    struct cursor c = {.p = bytes, .end = bytes + len};
    json_t *value = take_value(&c);
    if (c.p == c.end)
        return value;
    json_decref(value);
    return NULL;
}

/* ---- Calls ---- */

int ng_connect(uint16_t port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 1};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
        return fd;
    int err = -errno;
    close(fd);
    return err;
}

static json_t *exchange(int fd, json_t *request)
{
    static char bytes[NG_BYTES_MAX];
    static unsigned serial;
    char cookie[16];
    size_t n = (size_t)snprintf(cookie, sizeof(cookie), "%u ", serial++);
    memcpy(bytes, cookie, n);
    int len = ng_write(bytes + n, sizeof(bytes) - n, request);
    if (len < 0 || send(fd, bytes, n + (size_t)len, 0) < 0)
        return NULL;
    for (;;) {
        ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
        if (got < 0)
            return NULL;
        if ((size_t)got >= n && memcmp(bytes, cookie, n) == 0)
            return ng_read(bytes + n, (size_t)got - n);
    }
}

bool ng_ping(int fd)
{
    json_t *request = json_pack("{ss}", "command", "ping"), *answer = exchange(fd, request);
    bool there = answer != NULL;
    json_decref(request);
    json_decref(answer);
    return there;
}

json_t *ng_call(int fd, json_t *request)
{
    json_t *answer = exchange(fd, request);
    const char *result = json_string_value(json_object_get(answer, "result"));
    if (!result || strcmp(result, "ok") != 0) {
        const char *why = json_string_value(json_object_get(answer, "error-reason"));
        fprintf(stderr, "rtpengine: %s: %s\n", json_string_value(json_object_get(request, "command")),
                why ? why : strerror(errno));
        json_decref(answer);
        answer = NULL;
    }
    json_decref(request);
    return answer;
}
