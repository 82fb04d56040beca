/* SPDX-License-Identifier: MIT */
/* hub: the shared state's beginning and end, and what the dataplane reports. */
#include "controlplane/hub.h"

#include <assert.h>
#include <string.h>

#include "common/log.h"
#include "common/util.h"
#include "conf/conf.h"
#include "controlplane/client.h"
#include "controlplane/record_file.h"
#include "controlplane/recording.h"
#include "controlplane/room.h"
#include "controlplane/session.h"
#include "controlplane/stream.h"

#define DP_AWAY_US (5 * SECOND_US) /* a dataplane that is away for longer is gone */

static enum codec codec_of(const char *name)
{
#define X(id, text, kind, clock, channels) \
    if (!strcmp(name, text))               \
        return CODEC_##id;
    CODEC_LIST(X)
#undef X
    return CODEC_NONE;
}

/* The configuration knows no other names and none twice. */
static void add_codecs(struct negotiate_conf *codecs, const struct conf_list *names)
{
    for (size_t i = 0; i < names->n; i++) {
        enum codec codec = codec_of(names->items[i]);
        assert(codec != CODEC_NONE && codecs->n_codecs < ARRAY_SIZE(codecs->codecs));
        codecs->codecs[codecs->n_codecs++] = codec;
    }
}

/* Those of names that a recording takes; of a kind of which it takes none, all: better not recorded than not heard. */
static void add_recorded_codecs(struct negotiate_conf *codecs, const struct conf_list *names)
{
    size_t before = codecs->n_codecs;
    for (size_t i = 0; i < names->n; i++) {
        enum codec codec = codec_of(names->items[i]);
        if (record_file_takes_codec(codec))
            codecs->codecs[codecs->n_codecs++] = codec;
    }
    if (codecs->n_codecs == before)
        add_codecs(codecs, names);
}

void hub_set_codecs(struct hub *hub)
{
    const struct conf *conf = hub->out.conf;
    hub->codecs.n_codecs = hub->recorded_codecs.n_codecs = 0;
    add_codecs(&hub->codecs, &conf->media_video_codecs);
    add_codecs(&hub->codecs, &conf->media_audio_codecs);
    add_recorded_codecs(&hub->recorded_codecs, &conf->media_video_codecs);
    add_recorded_codecs(&hub->recorded_codecs, &conf->media_audio_codecs);
}

void hub_init(struct hub *hub, const struct hub_outside *out)
{
    *hub = (struct hub){.out = *out};
    LIST_INIT(&hub->clients);
    record_news_init(&hub->record_news);
    hub_set_codecs(hub);
}

void hub_finish(struct hub *hub)
{
    struct room *r, *next;
    assert(LIST_EMPTY(&hub->clients));
    HASH_ITER (hh, hub->rooms, r, next)
        room_destroy(r); /* kept for someone who vanished */
    records_finish(&hub->records);
    record_news_finish(&hub->record_news);
    timers_finish(&hub->timers);
}

void hub_tick(struct hub *hub, int64_t now_us)
{
    hub->now_us = now_us;
    timers_run(&hub->timers, now_us);
}

void hub_random_text(struct hub *hub, char *text, size_t n)
{
    static const char ice_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    hub->out.random(text, n);
    for (size_t i = 0; i < n; i++)
        text[i] = ice_chars[text[i] & 63];
    text[n] = 0;
}

uint32_t hub_random_ssrc(struct hub *hub)
{
    uint32_t ssrc;
    do
        hub->out.random(&ssrc, sizeof(ssrc));
    while (!ssrc);
    return ssrc;
}

/* Ending a publish ends its plays, so each round looks anew. */
static void end_all_streams(struct hub *hub, const char *why)
{
    LOG_WARN(DP, "all streams end why=%s sessions=%u", why, HASH_COUNT(hub->sessions));
    while (hub->sessions)
        stream_set(hub->sessions->stream, STREAM_FAILED, "Failed by error");
}

static void on_away(struct timer *t)
{
    end_all_streams(CONTAINER_OF(t, struct hub, dp_away), "dataplane does not come back");
}

static void on_up(void *arg, const struct dp_hello *hello)
{
    struct hub *hub = arg; /* dp.c has logged it; new streams ask dp_is_up */
    hub->load = (struct dp_load){0};
    placement_start(&hub->placement, hello->n_workers);
    timers_cancel(&hub->timers, &hub->dp_away);
}

/* Media may still flow, and the same dataplane may be back at once; but nobody is left with a dead stream for good. */
static void on_down(void *arg)
{
    struct hub *hub = arg;
    LOG_WARN(DP, "dataplane is down: no new streams until it is back");
    timers_set(&hub->timers, &hub->dp_away, hub->now_us + DP_AWAY_US, on_away);
}

static void on_reset(void *arg)
{
    end_all_streams(arg, "dataplane has started anew");
}

static void on_session(void *arg, const struct dp_session_event *ev)
{
    session_on_event(arg, ev);
}

static bool holds(const struct session *s, uint64_t id)
{
    return s->id == id || s->stream->rtp[MEDIA_AUDIO].id == id || s->stream->rtp[MEDIA_VIDEO].id == id;
}

static void on_refused(void *arg, const struct dp_ack *ack)
{
    struct hub *hub = arg;
    LOG_WARN(DP, "dataplane refused type=%u id=%llx error=%s", ack->type, (unsigned long long)ack->id,
             strerror(-ack->error));
    if (ack->type != DP_SESSION_PUT && ack->type != DP_KEYS_PUT && ack->type != DP_STREAM_PUT &&
        ack->type != DP_SUBSCRIPTION_PUT)
        return;
    for (struct session *s = hub->sessions; s; s = s->hh.next) {
        if (holds(s, ack->id)) {
            stream_set(s->stream, STREAM_FAILED, "Failed to add stream to proxy");
            return;
        }
    }
}

static void on_punt(void *arg, uint64_t session, uint16_t tuple, const uint8_t *dtls, size_t len)
{
    session_on_punt(arg, session, tuple, dtls, len);
}

/* What an older controlplane left there is not ours to move. */
static void keep_ours(const struct hub *hub, struct dp_load *load)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < load->n_heaviest; i++) {
        const struct session *s;
        HASH_FIND(hh, hub->sessions, &load->heaviest[i].session, sizeof(s->id), s);
        if (s)
            load->heaviest[kept++] = load->heaviest[i];
    }
    load->n_heaviest = kept;
}

static void on_load(void *arg, const struct dp_load *load)
{
    struct hub *hub = arg;
    uint32_t hot_permille = hub->out.conf->workers_rebalance_percent * 10;
    hub->load = *load;
    keep_ours(hub, &hub->load);
    placement_report(&hub->placement, load);
    if (!balance_step(&hub->balance, &hub->load, hot_permille, hub->now_us, &hub->move))
        return;
    LOG_INFO(DP, "worker is hot, a publisher moves worker=%u busy_permille=%u session=%llx to=%u", hub->move.from,
             load->workers[hub->move.from].busy_permille, (unsigned long long)hub->move.session, hub->move.to);
    dp_move_session(hub->dp, hub->move.session, hub->move.to);
}

static void on_moved(void *arg, uint64_t session)
{
    struct hub *hub = arg;
    if (session == hub->move.session)
        session_on_moved(hub, session, hub->move.to);
}

const struct dp_ops hub_dp_ops = {
    .on_up = on_up,
    .on_down = on_down,
    .on_reset = on_reset,
    .on_session = on_session,
    .on_refused = on_refused,
    .on_punt = on_punt,
    .on_load = on_load,
    .on_moved = on_moved,
};

static void on_rec_link(void *arg)
{
    recording_mark_all(arg);
}

static void on_state(void *arg, const struct rec_state *state)
{
    record_news_serve(arg, state);
}

static void on_keyframe(void *arg, uint64_t stream)
{
    struct hub *hub = arg;
    dp_request_keyframe(hub->dp, stream);
}

const struct rec_ops hub_rec_ops = {
    .on_up = on_rec_link,
    .on_down = on_rec_link,
    .on_state = on_state,
    .on_keyframe = on_keyframe,
};
