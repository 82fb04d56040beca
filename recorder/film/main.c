/* SPDX-License-Identifier: MIT */
/* roomline-finisher: makes films of what the recorder captured.
 *
 *     roomline-finisher take --records DIR CAPTURE    the file of one take
 *     roomline-finisher room --records DIR ROOMDIR    one file with all tracks of a room
 *     roomline-finisher step --records DIR ROOMDIR    the takes' files, of equal length and in step
 *
 * Status: 0, 1 failed, 2 nothing in it that can be shown, 3 disk full, 64 wrong usage. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <libavutil/error.h>
#include <libavutil/log.h>

#include "common/util.h"
#include "recorder/film/job.h"

enum { STATUS_FAILED = 1, STATUS_NOTHING = 2, STATUS_DISK_FULL = 3, STATUS_USAGE = 64 };

static const struct {
    const char *word;
    int (*run)(struct job *job);
} jobs[] = {{"take", job_take}, {"room", job_room}, {"step", job_step}};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static int status_of(const struct job *job, int r)
{
    if (!r)
        return 0;
    char text[AV_ERROR_MAX_STRING_SIZE];
    av_strerror(r, text, sizeof(text));
    fprintf(stderr, "roomline-finisher: %s: %s%s%s\n", job->path, r == JOB_NOTHING ? "nothing to show" : text,
            *job->why ? ": " : "", job->why);
    return r == -ENOSPC || r == -EDQUOT ? STATUS_DISK_FULL : r == JOB_NOTHING ? STATUS_NOTHING : STATUS_FAILED;
}

int main(int argc, char **argv)
{
    av_log_set_level(AV_LOG_QUIET); /* of broken streams FFmpeg has much to say */
    for (size_t i = 0; argc == 5 && i < ARRAY_SIZE(jobs); i++) {
        if (strcmp(argv[1], jobs[i].word) != 0 || strcmp(argv[2], "--records") != 0)
            continue;
        struct job job = {
            .records = argv[3], .path = argv[4], .progress = {.out = stdout, .now_us = now_us, .parts = 1}};
        return status_of(&job, jobs[i].run(&job));
    }
    fprintf(stderr, "usage: roomline-finisher take|room|step --records DIR CAPTURE|ROOMDIR\n");
    return STATUS_USAGE;
}
