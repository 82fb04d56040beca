/* SPDX-License-Identifier: MIT */
/* client: the life of a connection: keepalive, message rate, rooms it is in. */
#include "controlplane/client.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/util.h"
#include "conf/conf.h"
#include "controlplane/hub.h"
#include "controlplane/message.h"
#include "controlplane/participant.h"
#include "controlplane/room.h"
#include "controlplane/rpc.h"

static double burst(const struct conf *conf)
{
    double by_rate = (double)conf->ws_max_messages_per_second * CLIENT_BURST_S;
    double by_room = (double)conf->limit_participants_per_room * CLIENT_BURST_PER_PARTICIPANT;
    return MAX(by_rate, by_room);
}

static void on_keepalive(struct timer *t);

static void arm_keepalive(struct client *c)
{
    int64_t interval_us = c->hub->out.conf->keep_alive_server_interval_ms * MS_US;
    timers_set(&c->hub->timers, &c->keepalive, c->hub->now_us + interval_us, on_keepalive);
}

static void on_keepalive(struct timer *t)
{
    struct client *c = CONTAINER_OF(t, struct client, keepalive);
    if (c->unanswered_pings >= c->hub->out.conf->keep_alive_probes) {
        client_close(c, 1001, "no answer to pings");
        return;
    }
    c->unanswered_pings++;
    message_ping(c);
    arm_keepalive(c);
}

struct client *client_create(struct hub *hub, void *conn)
{
    struct client *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    c->hub = hub;
    c->conn = conn;
    c->number = ++hub->last_client;
    c->tokens = burst(hub->out.conf);
    c->tokens_us = hub->now_us;
    LIST_INIT(&c->participants);
    LIST_INSERT_HEAD(&hub->clients, c, entry);
    hub->n_clients++;
    arm_keepalive(c);
    LOG_EVENT(INFO, WS, "connected client=%u clients=%u", c->number, hub->n_clients);
    return c;
}

void client_destroy(struct client *c)
{
    struct participant *p;
    c->gone = true;
    while ((p = LIST_FIRST(&c->participants))) {
        participant_end_streams(p);
        participant_destroy(p, false);
    }
    timers_cancel(&c->hub->timers, &c->keepalive);
    LIST_REMOVE(c, entry);
    c->hub->n_clients--;
    LOG_EVENT(INFO, WS, "disconnected client=%u login=%s clients=%u", c->number, c->login, c->hub->n_clients);
    free(c->login);
    free(c);
}

/* A bucket filled at the allowed rate. */
static bool within_rate(struct client *c)
{
    const struct conf *conf = c->hub->out.conf;
    double earned = (double)(c->hub->now_us - c->tokens_us) * conf->ws_max_messages_per_second / (double)SECOND_US;
    c->tokens = MIN(c->tokens + earned, burst(conf));
    c->tokens_us = c->hub->now_us;
    if (c->tokens < 1)
        return false;
    c->tokens -= 1;
    return true;
}

void client_on_message(struct client *c, const char *text, size_t len)
{
    if (c->gone)
        return;
    c->unanswered_pings = 0; /* whoever talks is alive */
    if (within_rate(c))
        rpc_serve(c, text, len);
    else
        client_close(c, 1008, "too many messages");
}

void client_send_text(struct client *c, const char *text, size_t len)
{
    if (!c->gone)
        c->hub->out.transport->send(c->conn, text, len);
}

void client_send(struct client *c, const char *name, json_t *data)
{
    json_t *message = json_pack("{s:s, s:o}", "message", name, "data", data);
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    if (!text)
        abort();
    client_send_text(c, text, strlen(text));
    free(text);
}

void client_close(struct client *c, unsigned code, const char *reason)
{
    if (c->gone)
        return;
    LOG_RL(WARN, WS, "closing client=%u login=%s code=%u reason=%s", c->number, c->login, code, reason);
    c->gone = true;
    timers_cancel(&c->hub->timers, &c->keepalive);
    c->hub->out.transport->close(c->conn, code, reason);
}

struct participant *client_in_room(const struct client *c, const char *room)
{
    struct participant *p;
    if (!room)
        return NULL;
    LIST_FOREACH (p, &c->participants, entry) {
        if (!strcmp(p->room->name, room))
            return p;
    }
    return NULL;
}
