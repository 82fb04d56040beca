/* SPDX-License-Identifier: MIT */
/* take: one pass over the capture for every fact, then units on demand. */
#include "recorder/film/take.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/film/track.h"

struct take {
    struct capture_read capture;
    struct meta meta;
    struct meta_end end;
    struct take_about about;
    struct track *tracks[MEDIA_KINDS];
    struct sync *sync;
    bool has_clock, has_start;
};

static void see_clock(struct take *t, const struct tap_record *r)
{
    struct tap_clock clock;
    if (t->has_clock || r->body_bytes != sizeof(clock))
        return;
    memcpy(&clock, r + 1, sizeof(clock));
    t->has_clock = true;
    t->about.unix_offset_us = (int64_t)((uint64_t)clock.unix_us - (uint64_t)clock.monotonic_us);
}

static void see_lost(struct take *t, const struct tap_record *r)
{
    struct tap_lost lost;
    if (r->body_bytes != sizeof(lost))
        return;
    memcpy(&lost, r + 1, sizeof(lost));
    t->about.lost_records += lost.records;
}

static void see_end(struct take *t, const struct tap_record *r)
{
    struct meta_end end;
    if (meta_end_parse(&end, (const char *)(r + 1), r->body_bytes) < 0)
        return;
    meta_end_finish(&t->end);
    t->end = end;
    t->about.closed = true;
}

static void see_report(struct take *t, const struct tap_record *r)
{
    struct tap_sr sr;
    if (r->body_bytes != sizeof(sr))
        return;
    memcpy(&sr, r + 1, sizeof(sr));
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++)
        if (t->tracks[kind]->clock && t->tracks[kind]->about.stream == r->stream) {
            t->tracks[kind]->about.sender_reports++;
            sync_see(t->sync, kind, &sr, r->rx_us);
        }
}

static void see_media(struct take *t, const struct tap_record *r)
{
    for (int kind = 0; kind < MEDIA_KINDS; kind++)
        track_see(t->tracks[kind], r);
    if (!t->has_start)
        t->about.start_us = r->rx_us;
    t->has_start = true;
    t->about.end_us = r->rx_us > t->about.end_us ? r->rx_us : t->about.end_us;
}

static void see_all(struct take *t)
{
    const struct tap_record *r;
    for (size_t at = 0; (r = capture_read_next(&t->capture, &at));)
        switch ((enum tap_type)r->type) {
        case TAP_CLOCK:
            see_clock(t, r);
            break;
        case TAP_LOST:
            see_lost(t, r);
            break;
        case TAP_END:
            see_end(t, r);
            break;
        case TAP_SR:
            see_report(t, r);
            see_media(t, r);
            break;
        case TAP_RTP:
            see_media(t, r);
            break;
        case TAP_PAD:
        case TAP_META:
        case TAP_TYPE_COUNT:
            break;
        }
}

static void settle(struct take *t)
{
    struct clock *clocks[MEDIA_KINDS];
    for (int kind = 0; kind < MEDIA_KINDS; kind++) {
        clocks[kind] = t->tracks[kind]->clock;
        if (clocks[kind])
            clock_settle(clocks[kind]);
    }
    sync_settle(t->sync, clocks);
    for (int kind = 0; kind < MEDIA_KINDS; kind++)
        track_settle(t->tracks[kind], t->sync);
}

static void tell_about(struct take *t)
{
    const struct meta *m = &t->meta;
    const struct meta_end *end = &t->end;
    struct take_about *a = &t->about;
    a->room = m->room;
    a->login = m->login;
    a->stream_name = m->stream_name;
    a->media_session_id = m->media_session_id;
    a->file = a->closed && end->file[0] ? end->file : m->file;
    a->why = a->closed ? end->why : "salvaged";
    a->id = m->id;
    a->room_id = m->room_id;
    a->own_file = m->own_file;
    a->whole = m->whole;
    a->step = m->step;
}

static bool read_meta(struct take *t)
{
    size_t at = 0;
    const struct tap_record *r = capture_read_next(&t->capture, &at);
    return r && r->type == TAP_META && meta_parse(&t->meta, (const char *)(r + 1), r->body_bytes) == 0;
}

struct take *take_open(const char *path, const char **why)
{
    struct take *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    int err = capture_read_open(&t->capture, path);
    if (err < 0) {
        *why = err == -EBADMSG ? "not a capture file" : strerrordesc_np(-err);
        goto fail;
    }
    if (!read_meta(t)) {
        *why = "the capture file does not say whose it is";
        goto fail;
    }
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++)
        t->tracks[kind] = track_create(&t->capture, &t->meta.tracks[kind], kind);
    t->sync = sync_create();
    see_all(t);
    settle(t);
    tell_about(t);
    return t;
fail:
    take_close(t);
    return NULL;
}

void take_close(struct take *t)
{
    for (int kind = 0; kind < MEDIA_KINDS; kind++)
        track_destroy(t->tracks[kind]);
    sync_destroy(t->sync);
    meta_finish(&t->meta);
    meta_end_finish(&t->end);
    capture_read_close(&t->capture);
    free(t);
}

const struct take_about *take_about(const struct take *t)
{
    return &t->about;
}

const struct take_track *take_track(const struct take *t, enum media_kind kind)
{
    return &t->tracks[kind]->about;
}

bool take_next(struct take *t, enum media_kind kind, struct unit *u)
{
    return track_next(t->tracks[kind], u);
}

void take_rewind(struct take *t, enum media_kind kind)
{
    track_rewind(t->tracks[kind]);
}
