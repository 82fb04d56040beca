/* SPDX-License-Identifier: MIT */
/* label: JSON out and in. */
#include "recorder/label.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/capture.h"
#include "common/utf8.h"
#include "common/util.h"
#include "recorder/folder.h"

static const char *const codec_names[CODEC_COUNT] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = name,
    CODEC_LIST(X)
#undef X
};

static const char *const kind_names[MEDIA_KINDS] = {[MEDIA_AUDIO] = "audio", [MEDIA_VIDEO] = "video"};

static const char *clean(const char *text)
{
    return utf8_valid((const uint8_t *)text, strlen(text)) ? text : "";
}

/* Takes over obj. */
static char *dump(json_t *obj)
{
    char *text = json_dumps(obj, JSON_COMPACT);
    json_decref(obj);
    if (!text)
        abort(); /* no memory */
    assert(strlen(text) <= CAPTURE_TEXT_MAX);
    return text;
}

static json_t *make_tracks(const struct rec_take_put *take)
{
    json_t *tracks = json_array();
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++) {
        const struct rec_source *s = &take->sources[kind];
        char stream[FOLDER_HEX_BYTES];
        if (!s->stream)
            continue;
        folder_hex(stream, s->stream);
        json_array_append_new(tracks, json_pack("{s:s, s:s, s:s, s:I, s:i, s:i}", "kind", kind_names[kind], "stream",
                                                stream, "codec", codec_names[s->codec], "clock",
                                                (json_int_t)s->clock_hz, "channels", s->channels, "pt", s->pt));
    }
    return tracks;
}

char *label_meta(const struct rec_take_put *take, const struct rec_room_put *room)
{
    char take_id[FOLDER_HEX_BYTES], room_id[FOLDER_HEX_BYTES];
    folder_hex(take_id, take->id);
    folder_hex(room_id, room->id);
    return dump(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:o}", "take", take_id, "room_id",
                          room_id, "room", clean(room->name), "login", clean(take->login), "stream",
                          clean(take->stream_name), "mediaSessionId", clean(take->media_session_id), "file", take->file,
                          "own_file", !!(take->flags & REC_FILE), "whole", !!(room->flags & REC_WHOLE), "step",
                          !!(room->flags & REC_STEP), "tracks", make_tracks(take)));
}

char *label_end(const char *file, const char *why)
{
    return dump(json_pack("{s:s, s:s}", "file", file, "why", why));
}

char *label_room(const struct rec_room_put *room)
{
    char room_id[FOLDER_HEX_BYTES];
    folder_hex(room_id, room->id);
    return dump(json_pack("{s:s, s:s, s:s, s:b, s:b}", "room_id", room_id, "room", clean(room->name), "file",
                          room->file, "whole", !!(room->flags & REC_WHOLE), "step", !!(room->flags & REC_STEP)));
}

/* ---- Back ---- */

static bool get_text(const json_t *obj, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(obj, key));
    if (!text || strlen(text) >= size)
        return false;
    strcpy(out, text);
    return true;
}

static bool get_id(const json_t *obj, const char *key, uint64_t *id)
{
    const char *text = json_string_value(json_object_get(obj, key));
    return text && folder_parse_hex(text, strlen(text), id) == 0;
}

static uint32_t get_flag(const json_t *obj, const char *key, enum rec_flag flag)
{
    return json_is_true(json_object_get(obj, key)) ? flag : 0;
}

static bool get_number(const json_t *obj, const char *key, json_int_t max, json_int_t *out)
{
    *out = json_integer_value(json_object_get(obj, key));
    return *out >= 0 && *out <= max;
}

static uint8_t codec_of(const char *name)
{
    uint8_t codec = CODEC_NONE;
    for (uint8_t c = 1; name && c < CODEC_COUNT; c++)
        if (!strcmp(name, codec_names[c]))
            codec = c;
    return codec;
}

static bool parse_track(const json_t *obj, struct rec_take_put *take)
{
    const char *name = json_string_value(json_object_get(obj, "kind"));
    json_int_t clock, channels, pt;
    enum media_kind kind = MEDIA_AUDIO;
    while (name && kind < MEDIA_KINDS && strcmp(name, kind_names[kind]))
        kind++;
    if (!name || kind == MEDIA_KINDS || take->sources[kind].stream)
        return false;
    struct rec_source *s = &take->sources[kind];
    if (!get_id(obj, "stream", &s->stream) || !s->stream || !get_number(obj, "clock", UINT32_MAX, &clock) ||
        !get_number(obj, "channels", UINT8_MAX, &channels) || !get_number(obj, "pt", 127, &pt))
        return false;
    s->codec = codec_of(json_string_value(json_object_get(obj, "codec")));
    s->clock_hz = (uint32_t)clock;
    s->channels = (uint8_t)channels;
    s->pt = (uint8_t)pt;
    return true;
}

static bool parse_tracks(const json_t *tracks, struct rec_take_put *take)
{
    size_t i;
    json_t *track;
    json_array_foreach (tracks, i, track)
        if (!parse_track(track, take))
            return false;
    return json_is_array(tracks);
}

int label_parse_meta(const char *text, size_t len, struct rec_take_put *take, struct rec_room_put *room)
{
    json_t *obj = json_loadb(text, len, 0, NULL);
    *take = (struct rec_take_put){.head = {.type = REC_TAKE_PUT, .len = sizeof(*take)}};
    *room = (struct rec_room_put){.head = {.type = REC_ROOM_PUT, .len = sizeof(*room)}};
    take->flags = get_flag(obj, "own_file", REC_FILE);
    room->flags = get_flag(obj, "whole", REC_WHOLE) | get_flag(obj, "step", REC_STEP);
    bool ok = get_id(obj, "take", &take->id) && get_id(obj, "room_id", &room->id) &&
              get_text(obj, "room", room->name, sizeof(room->name)) &&
              get_text(obj, "login", take->login, sizeof(take->login)) &&
              get_text(obj, "stream", take->stream_name, sizeof(take->stream_name)) &&
              get_text(obj, "mediaSessionId", take->media_session_id, sizeof(take->media_session_id)) &&
              get_text(obj, "file", take->file, sizeof(take->file)) &&
              parse_tracks(json_object_get(obj, "tracks"), take);
    take->room = room->id;
    json_decref(obj);
    return ok && rec_msg_check(take, sizeof(*take)) == 0 ? 0 : -EBADMSG;
}

int label_parse_room(const char *text, size_t len, struct rec_room_put *room)
{
    json_t *obj = json_loadb(text, len, 0, NULL);
    *room = (struct rec_room_put){.head = {.type = REC_ROOM_PUT, .len = sizeof(*room)}};
    room->flags = get_flag(obj, "whole", REC_WHOLE) | get_flag(obj, "step", REC_STEP);
    bool ok = get_id(obj, "room_id", &room->id) && get_text(obj, "room", room->name, sizeof(room->name)) &&
              get_text(obj, "file", room->file, sizeof(room->file));
    json_decref(obj);
    return ok && rec_msg_check(room, sizeof(*room)) == 0 ? 0 : -EBADMSG;
}
