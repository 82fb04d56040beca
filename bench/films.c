/* SPDX-License-Identifier: MIT */
/* What making films of captures costs: finisher and mixer as they are built, over takes of 720p at 30 pictures/s and
 * 1.5 Mbit/s with Opus. CPU time for a packet of the captures; the ceiling is copying their bytes once and writing
 * them. Figures: how many seconds of media a second of one core makes (of each take; of the room for room and mix), and
 * the process's largest memory. */
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/copied.h"
#include "common/capture.h"
#include "common/util.h"
#include "tests/film/scene.h"

#define SECONDS  20
#define PEOPLE   4
#define ROOM_ID  "0000000000000009"
#define FINISHER "recorder/film/roomline-finisher"
#define MIXER    "recorder/mix/roomline-mixer"

extern char **environ;

struct set { /* takes of one room */
    char folder[PATH_MAX], room[PATH_MAX + 32], first[PATH_MAX + 64];
    uint64_t packets, bytes;
};

struct spent {
    double cpu_ns;
    long rss_kb;
};

static void run(struct spent *spent, const char *program, char *const *args)
{
    const char *build = getenv("ROOMLINE_BUILD");
    char path[PATH_MAX];
    struct rusage usage;
    posix_spawn_file_actions_t quiet;
    pid_t pid;
    int status = -1;
    snprintf(path, sizeof(path), "%s/%s", build ? build : "build", program);
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid, path, &quiet, NULL, args, environ) || wait4(pid, &status, 0, &usage) != pid || status) {
        fprintf(stderr, "bench-films: %s failed, status %d\n", path, status);
        exit(1);
    }
    posix_spawn_file_actions_destroy(&quiet);
    spent->cpu_ns = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
                    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
    spent->rss_kb = usage.ru_maxrss;
}

static void say_room(const struct set *set)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof(path), "%s/room.json", set->room);
    FILE *f = fopen(path, "we");
    if (!f ||
        fputs("{\"room_id\":\"" ROOM_ID "\",\"room\":\"r\",\"file\":\"room.mkv\",\"whole\":true,\"step\":true}", f) <
            0 ||
        fclose(f)) {
        perror(path);
        exit(1);
    }
}

static void shoot(struct set *set, enum codec video, unsigned people)
{
    strcpy(set->folder, "/tmp/roomline-films-XXXXXX");
    if (!mkdtemp(set->folder))
        abort();
    snprintf(set->room, sizeof(set->room), "%s/%s", set->folder, ROOM_ID);
    mkdir(set->room, 0755);
    say_room(set);
    for (unsigned i = 0; i < people; i++) {
        char path[PATH_MAX + 64], file[32], stream[32];
        struct scene_sent sent;
        struct stat st;
        snprintf(path, sizeof(path), "%s/%u%s", set->room, i, CAPTURE_SUFFIX);
        snprintf(file, sizeof(file), "%u.%s", i, video == CODEC_H264 ? "mp4" : "webm");
        snprintf(stream, sizeof(stream), "person-%u", i);
        const struct scene_take take = {
            .name = {.take = i + 1,
                     .room_id = 9,
                     .room = "r",
                     .login = stream,
                     .stream = stream,
                     .file = file,
                     .own_file = true,
                     .whole = true,
                     .step = true},
            .audio = CODEC_OPUS,
            .video = video,
            .span = {0, SECONDS * INT64_C(1000000)},
            .width = 1280,
            .height = 720,
            .fps = 30,
            .kbps = 1500,
            .grain = 8,
            .key_every_us = 10000000,
            .why = "ended",
            .wire = {.seed = i + 1, .report_period_us = 2000000},
        };
        scene_shoot(&take, path, &sent);
        if (i == 0)
            strcpy(set->first, path);
        for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++)
            set->packets += sent.wire[kind].packets;
        if (stat(path, &st))
            abort();
        set->bytes += (uint64_t)st.st_size;
    }
}

static void drop(const struct set *set)
{
    char *args[] = {"rm", "-rf", (char *)set->folder, NULL};
    pid_t pid;
    int status;
    if (!posix_spawnp(&pid, "rm", NULL, NULL, args, environ))
        waitpid(pid, &status, 0);
}

static void print(const char *name, const struct set *set, unsigned n, unsigned of, const struct spent *spent)
{
    double packets = (double)set->packets * n / of;
    const struct bench_figure figures[] = {
        {"times_real_time", SECONDS * 1e9 / spent->cpu_ns},
        {"rss_mb", (double)spent->rss_kb / 1024},
    };
    bench_print(&(struct bench_row){.bench = "films",
                                    .name = name,
                                    .profile = "",
                                    .size = (uint32_t)(set->bytes / set->packets),
                                    .n = n,
                                    .ns = spent->cpu_ns / packets,
                                    .ceiling_ns = copied_ns(set->bytes * n / of) / packets,
                                    .figures = figures,
                                    .n_figures = ARRAY_SIZE(figures)});
}

static void finish(const char *name, const char *what, struct set *set, unsigned n, unsigned of)
{
    struct spent spent;
    char *args[] = {"roomline-finisher", (char *)what, "--records", set->folder, n == 1 ? set->first : set->room, NULL};
    run(&spent, FINISHER, args);
    print(name, set, n, of, &spent);
}

static void mix(const char *name, struct set *set)
{
    struct spent spent;
    char path[PATH_MAX + 64];
    snprintf(path, sizeof(path), "%s/room.mkv", set->folder);
    char *args[] = {"roomline-mixer", "--progress", "none", path, NULL};
    run(&spent, MIXER, args);
    print(name, set, PEOPLE, PEOPLE, &spent);
}

int main(int argc, char **argv)
{
    static struct set h264, vp8;
    bench_start(argc, argv, "Films: CPU time for a packet of the captures; n: takes", 5);
    shoot(&h264, CODEC_H264, PEOPLE);
    shoot(&vp8, CODEC_VP8, 1);
    finish("H.264 and Opus to mp4 with AAC", "take", &h264, 1, PEOPLE);
    finish("VP8 and Opus to webm", "take", &vp8, 1, 1);
    finish("four in step, mp4", "step", &h264, PEOPLE, PEOPLE);
    finish("four into one mkv", "room", &h264, PEOPLE, PEOPLE);
    mix("that mixed onto 1280x720", &h264);
    bench_finish();
    drop(&h264);
    drop(&vp8);
    return 0;
}
