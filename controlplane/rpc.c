/* SPDX-License-Identifier: MIT */
/* rpc: the table of commands, and the small ones. */
#include "controlplane/rpc.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/util.h"
#include "controlplane/client.h"
#include "controlplane/command.h"
#include "controlplane/json.h"
#include "controlplane/message.h"
#include "controlplane/offer.h"
#include "controlplane/participant.h"
#include "controlplane/room.h"
#include "controlplane/stream.h"

static void on_connection(struct client *c, json_t *arg)
{
    const char *login = json_text(json_object_get(arg, "custom"), "login");
    if (c->login) {
        LOG_RL(WARN, WS, "second connection message ignored client=%u", c->number);
        return;
    }
    if (login && strlen(login) > CLIENT_LOGIN_BYTES_MAX) {
        client_close(c, 1008, "login is too long");
        return;
    }
    c->login = strdup(login ? login : "");
    if (!c->login)
        abort();
    LOG_EVENT(INFO, WS, "established client=%u login=%s", c->number, c->login);
    message_welcome(c, arg);
}

static void on_ping(struct client *c, json_t *arg)
{
    message_pong(c);
}

static struct stream *find_stream(const struct client *c, const char *media_session_id)
{
    struct stream *s = NULL;
    if (media_session_id)
        HASH_FIND_STR(c->streams, media_session_id, s);
    return s;
}

/* Always answered: the client's list keeps the stream until then, and the session may be long gone here. */
static void stop(struct client *c, const json_t *arg, bool published)
{
    const char *id = json_text(arg, "mediaSessionId");
    struct stream *s = find_stream(c, id);
    if (s && s->publish == published)
        stream_set(s, STREAM_STOPPED, "Stopped by user");
    else
        message_no_stream_status(c, id, json_text(arg, "name"), published, published ? "UNPUBLISHED" : "STOPPED",
                                 id ? NULL : "MediaSessionId is null");
}

static void on_unpublish_stream(struct client *c, json_t *arg)
{
    stop(c, arg, true);
}

static void on_stop_stream(struct client *c, json_t *arg)
{
    stop(c, arg, false);
}

static void on_send_stream_event(struct client *c, json_t *arg)
{
    static const char *const types[] = {"audioMuted", "audioUnmuted", "videoMuted", "videoUnmuted", "data"};
    struct stream *s = find_stream(c, json_text(arg, "mediaSessionId"));
    const char *type = json_text(arg, "type");
    for (size_t i = 0; s && s->publish && type && i < ARRAY_SIZE(types); i++) {
        if (!strcmp(type, types[i]))
            stream_on_event(s, type, json_object_get(arg, "payload"));
    }
}

static bool is_publishing(const struct client *c, const char *name)
{
    const struct participant *p;
    LIST_FOREACH (p, &c->participants, entry) {
        const struct stream *s = room_published(p->room, name);
        if (s && s->state == STREAM_PUBLISHING)
            return true;
    }
    return false;
}

static void on_available_stream(struct client *c, json_t *arg)
{
    const char *name = json_text(arg, "name");
    bool available = name && is_publishing(c, name);
    message_available_stream(c, json_text(arg, "mediaSessionId"), available, available ? NULL : "Stream not found");
}

static void on_snapshot(struct client *c, json_t *arg)
{
    const char *id = json_text(arg, "mediaSessionId");
    json_t *payload = json_pack("{s:s}", "info", "Snapshots are not supported");
    if (id)
        message_stream_event(c, id, "snapshotFailed", payload);
    json_decref(payload);
}

static void on_accepted(struct client *c, json_t *arg) {}

static const struct {
    const char *name;
    void (*serve)(struct client *c, json_t *arg);
} commands[] = {
    {"connection", on_connection},
    {"sendData", command_serve},
    {"publishStream", offer_publish},
    {"playStream", offer_play},
    {"unPublishStream", on_unpublish_stream},
    {"stopStream", on_stop_stream},
    {"sendStreamEvent", on_send_stream_event},
    {"availableStream", on_available_stream},
    {"snapshot", on_snapshot},
    {"ping", on_ping},
    {"pong", on_accepted}, /* any message is a sign of life */
    {"submitBugReport", on_accepted},
    {"sessionDebug", on_accepted},
    {"pushLogs", on_accepted},
    {"webRTCMetricsClientDescription", on_accepted},
    {"webRTCMetricsBatch", on_accepted},
};

void rpc_serve(struct client *c, const char *text, size_t len)
{
    json_t *message = json_parse(text, len);
    const char *name = json_text(message, "message");
    if (!name) {
        LOG_RL(WARN, WS, "malformed message ignored client=%u bytes=%zu", c->number, len);
        json_decref(message);
        return;
    }
    size_t i = 0;
    while (i < ARRAY_SIZE(commands) && strcmp(name, commands[i].name))
        i++;
    if (i < ARRAY_SIZE(commands))
        commands[i].serve(c, json_array_get(json_object_get(message, "data"), 0));
    else
        LOG_RL(INFO, WS, "unknown message ignored client=%u message=%s", c->number, name);
    json_decref(message);
}
