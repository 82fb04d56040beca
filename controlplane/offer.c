/* SPDX-License-Identifier: MIT */
/* offer: from an SDP offer to a stream that waits for its transport. */
#include "controlplane/offer.h"

#include <stdlib.h>
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
#include "controlplane/sdp_parse.h"
#include "controlplane/stream.h"

#define MEDIA_SESSION_ID_BYTES_MAX 128
#define ANSWER_BYTES_MAX           32768
#define CNAME_CHARS                16
#define STREAM_NAME_EXTRA_BYTES    64 /* beyond room and login: separators, 4 hex digits, the page's own name */

struct offer {
    struct client *client;
    struct participant *participant; /* in the room that custom.name says */
    const char *media_session_id, *name;
    uint32_t max_kbps; /* the page's wish; 0: none */
    bool own_file;     /* it wants its publish recorded, and may */
    struct sdp *sdp;
    struct negotiated *negotiated; /* owned until a stream takes it */
    char cname[CNAME_CHARS + 1];
};

static const char *check(const struct offer *o, const json_t *arg, bool published)
{
    const struct client *c = o->client;
    const struct conf *conf = c->hub->out.conf;
    struct stream *taken;
    if (!o->media_session_id || strlen(o->media_session_id) > MEDIA_SESSION_ID_BYTES_MAX)
        return "MediaSessionId is null";
    HASH_FIND_STR(c->streams, o->media_session_id, taken);
    if (taken)
        return "MediaSessionId is already in use";
    if (!c->login)
        return "Session not ready";
    if (!o->participant)
        return "Restricted access";
    if (!o->name || !*o->name || strlen(o->name) > 2 * conf->limit_name_bytes + STREAM_NAME_EXTRA_BYTES)
        return "Stream name is empty or too long";
    if (published ? o->participant->n_published >= conf->limit_streams_per_participant
                  : o->participant->n_played >= conf->limit_plays_per_participant)
        return "Too many streams";
    if (!dp_is_up(c->hub->dp))
        return "Failed to add stream to proxy";
    return json_text(arg, "sdp") ? NULL : "No SDP offer";
}

/* It is the msid too: a token (RFC 8830 2), in which ice-chars have one character too many. */
static void make_cname(struct offer *o)
{
    hub_random_text(o->client->hub, o->cname, CNAME_CHARS);
    for (char *c = o->cname; *c; c++)
        *c = *c == '/' ? '-' : *c;
}

/* Returns NULL, or the text owed to the client. Either way finish_offer follows. */
static const char *init_offer(struct offer *o, struct client *c, const json_t *arg, bool published)
{
    double max_kbps = json_amount(arg, "maxBitrate");
    const char *why;
    *o = (struct offer){
        .client = c,
        .participant = client_in_room(c, json_text(json_object_get(arg, "custom"), "name")),
        .media_session_id = json_text(arg, "mediaSessionId"),
        .name = json_text(arg, "name"),
        .own_file = published && json_is_true(json_object_get(arg, "record")) && recording_allows_file(c->hub),
        .max_kbps = max_kbps > 0 && max_kbps < 1e6 ? (uint32_t)max_kbps : 0,
    };
    const char *info = check(o, arg, published);
    if (info)
        return info;
    const char *text = json_text(arg, "sdp");
    if (sdp_parse(text, strlen(text), &o->sdp, &why)) {
        LOG_RL(WARN, SDP, "offer refused client=%u why=%s", c->number, why);
        return "SDP offer is invalid";
    }
    o->negotiated = calloc(1, sizeof(*o->negotiated));
    if (!o->negotiated)
        abort();
    make_cname(o);
    return NULL;
}

static void finish_offer(struct offer *o)
{
    sdp_destroy(o->sdp);
    free(o->negotiated);
}

/* The stream with its session; the caller adds what it carries and then answers. NULL: no DTLS to be had. */
static struct stream *open_stream(struct offer *o, struct stream *publisher, uint32_t worker)
{
    struct hub *hub = o->client->hub;
    struct stream *s = stream_create(o->participant, publisher, o->media_session_id, o->name);
    if (session_init(&s->session, hub, s, o->negotiated, worker)) {
        stream_set(s, STREAM_FAILED, "Failed by error");
        return NULL;
    }
    return s;
}

static void answer(const struct offer *o, struct stream *s)
{
    char text[ANSWER_BYTES_MAX];
    if (session_write_answer(&s->session, o->negotiated, o->cname, text, sizeof(text))) {
        stream_set(s, STREAM_FAILED, "Failed by error");
        return;
    }
    LOG_EVENT(INFO, STREAM, "answered kind=%s name=%s room=%s login=%s session=%llx worker=%u",
              s->publish ? "publish" : "play", s->name, s->participant->room->name, s->participant->login,
              (unsigned long long)s->session.id, s->session.worker);
    message_remote_sdp(o->client, o->media_session_id, text);
}

static uint32_t codec_clock_hz(enum codec codec)
{
    static const uint32_t hz[CODEC_COUNT] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = clock,
        CODEC_LIST(X)
#undef X
    };
    return hz[codec];
}

static void put_stream(const struct offer *o, struct stream *s, const struct negotiated_section *section)
{
    struct hub *hub = o->client->hub;
    uint32_t limit_kbps = hub->out.conf->media_max_video_kbps;
    struct dp_stream_put put = {
        .kind = section->kind,
        .codec = section->codec,
        .id = dp_new_id(hub->dp),
        .session = s->session.id,
        .clock_hz = codec_clock_hz(section->codec),
        .rtp = section->rtp,
    };
    if (section->kind == MEDIA_VIDEO)
        put.max_kbps = o->max_kbps && (!limit_kbps || o->max_kbps < limit_kbps) ? o->max_kbps : limit_kbps;
    memcpy(put.mid, section->mid, sizeof(put.mid));
    dp_put_stream(hub->dp, &put);
    s->rtp[section->kind] = (struct stream_rtp){.codec = section->codec, .id = put.id, .pt = section->rtp.pt};
}

static uint32_t max_busy_permille(const struct hub *hub)
{
    uint32_t percent = hub->out.conf->workers_max_busy_percent;
    return percent ? percent * 10 : UINT32_MAX;
}

static const char *publish(struct offer *o)
{
    struct hub *hub = o->client->hub;
    const char *info;
    if (room_published(o->participant->room, o->name))
        return "Stream name is already in use";
    if (negotiate_publish(o->sdp, recording_codecs(o->participant->room, o->own_file), o->negotiated, &info))
        return info;
    int worker = placement_pick(&hub->placement, max_busy_permille(hub));
    if (worker < 0)
        return "Server overloaded";
    struct stream *s = open_stream(o, NULL, (uint32_t)worker);
    if (!s)
        return NULL;
    for (size_t i = 0; i < o->negotiated->n_sections; i++) {
        if (o->negotiated->sections[i].accepted)
            put_stream(o, s, &o->negotiated->sections[i]);
    }
    s->negotiated = o->negotiated;
    s->take.own_file = o->own_file;
    answer(o, s);
    o->negotiated = NULL; /* the stream's; or freed with it */
    return NULL;
}

static void put_subscription(const struct offer *o, struct stream *s, struct negotiated_section *section)
{
    struct hub *hub = o->client->hub;
    section->rtp.ssrc = hub_random_ssrc(hub);
    if (section->rtp.rtx_pt != DP_PT_NONE)
        section->rtp.rtx_ssrc = hub_random_ssrc(hub);
    struct dp_subscription_put put = {
        .id = dp_new_id(hub->dp),
        .session = s->session.id,
        .stream = s->publisher->rtp[section->kind].id,
        .rtp = section->rtp,
    };
    memcpy(put.cname, o->cname, sizeof(o->cname));
    dp_put_subscription(hub->dp, &put);
    s->rtp[section->kind] = (struct stream_rtp){.codec = section->codec, .id = put.id};
}

static const char *play(struct offer *o)
{
    const struct hub *hub = o->client->hub;
    const char *info;
    struct stream *publisher = room_published(o->participant->room, o->name);
    if (!publisher)
        return "Stream not found";
    if (publisher->state != STREAM_PUBLISHING)
        return "Publish stream is not ready";
    if (negotiate_play(o->sdp, publisher->negotiated, o->negotiated, &info))
        return info;
    if (!placement_has_room(&hub->placement, publisher->session.worker, max_busy_permille(hub)))
        return "Server overloaded";
    struct stream *s = open_stream(o, publisher, publisher->session.worker);
    if (!s)
        return NULL;
    for (size_t i = 0; i < o->negotiated->n_sections; i++) {
        if (o->negotiated->sections[i].accepted)
            put_subscription(o, s, &o->negotiated->sections[i]);
    }
    answer(o, s);
    return NULL;
}

static void serve(struct client *c, json_t *arg, bool published)
{
    struct offer o;
    const char *info = init_offer(&o, c, arg, published);
    if (!info)
        info = published ? publish(&o) : play(&o);
    if (info) {
        LOG_RL(INFO, STREAM, "refused kind=%s name=%s client=%u login=%s info=%s", published ? "publish" : "play",
               o.name, c->number, c->login, info);
        message_no_stream_status(c, o.media_session_id, o.name, published, "FAILED", info);
    }
    finish_offer(&o);
}

void offer_publish(struct client *c, json_t *arg)
{
    serve(c, arg, true);
}

void offer_play(struct client *c, json_t *arg)
{
    serve(c, arg, false);
}
