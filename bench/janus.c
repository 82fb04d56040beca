/* SPDX-License-Identifier: MIT */
/* Configuration, requests and their answers. */
#include "bench/janus.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define START_US   10000000
#define POLL_US    20000
#define STOP_US    5000000
#define PATIENCE_S 10
#define STARTS     10

/* ---- Life ---- */

static int write_file(const char *dir, const char *name, const char *text)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    if (!f)
        return -errno;
    fputs(text, f);
    return fclose(f) ? -errno : 0;
}

/* What a sender's bandwidth is for VideoRoom: not its business. Everything else that is not said is as shipped, NACKs
 * among it. */
static int configure(const char *dir)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "general: { enabled = true\n json = \"compact\"\n path = \"%s/api\" }\nadmin: { admin_enabled = false }\n",
             dir);
    int err = write_file(dir, "janus.transport.pfunix.jcfg", text);
    if (err)
        return err;
    snprintf(text, sizeof(text),
             "general: { configs_folder = \"%s\"\n debug_level = 3\n session_timeout = 0\n event_loops = 1 }\n"
             "media: { rtp_port_range = \"20000-59999\" }\n"
             "nat: { ice_lite = true }\n"
             "plugins: { disable = \"libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,"
             "libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,"
             "libjanus_videocall.so,libjanus_voicemail.so\" }\n"
             "transports: { disable = \"libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so,"
             "libjanus_websockets.so\" }\n",
             dir);
    err = write_file(dir, "janus.jcfg", text);
    return err ? err : write_file(dir, "janus.plugin.videoroom.jcfg", "general: {}\n");
}

static int connect_api(struct janus *j, const char *dir)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/api", dir);
    for (int64_t waited_us = 0; waited_us < START_US && process_runs(&j->process); waited_us += POLL_US) {
        j->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (j->fd < 0)
            return -errno;
        setsockopt(j->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (connect(j->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
            return 0;
        close(j->fd);
        j->fd = -1;
        usleep(POLL_US);
    }
    return -ETIMEDOUT;
}

static json_t *ask(struct janus *j, json_t *request, const char *wanted);

/* Its Unix socket's thread ends at once if it comes to run before the one that starts it goes on, which is likely on
 * one CPU: so it may start on all of them, and more than once. */
static int start(struct janus *j, const char *dir, const char *libraries)
{
    char log[128], folder[160] = "LD_LIBRARY_PATH=", config[160];
    if (libraries)
        snprintf(folder, sizeof(folder), "LD_LIBRARY_PATH=%s", libraries);
    snprintf(log, sizeof(log), "%s/janus.log", dir);
    snprintf(config, sizeof(config), "--configs-folder=%s", dir);
    const char *argv[] = {"/usr/bin/env", folder, "taskset", "ffffffff", "janus", config, NULL};
    int err = -ETIMEDOUT;
    for (int i = 0; i < STARTS && err == -ETIMEDOUT; i++) {
        err = process_start(&j->process, log, argv);
        err = err ? err : connect_api(j, dir);
    }
    return err;
}

static int pin(const struct janus *j, unsigned cpu)
{
    char core[8], pid[16];
    snprintf(core, sizeof(core), "%u", cpu);
    snprintf(pid, sizeof(pid), "%d", (int)j->process.pid);
    return process_run((const char *[]){"/usr/bin/taskset", "-a", "-c", "-p", core, pid, NULL}, NULL) == 0 ? 0 : -EIO;
}

int janus_start(struct janus *j, const char *dir, unsigned cpu, const char *libraries)
{
    *j = (struct janus){.fd = -1};
    int err = configure(dir);
    err = err ? err : start(j, dir, libraries);
    err = err ? err : pin(j, cpu);
    json_t *answer = err ? NULL : ask(j, json_pack("{ss}", "janus", "create"), "success");
    if (answer)
        j->session = (uint64_t)json_integer_value(json_object_get(json_object_get(answer, "data"), "id"));
    json_decref(answer);
    if (j->session)
        return 0;
    process_print_log(&j->process, "janus", 10);
    janus_stop(j);
    return err ? err : -EIO;
}

void janus_stop(struct janus *j)
{
    if (j->fd >= 0)
        close(j->fd);
    j->fd = -1;
    process_stop(&j->process, SIGKILL, STOP_US);
}

/* ---- Requests ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void complain(const json_t *request, const json_t *answer)
{
    char *asked = json_dumps(json_object_get(request, "body"), JSON_COMPACT);
    char *said = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    fprintf(stderr, "janus: %s %s: %s\n", text_of(request, "janus"), asked ? asked : "", said ? said : "no answer");
    free(asked);
    free(said);
}

static json_t *receive(struct janus *j)
{
    char bytes[65536];
    ssize_t n = recv(j->fd, bytes, sizeof(bytes), 0);
    return n > 0 ? json_loadb(bytes, (size_t)n, 0, NULL) : NULL;
}

/* The reply of that kind ("success", or "event" of what is only acknowledged at first) to a request, whose reference it
 * takes. NULL: said. */
static json_t *ask(struct janus *j, json_t *request, const char *wanted)
{
    char transaction[16];
    json_t *answer = NULL;
    snprintf(transaction, sizeof(transaction), "%u", j->serial++);
    json_object_set_new(request, "transaction", json_string(transaction));
    if (j->session)
        json_object_set_new(request, "session_id", json_integer((json_int_t)j->session));
    char *text = json_dumps(request, JSON_COMPACT);
    bool sent = text && send(j->fd, text, strlen(text), MSG_NOSIGNAL) > 0;
    free(text);
    while (sent && (answer = receive(j))) {
        if (strcmp(text_of(answer, "transaction"), transaction) == 0 && strcmp(text_of(answer, "janus"), "ack") != 0)
            break;
        json_decref(answer); /* an event that nobody asked for */
    }
    const json_t *data = json_object_get(json_object_get(answer, "plugindata"), "data");
    if (strcmp(text_of(answer, "janus"), wanted) != 0 || json_object_get(data, "error")) {
        complain(request, answer);
        json_decref(answer);
        answer = NULL;
    }
    json_decref(request);
    return answer;
}

static json_t *tell(struct janus *j, uint64_t handle, json_t *body, const char *type, const char *sdp)
{
    json_t *request = json_pack("{ss sI so}", "janus", "message", "handle_id", (json_int_t)handle, "body", body);
    if (sdp)
        json_object_set_new(request, "jsep", json_pack("{ss ss}", "type", type, "sdp", sdp));
    return ask(j, request, "event");
}

static uint64_t attach(struct janus *j)
{
    json_t *answer = ask(j, json_pack("{ss ss}", "janus", "attach", "plugin", "janus.plugin.videoroom"), "success");
    uint64_t id = (uint64_t)json_integer_value(json_object_get(json_object_get(answer, "data"), "id"));
    json_decref(answer);
    return id;
}

static int copy_sdp(const json_t *answer, char *out)
{
    const char *sdp = text_of(json_object_get(answer, "jsep"), "sdp");
    return *sdp && snprintf(out, JANUS_SDP_BYTES, "%s", sdp) < JANUS_SDP_BYTES ? 0 : -EIO;
}

int janus_create_room(struct janus *j, uint64_t room)
{
    uint64_t handle = attach(j);
    json_t *request = json_pack("{ss sI s{ss sI si si}}", "janus", "message", "handle_id", (json_int_t)handle, "body",
                                "request", "create", "room", (json_int_t)room, "publishers", 64, "bitrate", 0);
    json_t *answer = ask(j, request, "success");
    int err = answer ? 0 : -EIO;
    json_decref(answer);
    return err;
}

int janus_publish(struct janus *j, uint64_t room, const char *offer, char *out, uint64_t *feed)
{
    uint64_t handle = attach(j);
    json_t *answer =
        tell(j, handle,
             json_pack("{ss ss sI}", "request", "joinandconfigure", "ptype", "publisher", "room", (json_int_t)room),
             "offer", offer);
    const json_t *data = json_object_get(json_object_get(answer, "plugindata"), "data");
    *feed = (uint64_t)json_integer_value(json_object_get(data, "id"));
    int err = *feed ? copy_sdp(answer, out) : -EIO;
    json_decref(answer);
    return err;
}

int janus_await_up(struct janus *j)
{
    json_t *message;
    bool up = false;
    while (!up && (message = receive(j))) {
        up = strcmp(text_of(message, "janus"), "webrtcup") == 0;
        json_decref(message);
    }
    return up ? 0 : -EIO;
}

int janus_subscribe(struct janus *j, uint64_t room, uint64_t feed, char *offer, uint64_t *handle)
{
    *handle = attach(j);
    json_t *answer = tell(j, *handle,
                          json_pack("{ss ss sI s[{sI}]}", "request", "join", "ptype", "subscriber", "room",
                                    (json_int_t)room, "streams", "feed", (json_int_t)feed),
                          NULL, NULL);
    int err = answer ? copy_sdp(answer, offer) : -EIO;
    json_decref(answer);
    return err;
}

int janus_answer(struct janus *j, uint64_t handle, const char *answer_sdp)
{
    json_t *answer = tell(j, handle, json_pack("{ss}", "request", "start"), "answer", answer_sdp);
    int err = answer ? 0 : -EIO;
    json_decref(answer);
    return err;
}
