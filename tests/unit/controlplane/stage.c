/* SPDX-License-Identifier: MIT */
/* stage: people, their sockets and their browsers, by script. */
#include "stage.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "controlplane/client.h"
#include "controlplane/session.h"
#include "controlplane/stream.h"
#include "fake_media.h"
#include "fake_recorder.h"

#define HEARD_MAX 256
#define RECORDER  STAGE_PEOPLE              /* hears too */
#define UNIX_US   INT64_C(1795617603000000) /* 2026-11-25T14:40:03Z, when the stage is set up */
#define START_US  (1000 * SECOND_US)
#define LINE_MAX_ 512

#define SDP_HEAD                                                                                           \
    "v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\na=group:BUNDLE %s\\r\\n"                   \
    "a=ice-ufrag:abcd\\r\\na=ice-pwd:abcdefghijklmnopqrstuvwx\\r\\na=setup:%s\\r\\na=fingerprint:sha-256 " \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\\r\\n"
#define SDP_AUDIO                                                                                        \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\\r\\nc=IN IP4 0.0.0.0\\r\\na=mid:0\\r\\na=%s\\r\\na=rtcp-mux\\r\\n" \
    "a=rtpmap:111 opus/48000/2\\r\\n"
#define SDP_VIDEO                                                                                          \
    "m=video 9 UDP/TLS/RTP/SAVPF %d 97\\r\\nc=IN IP4 0.0.0.0\\r\\na=mid:1\\r\\na=%s\\r\\na=rtcp-mux\\r\\n" \
    "a=rtpmap:%d %s/90000\\r\\na=rtcp-fb:%d nack\\r\\na=rtpmap:97 rtx/90000\\r\\na=fmtp:97 apt=%d\\r\\n"

struct person {
    struct client *client;
    struct person *conn; /* itself: what the transport was given */
    size_t n_heard;
    char heard[HEARD_MAX][LINE_MAX_];
    char *last_text;
    bool closed;
    unsigned operation;
};

static struct {
    struct hub hub;
    struct conf conf;
    uint64_t random;
    struct person people[STAGE_PEOPLE + 1];
} stage;

struct hub *stage_hub(void)
{
    return &stage.hub;
}

struct conf *stage_conf(void)
{
    return &stage.conf;
}

static void fake_random(void *buf, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        stage.random = stage.random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ((uint8_t *)buf)[i] = (uint8_t)(stage.random >> 56);
    }
}

static int64_t fake_unix_us(void)
{
    return UNIX_US + stage.hub.now_us - START_US;
}

static void hear(struct person *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void hear(struct person *p, const char *format, ...)
{
    va_list args;
    CHECK(p->n_heard < HEARD_MAX);
    va_start(args, format);
    vsnprintf(p->heard[p->n_heard++], LINE_MAX_, format, args);
    va_end(args);
}

static void hear_recorder(const char *line)
{
    hear(&stage.people[RECORDER], "%s", line);
}

static const char *text_of(const json_t *obj, const char *key)
{
    const char *text = json_string_value(json_object_get(obj, key));
    return text ? text : "-";
}

static const char *gap(const char *info)
{
    return info ? " " : "";
}

static void hear_status(struct person *p, const json_t *arg)
{
    const char *info = json_string_value(json_object_get(arg, "info"));
    const char *record_name = json_string_value(json_object_get(arg, "recordName"));
    char muted[4] = "";
    size_t n = 0;
    CHECK(!record_name || json_is_true(json_object_get(arg, "record")));
    CHECK(json_is_boolean(json_object_get(arg, "published")));
    if (json_is_true(json_object_get(json_object_get(arg, "audioState"), "muted")))
        muted[n++] = 'a';
    if (json_is_true(json_object_get(json_object_get(arg, "videoState"), "muted")))
        muted[n++] = 'v';
    hear(p, "%s %s%s%s%s%s%s%s", text_of(arg, "status"), text_of(arg, "mediaSessionId"), n ? " muted=" : "", muted,
         record_name ? " file=" : "", record_name ? record_name : "", gap(info), info ? info : "");
}

static void hear_room(struct person *p, const json_t *arg)
{
    json_t *payload = json_object_get(arg, "payload");
    const char *room = json_string_value(json_object_get(payload, "roomName"));
    char *text = json_dumps(room ? json_object_get(payload, "info") : payload, JSON_COMPACT | JSON_ENCODE_ANY);
    if (room)
        hear(p, "%s %s %s", room, text_of(payload, "name"), text);
    else
        hear(p, "data %s", text ? text : "-");
    free(text);
}

static void hear_message(struct person *p, const char *name, const json_t *data)
{
    const json_t *arg = json_array_get(data, 0);
    const char *info = json_string_value(json_object_get(arg, "info"));
    if (!strcmp(name, "notifyStreamStatusEvent"))
        hear_status(p, arg);
    else if (!strcmp(name, "OnDataEvent"))
        hear_room(p, arg);
    else if (!strcmp(name, "DataStatusEvent"))
        hear(p, "%s%s%s", text_of(arg, "status"), gap(info), info ? info : "");
    else if (!strcmp(name, "setRemoteSDP"))
        hear(p, "answer %s", json_string_value(arg));
    else if (!strcmp(name, "notifyStreamEvent"))
        hear(p, "event %s %s%s", text_of(arg, "mediaSessionId"), text_of(arg, "type"),
             json_object_get(arg, "payload") ? " payload" : "");
    else if (!strcmp(name, "availableStream"))
        hear(p, "available %s %s", text_of(arg, "id"), text_of(arg, "status"));
    else
        hear(p, "%s", name);
}

static void fake_send(void *conn, const char *text, size_t len)
{
    struct person *p = conn;
    CHECK(p->client && !p->closed);
    json_t *message = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    const char *name = json_string_value(json_object_get(message, "message"));
    json_t *data = json_object_get(message, "data");
    CHECK(name && json_is_array(data));
    free(p->last_text);
    p->last_text = strndup(text, len);
    hear_message(p, name, data);
    json_decref(message);
}

static void fake_close(void *conn, unsigned code, const char *reason)
{
    struct person *p = conn;
    CHECK(p->client && !p->closed && strlen(reason) < 124);
    p->closed = true;
    hear(p, "close %u %s", code, reason);
}

void stage_init(void)
{
    static const struct transport_ops transport = {.send = fake_send, .close = fake_close};
    char err[CONF_ERR_BYTES];
    memset(&stage, 0, sizeof(stage));
    log_set_level(LOG_LEVEL_ERROR);
    conf_defaults(&stage.conf);
    CHECK(!conf_set(&stage.conf, "media.announce", "192.0.2.1", err, sizeof(err)));
    struct hub_outside out = {.conf = &stage.conf,
                              .transport = &transport,
                              .dtls_ctx = fake_dtls_ctx(),
                              .random = fake_random,
                              .unix_us = fake_unix_us};
    hub_init(&stage.hub, &out);
    stage.hub.now_us = START_US;
    stage.hub.dp = fake_dp_create();
    stage.hub.rec = fake_rec_create(stage.hub.dp, hear_recorder);
    hub_dp_ops.on_up(&stage.hub, dp_hello(stage.hub.dp));
}

void stage_open(unsigned person)
{
    struct person *p = &stage.people[person];
    if (p->client)
        return;
    p->closed = false;
    p->client = client_create(&stage.hub, p);
}

void stage_drop(unsigned person)
{
    struct person *p = &stage.people[person];
    struct client *c = p->client;
    if (!c)
        return;
    client_destroy(c);
    p->client = NULL;
}

void stage_finish(void)
{
    for (unsigned i = 0; i < STAGE_PEOPLE; i++) {
        stage_drop(i);
        free(stage.people[i].last_text);
    }
    CHECK(!stage.hub.sessions && !fake_dp_objects(stage.hub.dp));
    CHECK(!stage.hub.n_participants && !stage.hub.n_published && !stage.hub.n_played && !stage.hub.n_clients);
    CHECK(!stage.hub.placement.workers[0].sessions && !stage.hub.placement.workers[1].sessions);
    stage_wait_ms(stage.conf.room_idle_timeout_ms);
    CHECK(!stage.hub.rooms && !stage.hub.n_rooms && timers_next_us(&stage.hub.timers) == INT64_MAX);
    hub_finish(&stage.hub);
    fake_rec_destroy(stage.hub.rec);
    fake_dp_destroy(stage.hub.dp);
    conf_finish(&stage.conf);
}

void stage_message(unsigned person, const char *text, size_t len)
{
    if (stage.people[person].client)
        client_on_message(stage.people[person].client, text, len);
}

void stage_wait_ms(int64_t ms)
{
    int64_t until_us = stage.hub.now_us + ms * MS_US;
    int64_t next_us;
    while ((next_us = timers_next_us(&stage.hub.timers)) <= until_us)
        hub_tick(&stage.hub, next_us);
    hub_tick(&stage.hub, until_us);
}

const char *stage_last_text(unsigned person)
{
    return stage.people[person].last_text ? stage.people[person].last_text : "";
}

/* Script */

static void send_text(unsigned person, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void send_text(unsigned person, const char *format, ...)
{
    char text[16384];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    CHECK(len > 0 && (size_t)len < sizeof(text));
    stage_message(person, text, (size_t)len);
}

static void send_offer(unsigned person, const char *kinds, const char *id, const char *room, const char *name,
                       bool published)
{
    const char *direction = published ? "sendonly" : "recvonly";
    bool audio = strchr(kinds, 'a'), video = strchr(kinds, 'v');
    int pt = published ? 96 : 120;
    char sdp[8192];
    size_t n = (size_t)snprintf(sdp, sizeof(sdp), SDP_HEAD,
                                audio && video ? "0 1"
                                : audio        ? "0"
                                               : "1",
                                strchr(kinds, 'p') ? "passive" : "actpass");
    if (audio)
        n += (size_t)snprintf(sdp + n, sizeof(sdp) - n, SDP_AUDIO, direction);
    if (video)
        snprintf(sdp + n, sizeof(sdp) - n, SDP_VIDEO, pt, direction, pt, strchr(kinds, '9') ? "VP9" : "VP8", pt, pt);
    send_text(person,
              "{\"message\":\"%s\",\"data\":[{\"mediaSessionId\":\"%s\",\"name\":\"%s\",\"published\":%s,"
              "\"status\":\"PENDING\",\"record\":%s,\"custom\":{\"name\":\"%s\"},\"sdp\":\"%s\"}]}",
              published ? "publishStream" : "playStream", id, name, published ? "true" : "false",
              strchr(kinds, 'r') ? "true" : "false", room, sdp);
}

static void send_data(unsigned person, const char *payload)
{
    send_text(person, "{\"message\":\"sendData\",\"data\":[{\"operationId\":\"op-%u\",\"payload\":%s}]}",
              ++stage.people[person].operation, payload);
}

static void send_command(unsigned person, const char *command, const char *room, const char *more)
{
    char payload[4 * LINE_MAX_];
    snprintf(payload, sizeof(payload), "{\"command\":\"%s\",\"options\":{\"name\":\"%s\"%s}}", command, room, more);
    send_data(person, payload);
}

static struct session *session_of(unsigned person, const char *id)
{
    struct stream *s = NULL;
    if (stage.people[person].client)
        HASH_FIND_STR(stage.people[person].client->streams, id, s);
    return s ? &s->session : NULL;
}

static bool media_event(unsigned person, const char *what, const char *id)
{
    static const struct {
        const char *what;
        uint32_t bits;
        const char *dtls;
    } events[] = {
        {"ice", DP_SESSION_ICE, NULL},
        {"dtls", 0, "E"},
        {"live", DP_SESSION_ICE, "E"},
        {"hello", 0, "H"},
        {"media", DP_SESSION_MEDIA, NULL},
        {"lost", DP_SESSION_CONSENT, NULL},
        {"badprint", 0, "P"},
        {"baddtls", 0, "X"},
        {"bye", 0, "C"},
    };
    const struct session *s = session_of(person, id);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (strcmp(what, events[i].what))
            continue;
        CHECK(s != NULL);
        struct dp_session_event ev = {.id = s->id, .bits = events[i].bits};
        if (ev.bits)
            hub_dp_ops.on_session(&stage.hub, &ev);
        if (events[i].dtls)
            hub_dp_ops.on_punt(&stage.hub, ev.id, 1, (const uint8_t *)events[i].dtls, 1);
        return true;
    }
    return false;
}

static bool world(const char *what, const char *who, const char *id)
{
    struct hub *hub = &stage.hub;
    if (!strcmp(what, "wait")) {
        stage_wait_ms(atoll(who));
    } else if (!strcmp(what, "dp-down")) {
        fake_dp_set_up(hub->dp, false);
        hub_dp_ops.on_down(hub);
    } else if (!strcmp(what, "dp-up")) {
        fake_dp_set_up(hub->dp, true);
        hub_dp_ops.on_up(hub, dp_hello(hub->dp));
    } else if (!strcmp(what, "dp-reset")) {
        fake_dp_forget(hub->dp);
        hub_dp_ops.on_reset(hub);
    } else if (!strcmp(what, "refuse")) {
        struct dp_ack ack = {.type = DP_SESSION_PUT, .error = -28, .id = session_of((unsigned)(*who - 'A'), id)->id};
        hub_dp_ops.on_refused(hub, &ack);
    } else {
        return false;
    }
    return true;
}

static bool act(unsigned person, char *line)
{
    char *rest = strchr(line, ' ');
    char buf[LINE_MAX_] = "", *word[4] = {"", "", "", ""}, *save = buf;
    if (rest) {
        *rest++ = 0;
        snprintf(buf, sizeof(buf), "%s", rest);
    } else {
        rest = buf;
    }
    for (size_t i = 0; i < 3; i++) {
        char *w = strtok_r(i ? NULL : buf, " ", &save);
        word[i] = w ? w : "";
    }
    if (!strcmp(line, "open")) {
        stage_open(person);
    } else if (!strcmp(line, "connect")) {
        stage_open(person);
        send_text(person,
                  "{\"message\":\"connection\",\"data\":[{\"appKey\":\"roomApp\",\"custom\":{\"login\":\"%s\"}}]}",
                  rest);
    } else if (!strcmp(line, "join") || !strcmp(line, "leave")) {
        send_command(person, line, rest, "");
    } else if (!strcmp(line, "join-recorded")) {
        send_command(person, "join", rest, ",\"record\":true");
    } else if (!strcmp(line, "say")) {
        char payload[4 * LINE_MAX_];
        snprintf(
            payload, sizeof(payload),
            "{\"command\":\"sendMessage\",\"options\":{\"roomConfig\":{\"name\":\"%s\"},\"to\":\"%s\",\"text\":%s}}",
            word[0], word[1], rest + strlen(word[0]) + strlen(word[1]) + 2);
        send_data(person, payload);
    } else if (!strcmp(line, "data")) {
        send_data(person, rest);
    } else if (!strncmp(line, "publish", 7)) {
        send_offer(person, line[7] ? line + 8 : "av", word[0], word[1], word[2], true);
    } else if (!strncmp(line, "play", 4)) {
        send_offer(person, line[4] ? line + 5 : "av", word[0], word[1], word[2], false);
    } else if (!strcmp(line, "unpublish") || !strcmp(line, "stop")) {
        send_text(person, "{\"message\":\"%s\",\"data\":[{\"mediaSessionId\":\"%s\",\"name\":\"x\"}]}",
                  *line == 'u' ? "unPublishStream" : "stopStream", word[0]);
    } else if (!strcmp(line, "event")) {
        send_text(person, "{\"message\":\"sendStreamEvent\",\"data\":[{\"mediaSessionId\":\"%s\",\"type\":\"%s\"%s}]}",
                  word[0], word[1], strcmp(word[1], "data") ? "" : ",\"payload\":{\"n\":1}");
    } else if (!strcmp(line, "available")) {
        send_text(person, "{\"message\":\"availableStream\",\"data\":[{\"mediaSessionId\":\"%s\",\"name\":\"%s\"}]}",
                  word[0], word[1]);
    } else if (!strcmp(line, "raw")) {
        stage_message(person, rest, strlen(rest));
    } else if (!strcmp(line, "drop")) {
        stage_drop(person);
    } else {
        return media_event(person, line, word[0]);
    }
    return true;
}

static bool record(char *line)
{
    struct hub *hub = &stage.hub;
    char *label = strchr(line, ' ');
    struct rec_state state;
    if (!label) {
        bool up = !strcmp(line, "up");
        fake_rec_set_up(hub->rec, up);
        (up ? hub_rec_ops.on_up : hub_rec_ops.on_down)(hub);
        return up || !strcmp(line, "down");
    }
    *label++ = 0;
    if (!strcmp(line, "keyframe"))
        hub_rec_ops.on_keyframe(hub, fake_rec_video(hub->rec, label));
    else if (fake_rec_state(hub->rec, label, line, &state))
        hub_rec_ops.on_state(hub, &state);
    else
        return false;
    return true;
}

static char trouble[4096];

static unsigned index_of(char who)
{
    return who == 'R' ? RECORDER : (unsigned)(who - 'A');
}

static const char *complain(size_t line, const char *text, const char *what, const char *detail)
{
    snprintf(trouble, sizeof(trouble), "line %zu \"%s\": %s \"%s\"", line + 1, text, what, detail);
    return trouble;
}

/* The expectations from lines[i] on, against everything heard. */
static const char *compare(const char *const *lines, size_t i)
{
    size_t taken[STAGE_PEOPLE + 1] = {0};
    size_t action = i ? i - 1 : 0;
    for (; lines[i] && lines[i][1] == '<'; i++) {
        unsigned person = index_of(lines[i][0]);
        const struct person *p = &stage.people[person];
        if (taken[person] == p->n_heard)
            return complain(i, lines[i], "heard nothing", "");
        const char *heard = p->heard[taken[person]++];
        if (strcmp(heard, lines[i] + 3))
            return complain(i, lines[i], "heard", heard);
    }
    for (unsigned person = 0; person <= STAGE_PEOPLE; person++) {
        struct person *p = &stage.people[person];
        char who[3] = {person == RECORDER ? 'R' : (char)('A' + person), '<', 0};
        if (taken[person] < p->n_heard)
            return complain(action, lines[action], who, p->heard[taken[person]]);
        p->n_heard = 0;
    }
    return NULL;
}

const char *stage_script(const char *const *lines)
{
    for (size_t i = 0; lines[i];) {
        char line[LINE_MAX_ * 2];
        snprintf(line, sizeof(line), "%s", lines[i]);
        bool known = line[0] == '*';
        if (known) {
            char *save, *what = strtok_r(line + 2, " ", &save), *who = strtok_r(NULL, " ", &save);
            char *id = strtok_r(NULL, " ", &save);
            known = world(what, who ? who : "", id ? id : "");
        } else if (line[0] == 'R') {
            known = record(line + 3);
        } else if (line[1] == '>') {
            known = act((unsigned)(line[0] - 'A'), line + 3);
        }
        if (!known)
            return complain(i, lines[i], "no such action", "");
        const char *wrong = compare(lines, ++i);
        if (wrong)
            return wrong;
        while (lines[i] && lines[i][1] == '<')
            i++;
    }
    return NULL;
}
