/* SPDX-License-Identifier: MIT */
/* The side-car's JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/media.h"
#include "recorder/film/disk.h"
#include "recorder/film/sidecar.h"

static const char *const states[] = {
#define X(id, name) [SIDECAR_##id] = name,
    SIDECAR_LIST(X)
#undef X
};

static const char *const codecs[] = {
#define X(id, name, ...) [CODEC_##id] = name,
    CODEC_LIST(X)
#undef X
};

static json_t *track_of(const struct sidecar_take *st, enum media_kind kind)
{
    const struct take_track *t = take_track(st->take, kind);
    const struct take_about *about = take_about(st->take);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:{s:i, s:I, s:I}, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "kind",
        kind == MEDIA_AUDIO ? "audio" : "video", "codec", codecs[t->codec], "login", about->login, "stream",
        about->stream_name, "mediaSessionId", about->media_session_id, "rtp", "pt", t->pt, "clock",
        (json_int_t)t->clock_hz, "ssrc", (json_int_t)t->ssrc, "start_ms",
        (json_int_t)(t->start_us - st->zero_us) / 1000, "end_ms", (json_int_t)(t->end_us - st->zero_us) / 1000,
        "packets", (json_int_t)t->packets, "lost", (json_int_t)t->packets_lost, "duplicate",
        (json_int_t)t->packets_duplicate, "late", (json_int_t)t->packets_late, "gaps", (json_int_t)t->gaps,
        "sender_reports", (json_int_t)t->sender_reports, "units", (json_int_t)t->units, "units_broken",
        (json_int_t)t->units_broken, "clock_ppm", t->clock_ppm);
}

static bool holds(const json_t *array, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach (array, i, item) {
        if (!strcmp(json_string_value(item), text))
            return true;
    }
    return false;
}

/* Tracks, participants, and how the recording ended: open when one take is. */
static void add_takes(json_t *o, const struct sidecar *s)
{
    json_t *tracks = json_array(), *people = json_array();
    bool closed = true;
    const char *why = "ended";
    for (unsigned i = 0; i < s->n; i++) {
        const struct take_about *about = take_about(s->takes[i].take);
        if (!holds(people, about->login))
            json_array_append_new(people, json_string(about->login));
        for (int kind = 0; kind < MEDIA_KINDS; kind++) {
            if (take_track(s->takes[i].take, kind)->codec != CODEC_NONE)
                json_array_append_new(tracks, track_of(&s->takes[i], kind));
        }
        closed &= about->closed;
        if (strcmp(about->why, "ended") != 0)
            why = about->why;
    }
    json_object_set_new(o, "participants", people);
    json_object_set_new(o, "tracks", tracks);
    json_object_set_new(o, "closed", json_boolean(closed));
    json_object_set_new(o, "why", json_string(why));
}

static json_t *object_of(const struct sidecar *s, enum sidecar_state state)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "name", s->name, "kind", s->of_room ? "room" : "stream",
                  "state", states[state], "room", s->room, "bytes", (json_int_t)s->bytes, "duration_ms",
                  (json_int_t)(s->length_us / 1000), "start_unix_ms", (json_int_t)(s->start_unix_us / 1000),
                  "end_unix_ms", (json_int_t)((s->start_unix_us + s->length_us) / 1000));
    if (!o)
        return NULL;
    if (!s->of_room && s->n) {
        const struct take_about *about = take_about(s->takes[0].take);
        json_object_set_new(o, "stream", json_string(about->stream_name));
        json_object_set_new(o, "login", json_string(about->login));
    }
    add_takes(o, s);
    return o;
}

int sidecar_write(const char *dir, const struct sidecar *s, enum sidecar_state state)
{
    json_t *o = object_of(s, state);
    char *text = o ? json_dumps(o, JSON_INDENT(1)) : NULL;
    char *name = disk_path("", s->name, ".json");
    int r = text && name ? disk_put(dir, name + 1, text) : -ENOMEM;
    json_decref(o);
    free(text);
    free(name);
    return r;
}
