/* SPDX-License-Identifier: MIT */
/* What a page does with the events of its room. */
#include "tests/peer/person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_event(void *arg, const struct wcs_event *event);

struct person *person_create(const struct person_conf *conf)
{
    struct person *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->conf = *conf;
    p->rng.state = conf->seed;
    TAILQ_INIT(&p->media);
    snprintf(p->login, sizeof(p->login), "%s", conf->login);
    snprintf(p->room, sizeof(p->room), "%s", conf->room);
    p->conf.login = p->login;
    p->conf.room = p->room;
    p->wcs =
        wcs_create(&(struct wcs_conf){.socket = conf->socket, .login = conf->login, .on_event = on_event, .arg = p});
    if (!p->wcs) {
        free(p);
        return NULL;
    }
    return p;
}

static void close_peer(struct person_media *media)
{
    peer_destroy(media->peer);
    media->peer = NULL;
}

void person_destroy(struct person *p)
{
    struct person_media *media;
    if (!p)
        return;
    while ((media = TAILQ_FIRST(&p->media))) {
        TAILQ_REMOVE(&p->media, media, link);
        close_peer(media);
        free(media);
    }
    wcs_destroy(p->wcs);
    free(p);
}

static const char *next_op(struct person *p, char *id, size_t size)
{
    snprintf(id, size, "op-%u", ++p->last_op);
    return id;
}

void person_join(struct person *p)
{
    char id[16];
    wcs_join(p->wcs, next_op(p, id, sizeof(id)), p->room);
}

void person_leave(struct person *p)
{
    char id[16];
    wcs_leave(p->wcs, next_op(p, id, sizeof(id)), p->room);
    p->joined = false;
}

void person_chat(struct person *p, const char *to, const char *text)
{
    char id[16];
    wcs_chat(p->wcs, next_op(p, id, sizeof(id)), p->room, to, text);
}

static struct person_media *add_media(struct person *p, bool publish)
{
    struct peer_conf conf = {
        .loop = p->conf.socket.loop,
        .dtls = p->conf.dtls,
        .publish = publish,
        .ipv6 = p->conf.ipv6,
        .codecs = publish ? p->conf.publish : p->conf.play,
        .variant = p->conf.variant,
        .seed = rng_next(&p->rng),
        .video_kbps = p->conf.video_kbps,
        .video_fps = p->conf.video_fps,
        .first_seq = p->conf.first_seq,
    };
    struct person_media *media = calloc(1, sizeof(*media));
    if (!media)
        return NULL;
    if (p->conf.adjust)
        p->conf.adjust(p->conf.arg, &conf);
    media->person = p;
    media->publish = publish;
    media->peer = peer_create(&conf, loop_now_us());
    if (!media->peer) {
        free(media);
        return NULL;
    }
    rng_text(&p->rng, media->id, sizeof(media->id));
    TAILQ_INSERT_TAIL(&p->media, media, link);
    return media;
}

struct person_media *person_publish(struct person *p)
{
    struct person_media *media = add_media(p, true);
    if (!media)
        return NULL;
    snprintf(media->stream, sizeof(media->stream), "%.150s-%.150s-%04x", p->room, p->login,
             (unsigned)rng_next(&p->rng) & 0xffff);
    snprintf(media->login, sizeof(media->login), "%s", p->login);
    wcs_publish(p->wcs, media->id, p->room, media->stream, peer_offer(media->peer), p->conf.record);
    return media;
}

struct person_media *person_play(struct person *p, const char *stream, const char *login)
{
    struct person_media *media = add_media(p, false);
    if (!media)
        return NULL;
    snprintf(media->stream, sizeof(media->stream), "%s", stream);
    snprintf(media->login, sizeof(media->login), "%s", login);
    wcs_play(p->wcs, media->id, p->room, stream, peer_offer(media->peer));
    return media;
}

void person_stop(struct person *p, struct person_media *media)
{
    close_peer(media);
    if (media->publish)
        wcs_unpublish(p->wcs, media->id, media->stream);
    else
        wcs_stop(p->wcs, media->id, media->stream);
}

struct person_media *person_published(const struct person *p)
{
    struct person_media *media, *found = NULL;
    TAILQ_FOREACH (media, &p->media, link)
        if (media->publish)
            found = media;
    return found;
}

struct person_media *person_played(const struct person *p, const char *login)
{
    struct person_media *media, *found = NULL;
    TAILQ_FOREACH (media, &p->media, link)
        if (!media->publish && strcmp(media->login, login) == 0)
            found = media;
    return found;
}

bool person_media_is(const struct person_media *media, const char *status)
{
    return media && strcmp(media->status, status) == 0;
}

bool person_media_ended(const struct person_media *media)
{
    return person_media_is(media, "FAILED") || person_media_is(media, "STOPPED") ||
           person_media_is(media, "UNPUBLISHED");
}

/* ---- Events ---- */

static struct person_media *find(const struct person *p, const char *id)
{
    struct person_media *media;
    TAILQ_FOREACH (media, &p->media, link)
        if (strcmp(media->id, id) == 0)
            break;
    return media;
}

/* {login, name} of a published stream, or the name alone of somebody who publishes nothing. */
static void on_stream_of(struct person *p, const json_t *entry)
{
    const char *login = json_string_value(json_object_get(entry, "login"));
    const char *name = json_string_value(json_object_get(entry, "name"));
    if (login && name && p->conf.play)
        person_play(p, name, login);
}

static void on_room(struct person *p, const struct wcs_event *event)
{
    const json_t *entry;
    size_t i;
    if (strcmp(event->room, p->room) != 0)
        return;
    if (strcmp(event->name, "STATE") == 0) {
        p->n_people = (unsigned)json_array_size(event->data);
        json_array_foreach (event->data, i, entry)
            on_stream_of(p, entry);
        p->joined = true; /* as the pages do: STATE, not ACCEPTED, opens the room */
        if (p->conf.publish)
            person_publish(p);
    } else if (strcmp(event->name, "PUBLISHED") == 0) {
        on_stream_of(p, event->data);
    } else if (strcmp(event->name, "JOINED") == 0) {
        p->n_people++;
    } else if (strcmp(event->name, "LEFT") == 0) {
        p->n_people--;
    } else if (strcmp(event->name, "MESSAGE") == 0) {
        const char *from = json_string_value(json_object_get(event->data, "from"));
        const char *text = json_string_value(json_object_get(event->data, "text"));
        snprintf(p->chat_from, sizeof(p->chat_from), "%s", from ? from : "");
        snprintf(p->chat_text, sizeof(p->chat_text), "%s", text ? text : "");
        p->n_chats++;
    }
}

static void on_status(struct person *p, const struct wcs_event *event)
{
    snprintf(p->status_id, sizeof(p->status_id), "%s", event->id);
    snprintf(p->status_info, sizeof(p->status_info), "%s", event->info);
    p->status_ok = event->ok;
}

static void on_stream(struct person *p, const struct wcs_event *event)
{
    struct person_media *media = find(p, event->id);
    if (!media)
        return;
    snprintf(media->status, sizeof(media->status), "%s", event->name);
    snprintf(media->info, sizeof(media->info), "%s", event->info);
    if (person_media_ended(media) && !p->conf.keep_peers)
        close_peer(media);
}

static void on_answer(struct person *p, const struct wcs_event *event)
{
    struct person_media *media = find(p, event->id);
    if (media && media->peer)
        media->answered = peer_on_answer(media->peer, event->text, loop_now_us()) == 0;
}

static void on_event(void *arg, const struct wcs_event *event)
{
    struct person *p = arg;
    switch (event->kind) {
    case WCS_ESTABLISHED:
        p->established = true;
        if (!p->conf.quiet)
            person_join(p);
        break;
    case WCS_CLOSED:
        p->closed = true;
        p->established = p->joined = false;
        p->close_code = event->code;
        break;
    case WCS_STATUS:
        on_status(p, event);
        break;
    case WCS_ROOM:
        on_room(p, event);
        break;
    case WCS_ANSWER:
        on_answer(p, event);
        break;
    case WCS_STREAM:
        on_stream(p, event);
        break;
    case WCS_STREAM_EVENT: {
        struct person_media *media = find(p, event->id);
        if (media)
            snprintf(media->event, sizeof(media->event), "%s", event->name);
        break;
    }
    case WCS_BROKEN:
        p->n_broken++;
        break;
    case WCS_OTHER:
        break;
    }
    if (p->conf.on_event)
        p->conf.on_event(p->conf.arg, p, event);
}
