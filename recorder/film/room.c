/* SPDX-License-Identifier: MIT */
/* Takes of a folder, and when they were alive. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/capture.h"
#include "common/util.h"
#include "recorder/film/disk.h"
#include "recorder/film/room.h"

static int read_about(struct room *r, const char *dir)
{
    char *path = disk_path(dir, "room", ".json");
    json_t *o = path ? json_load_file(path, 0, NULL) : NULL;
    const char *name = json_string_value(json_object_get(o, "room"));
    const char *file = json_string_value(json_object_get(o, "file"));
    r->name = strdup(name ? name : "");
    r->file = strdup(file ? file : "");
    json_decref(o);
    free(path);
    return r->name && r->file ? 0 : -ENOMEM;
}

static int add_take(struct room *r, struct take *t)
{
    const struct take_about *about = take_about(t);
    struct span units = span_of_units(t);
    if (units.end_us == units.start_us) {
        take_close(t);
        return 0;
    }
    struct room_take *takes = realloc(r->takes, (r->n + 1) * sizeof(*takes));
    if (!takes) {
        take_close(t);
        return -ENOMEM;
    }
    r->takes = takes;
    r->takes[r->n++] = (struct room_take){t, {MIN(about->start_us, units.start_us), MAX(about->end_us, units.end_us)}};
    return 0;
}

static int by_start(const void *a, const void *b)
{
    const struct room_take *x = a, *y = b;
    uint64_t x_id = take_about(x->take)->id, y_id = take_about(y->take)->id;
    if (x->alive.start_us != y->alive.start_us)
        return x->alive.start_us < y->alive.start_us ? -1 : 1;
    return x_id < y_id ? -1 : x_id > y_id;
}

static int read_takes(struct room *r, DIR *dir, const char *path)
{
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.'), *why;
        if (!dot || strcmp(dot, CAPTURE_SUFFIX) != 0)
            continue;
        char *file = disk_path(path, entry->d_name, "");
        struct take *t = file ? take_open(file, &why) : NULL;
        int err = t ? add_take(r, t) : file ? 0 : -ENOMEM;
        free(file);
        if (err)
            return err;
    }
    if (!r->n)
        return JOB_NOTHING;
    qsort(r->takes, r->n, sizeof(*r->takes), by_start);
    return 0;
}

int room_open(struct room *r, struct job *job)
{
    *r = (struct room){0};
    DIR *dir = opendir(job->path);
    if (!dir)
        return job_fail(job, -errno, "folder of captures");
    int err = read_about(r, job->path);
    if (!err)
        err = read_takes(r, dir, job->path);
    closedir(dir);
    return err;
}

void room_close(struct room *r)
{
    for (unsigned i = 0; i < r->n; i++)
        take_close(r->takes[i].take);
    free(r->takes);
    free(r->name);
    free(r->file);
    *r = (struct room){0};
}

struct span room_span(const struct room *r)
{
    struct span all = r->takes[0].alive;
    for (unsigned i = 1; i < r->n; i++)
        all.end_us = MAX(all.end_us, r->takes[i].alive.end_us);
    return all;
}

int64_t room_idle_us(const struct room *r, unsigned i)
{
    int64_t idle_us = 0, end_us = r->takes[0].alive.end_us;
    for (unsigned k = 1; k < r->n && k <= i; k++) {
        idle_us += MAX(r->takes[k].alive.start_us - end_us, 0);
        end_us = MAX(end_us, r->takes[k].alive.end_us);
    }
    return idle_us;
}
