/* SPDX-License-Identifier: MIT */
/* meta: META and END of a capture file, by jansson. */
#include "recorder/film/meta.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/capture.h"

#define CLOCK_HZ_MIN 1000
#define CLOCK_HZ_MAX 192000

static json_t *load(const char *text, size_t len)
{
    json_t *json = len <= CAPTURE_TEXT_MAX ? json_loadb(text, len, 0, NULL) : NULL;
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

static char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    char *copy = strdup(text ? text : "");
    if (!copy)
        abort();
    return copy;
}

static bool flag_of(const json_t *json, const char *key)
{
    return json_is_true(json_object_get(json, key));
}

static uint64_t id_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? strtoull(text, NULL, 16) : 0;
}

static int64_t number_of(const json_t *json, const char *key, int64_t least, int64_t most)
{
    json_int_t value = json_integer_value(json_object_get(json, key));
    return value < least || value > most ? 0 : value;
}

static enum codec codec_of(const char *name, enum media_kind kind)
{
    static const struct {
        const char *name;
        enum media_kind kind;
    } codecs[] = {
#define X(id, text, of, clock, n) [CODEC_##id] = {text, of},
        CODEC_LIST(X)
#undef X
    };
    for (int codec = CODEC_NONE + 1; codec < CODEC_COUNT; codec++)
        if (codecs[codec].kind == kind && strcasecmp(codecs[codec].name, name) == 0)
            return (enum codec)codec;
    return CODEC_NONE;
}

static void take_track(struct meta *meta, const json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "kind"));
    const char *codec = json_string_value(json_object_get(json, "codec"));
    if (!name || !codec || (strcmp(name, "audio") != 0 && strcmp(name, "video") != 0))
        return;
    enum media_kind kind = name[0] == 'a' ? MEDIA_AUDIO : MEDIA_VIDEO;
    struct meta_track track = {
        .codec = codec_of(codec, kind),
        .clock_hz = (uint32_t)number_of(json, "clock", CLOCK_HZ_MIN, CLOCK_HZ_MAX),
        .channels = (uint8_t)number_of(json, "channels", 1, 2),
        .pt = (uint8_t)number_of(json, "pt", 0, 127),
        .stream = id_of(json, "stream"),
    };
    if (kind == MEDIA_AUDIO && !track.channels)
        track.channels = 1;
    if (track.codec && track.clock_hz && track.stream && !meta->tracks[kind].codec)
        meta->tracks[kind] = track;
}

int meta_parse(struct meta *meta, const char *text, size_t len)
{
    const json_t *track;
    size_t i;
    json_t *json = load(text, len);
    if (!json)
        return -EBADMSG;
    *meta = (struct meta){
        .room = text_of(json, "room"),
        .login = text_of(json, "login"),
        .stream_name = text_of(json, "stream"),
        .media_session_id = text_of(json, "mediaSessionId"),
        .file = text_of(json, "file"),
        .id = id_of(json, "take"),
        .room_id = id_of(json, "room_id"),
        .own_file = flag_of(json, "own_file"),
        .whole = flag_of(json, "whole"),
        .step = flag_of(json, "step"),
    };
    json_array_foreach (json_object_get(json, "tracks"), i, track)
        take_track(meta, track);
    json_decref(json);
    return 0;
}

void meta_finish(struct meta *meta)
{
    free(meta->room);
    free(meta->login);
    free(meta->stream_name);
    free(meta->media_session_id);
    free(meta->file);
    *meta = (struct meta){0};
}

int meta_end_parse(struct meta_end *end, const char *text, size_t len)
{
    json_t *json = load(text, len);
    if (!json)
        return -EBADMSG;
    *end = (struct meta_end){.file = text_of(json, "file"), .why = text_of(json, "why")};
    json_decref(json);
    return 0;
}

void meta_end_finish(struct meta_end *end)
{
    free(end->file);
    free(end->why);
    *end = (struct meta_end){0};
}
