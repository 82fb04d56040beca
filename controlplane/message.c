/* SPDX-License-Identifier: MIT */
/* message: the server's side of the protocol, one builder per message. */
#include "controlplane/message.h"

#include "common/util.h"
#include "controlplane/client.h"
#include "controlplane/participant.h"
#include "controlplane/room.h"
#include "controlplane/stream.h"

static const char *const codec_names[CODEC_COUNT] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = name,
    CODEC_LIST(X)
#undef X
};

/* The connection comes back as it was, with what the server adds; never a webRTCMetricsServerDescription. */
void message_welcome(struct client *c, const json_t *connection)
{
    json_t *data = json_object();
    static const char *const echoed[] = {"appKey", "clientVersion", "mediaProviders", "custom"};
    for (size_t i = 0; i < ARRAY_SIZE(echoed); i++) {
        json_t *value = json_object_get(connection, echoed[i]);
        if (value)
            json_object_set(data, echoed[i], value);
    }
    json_object_set_new(data, "status", json_string("ESTABLISHED"));
    json_object_set_new(data, "useWsTunnel", json_false());
    json_object_set_new(data, "useWsTunnelPacketization2", json_false());
    json_object_set_new(data, "useBase64BinaryEncoding", json_false());
    client_send(c, "getVersion", json_pack("[s]", "Roomline " ROOMLINE_VERSION));
    client_send(c, "getUserData", json_pack("[o]", data));
}

void message_ping(struct client *c)
{
    client_send(c, "ping", json_pack("[n]"));
}

void message_pong(struct client *c)
{
    client_send(c, "pong", json_pack("[n]"));
}

void message_data_status(struct client *c, const char *operation_id, const char *info)
{
    client_send(c, "DataStatusEvent",
                json_pack("[{s:s, s:s, s:s*}]", "operationId", operation_id, "status", info ? "FAILED" : "ACCEPTED",
                          "info", info));
}

void message_remote_sdp(struct client *c, const char *media_session_id, const char *sdp)
{
    client_send(c, "setRemoteSDP", json_pack("[s, s, b]", media_session_id, sdp, 1));
}

void message_stream_status(const struct stream *s, const char *status, const char *info)
{
    enum codec audio = s->rtp[MEDIA_AUDIO].codec, video = s->rtp[MEDIA_VIDEO].codec;
    const struct stream_rtp *said = s->publish ? s->rtp : s->publisher->rtp; /* who mutes */
    client_send(s->participant->client, "notifyStreamStatusEvent",
                json_pack("[{s:s, s:s, s:b, s:b, s:b, s:s, s:s*, s:s*, s:s*, s:b, s:s*, s:s, s:{s:b}, s:{s:b}}]",
                          "mediaSessionId", s->media_session_id, "name", s->name, "published", s->publish, "hasAudio",
                          audio != CODEC_NONE, "hasVideo", video != CODEC_NONE, "status", status, "info", info,
                          "audioCodec", codec_names[audio], "videoCodec", codec_names[video], "record",
                          s->take.own_file, "recordName", recording_name(s), "mediaProvider", "WebRTC", "audioState",
                          "muted", said[MEDIA_AUDIO].muted, "videoState", "muted", said[MEDIA_VIDEO].muted));
}

void message_no_stream_status(struct client *c, const char *media_session_id, const char *name, bool published,
                              const char *status, const char *info)
{
    client_send(c, "notifyStreamStatusEvent",
                json_pack("[{s:s?, s:s*, s:b, s:s, s:s*, s:b, s:s}]", "mediaSessionId", media_session_id, "name", name,
                          "published", published, "status", status, "info", info, "record", 0, "mediaProvider",
                          "WebRTC"));
}

void message_stream_event(struct client *c, const char *media_session_id, const char *type, json_t *payload)
{
    client_send(c, "notifyStreamEvent",
                json_pack("[{s:s, s:s, s:O*}]", "mediaSessionId", media_session_id, "type", type, "payload", payload));
}

void message_available_stream(struct client *c, const char *media_session_id, bool available, const char *info)
{
    client_send(
        c, "availableStream",
        json_pack("[{s:s?, s:s, s:s*}]", "id", media_session_id, "status", available ? "true" : "false", "info", info));
}
