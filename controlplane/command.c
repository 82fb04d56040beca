/* SPDX-License-Identifier: MIT */
/* command: what a participant asks of a room. */
#include "controlplane/command.h"

#include <string.h>

#include "common/log.h"
#include "common/util.h"
#include "conf/conf.h"
#include "controlplane/client.h"
#include "controlplane/hub.h"
#include "controlplane/json.h"
#include "controlplane/message.h"
#include "controlplane/participant.h"
#include "controlplane/room.h"

#define OPERATION_ID_BYTES_MAX 128

/* Each command answers by itself where its events have an order with the answer. */
struct command {
    struct client *client;
    const char *operation_id;
    const json_t *options;
};

static void approve(const struct command *cmd)
{
    message_data_status(cmd->client, cmd->operation_id, NULL);
}

static void refuse(const struct command *cmd, const char *info)
{
    LOG_RL(INFO, ROOM, "command refused client=%u login=%s info=%s", cmd->client->number, cmd->client->login, info);
    message_data_status(cmd->client, cmd->operation_id, info);
}

static const char *check_join(const struct client *c, const char *room)
{
    if (!c->login)
        return "Session not ready";
    if (!*c->login)
        return "Login is empty";
    if (strlen(c->login) > c->hub->out.conf->limit_name_bytes)
        return "Login is too long";
    return room && *room ? NULL : "Room name is empty";
}

static void join(const struct command *cmd)
{
    const char *room = json_text(cmd->options, "name");
    const char *info = check_join(cmd->client, room);
    bool record = json_is_true(json_object_get(cmd->options, "record"));
    struct participant *p = info ? NULL : room_join(cmd->client, room, record, &info);
    if (!p) {
        refuse(cmd, info);
        return;
    }
    approve(cmd);
    room_tell(p, "STATE", room_state(p));
    recording_greet(p);
    room_tell_others(p, "JOINED", json_string(p->login));
}

static void leave(const struct command *cmd)
{
    struct participant *p = client_in_room(cmd->client, json_text(cmd->options, "name"));
    if (!p) {
        refuse(cmd, "Not in this room");
        return;
    }
    participant_end_streams(p);
    approve(cmd);
    participant_destroy(p, true);
}

static void send_message(const struct command *cmd)
{
    const char *room = json_text(json_object_get(cmd->options, "roomConfig"), "name");
    const char *to = json_text(cmd->options, "to");
    json_t *text = json_object_get(cmd->options, "text");
    struct participant *from = client_in_room(cmd->client, room);
    struct participant *recipient = from && to ? room_participant(from->room, to) : NULL;
    if (!from) {
        refuse(cmd, "Not in this room");
    } else if (!recipient) {
        refuse(cmd, "No such participant");
    } else {
        approve(cmd);
        room_tell(recipient, "MESSAGE", json_pack("{s:s, s:O?}", "from", from->login, "text", text));
    }
}

/* An application's data, as the original's default application serves it: back to whom it came from. */
static void echo(const struct command *cmd, json_t *payload)
{
    approve(cmd);
    client_send(cmd->client, "OnDataEvent",
                json_pack("[{s:s, s:O?}]", "operationId", cmd->operation_id, "payload", payload));
}

void command_serve(struct client *c, json_t *arg)
{
    static const struct {
        const char *name;
        void (*serve)(const struct command *cmd);
    } commands[] = {{"join", join}, {"leave", leave}, {"sendMessage", send_message}};
    json_t *payload = json_object_get(arg, "payload");
    const char *name = json_text(payload, "command");
    struct command cmd = {
        .client = c,
        .operation_id = json_text(arg, "operationId"),
        .options = json_object_get(payload, "options"),
    };
    if (!cmd.operation_id || strlen(cmd.operation_id) > OPERATION_ID_BYTES_MAX) {
        LOG_RL(WARN, WS, "sendData without operationId ignored client=%u", c->number);
        return;
    }
    if (!json_object_get(payload, "command")) {
        echo(&cmd, payload);
        return;
    }
    for (size_t i = 0; name && i < ARRAY_SIZE(commands); i++) {
        if (!strcmp(name, commands[i].name)) {
            commands[i].serve(&cmd);
            return;
        }
    }
    refuse(&cmd, "Unknown command");
}
