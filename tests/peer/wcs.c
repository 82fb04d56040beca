/* SPDX-License-Identifier: MIT */
/* Envelopes written and read. */
#include "tests/peer/wcs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct wcs {
    struct wcs_conf conf;
    struct wsock *socket;
    char login[512];
    bool has_login, established, silent;
};

static void raise_event(struct wcs *wcs, struct wcs_event event)
{
    const char **strings[] = {&event.id, &event.room, &event.name, &event.info, &event.text};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        if (!*strings[i])
            *strings[i] = "";
    wcs->conf.on_event(wcs->conf.arg, &event);
}

int wcs_send(struct wcs *wcs, const char *message, json_t *data)
{
    json_t *root = json_pack("{s:s, s:[o]}", "message", message, "data", data ? data : json_null());
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    int err = text ? wsock_send_text(wcs->socket, text, strlen(text)) : -ENOMEM;
    free(text);
    json_decref(root);
    return err;
}

static int send_command(struct wcs *wcs, const char *id, const char *command, json_t *options)
{
    return wcs_send(
        wcs, "sendData",
        json_pack("{s:s, s:{s:s, s:o}}", "operationId", id, "payload", "command", command, "options", options));
}

int wcs_join(struct wcs *wcs, const char *id, const char *room)
{
    return send_command(wcs, id, "join", json_pack("{s:s, s:b}", "name", room, "record", 0));
}

int wcs_leave(struct wcs *wcs, const char *id, const char *room)
{
    return send_command(wcs, id, "leave", json_pack("{s:s}", "name", room));
}

int wcs_chat(struct wcs *wcs, const char *id, const char *room, const char *to, const char *text)
{
    return send_command(wcs, id, "sendMessage",
                        json_pack("{s:{s:s}, s:s, s:s}", "roomConfig", "name", room, "to", to, "text", text));
}

static int send_offer(struct wcs *wcs, bool publish, const char *id, const char *room, const char *stream,
                      const char *sdp, bool record)
{
    return wcs_send(wcs, publish ? "publishStream" : "playStream",
                    json_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:b, s:s, s:s, s:{s:s}, s:i, s:i, s:i}", "mediaSessionId",
                              id, "name", stream, "published", publish, "hasVideo", 1, "hasAudio", 1, "status",
                              "PENDING", "record", record, "mediaProvider", "WebRTC", "sdp", sdp, "custom", "name",
                              room, "bitrate", 0, "minBitrate", 0, "maxBitrate", 0));
}

int wcs_publish(struct wcs *wcs, const char *id, const char *room, const char *stream, const char *sdp, bool record)
{
    return send_offer(wcs, true, id, room, stream, sdp, record);
}

int wcs_play(struct wcs *wcs, const char *id, const char *room, const char *stream, const char *sdp)
{
    return send_offer(wcs, false, id, room, stream, sdp, false);
}

static int send_stop(struct wcs *wcs, const char *message, bool published, const char *id, const char *stream)
{
    return wcs_send(wcs, message,
                    json_pack("{s:s, s:s, s:b, s:b, s:b, s:b}", "mediaSessionId", id, "name", stream, "published",
                              published, "hasVideo", 1, "hasAudio", 1, "record", 0));
}

int wcs_unpublish(struct wcs *wcs, const char *id, const char *stream)
{
    return send_stop(wcs, "unPublishStream", true, id, stream);
}

int wcs_stop(struct wcs *wcs, const char *id, const char *stream)
{
    return send_stop(wcs, "stopStream", false, id, stream);
}

int wcs_stream_event(struct wcs *wcs, const char *id, const char *type)
{
    return wcs_send(wcs, "sendStreamEvent", json_pack("{s:s, s:s}", "mediaSessionId", id, "type", type));
}

static void on_open(void *arg)
{
    struct wcs *wcs = arg;
    if (wcs->has_login)
        wcs_send(wcs, "connection",
                 json_pack("{s:s, s:{s:s}, s:[s], s:s, s:{}}", "appKey", "roomApp", "custom", "login", wcs->login,
                           "mediaProviders", "WebRTC", "clientVersion", "2.0", "clientInfo"));
}

static void on_close(void *arg, int code)
{
    struct wcs *wcs = arg;
    wcs->established = false;
    raise_event(wcs, (struct wcs_event){.kind = WCS_CLOSED, .code = code});
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void on_room_event(struct wcs *wcs, const json_t *first)
{
    const json_t *payload = json_object_get(first, "payload");
    raise_event(wcs, (struct wcs_event){.kind = WCS_ROOM,
                                        .room = text_of(payload, "roomName"),
                                        .name = text_of(payload, "name"),
                                        .data = json_object_get(payload, "info")});
}

static void on_status(struct wcs *wcs, const json_t *first)
{
    const char *status = text_of(first, "status");
    raise_event(wcs, (struct wcs_event){.kind = WCS_STATUS,
                                        .id = text_of(first, "operationId"),
                                        .ok = status && strcmp(status, "ACCEPTED") == 0,
                                        .info = text_of(first, "info")});
}

static void on_answer(struct wcs *wcs, const json_t *data)
{
    raise_event(wcs, (struct wcs_event){.kind = WCS_ANSWER,
                                        .id = json_string_value(json_array_get(data, 0)),
                                        .text = json_string_value(json_array_get(data, 1))});
}

static void on_stream(struct wcs *wcs, enum wcs_kind kind, const json_t *first)
{
    raise_event(wcs, (struct wcs_event){.kind = kind,
                                        .id = text_of(first, "mediaSessionId"),
                                        .name = text_of(first, kind == WCS_STREAM ? "status" : "type"),
                                        .info = text_of(first, "info"),
                                        .data = first});
}

static void on_message(struct wcs *wcs, const char *name, const json_t *data)
{
    const json_t *first = json_array_get(data, 0);
    if (strcmp(name, "ping") == 0) {
        if (!wcs->silent)
            wcs_send(wcs, "pong", NULL);
    } else if (strcmp(name, "getUserData") == 0) {
        wcs->established = true;
        raise_event(wcs, (struct wcs_event){.kind = WCS_ESTABLISHED, .data = first});
    } else if (strcmp(name, "OnDataEvent") == 0) {
        on_room_event(wcs, first);
    } else if (strcmp(name, "DataStatusEvent") == 0) {
        on_status(wcs, first);
    } else if (strcmp(name, "setRemoteSDP") == 0) {
        on_answer(wcs, data);
    } else if (strcmp(name, "notifyStreamStatusEvent") == 0) {
        on_stream(wcs, WCS_STREAM, first);
    } else if (strcmp(name, "notifyStreamEvent") == 0) {
        on_stream(wcs, WCS_STREAM_EVENT, first);
    } else {
        raise_event(wcs, (struct wcs_event){.kind = WCS_OTHER, .name = name, .data = first});
    }
}

static void on_text(void *arg, const char *text, size_t len)
{
    struct wcs *wcs = arg;
    json_t *root = json_loadb(text, len, 0, NULL);
    const char *name = text_of(root, "message");
    const json_t *data = json_object_get(root, "data");
    if (name && json_is_array(data))
        on_message(wcs, name, data);
    else
        raise_event(wcs, (struct wcs_event){.kind = WCS_BROKEN, .text = text});
    json_decref(root);
}

struct wcs *wcs_create(const struct wcs_conf *conf)
{
    struct wcs *wcs = calloc(1, sizeof(*wcs));
    if (!wcs)
        return NULL;
    wcs->conf = *conf;
    wcs->has_login = conf->login;
    strncpy(wcs->login, conf->login ? conf->login : "", sizeof(wcs->login) - 1);
    struct wsock_conf socket = conf->socket;
    socket.on_open = on_open;
    socket.on_text = on_text;
    socket.on_close = on_close;
    socket.arg = wcs;
    wcs->socket = wsock_create(&socket);
    if (!wcs->socket) {
        free(wcs);
        return NULL;
    }
    return wcs;
}

void wcs_destroy(struct wcs *wcs)
{
    if (!wcs)
        return;
    wsock_destroy(wcs->socket);
    free(wcs);
}

struct wsock *wcs_socket(struct wcs *wcs)
{
    return wcs->socket;
}

bool wcs_is_established(const struct wcs *wcs)
{
    return wcs->established;
}

bool wcs_is_closed(const struct wcs *wcs)
{
    return wsock_is_closed(wcs->socket);
}

void wcs_stop_ponging(struct wcs *wcs)
{
    wcs->silent = true;
}
