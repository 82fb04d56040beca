/* SPDX-License-Identifier: MIT */
/* take: from PUT to END, and the records in between. */
#include "recorder/take.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "recorder/recorder.h"
#include "recorder/room.h"

static int64_t unix_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct take *take_find(struct recorder *rec, uint64_t id)
{
    struct take *take;
    HASH_FIND(hh, rec->takes, &id, sizeof(id), take);
    return take;
}

static struct source *find_source(struct recorder *rec, uint64_t stream)
{
    struct source *source;
    HASH_FIND(hh, rec->sources, &stream, sizeof(stream), source);
    return source;
}

static void tell(struct recorder *rec, struct take *take, enum rec_state_id state, const char *error)
{
    struct rec_state *s = &take->tale.state;
    *s = (struct rec_state){.of = REC_OF_TAKE, .state = (uint8_t)state, .id = take->id};
    s->start_unix_us = take->start_unix_us;
    s->bytes = take->capture ? capture_bytes(take->capture) : 0;
    strcpy(s->stream_name, take->put.stream_name);
    strcpy(s->room, take->room->put.name);
    strcpy(s->file, take->put.flags & REC_FILE ? take->file : "");
    strncpy(s->error, error, sizeof(s->error) - 1);
    link_tell(&rec->link, &take->tale);
}

void take_tell_recording(struct recorder *rec, struct take *take)
{
    tell(rec, take, REC_IS_RECORDING, "");
}

/* ---- Sources ---- */

static void add_sources(struct recorder *rec, struct take *take)
{
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++) {
        struct source *s = &take->sources[kind];
        s->take = take;
        s->ring = -1;
        if (!take->put.sources[kind].stream)
            continue;
        if (find_source(rec, take->put.sources[kind].stream)) {
            LOG_RL(WARN, REC, "a stream belongs to two takes stream_name=%s", take->put.stream_name);
            continue;
        }
        s->stream = take->put.sources[kind].stream;
        HASH_ADD(hh, rec->sources, stream, sizeof(s->stream), s);
    }
}

static void drop_sources(struct recorder *rec, struct take *take)
{
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++) {
        struct source *s = &take->sources[kind];
        if (s->stream)
            HASH_DEL(rec->sources, s);
        s->stream = 0;
    }
}

static void watch_keyframes(struct recorder *rec, struct source *s, const struct tap_record *r)
{
    enum codec codec = s->take->put.sources[MEDIA_VIDEO].codec;
    if (keyframes_take(&s->keyframes, r, codec, rec->conf->record_keyframe_interval_ms * INT64_C(1000)))
        link_wish_keyframe(&rec->link, s->stream);
}

void take_on_record(struct recorder *rec, uint32_t ring, const struct tap_record *r)
{
    struct source *s = find_source(rec, r->stream);
    if (!s || (r->type != TAP_RTP && r->type != TAP_SR))
        return; /* of a take that has just ended, or is yet to be put */
    s->ring = ring;
    capture_put(s->take->capture, r);
    if (s == &s->take->sources[MEDIA_VIDEO] && r->type == TAP_RTP)
        watch_keyframes(rec, s, r);
}

static bool comes_from(const struct take *take, uint32_t ring)
{
    return take->sources[MEDIA_AUDIO].ring == ring || take->sources[MEDIA_VIDEO].ring == ring;
}

void take_on_lost(struct recorder *rec, uint32_t ring, uint64_t records)
{
    struct take *take, *next;
    LOG_RL(WARN, REC, "the recorder was too slow: copies are lost records=%llu", (unsigned long long)records);
    HASH_ITER (hh, rec->takes, take, next) {
        if (take->phase == TAKE_LIVE && comes_from(take, ring))
            capture_put_lost(take->capture, records, rec->now_us);
    }
}

/* ---- Life ---- */

static struct take *add(struct recorder *rec, struct room *room, const struct rec_take_put *m)
{
    struct take *take = calloc(1, sizeof(*take));
    if (!take)
        abort();
    take->id = m->id;
    take->room = room;
    take->put = *m;
    strcpy(take->file, m->file);
    LIST_INSERT_HEAD(&room->takes, take, in_room);
    HASH_ADD(hh, rec->takes, id, sizeof(take->id), take);
    return take;
}

static void start(struct recorder *rec, struct take *take, bool again)
{
    take->phase = TAKE_LIVE;
    take->start_unix_us = unix_us();
    take->clock_us = rec->now_us + CAPTURE_CLOCK_US;
    take->capture = capture_create(&rec->captures, &take->put, &take->room->put, again, rec->now_us, take);
    add_sources(rec, take);
    rec->poll_us = rec->now_us;
    if (take->sources[MEDIA_VIDEO].stream)
        link_wish_keyframe(&rec->link, take->sources[MEDIA_VIDEO].stream);
    take_tell_recording(rec, take);
    LOG_EVENT(INFO, REC, "recording room=%s login=%s stream_name=%s", take->room->put.name, take->put.login,
              take->put.stream_name);
}

void take_put(struct recorder *rec, const struct rec_take_put *m)
{
    struct take *take = take_find(rec, m->id);
    struct room *room = room_find(rec, m->room);
    if (take) {
        take->seen = true;
    } else if (room && !room->ended) {
        take = add(rec, room, m);
        take->seen = true;
        start(rec, take, false);
    } else {
        LOG_RL(WARN, REC, "a take of no room is left out stream_name=%s", m->stream_name);
    }
}

void take_end(struct recorder *rec, struct take *take, const char *file, const char *why)
{
    if (take->phase != TAKE_LIVE)
        return;
    if (*file)
        strcpy(take->file, file);
    take->phase = TAKE_CLOSING;
    drop_sources(rec, take);
    capture_close(take->capture, file, why, rec->now_us);
    tell(rec, take, REC_IS_FINISHING, "");
    LOG_EVENT(INFO, REC, "recorded room=%s stream_name=%s kbytes=%llu why=%s", take->room->put.name,
              take->put.stream_name, (unsigned long long)(capture_bytes(take->capture) >> 10), why);
}

void take_on_error(struct recorder *rec, struct take *take, int err)
{
    LOG_ERROR(REC, "recording failed stream_name=%s error=%s", take->put.stream_name, strerror(-err));
    take_end(rec, take, "", strerror(-err));
    tell(rec, take, REC_IS_FAILED, strerror(-err));
}

void take_on_closed(struct recorder *rec, struct take *take)
{
    take->capture = NULL;
    take->phase = TAKE_CAPTURED;
}

void take_flush(struct recorder *rec, struct take *take)
{
    if (take->phase != TAKE_LIVE)
        return;
    if (rec->now_us >= take->clock_us) {
        take->clock_us = rec->now_us + CAPTURE_CLOCK_US;
        capture_put_clock(take->capture, rec->now_us);
    }
    capture_flush(take->capture);
}

void take_destroy(struct recorder *rec, struct take *take)
{
    assert(!take->capture);
    drop_sources(rec, take);
    link_forget(&rec->link, &take->tale);
    LIST_REMOVE(take, in_room);
    HASH_DEL(rec->takes, take);
    free(take);
}
