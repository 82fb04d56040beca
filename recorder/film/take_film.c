/* SPDX-License-Identifier: MIT */
/* A take's own file: picture as it came, sound as the container wants it. It starts with the take's first unit; picture
 * that came later stays later. */
#include <errno.h>

#include "common/rec_proto.h"
#include "recorder/film/copy.h"
#include "recorder/film/film.h"
#include "recorder/film/job.h"
#include "recorder/film/mux.h"
#include "recorder/film/sound.h"
#include "recorder/film/span.h"

struct reel { /* of one film */
    struct take *take;
    const char *name;
    struct span span;
    struct feed *feeds[MEDIA_KINDS];
    unsigned n;
};

static int add_picture(struct job *job, struct reel *r)
{
    struct feed *f;
    int err = copy_create(r->take, MEDIA_VIDEO, r->span.start_us, &f);
    if (err || !f)
        return err;
    r->feeds[r->n++] = f;
    if (!mux_takes(r->name, f->par->codec_id))
        return job_fail(job, -EINVAL, "no %s in %s", avcodec_get_name(f->par->codec_id), r->name);
    return 0;
}

/* As it is where the container takes that, else continuous in the container's own codec. */
static int add_sound(struct reel *r)
{
    enum AVCodecID codec = feed_codec(take_track(r->take, MEDIA_AUDIO)->codec);
    if (codec == AV_CODEC_ID_NONE)
        return 0;
    int64_t zero_us = r->span.start_us, length_us = r->span.end_us - r->span.start_us;
    struct feed *f = NULL;
    int err;
    if (mux_takes(r->name, codec))
        err = copy_create(r->take, MEDIA_AUDIO, zero_us, &f);
    else if (mux_takes(r->name, AV_CODEC_ID_AAC))
        err = sound_create(r->take, zero_us, length_us, AV_CODEC_ID_AAC, 0, &f);
    else
        err = sound_create(r->take, zero_us, length_us, AV_CODEC_ID_OPUS, 0, &f);
    if (f)
        r->feeds[r->n++] = f;
    return err;
}

static int write_film(struct job *job, struct reel *r)
{
    const struct take_about *about = take_about(r->take);
    struct sidecar_take takes[] = {{r->take, r->span.start_us}};
    struct sidecar side = {.name = r->name,
                           .room = about->room,
                           .takes = takes,
                           .n = 1,
                           .start_unix_us = r->span.start_us + about->unix_offset_us,
                           .length_us = r->span.end_us - r->span.start_us};
    struct film film = {.dir = job->records,
                        .name = r->name,
                        .feeds = r->feeds,
                        .n = r->n,
                        .length_us = side.length_us,
                        .progress = &job->progress};
    return job_write(job, &film, &side);
}

static int make(struct job *job, struct reel *r)
{
    r->name = take_about(r->take)->file;
    r->span = span_of_units(r->take);
    if (!rec_file_name_ok(r->name))
        return job_fail(job, -EINVAL, "no file name");
    int err = add_picture(job, r);
    if (!err)
        err = add_sound(r);
    if (!err && !r->n)
        err = JOB_NOTHING;
    return err ? err : write_film(job, r);
}

int job_take(struct job *job)
{
    const char *why;
    struct reel r = {.take = take_open(job->path, &why)};
    if (!r.take)
        return job_fail(job, JOB_NOTHING, "%s", why);
    int err = make(job, &r);
    for (unsigned i = 0; i < r.n; i++)
        feed_destroy(r.feeds[i]);
    take_close(r.take);
    return err;
}
