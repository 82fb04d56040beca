/* SPDX-License-Identifier: MIT */
/* record_file: from the configuration and what is recorded to a name that is free. */
#include "controlplane/record_file.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/utf8.h"
#include "common/util.h"
#include "conf/conf.h"
#include "controlplane/hub.h"
#include "controlplane/participant.h"
#include "controlplane/record_name.h"
#include "controlplane/room.h"
#include "controlplane/stream.h"

#define NAME_TRIES       1000
#define SESSION_ID_BYTES 17
#define ROOM_NAME_BYTES  200 /* of a room in its file's name: the time, and what mixing appends, find room behind it */

bool record_file_takes_codec(enum codec codec)
{
    return codec == CODEC_OPUS || codec == CODEC_PCMU || codec == CODEC_PCMA || codec == CODEC_H264 ||
           codec == CODEC_VP8;
}

static bool is_on_disk(const struct hub *hub, const char *file)
{
    static const char *const forms[] = {"", ".part", ".json"};
    char path[PATH_MAX];
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        int len = snprintf(path, sizeof(path), "%s/%s%s", hub->out.conf->record_dir, file, forms[i]);
        if (len < 0 || (size_t)len >= sizeof(path) || !access(path, F_OK))
            return true;
    }
    return false;
}

/* A name that nothing has, and nothing will have that is in the making. */
static void find_name(const struct hub *hub, char file[REC_FILE_BYTES], const char *template,
                      const struct record_facts *facts, const char *extension)
{
    for (unsigned n = 1; n <= NAME_TRIES; n++) {
        record_name_write(file, template, facts, extension, n);
        if (!records_has_file(&hub->records, file) && !is_on_disk(hub, file))
            return;
    }
    LOG_RL(WARN, REC, "no free name for a recording file=%s", file);
}

static const char *name_template(const struct conf *conf)
{
    return conf->stream_record_policy == CONF_RECORD_POLICY_TEMPLATE ? conf->stream_record_policy_template
                                                                     : "{streamName}";
}

/* Sound alone becomes mp4, and so does what record_formats does not speak of. */
static const char *extension_of(const struct conf *conf, enum codec video)
{
    static const struct {
        enum codec video;
        const char *format, *extension;
    } formats[] = {
        {CODEC_H264, "h264-mp4", ".mp4"},
        {CODEC_H264, "h264-mkv", ".mkv"},
        {CODEC_VP8, "vp8-webm", ".webm"},
        {CODEC_VP8, "vp8-mkv", ".mkv"},
    };
    for (size_t i = 0; i < conf->record_formats.n; i++) {
        for (size_t k = 0; k < ARRAY_SIZE(formats); k++) {
            if (formats[k].video == video && !strcmp(conf->record_formats.items[i], formats[k].format))
                return formats[k].extension;
        }
    }
    return video == CODEC_VP8 ? ".webm" : ".mp4";
}

static enum codec codec_of(const struct stream *s, enum media_kind kind)
{
    enum codec codec = s->rtp[kind].codec;
    return record_file_takes_codec(codec) ? codec : CODEC_NONE;
}

void record_file_for_take(const struct stream *s, int64_t end_unix_us, char file[REC_FILE_BYTES])
{
    const struct hub *hub = s->participant->room->hub;
    enum codec video = codec_of(s, MEDIA_VIDEO);
    char session_id[SESSION_ID_BYTES];
    snprintf(session_id, sizeof(session_id), "%016" PRIx64, s->session.id);
    const struct record_facts facts = {
        .stream = s->name,
        .room = s->participant->room->name,
        .login = s->participant->login,
        .session_id = session_id,
        .media_session_id = s->media_session_id,
        .audio = codec_of(s, MEDIA_AUDIO),
        .video = video,
        .start_unix_us = s->take.start_unix_us,
        .end_unix_us = end_unix_us,
    };
    find_name(hub, file, name_template(hub->out.conf), &facts, extension_of(hub->out.conf, video));
}

void record_file_for_room(const struct room *r, char file[REC_FILE_BYTES])
{
    char name[ROOM_NAME_BYTES + 1];
    const struct record_facts facts = {.room = name, .start_unix_us = r->hub->out.unix_us()};
    snprintf(name, sizeof(name), "%.*s", (int)utf8_cut(r->name, ROOM_NAME_BYTES), r->name);
    find_name(r->hub, file, RECORD_NAME_ROOM, &facts, ".mkv");
}

bool record_file_is_open(const struct hub *hub)
{
    return record_name_needs_end(name_template(hub->out.conf));
}
