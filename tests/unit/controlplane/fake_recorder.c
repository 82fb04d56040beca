/* SPDX-License-Identifier: MIT */
/* fake_recorder: a link to a recorder that remembers everything. */
#include "fake_recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "controlplane/hooks.h"
#include "controlplane/rec.h"
#include "fake_media.h"

#define LINE_BYTES 4096

struct thing { /* a room or take */
    uint64_t id, room;
    enum rec_state_of of;
    unsigned n_takes;
    bool live;
    uint64_t video;
    char label[REC_NAME_BYTES], room_name[REC_NAME_BYTES], stream_name[REC_NAME_BYTES], file[REC_FILE_BYTES];
    UT_hash_handle hh;
};

static void (*tell)(const char *line); /* hooks */

struct rec {
    bool up;
    const struct dp *dp;
    struct thing *things;
    void (*hear)(const char *line);
};

struct rec *fake_rec_create(const struct dp *dp, void (*hear)(const char *line))
{
    struct rec *rec = calloc(1, sizeof(*rec));
    CHECK(rec != NULL);
    tell = hear;
    *rec = (struct rec){.up = true, .dp = dp, .hear = hear};
    return rec;
}

void fake_rec_destroy(struct rec *rec)
{
    struct thing *t, *next;
    HASH_ITER (hh, rec->things, t, next) {
        CHECK(!t->live);
        HASH_DEL(rec->things, t);
        free(t);
    }
    free(rec);
}

void fake_rec_set_up(struct rec *rec, bool up)
{
    rec->up = up;
}

bool rec_is_up(const struct rec *rec)
{
    return rec->up;
}

static struct thing *find(const struct rec *rec, uint64_t id)
{
    struct thing *t;
    HASH_FIND(hh, rec->things, &id, sizeof(id), t);
    return t;
}

static struct thing *find_label(const struct rec *rec, const char *label)
{
    struct thing *found = NULL; /* the newest of that label */
    for (struct thing *t = rec->things; t; t = t->hh.next) {
        if (!strcmp(t->label, label))
            found = t;
    }
    return found;
}

static struct thing *add(struct rec *rec, enum rec_state_of of, uint64_t id, const char *label, const char *file)
{
    struct thing *t = calloc(1, sizeof(*t));
    CHECK(t && id && !find(rec, id));
    t->of = of;
    t->id = id;
    t->live = true;
    snprintf(t->label, sizeof(t->label), "%s", label);
    snprintf(t->file, sizeof(t->file), "%s", file);
    HASH_ADD(hh, rec->things, id, sizeof(t->id), t);
    return t;
}

static void check_record(const void *record, enum rec_msg type, size_t bytes)
{
    union {
        struct rec_head head;
        struct rec_room_put room;
        struct rec_take_put take;
    } copy;
    memcpy(&copy, record, bytes);
    copy.head = (struct rec_head){.type = (uint16_t)type, .len = (uint16_t)bytes};
    CHECK(!rec_msg_check(&copy, bytes));
}

void rec_put_room(struct rec *rec, const struct rec_room_put *m)
{
    char line[LINE_BYTES];
    check_record(m, REC_ROOM_PUT, sizeof(*m));
    struct thing *t = add(rec, REC_OF_ROOM, m->id, m->name, m->file);
    strcpy(t->room_name, m->name);
    snprintf(line, sizeof(line), "room %s%s%s%s", m->name, m->flags & REC_WHOLE ? " whole=" : "", m->file,
             m->flags & REC_STEP ? " step" : "");
    rec->hear(line);
}

static void write_source(const struct rec *rec, const struct rec_source *s, char *out, size_t size)
{
    static const char *const names[CODEC_COUNT] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = name,
        CODEC_LIST(X)
#undef X
    };
    *out = 0;
    if (!s->stream)
        return;
    CHECK(fake_dp_is_tapped(rec->dp, s->stream));
    snprintf(out, size, " %s/%u", names[s->codec], s->pt);
}

void rec_put_take(struct rec *rec, const struct rec_take_put *m)
{
    char line[LINE_BYTES], audio[32], video[32];
    check_record(m, REC_TAKE_PUT, sizeof(*m));
    struct thing *room = find(rec, m->room);
    CHECK(room && room->live && room->of == REC_OF_ROOM);
    CHECK(m->sources[MEDIA_AUDIO].stream || m->sources[MEDIA_VIDEO].stream);
    room->n_takes++;
    struct thing *t = add(rec, REC_OF_TAKE, m->id, m->media_session_id, m->file);
    t->room = m->room;
    t->video = m->sources[MEDIA_VIDEO].stream;
    strcpy(t->room_name, room->label);
    strcpy(t->stream_name, m->stream_name);
    write_source(rec, &m->sources[MEDIA_AUDIO], audio, sizeof(audio));
    write_source(rec, &m->sources[MEDIA_VIDEO], video, sizeof(video));
    snprintf(line, sizeof(line), "take %s %s%s%s%s%s", m->media_session_id, room->label, audio, video,
             m->flags & REC_FILE ? " file=" : "", m->file);
    rec->hear(line);
}

void rec_end_take(struct rec *rec, uint64_t id, const char *file)
{
    char line[LINE_BYTES];
    struct thing *t = find(rec, id);
    CHECK(t && t->live && t->of == REC_OF_TAKE && (!*file || rec_file_name_ok(file)));
    t->live = false;
    find(rec, t->room)->n_takes--;
    if (*file)
        strcpy(t->file, file);
    snprintf(line, sizeof(line), "end-take %s%s%s", t->label, *file ? " " : "", file);
    rec->hear(line);
}

void rec_end_room(struct rec *rec, uint64_t id)
{
    char line[LINE_BYTES];
    struct thing *t = find(rec, id);
    CHECK(t && t->live && t->of == REC_OF_ROOM && !t->n_takes);
    t->live = false;
    snprintf(line, sizeof(line), "end-room %s", t->label);
    rec->hear(line);
}

bool fake_rec_state(const struct rec *rec, const char *label, const char *state, struct rec_state *out)
{
    const struct thing *t = find_label(rec, label);
    *out = (struct rec_state){.bytes = 1000, .start_unix_us = INT64_C(1795617603000000), .duration_us = 5000000};
    while (out->state < REC_STATE_COUNT && strcmp(rec_state_name((enum rec_state_id)out->state), state))
        out->state++;
    if (!t || out->state == REC_STATE_COUNT)
        return false;
    out->of = (uint8_t)t->of;
    out->id = t->id;
    strcpy(out->file, t->file);
    strcpy(out->room, t->room_name);
    strcpy(out->stream_name, t->stream_name);
    return true;
}

uint64_t fake_rec_video(const struct rec *rec, const char *label)
{
    const struct thing *t = find_label(rec, label);
    return t ? t->video : 0;
}

void hooks_run(struct hooks *h, enum hook hook, const char *const *args, int64_t timeout_ms)
{
    char line[LINE_BYTES] = "hook";
    CHECK(timeout_ms > 0);
    for (size_t i = 0; args[i]; i++) {
        CHECK(i < HOOKS_ARGS_MAX && strlen(line) + strlen(args[i]) + 2 < sizeof(line));
        strcat(strcat(line, " "), args[i]);
    }
    tell(line);
}
