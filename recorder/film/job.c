/* SPDX-License-Identifier: MIT */
/* What the jobs have in common. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "recorder/film/disk.h"
#include "recorder/film/job.h"
#include "recorder/film/mux.h"
#include "recorder/film/sound.h"

int job_fail(struct job *job, int r, const char *format, ...)
{
    if (*job->why)
        return r;
    va_list args;
    va_start(args, format);
    vsnprintf(job->why, sizeof(job->why), format, args);
    va_end(args);
    return r;
}

static void say(const struct job *job, const struct sidecar *s)
{
    if (!job->progress.out)
        return;
    json_t *o = json_pack("{s:s, s:I, s:I, s:I}", "file", s->name, "bytes", (json_int_t)s->bytes, "duration_ms",
                          (json_int_t)(s->length_us / 1000), "start_unix_ms", (json_int_t)(s->start_unix_us / 1000));
    if (o && !s->of_room) {
        char id[17];
        snprintf(id, sizeof(id), "%016llx", (unsigned long long)take_about(s->takes[0].take)->id);
        json_object_set_new(o, "take", json_string(id));
    }
    char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;
    if (line)
        fprintf(job->progress.out, "%s\n", line);
    fflush(job->progress.out);
    free(line);
    json_decref(o);
}

/* A film that did not come to be leaves the side-car of the one that is there, or none. */
static void put_back(const struct job *job, const char *side_name, const char *text)
{
    if (!text || disk_put(job->records, side_name, text))
        disk_remove(job->records, side_name);
}

int job_write(struct job *job, const struct film *film, struct sidecar *side)
{
    char *side_name = disk_path("", side->name, ".json");
    if (!side_name)
        return -ENOMEM;
    char *before = disk_get(job->records, side_name + 1);
    int r = sidecar_write(job->records, side, SIDECAR_FINISHING);
    if (!r)
        r = film_write(film, &side->bytes);
    if (r)
        put_back(job, side_name + 1, before);
    else
        r = sidecar_write(job->records, side, SIDECAR_READY);
    if (!r)
        say(job, side);
    free(before);
    free(side_name);
    return r;
}
