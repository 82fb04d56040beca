/* SPDX-License-Identifier: MIT */
/* ws: messages in and out of WebSocket connections. */
#include "controlplane/ws.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "common/log.h"
#include "controlplane/client.h"
#include "controlplane/http.h"
#include "controlplane/server.h"

#define IN_KEPT_BYTES     16384 /* room for most messages; more is given back after a message that needed it */
#define TOO_MANY_REQUESTS 429   /* RFC 6585; libwebsockets has no name for it */
#define CLOSE_SECONDS     3     /* for what is still queued and the close frame; then the socket goes */

struct message {
    STAILQ_ENTRY(message) entry;
    size_t len;
    unsigned char bytes[]; /* LWS_PRE, then the text */
};

struct ws {
    struct server *server;
    struct lws *wsi;
    struct client *client;
    struct source_key source;
    char *in; /* the message being put together */
    size_t in_len, in_size;
    STAILQ_HEAD(, message) out;
    size_t queued_bytes;
    unsigned close_code; /* 0: open */
    char close_reason[124];
};

static bool is_allowed_origin(const struct conf_list *origins, struct lws *wsi)
{
    char origin[512];
    if (!origins->n)
        return true;
    if (lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN) <= 0)
        return false;
    for (size_t i = 0; i < origins->n; i++) {
        if (!strcasecmp(origin, origins->items[i]))
            return true;
    }
    return false;
}

static struct source_key source_of(struct lws *wsi)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof(addr);
    getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&addr, &len);
    return source_key_of((struct sockaddr *)&addr);
}

int ws_on_upgrade(struct server *s, struct lws *wsi)
{
    if (!is_allowed_origin(&s->conf->origins, wsi)) {
        LOG_RL(WARN, WS, "upgrade refused: origin not allowed");
        return http_refuse(wsi, HTTP_STATUS_FORBIDDEN, "This origin is not allowed.");
    }
    if (s->n_websockets >= s->conf->limit_connections) {
        LOG_RL(WARN, WS, "upgrade refused: too many connections n=%u", s->n_websockets);
        return http_refuse(wsi, HTTP_STATUS_SERVICE_UNAVAILABLE, "Too many connections.");
    }
    struct source_key source = source_of(wsi);
    if (sources_count(&s->sources, &source) >= s->conf->limit_connections_per_address) {
        LOG_RL(WARN, WS, "upgrade refused: too many connections from one address n=%u",
               s->conf->limit_connections_per_address);
        return http_refuse(wsi, TOO_MANY_REQUESTS, "Too many connections from your address.");
    }
    return 0;
}

int ws_on_open(struct server *s, struct lws *wsi, struct conn *conn)
{
    struct ws *ws = calloc(1, sizeof(*ws));
    if (!ws)
        return -1;
    ws->server = s;
    ws->wsi = wsi;
    STAILQ_INIT(&ws->out);
    ws->source = source_of(wsi);
    sources_add(&s->sources, &ws->source);
    s->n_websockets++;
    conn->ws = ws;
    ws->client = client_create(s->hub, ws);
    return 0;
}

static void drop_queue(struct ws *ws)
{
    struct message *m;
    while ((m = STAILQ_FIRST(&ws->out))) {
        STAILQ_REMOVE_HEAD(&ws->out, entry);
        free(m);
    }
    ws->queued_bytes = 0;
}

void ws_on_closed(struct conn *conn)
{
    struct ws *ws = conn->ws;
    if (!ws)
        return;
    conn->ws = NULL;
    client_destroy(ws->client);
    ws->server->n_websockets--;
    sources_del(&ws->server->sources, &ws->source);
    drop_queue(ws);
    free(ws->in);
    free(ws);
}

static int gather(struct ws *ws, const char *bytes, size_t len)
{
    if (ws->in_len + len > ws->server->conf->ws_max_message_bytes) {
        client_close(ws->client, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "message too big");
        return -1;
    }
    if (ws->in_len + len > ws->in_size) {
        ws->in_size = (ws->in_len + len) * 2;
        ws->in = realloc(ws->in, ws->in_size);
        if (!ws->in)
            abort();
    }
    memcpy(ws->in + ws->in_len, bytes, len);
    ws->in_len += len;
    return 0;
}

static void forget_message(struct ws *ws)
{
    ws->in_len = 0;
    if (ws->in_size <= IN_KEPT_BYTES)
        return;
    free(ws->in);
    ws->in = NULL;
    ws->in_size = 0;
}

int ws_on_receive(struct ws *ws, const char *bytes, size_t len)
{
    if (!ws || ws->close_code)
        return 0;
    if (lws_frame_is_binary(ws->wsi)) {
        client_close(ws->client, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "text messages only");
        return 0;
    }
    if (lws_is_first_fragment(ws->wsi))
        ws->in_len = 0;
    if (len && gather(ws, bytes, len))
        return 0;
    if (lws_is_final_fragment(ws->wsi)) {
        client_on_message(ws->client, ws->in_len ? ws->in : "", ws->in_len);
        forget_message(ws);
    }
    return 0;
}

int ws_on_writable(struct ws *ws)
{
    struct message *m;
    if (!ws)
        return 0;
    while ((m = STAILQ_FIRST(&ws->out)) && !lws_send_pipe_choked(ws->wsi)) {
        int sent = lws_write(ws->wsi, m->bytes + LWS_PRE, m->len, LWS_WRITE_TEXT);
        STAILQ_REMOVE_HEAD(&ws->out, entry);
        ws->queued_bytes -= m->len;
        free(m);
        if (sent < 0)
            return -1;
    }
    if (m) {
        lws_callback_on_writable(ws->wsi);
        return 0;
    }
    if (!ws->close_code)
        return 0;
    lws_close_reason(ws->wsi, (enum lws_close_status)ws->close_code, (unsigned char *)ws->close_reason,
                     strlen(ws->close_reason));
    return -1;
}

/* The peer does not read: what waits for it is thrown away and the socket goes without a word. */
static void give_up(struct ws *ws)
{
    LOG_RL(WARN, WS, "slow reader closed client=%u login=%s queued_bytes=%zu", ws->client->number, ws->client->login,
           ws->queued_bytes);
    ws->server->n_slow_readers++;
    ws->close_code = LWS_CLOSE_STATUS_POLICY_VIOLATION;
    drop_queue(ws);
    lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

static void send_text(void *conn, const char *text, size_t len)
{
    struct ws *ws = conn;
    if (ws->close_code)
        return;
    if (ws->queued_bytes + len > ws->server->conf->ws_max_queue_bytes) {
        give_up(ws);
        return;
    }
    struct message *m = malloc(sizeof(*m) + LWS_PRE + len);
    if (!m)
        abort();
    m->len = len;
    memcpy(m->bytes + LWS_PRE, text, len);
    STAILQ_INSERT_TAIL(&ws->out, m, entry);
    ws->queued_bytes += len;
    lws_callback_on_writable(ws->wsi);
}

static void close_later(void *conn, unsigned code, const char *reason)
{
    struct ws *ws = conn;
    if (ws->close_code)
        return;
    ws->close_code = code;
    lws_strncpy(ws->close_reason, reason, sizeof(ws->close_reason));
    lws_callback_on_writable(ws->wsi);
    lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, CLOSE_SECONDS);
}

const struct transport_ops ws_transport = {.send = send_text, .close = close_later};
