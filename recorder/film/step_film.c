/* SPDX-License-Identifier: MIT */
/* The takes' own files in step: all as long as the room, from its first publish to its last end, each with one track of
 * picture and one of sound that never pause; what happened at one moment is at one time in all of them. Time in which
 * nobody published is left out, in all alike. */
#include <errno.h>
#include <stdlib.h>

#include "common/rec_proto.h"
#include "common/util.h"
#include "recorder/film/film.h"
#include "recorder/film/job.h"
#include "recorder/film/mux.h"
#include "recorder/film/room.h"
#include "recorder/film/sound.h"
#include "recorder/film/steady.h"

#define STEREO 2 /* in all files: tools that merge channels then put every voice in the middle, none to one side */

struct reel { /* of one take */
    const struct room_take *take;
    const char *name;
    struct steady_span span;
    struct feed *feeds[MEDIA_KINDS];
    unsigned n;
};

static int add_feeds(struct job *job, struct reel *r)
{
    bool h264 = mux_takes(r->name, AV_CODEC_ID_H264);
    int err = steady_create(r->take->take, &r->span, h264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_VP8, &r->feeds[r->n]);
    if (err)
        return err;
    enum AVCodecID picture = r->feeds[r->n++]->par->codec_id;
    if (!mux_takes(r->name, picture))
        return job_fail(job, -EINVAL, "no %s in %s", avcodec_get_name(picture), r->name);
    err = sound_create(r->take->take, r->span.zero_us, r->span.length_us,
                       picture == AV_CODEC_ID_H264 ? AV_CODEC_ID_AAC : AV_CODEC_ID_OPUS, STEREO, &r->feeds[r->n]);
    r->n += !err;
    return err;
}

static int write_film(struct job *job, struct reel *r)
{
    const struct take_about *about = take_about(r->take->take);
    struct sidecar_take takes[] = {{r->take->take, r->span.zero_us}};
    struct sidecar side = {.name = r->name,
                           .room = about->room,
                           .takes = takes,
                           .n = 1,
                           .start_unix_us = r->span.zero_us + about->unix_offset_us,
                           .length_us = r->span.length_us};
    struct film film = {.dir = job->records,
                        .name = r->name,
                        .feeds = r->feeds,
                        .n = r->n,
                        .length_us = r->span.length_us,
                        .progress = &job->progress};
    return job_write(job, &film, &side);
}

static int make(struct job *job, const struct room *room, unsigned i, int64_t length_us)
{
    const struct room_take *t = &room->takes[i];
    struct reel r = {.take = t, .name = take_about(t->take)->file};
    int64_t zero_us = room_span(room).start_us + room_idle_us(room, i);
    r.span = (struct steady_span){zero_us, t->alive.end_us - zero_us, length_us};
    if (!rec_file_name_ok(r.name))
        return job_fail(job, -EINVAL, "no file name");
    int err = add_feeds(job, &r);
    if (!err)
        err = write_film(job, &r);
    for (unsigned k = 0; k < r.n; k++)
        feed_destroy(r.feeds[k]);
    return err;
}

static int make_all(struct job *job, const struct room *room)
{
    struct span all = room_span(room);
    int64_t length_us = all.end_us - all.start_us - room_idle_us(room, room->n);
    job->progress.parts = 0;
    for (unsigned i = 0; i < room->n; i++)
        job->progress.parts += take_about(room->takes[i].take)->own_file;
    for (unsigned i = 0; i < room->n; i++) {
        if (!take_about(room->takes[i].take)->own_file)
            continue;
        int err = make(job, room, i, length_us);
        if (err)
            return err;
        job->progress.part++;
    }
    return job->progress.parts ? 0 : JOB_NOTHING;
}

int job_step(struct job *job)
{
    struct room room;
    int err = room_open(&room, job);
    if (!err)
        err = make_all(job, &room);
    room_close(&room);
    return err;
}
