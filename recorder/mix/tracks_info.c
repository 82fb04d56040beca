/* SPDX-License-Identifier: MIT */
/* What the tracks of a room's recording hold. */
#include "recorder/mix/tracks_info.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "recorder/mix/source.h"

#define PAUSE_US (INT64_C(1) * 1000 * 1000) /* without a packet for so long: a pause */

struct span { /* the edits of a track, as far as its packets have been seen */
    json_t *edits;
    int64_t media_us, end_us; /* the edit that goes on; media_us below 0: none yet */
};

static json_t *text_of(int64_t number)
{
    return json_sprintf("%" PRId64, number);
}

static void add_edit(json_t *edits, const char *type, int64_t start_us, int64_t end_us)
{
    if (end_us / 1000 > start_us / 1000)
        json_array_append_new(edits, json_pack("{s:o, s:o, s:s}", "startInMs", text_of(start_us / 1000), "endInMs",
                                               text_of(end_us / 1000), "type", type));
}

static void add_packet(struct span *s, int64_t start_us, int64_t end_us)
{
    start_us = MAX(start_us, 0);
    if (s->media_us < 0) {
        add_edit(s->edits, "pause", 0, start_us);
        s->media_us = start_us;
    } else if (start_us > s->end_us + PAUSE_US) {
        add_edit(s->edits, "media", s->media_us, s->end_us);
        add_edit(s->edits, "pause", s->end_us, start_us);
        s->media_us = start_us;
    }
    s->end_us = MAX(s->end_us, MAX(end_us, start_us));
}

static const char *codec_name(enum AVCodecID id)
{
    return id == AV_CODEC_ID_H264 ? "avc1" : id == AV_CODEC_ID_AAC ? "mp4a" : avcodec_get_name(id);
}

static void set_text(json_t *obj, const char *key, json_t *value)
{
    json_object_set_new(obj, key, value ? value : json_string("")); /* what is not UTF-8 is left out */
}

static json_t *describe(const struct source_track *t, size_t id, struct span *s)
{
    json_t *obj = json_object();
    bool sound = t->kind == MEDIA_AUDIO;
    if (s->media_us >= 0)
        add_edit(s->edits, "media", s->media_us, s->end_us);
    set_text(obj, "durationInMS", text_of(s->end_us / 1000));
    json_object_set(obj, "trackEdits", s->edits);
    set_text(obj, "trackType", json_string(sound ? "AUDIO" : "VIDEO"));
    set_text(obj, "trackId", text_of((int64_t)id));
    set_text(obj, "timescale", text_of(t->time_base.den / MAX(t->time_base.num, 1)));
    set_text(obj, "streamName", json_string(t->stream_name));
    set_text(obj, "mediaSessionId", json_string(t->media_session_id));
    set_text(obj, "trackCodec", json_string(codec_name(t->par->codec_id)));
    set_text(obj, sound ? "channels" : "width", text_of(sound ? t->par->ch_layout.nb_channels : t->par->width));
    set_text(obj, sound ? "sampleRate" : "height", text_of(sound ? t->par->sample_rate : t->par->height));
    return obj;
}

/* A file that cannot be read to its end is described as far as it goes. */
static void scan(struct source *source, struct span *spans, AVPacket *packet)
{
    size_t i;
    while (source_packet(source, packet, &i) == 1) {
        int64_t at_us = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
        if (at_us != AV_NOPTS_VALUE)
            add_packet(&spans[i], at_us, at_us + packet->duration);
        av_packet_unref(packet);
    }
}

static int print(struct source *source, struct span *spans, FILE *out)
{
    json_t *array = json_array();
    for (size_t i = 0; i < source_tracks(source); i++)
        json_array_append_new(array, describe(source_track(source, i), i, &spans[i]));
    int rc = json_dumpf(array, out, JSON_INDENT(2)) || fputc('\n', out) == EOF || fflush(out) ? -EIO : 0;
    json_decref(array);
    return rc;
}

int tracks_info_print(const char *path, FILE *out, char err[TRACKS_INFO_ERR_BYTES])
{
    struct source *source = source_open(path, 1, err);
    if (!source)
        return -EINVAL;
    struct span *spans = calloc(source_tracks(source), sizeof(*spans));
    AVPacket *packet = av_packet_alloc();
    int rc = spans && packet ? 0 : -ENOMEM;
    for (size_t i = 0; !rc && i < source_tracks(source); i++)
        spans[i] = (struct span){.edits = json_array(), .media_us = -1};
    if (!rc) {
        scan(source, spans, packet);
        rc = print(source, spans, out);
        for (size_t i = 0; i < source_tracks(source); i++)
            json_decref(spans[i].edits);
    }
    if (rc)
        snprintf(err, TRACKS_INFO_ERR_BYTES, "%s", strerror(-rc));
    free(spans);
    av_packet_free(&packet);
    source_close(source);
    return rc;
}
