/* SPDX-License-Identifier: MIT */
/* stream: the states of a publish or play, who hears of them, and the deadlines. */
#include "controlplane/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/util.h"
#include "conf/conf.h"
#include "controlplane/client.h"
#include "controlplane/hub.h"
#include "controlplane/message.h"
#include "controlplane/participant.h"
#include "controlplane/room.h"

#define CLOSED_GRACE_US (3 * SECOND_US) /* a page closes its transport first and then says stop */

#define TO(state) (1u << STREAM_##state)

static const unsigned legal[STREAM_STATE_COUNT] = {
    [STREAM_NEGOTIATED] = TO(CONNECTED) | TO(STOPPED) | TO(FAILED),
    [STREAM_CONNECTED] = TO(ESTABLISHED) | TO(STOPPED) | TO(FAILED),
    [STREAM_ESTABLISHED] = TO(PUBLISHING) | TO(PLAYING) | TO(STOPPED) | TO(FAILED),
    [STREAM_PUBLISHING] = TO(STOPPED) | TO(FAILED),
    [STREAM_PLAYING] = TO(STOPPED) | TO(FAILED),
};

static const char *const state_names[STREAM_STATE_COUNT] = {
#define X(id) [STREAM_##id] = #id,
    STREAM_STATE_LIST(X)
#undef X
};

static void set_deadline(struct stream *s);

struct stream *stream_create(struct participant *p, struct stream *publisher, const char *media_session_id,
                             const char *name)
{
    struct stream *s = calloc(1, sizeof(*s));
    if (!s || !(s->media_session_id = strdup(media_session_id)) || !(s->name = strdup(name)))
        abort();
    s->participant = p;
    s->publish = !publisher;
    s->publisher = publisher;
    LIST_INIT(&s->subscribers);
    TAILQ_INSERT_TAIL(&p->streams, s, entry);
    HASH_ADD_KEYPTR(hh, p->client->streams, s->media_session_id, strlen(s->media_session_id), s);
    if (publisher) {
        LIST_INSERT_HEAD(&publisher->subscribers, s, subscription);
        p->n_played++;
        p->room->hub->n_played++;
    } else {
        HASH_ADD_KEYPTR(published, p->room->published, s->name, strlen(s->name), s);
        p->n_published++;
        p->room->hub->n_published++;
    }
    set_deadline(s);
    return s;
}

static void destroy(struct stream *s)
{
    struct participant *p = s->participant;
    struct hub *hub = p->room->hub;
    assert(LIST_EMPTY(&s->subscribers));
    timers_cancel(&hub->timers, &s->deadline);
    session_finish(&s->session);
    if (s->publish) {
        HASH_DELETE(published, p->room->published, s);
        p->n_published--;
        hub->n_published--;
    } else {
        LIST_REMOVE(s, subscription);
        p->n_played--;
        hub->n_played--;
    }
    HASH_DEL(p->client->streams, s);
    TAILQ_REMOVE(&p->streams, s, entry);
    recording_finish_take(s);
    free(s->negotiated);
    free(s->media_session_id);
    free(s->name);
    free(s);
}

static json_t *published_info(const struct stream *s)
{
    return json_pack("{s:s, s:s}", "login", s->participant->login, "name", s->name);
}

/* The owner hears first, then the room, then those who watch. */
static void end(struct stream *s, bool was_publishing, const char *info)
{
    const char *stopped = s->publish ? "UNPUBLISHED" : "STOPPED";
    struct stream *sub;
    recording_end_take(s);
    message_stream_status(s, s->state == STREAM_FAILED ? "FAILED" : stopped, info);
    if (was_publishing)
        room_tell_others(s->participant, "UNPUBLISHED", published_info(s));
    while ((sub = LIST_FIRST(&s->subscribers)))
        stream_set(sub, STREAM_FAILED, "Stopped by publisher stop");
    destroy(s);
}

void stream_set(struct stream *s, enum stream_state state, const char *info)
{
    enum stream_state from = s->state;
    assert(legal[from] & 1u << state);
    s->state = state;
    LOG_EVENT(INFO, STREAM, "state=%s kind=%s name=%s room=%s login=%s session=%llx info=%s", state_names[state],
              s->publish ? "publish" : "play", s->name, s->participant->room->name, s->participant->login,
              (unsigned long long)s->session.id, info);
    switch (state) {
    case STREAM_PUBLISHING:
        recording_begin_take(s);
        message_stream_status(s, "PUBLISHING", info);
        room_tell_others(s->participant, "PUBLISHED", published_info(s));
        break;
    case STREAM_PLAYING:
        message_stream_status(s, "PLAYING", info);
        if (s->rtp[MEDIA_VIDEO].codec != CODEC_NONE)
            dp_request_keyframe(s->session.hub->dp, s->publisher->rtp[MEDIA_VIDEO].id);
        break;
    case STREAM_STOPPED:
    case STREAM_FAILED:
        end(s, from == STREAM_PUBLISHING, info);
        return;
    case STREAM_NEGOTIATED:
    case STREAM_CONNECTED:
    case STREAM_ESTABLISHED:
    case STREAM_STATE_COUNT:
        break;
    }
    set_deadline(s);
}

static void on_deadline(struct timer *t)
{
    struct stream *s = CONTAINER_OF(t, struct stream, deadline);
    const char *info = s->state == STREAM_NEGOTIATED   ? "Failed by ICE timeout"
                       : s->state == STREAM_PUBLISHING ? "Failed by RTP activity"
                                                       : "Failed by DTLS error";
    stream_set(s, STREAM_FAILED, info);
}

/* What the state waits for, and how long. Inactivity of a publish is judged until its first packet only: a shared
 * screen may stand still. */
static void set_deadline(struct stream *s)
{
    struct hub *hub = s->participant->room->hub;
    const struct conf *conf = hub->out.conf;
    int64_t wait_ms = s->state == STREAM_NEGOTIATED                     ? conf->ice_timeout_ms
                      : s->state == STREAM_CONNECTED                    ? conf->dtls_timeout_ms
                      : s->state == STREAM_PUBLISHING && !s->media_seen ? conf->rtp_activity_timeout_ms
                                                                        : 0;
    if (wait_ms)
        timers_set(&hub->timers, &s->deadline, hub->now_us + wait_ms * MS_US, on_deadline);
    else
        timers_cancel(&hub->timers, &s->deadline);
}

static void on_closed(struct timer *t)
{
    stream_set(CONTAINER_OF(t, struct stream, deadline), STREAM_STOPPED, "Stopped by user");
}

void stream_on_session(struct stream *s, enum session_event event, const char *info)
{
    struct hub *hub = s->session.hub;
    switch (event) {
    case SESSION_CONNECTED:
        stream_set(s, STREAM_CONNECTED, NULL);
        break;
    case SESSION_ESTABLISHED:
        stream_set(s, STREAM_ESTABLISHED, NULL);
        stream_set(s, s->publish ? STREAM_PUBLISHING : STREAM_PLAYING, NULL);
        break;
    case SESSION_MEDIA:
        s->media_seen = true;
        if (!s->closed)
            set_deadline(s);
        break;
    case SESSION_CLOSED:
        if (!s->closed)
            timers_set(&hub->timers, &s->deadline, hub->now_us + CLOSED_GRACE_US, on_closed);
        s->closed = true;
        break;
    case SESSION_LOST:
        stream_set(s, STREAM_FAILED, "Failed by ICE keep alive");
        break;
    case SESSION_FAILED:
        stream_set(s, STREAM_FAILED, info);
        break;
    }
}

static void note_muted(struct stream *s, const char *type)
{
    static const struct {
        const char *type;
        enum media_kind kind;
        bool muted;
    } events[] = {
        {"audioMuted", MEDIA_AUDIO, true},
        {"audioUnmuted", MEDIA_AUDIO, false},
        {"videoMuted", MEDIA_VIDEO, true},
        {"videoUnmuted", MEDIA_VIDEO, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        if (!strcmp(type, events[i].type))
            s->rtp[events[i].kind].muted = events[i].muted;
    }
}

void stream_on_event(struct stream *s, const char *type, json_t *payload)
{
    struct stream *sub;
    note_muted(s, type);
    LIST_FOREACH (sub, &s->subscribers, subscription) {
        if (sub->state == STREAM_PLAYING)
            message_stream_event(sub->participant->client, sub->media_session_id, type, payload);
    }
}
