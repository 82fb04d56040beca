/* SPDX-License-Identifier: MIT */
/* recording: takes and rooms towards the recorder and the dataplane, and their names. */
#include "controlplane/recording.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/utf8.h"
#include "common/util.h"
#include "conf/conf.h"
#include "controlplane/hub.h"
#include "controlplane/participant.h"
#include "controlplane/rec.h"
#include "controlplane/record_name.h"
#include "controlplane/room.h"
#include "controlplane/stream.h"

#define NAME_TRIES       1000
#define SESSION_ID_BYTES 17
#define ROOM_NAME_BYTES  200 /* of a room in its file's name: the time, and what mixing appends, find room behind it */

static void copy_text(char *out, size_t size, const char *text)
{
    size_t len = utf8_cut(text, size - 1);
    memcpy(out, text, len);
    out[len] = 0;
}

static char *duplicate(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

/* Names */

static bool is_on_disk(const struct hub *hub, const char *file)
{
    static const char *const forms[] = {"", ".part", ".json"};
    char path[4096 + REC_FILE_BYTES];
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

bool recording_takes_codec(enum codec codec)
{
    return codec == CODEC_OPUS || codec == CODEC_PCMU || codec == CODEC_PCMA || codec == CODEC_H264 ||
           codec == CODEC_VP8;
}

static enum codec recorded_codec(const struct stream *s, enum media_kind kind)
{
    enum codec codec = s->rtp[kind].codec;
    return recording_takes_codec(codec) ? codec : CODEC_NONE;
}

static void name_take(const struct stream *s, char file[REC_FILE_BYTES], int64_t end_unix_us)
{
    const struct hub *hub = s->participant->room->hub;
    enum codec video = recorded_codec(s, MEDIA_VIDEO);
    char session_id[SESSION_ID_BYTES];
    snprintf(session_id, sizeof(session_id), "%016" PRIx64, s->session.id);
    const struct record_facts facts = {
        .stream = s->name,
        .room = s->participant->room->name,
        .login = s->participant->login,
        .session_id = session_id,
        .media_session_id = s->media_session_id,
        .audio = recorded_codec(s, MEDIA_AUDIO),
        .video = video,
        .start_unix_us = s->take.start_unix_us,
        .end_unix_us = end_unix_us,
    };
    find_name(hub, file, name_template(hub->out.conf), &facts, extension_of(hub->out.conf, video));
}

/* Rooms */

static bool is_wanted(const struct recording *rec)
{
    return rec->whole || rec->n_takes;
}

static json_t *write_mark(const struct room *r)
{
    return json_pack("{s:b, s:b, s:s*}", "active", r->recording.marked, "whole", r->recording.whole, "file",
                     r->recording.file);
}

static bool is_active(const struct room *r)
{
    const struct recording *rec = &r->recording;
    bool works = rec->n_takes ? rec->n_takes > rec->n_failed : rec->whole;
    return works && rec_is_up(r->hub->rec);
}

static void mark(struct room *r)
{
    bool active = is_active(r);
    if (active == r->recording.marked)
        return;
    r->recording.marked = active;
    room_tell_all(r, "RECORDING", write_mark(r));
}

void recording_begin(struct room *r)
{
    struct hub *hub = r->hub;
    struct recording *rec = &r->recording;
    char room[ROOM_NAME_BYTES], file[REC_FILE_BYTES];
    struct record_facts facts = {.room = room, .start_unix_us = hub->out.unix_us()};
    if (!hub->out.conf->record_rooms)
        return;
    copy_text(room, sizeof(room), r->name);
    find_name(hub, file, RECORD_NAME_ROOM, &facts, ".mkv");
    *rec = (struct recording){.whole = true, .id = dp_new_id(hub->dp), .file = duplicate(file)};
    records_add(&hub->records, REC_OF_ROOM, rec->id, file);
    rec->marked = rec_is_up(hub->rec);
    LOG_EVENT(INFO, REC, "room is recorded room=%s file=%s", r->name, file);
}

static void put_room(struct room *r)
{
    struct recording *rec = &r->recording;
    struct rec_room_put m = {.flags = rec->whole ? REC_WHOLE : 0};
    if (rec->put)
        return;
    if (!rec->id)
        rec->id = dp_new_id(r->hub->dp);
    m.id = rec->id;
    if (r->hub->out.conf->enable_empty_shift_writer)
        m.flags |= REC_STEP;
    copy_text(m.name, sizeof(m.name), r->name);
    if (rec->whole)
        strcpy(m.file, rec->file);
    rec_put_room(r->hub->rec, &m);
    rec->put = true;
}

void recording_end(struct room *r)
{
    struct recording *rec = &r->recording;
    assert(!rec->n_takes);
    if (rec->put)
        rec_end_room(r->hub->rec, rec->id);
    if (!rec->put || !rec_is_up(r->hub->rec))
        records_del(&r->hub->records, rec->id); /* else the recorder says what became of it */
    free(rec->file);
    *rec = (struct recording){0};
}

void recording_greet(struct participant *p)
{
    if (is_wanted(&p->room->recording))
        room_tell(p, "RECORDING", write_mark(p->room));
}

void recording_mark_all(struct hub *hub)
{
    for (struct room *r = hub->rooms; r; r = r->hh.next)
        mark(r);
}

/* Takes */

bool recording_allows_file(const struct hub *hub)
{
    return hub->out.conf->record_streams;
}

const struct negotiate_conf *recording_codecs(const struct room *r, bool own_file)
{
    return own_file || r->recording.whole ? &r->hub->recorded_codecs : &r->hub->codecs;
}

static struct rec_source source_of(const struct stream *s, enum media_kind kind)
{
    static const struct rec_source of[CODEC_COUNT] = {
#define X(id, name, kind, clock, n_channels) \
    [CODEC_##id] = {.codec = CODEC_##id, .clock_hz = clock, .channels = n_channels},
        CODEC_LIST(X)
#undef X
    };
    struct rec_source source = of[recorded_codec(s, kind)];
    if (source.codec) {
        source.stream = s->rtp[kind].id;
        source.pt = s->rtp[kind].pt;
    }
    return source;
}

static void put_take(const struct stream *s)
{
    struct hub *hub = s->session.hub;
    struct rec_take_put m = {
        .flags = s->take.own_file ? REC_FILE : 0,
        .id = s->take.id,
        .room = s->participant->room->recording.id,
    };
    copy_text(m.login, sizeof(m.login), s->participant->login);
    copy_text(m.stream_name, sizeof(m.stream_name), s->name);
    copy_text(m.media_session_id, sizeof(m.media_session_id), s->media_session_id);
    if (s->take.file)
        strcpy(m.file, s->take.file);
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++) {
        m.sources[kind] = source_of(s, kind);
        if (m.sources[kind].stream)
            dp_put_tap(hub->dp, m.sources[kind].stream);
    }
    rec_put_take(hub->rec, &m);
}

void recording_begin_take(struct stream *s)
{
    struct hub *hub = s->session.hub;
    struct room *r = s->participant->room;
    struct take *take = &s->take;
    char file[REC_FILE_BYTES] = "";
    if (!take->own_file && !r->recording.whole)
        return;
    if (!recorded_codec(s, MEDIA_AUDIO) && !recorded_codec(s, MEDIA_VIDEO)) {
        LOG_RL(WARN, REC, "not recorded: its codecs cannot be name=%s", s->name);
        return;
    }
    take->id = dp_new_id(hub->dp);
    take->start_unix_us = hub->out.unix_us();
    if (take->own_file) {
        take->name_open = record_name_needs_end(name_template(hub->out.conf));
        name_take(s, file, 0);
        take->file = duplicate(file);
    }
    records_add(&hub->records, REC_OF_TAKE, take->id, file);
    put_room(r);
    put_take(s);
    r->recording.n_takes++;
    LOG_EVENT(INFO, REC, "stream is recorded name=%s room=%s file=%s", s->name, r->name, file);
    mark(r);
}

void recording_end_take(struct stream *s)
{
    struct hub *hub = s->session.hub;
    struct room *r = s->participant->room;
    struct take *take = &s->take;
    char file[REC_FILE_BYTES] = "";
    if (!take->id)
        return;
    if (take->name_open) {
        name_take(s, file, hub->out.unix_us());
        free(take->file);
        take->file = duplicate(file);
        records_rename(&hub->records, take->id, file);
    }
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++) {
        if (recorded_codec(s, kind))
            dp_del_tap(hub->dp, s->rtp[kind].id);
    }
    rec_end_take(hub->rec, take->id, file);
    if (!take->own_file || !rec_is_up(hub->rec))
        records_del(&hub->records, take->id); /* else the recorder says what became of it */
    take->id = 0;
    r->recording.n_takes--;
    r->recording.n_failed -= take->failed;
    mark(r);
}

static struct stream *find_take(const struct room *r, uint64_t id)
{
    for (struct stream *s = r->published; s; s = s->published.next) {
        if (s->take.id == id)
            return s;
    }
    return NULL;
}

void recording_on_failed(struct hub *hub, const char *room, uint64_t take)
{
    struct room *r;
    HASH_FIND_STR(hub->rooms, room, r);
    struct stream *s = r ? find_take(r, take) : NULL;
    if (!s || s->take.failed)
        return;
    s->take.failed = true;
    r->recording.n_failed++;
    mark(r);
}

void recording_finish_take(struct stream *s)
{
    free(s->take.file);
    s->take = (struct take){0};
}

const char *recording_name(const struct stream *s)
{
    bool known = (!s->take.id || !s->take.name_open) && !s->take.failed;
    return known && rec_is_up(s->participant->room->hub->rec) ? s->take.file : NULL;
}
