/* SPDX-License-Identifier: MIT */
/* The loop that lets time run: at each tick the sound until the next one, then the picture. */
#include "recorder/mix/mix.h"

#include <errno.h>
#include <libavutil/parseutils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/utf8.h"
#include "common/util.h"
#include "recorder/film/disk.h"
#include "recorder/film/faststart.h"
#include "recorder/mix/compose.h"
#include "recorder/mix/mixed_name.h"
#include "recorder/mix/output.h"
#include "recorder/mix/scene.h"
#include "recorder/mix/sidecar.h"
#include "recorder/mix/sound.h"
#include "recorder/mix/source.h"
#include "recorder/mix/speaker.h"

#define SECOND_US INT64_C(1000000)

struct mix {
    const struct config *config;
    struct source *source;
    struct scene *scene;
    struct sound *sound;     /* NULL: neither heard nor needed to know who speaks */
    struct compose *compose; /* NULL: no picture */
    struct speaker speaker;
    struct output *output;
    float *power; /* of each person */
    AVFrame *frame;
    int64_t heard; /* samples mixed so far */
    int64_t duration_us;
};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND_US + t.tv_nsec / 1000;
}

static bool needs_sound(const struct config *config)
{
    return config->has_audio || config->layout == CONFIG_LAYOUT_SPEAKER;
}

static void add_tracks(struct mix *m)
{
    for (size_t i = 0; i < source_tracks(m->source); i++) {
        const struct source_track *t = source_track(m->source, i);
        scene_add(m->scene, t, i);
        if (t->kind == MEDIA_VIDEO ? !m->config->has_video : !needs_sound(m->config))
            source_ignore(m->source, i);
    }
}

static int prepare(struct mix *m)
{
    m->scene = scene_create(m->config, source_tracks(m->source));
    if (!m->scene)
        return -ENOMEM;
    add_tracks(m);
    size_t people = scene_people(m->scene);
    m->power = calloc(people, sizeof(*m->power));
    m->frame = av_frame_alloc();
    if (needs_sound(m->config))
        m->sound = sound_create(m->source, m->scene);
    if (m->config->has_video)
        m->compose = compose_create(m->config, m->scene);
    bool ok = m->power && m->frame && (m->sound || !needs_sound(m->config)) && (m->compose || !m->config->has_video);
    return ok ? speaker_init(&m->speaker, people) : -ENOMEM;
}

static void finish(struct mix *m)
{
    output_destroy(m->output);
    compose_destroy(m->compose);
    sound_destroy(m->sound);
    speaker_finish(&m->speaker);
    scene_destroy(m->scene);
    source_close(m->source);
    av_frame_free(&m->frame);
    free(m->power);
}

/* Mixes sound up to this time: whole blocks, but for the last one of all. */
static int hear(struct mix *m, int64_t until_us)
{
    float left[SOUND_BLOCK], right[SOUND_BLOCK], *channels[] = {left, right};
    int64_t until = av_rescale(until_us, VOICE_RATE, SECOND_US),
            all = av_rescale(m->duration_us, VOICE_RATE, SECOND_US);
    while (m->heard < until) {
        size_t n = (size_t)MIN(SOUND_BLOCK, all - m->heard);
        sound_read(m->sound, channels);
        m->heard += SOUND_BLOCK;
        int rc = m->config->has_audio ? output_sound(m->output, channels, n) : 0;
        if (rc)
            return rc;
    }
    return 0;
}

static size_t find_speaker(struct mix *m, int64_t at_us)
{
    sound_power(m->sound, m->power);
    for (size_t i = 0; i < scene_people(m->scene); i++) {
        const struct scene_person *p = scene_person(m->scene, i);
        if (at_us < p->start_us || at_us >= p->end_us)
            m->power[i] = -1;
    }
    return speaker_update(&m->speaker, at_us, m->power);
}

/* The newest picture that is due becomes the person's. */
static void look_at(struct mix *m, size_t person, int64_t until_us)
{
    size_t track = scene_person(m->scene, person)->video;
    bool fresh = false;
    AVFrame *newest = m->frame;
    if (track == SCENE_NONE)
        return;
    while (source_next(m->source, track, until_us, newest))
        fresh = true;
    if (fresh)
        compose_picture(m->compose, person, newest);
}

/* Who is gone for good needs no decoder any more. */
static void forget_gone(struct mix *m, int64_t at_us)
{
    for (size_t i = 0; i < scene_people(m->scene); i++) {
        const struct scene_person *p = scene_person(m->scene, i);
        if (p->end_us <= at_us && p->video != SCENE_NONE)
            source_ignore(m->source, p->video);
    }
}

/* The picture at this time. Of each input the frame nearest to it is taken, so that on the whole none comes late. */
static int look(struct mix *m, int64_t at_us, int64_t tick_us)
{
    bool changed;
    size_t n, speaker = m->config->layout == CONFIG_LAYOUT_SPEAKER ? find_speaker(m, at_us) : SPEAKER_NONE;
    const struct scene_tile *tiles = scene_at(m->scene, at_us, speaker, &n, &changed);
    if (changed) {
        compose_arrange(m->compose, tiles, n);
        forget_gone(m, at_us);
    }
    for (size_t i = 0; i < n; i++)
        look_at(m, tiles[i].person, at_us + tick_us / 2);
    const AVFrame *picture = compose_draw(m->compose);
    return picture ? output_picture(m->output, picture) : -ENOMEM;
}

static int run(struct mix *m, const struct mix_job *job)
{
    struct progress progress;
    int fps = (int)m->config->fps, rc = 0;
    progress_init(&progress, job->progress, now_us());
    for (int64_t tick = 0, at_us = 0; at_us < m->duration_us && !rc; tick++) {
        int64_t next_us = MIN((tick + 1) * SECOND_US / fps, m->duration_us);
        if (m->sound)
            rc = hear(m, next_us);
        if (!rc && m->compose)
            rc = look(m, at_us, SECOND_US / fps);
        at_us = next_us;
        if (*job->stop)
            rc = -EINTR;
        progress_show(&progress, now_us(), at_us, m->duration_us);
    }
    return rc ? rc : output_finish(m->output);
}

static int64_t parse_date(const char *text)
{
    int64_t us;
    return text && av_parse_time(&us, text, 0) >= 0 && us > 0 ? us / 1000 : 0;
}

static const char *room_name(const struct source *source)
{
    const char *room = source_tag(source, "TITLE");
    return room && utf8_valid((const uint8_t *)room, strlen(room)) ? room : "";
}

/* part -> the file under its name, by way of a copy that nobody sees. */
static int publish(const struct mix *m, const char *part, struct mix_result *result)
{
    char copy[MIX_PATH_BYTES], dir[MIX_PATH_BYTES];
    const char *slash = strrchr(result->path, '/'), *name = slash ? slash + 1 : result->path;
    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(name - result->path) : 1, slash ? result->path : ".");
    if (snprintf(copy, sizeof(copy), "%s/.%s.part", dir, name) >= (int)sizeof(copy))
        return -ENAMETOOLONG;
    struct faststart about = {.samples = output_packets(m->output), .length_us = m->duration_us};
    uint64_t bytes;
    int rc = faststart_write(part, copy, &about);
    if (!rc)
        rc = disk_settle(copy, dir, name, &bytes);
    if (rc)
        unlink(copy);
    else
        result->bytes = (int64_t)bytes;
    return rc;
}

static int make_file(struct mix *m, const struct mix_job *job, struct mix_result *result)
{
    char part[MIX_PATH_BYTES];
    if (snprintf(part, sizeof(part), "%s.part", result->path) >= (int)sizeof(part))
        return -ENAMETOOLONG;
    int rc = output_create(&m->output, part, m->config, source_tag(m->source, "TITLE"));
    if (!rc)
        rc = run(m, job);
    if (!rc)
        rc = publish(m, part, result);
    unlink(part);
    return rc;
}

static int make(struct mix *m, const struct mix_job *job, struct mix_result *result)
{
    struct sidecar sidecar = {
        .path = result->path,
        .room = room_name(m->source),
        .start_unix_ms = result->start_unix_ms,
        .duration_ms = result->duration_ms,
        .bytes = -1,
    };
    int rc = sidecar_write(&sidecar, m->scene);
    if (!rc)
        rc = make_file(m, job, result);
    if (rc) {
        sidecar_remove(result->path);
        return rc;
    }
    sidecar.bytes = result->bytes;
    return sidecar_write(&sidecar, m->scene);
}

static void explain(int rc, char *err)
{
    if (rc == -ENODATA)
        snprintf(err, MIX_ERR_BYTES, "nothing in it has a duration");
    else if (rc == -EINTR)
        snprintf(err, MIX_ERR_BYTES, "stopped");
    else
        av_strerror(rc, err, MIX_ERR_BYTES);
}

static int name_result(const struct mix_job *job, char *path)
{
    if (!job->out)
        return mixed_name_write(path, MIX_PATH_BYTES, job->file);
    return snprintf(path, MIX_PATH_BYTES, "%s", job->out) < MIX_PATH_BYTES ? 0 : -ENAMETOOLONG;
}

int mix_run(const struct mix_job *job, struct mix_result *result, char *err)
{
    struct mix m = {.config = job->config};
    char why[SOURCE_ERR_BYTES] = "";
    *result = (struct mix_result){0};
    m.source = source_open(job->file, (int)job->config->threads, why);
    if (!m.source) {
        snprintf(err, MIX_ERR_BYTES, "%s", why);
        return -EINVAL;
    }
    m.duration_us = source_duration_us(m.source);
    result->duration_ms = m.duration_us / 1000;
    result->start_unix_ms = parse_date(source_tag(m.source, "DATE_RECORDED"));
    int rc = m.duration_us > 0 ? name_result(job, result->path) : -ENODATA;
    if (!rc)
        rc = prepare(&m);
    if (!rc)
        rc = make(&m, job, result);
    if (rc)
        explain(rc, err);
    finish(&m);
    return rc;
}
