/* SPDX-License-Identifier: MIT */
/* recording: takes and rooms towards the recorder, the dataplane and the people. */
#include "controlplane/recording.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/utf8.h"
#include "conf/conf.h"
#include "controlplane/hub.h"
#include "controlplane/participant.h"
#include "controlplane/rec.h"
#include "controlplane/record_file.h"
#include "controlplane/room.h"
#include "controlplane/stream.h"

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

static enum codec recorded_codec(const struct stream *s, enum media_kind kind)
{
    enum codec codec = s->rtp[kind].codec;
    return record_file_takes_codec(codec) ? codec : CODEC_NONE;
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
    char file[REC_FILE_BYTES];
    if (!hub->out.conf->record_rooms)
        return;
    record_file_for_room(r, file);
    *rec = (struct recording){.whole = true, .id = dp_new_id(hub->dp), .file = duplicate(file)};
    records_add(&hub->records, REC_OF_ROOM, rec->id, file, 0);
    rec->marked = rec_is_up(hub->rec);
    if (rec_is_up(hub->rec))
        LOG_EVENT(INFO, REC, "room is recorded room=%s file=%s", r->name, file);
    else
        LOG_EVENT(WARN, REC, "room shall be recorded, but there is no recorder room=%s file=%s", r->name, file);
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
    rec->step = r->hub->out.conf->enable_empty_shift_writer;
    if (rec->step)
        m.flags |= REC_STEP;
    if (rec->step && !rec->whole)
        records_add(&r->hub->records, REC_OF_ROOM, rec->id, "", 0);
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
        take->name_open = record_file_is_open(hub);
        record_file_for_take(s, 0, file);
        take->file = duplicate(file);
    }
    put_room(r);
    records_add(&hub->records, REC_OF_TAKE, take->id, file, r->recording.step ? r->recording.id : 0);
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
        record_file_for_take(s, hub->out.unix_us(), file);
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
