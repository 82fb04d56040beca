/* SPDX-License-Identifier: MIT */
/* take: from PUT to END, and the records in between. */
#include "recorder/take.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "recorder/disk.h"
#include "recorder/outcome.h"
#include "recorder/recorder.h"
#include "recorder/room.h"
#include "recorder/salvage.h"

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

uint64_t take_bytes(const struct take *take)
{
    return take->capture ? capture_bytes(take->capture) : take->bytes;
}

void take_tell(struct recorder *rec, struct take *take, enum rec_state_id state)
{
    struct rec_state *s = &take->tale.state;
    *s = (struct rec_state){.of = REC_OF_TAKE, .state = (uint8_t)state, .id = take->id};
    s->start_unix_us = take->start_unix_us;
    s->bytes = take_bytes(take);
    strcpy(s->stream_name, take->put.stream_name);
    strcpy(s->room, take->room->put.name);
    strcpy(s->file, take->put.flags & REC_FILE ? take->file : "");
    strcpy(s->error, take->error);
    link_tell(&rec->link, &take->tale);
    manifest_touch(&rec->manifest);
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
    s->take->empty = false;
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
    take->empty = true;
    strcpy(take->file, m->file);
    LIST_INSERT_HEAD(&room->takes, take, in_room);
    HASH_ADD(hh, rec->takes, id, sizeof(take->id), take);
    return take;
}

static void start(struct recorder *rec, struct take *take, bool again)
{
    take->phase = TAKE_LIVE;
    take->start_us = rec->now_us;
    take->start_unix_us = recorder_unix_us();
    take->clock_us = rec->now_us + CAPTURE_CLOCK_US;
    take->capture = capture_create(&rec->captures, &take->put, &take->room->put, again, rec->now_us, take);
    add_sources(rec, take);
    rec->poll_us = rec->now_us;
    if (take->sources[MEDIA_VIDEO].stream)
        link_wish_keyframe(&rec->link, take->sources[MEDIA_VIDEO].stream);
    take_tell(rec, take, REC_IS_RECORDING);
    LOG_EVENT(INFO, REC, "recording again=%d room=%s login=%s stream_name=%s", again, take->room->put.name,
              take->put.login, take->put.stream_name);
}

/* There is no room on the disk, and nothing to be captured. */
static void refuse(struct recorder *rec, struct take *take)
{
    take->phase = TAKE_FINISHED;
    take->erased = true;
    snprintf(take->error, sizeof(take->error), "%s", disk_error(-ENOSPC));
    take_tell(rec, take, REC_IS_FAILED);
    LOG_EVENT(WARN, REC, "not recorded, for the disk is full stream_name=%s", take->put.stream_name);
}

void take_put(struct recorder *rec, const struct rec_take_put *m)
{
    struct take *take = take_find(rec, m->id);
    struct room *room = room_find(rec, m->room);
    if (take && take->phase == TAKE_LEFT && take->room->phase == ROOM_LIVE) {
        take->put.flags = m->flags;
        start(rec, take, true);
    } else if (!take && room && room->phase == ROOM_LIVE) {
        take = add(rec, room, m);
        if (recorder_is_full(rec))
            refuse(rec, take);
        else
            start(rec, take, false);
    } else if (!take) {
        LOG_RL(WARN, REC, "a take of no room is left out stream_name=%s", m->stream_name);
        return;
    }
    take->seen = true;
}

void take_leave(struct recorder *rec, const struct rec_take_put *m, enum told told)
{
    struct room *room = room_find(rec, m->room);
    if (take_find(rec, m->id))
        return;
    struct take *take = add(rec, room, m);
    take->phase = told == TOLD_NOTHING ? TAKE_LEFT : TAKE_FINISHED;
    take->marked = told != TOLD_NOTHING;
    take->keep = told == TOLD_FAILED;
    take->empty = false; /* as far as is known */
}

static void close_capture(struct recorder *rec, struct take *take, const char *file, const char *why)
{
    take->phase = TAKE_CLOSING;
    drop_sources(rec, take);
    LOG_EVENT(INFO, REC, "recorded room=%s stream_name=%s kbytes=%llu why=%s", take->room->put.name,
              take->put.stream_name, (unsigned long long)(capture_bytes(take->capture) >> 10), why);
    take->bytes = capture_bytes(take->capture);
    capture_close(take->capture, file, why, rec->now_us);
}

static void on_salvaged(void *arg, const struct salvage *s)
{
    struct recorder *rec = arg;
    struct take *take = take_find(rec, s->take);
    if (rec->stopping)
        return; /* we stop; the next run does it */
    take->phase = s->err ? TAKE_FINISHED : TAKE_CAPTURED;
    take->empty = !s->scan.first_us;
    take->bytes = s->scan.whole;
    LOG_EVENT(INFO, REC, "salvaged stream_name=%s kbytes=%llu error=%s", take->put.stream_name,
              (unsigned long long)(s->scan.whole >> 10), s->err ? strerror(-s->err) : "");
    if (s->err) {
        take->keep = true;
        snprintf(take->error, sizeof(take->error), "%s", disk_error(s->err));
        take_tell(rec, take, REC_IS_FAILED);
    }
    outcome_of_take(rec, take);
}

void take_end(struct recorder *rec, struct take *take, const char *file)
{
    take->over = true;
    if (*file)
        strcpy(take->file, file);
    if (take->phase == TAKE_LIVE) {
        close_capture(rec, take, file, "ended");
        take_tell(rec, take, REC_IS_FINISHING);
    } else if (take->phase == TAKE_LEFT) {
        take->phase = TAKE_CLOSING;
        salvage_start(&rec->workers[HAND_CHORES].hand, rec->records, &rec->stopping, take->room->id, take->id,
                      on_salvaged, rec);
    } else {
        outcome_of_take(rec, take);
    }
}

void take_fail(struct recorder *rec, struct take *take, const char *why)
{
    if (take->phase != TAKE_LIVE)
        return;
    LOG_EVENT(ERROR, REC, "recording fails stream_name=%s reason=%s", take->put.stream_name, why);
    snprintf(take->error, sizeof(take->error), "%s", why);
    close_capture(rec, take, "", why);
    take_tell(rec, take, REC_IS_FAILED);
}

void take_on_error(struct recorder *rec, struct take *take, int err)
{
    take_fail(rec, take, disk_error(err));
}

void take_on_closed(struct recorder *rec, struct take *take, bool written)
{
    take->capture = NULL;
    take->phase = written ? TAKE_CAPTURED : TAKE_FINISHED;
    take->erased = !written;
    if (!rec->stopping)
        outcome_of_take(rec, take);
}

void take_flush(struct recorder *rec, struct take *take)
{
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
