/* SPDX-License-Identifier: MIT */
/* A whole room in one file: every take's tracks as they came, on one clock that starts with the first publish. Late
 * joins, gaps and publishing anew are where they were by their timestamps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/rec_proto.h"
#include "recorder/film/copy.h"
#include "recorder/film/film.h"
#include "recorder/film/mux.h"
#include "recorder/film/room.h"

#define SCREEN_SUFFIX "screenShare" /* of a stream's name: what the stock pages append for a shared screen */
#define DATE_BYTES    32

struct reel {
    struct room room;
    struct span span;
    struct feed **feeds;
    unsigned n;
    struct sidecar_take *takes;
    AVDictionary *tags;
};

static bool is_screen(const char *stream)
{
    size_t bytes = strlen(stream), suffix = strlen(SCREEN_SUFFIX);
    return bytes >= suffix && !strcmp(stream + bytes - suffix, SCREEN_SUFFIX);
}

static void tag(struct feed *f, const struct room_take *t, int64_t zero_us)
{
    const struct take_about *about = take_about(t->take);
    av_dict_set(&f->tags, "title", about->stream_name, 0);
    av_dict_set(&f->tags, "LOGIN", about->login, 0);
    av_dict_set(&f->tags, "STREAM_NAME", about->stream_name, 0);
    av_dict_set(&f->tags, "MEDIA_SESSION_ID", about->media_session_id, 0);
    av_dict_set_int(&f->tags, "START_MS", (t->alive.start_us - zero_us) / 1000, 0);
    av_dict_set_int(&f->tags, "END_MS", (t->alive.end_us - zero_us) / 1000, 0);
    av_dict_set(&f->tags, "KIND", is_screen(about->stream_name) ? "screen" : "camera", 0);
}

static int add_tracks(struct reel *r, unsigned i)
{
    const struct room_take *t = &r->room.takes[i];
    r->takes[i] = (struct sidecar_take){t->take, r->span.start_us};
    for (int kind = MEDIA_KINDS - 1; kind >= 0; kind--) {
        struct feed *f;
        int err = copy_create(t->take, (enum media_kind)kind, r->span.start_us, &f);
        if (err)
            return err;
        if (!f)
            continue;
        tag(f, t, r->span.start_us);
        r->feeds[r->n++] = f;
    }
    return 0;
}

static void tag_film(struct reel *r, int64_t unix_us)
{
    char text[DATE_BYTES];
    time_t s = (time_t)(unix_us / 1000000);
    struct tm tm;
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&s, &tm));
    av_dict_set(&r->tags, "title", r->room.name, 0);
    av_dict_set(&r->tags, "DATE_RECORDED", text, 0);
}

static int check(struct job *job, const struct reel *r)
{
    if (!rec_file_name_ok(r->room.file))
        return job_fail(job, -EINVAL, "room.json names no file");
    for (unsigned i = 0; i < r->n; i++) {
        if (!mux_takes(r->room.file, r->feeds[i]->par->codec_id))
            return job_fail(job, -EINVAL, "no %s in %s", avcodec_get_name(r->feeds[i]->par->codec_id), r->room.file);
    }
    return r->n ? 0 : JOB_NOTHING;
}

static int write_film(struct job *job, struct reel *r)
{
    struct sidecar side = {.name = r->room.file,
                           .room = r->room.name,
                           .of_room = true,
                           .takes = r->takes,
                           .n = r->room.n,
                           .start_unix_us = r->span.start_us + take_about(r->room.takes[0].take)->unix_offset_us,
                           .length_us = r->span.end_us - r->span.start_us};
    struct film film = {.dir = job->records,
                        .name = r->room.file,
                        .feeds = r->feeds,
                        .n = r->n,
                        .length_us = side.length_us,
                        .progress = &job->progress};
    tag_film(r, side.start_unix_us);
    film.tags = r->tags;
    return job_write(job, &film, &side);
}

static int make(struct job *job, struct reel *r)
{
    r->span = room_span(&r->room);
    r->feeds = calloc(r->room.n * MEDIA_KINDS, sizeof(struct feed *));
    r->takes = calloc(r->room.n, sizeof(*r->takes));
    int err = r->feeds && r->takes ? 0 : -ENOMEM;
    for (unsigned i = 0; !err && i < r->room.n; i++)
        err = add_tracks(r, i);
    if (!err)
        err = check(job, r);
    return err ? err : write_film(job, r);
}

int job_room(struct job *job)
{
    struct reel r = {0};
    int err = room_open(&r.room, job);
    if (!err)
        err = make(job, &r);
    for (unsigned i = 0; i < r.n; i++)
        feed_destroy(r.feeds[i]);
    free(r.feeds);
    free(r.takes);
    av_dict_free(&r.tags);
    room_close(&r.room);
    return err;
}
