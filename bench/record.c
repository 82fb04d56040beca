/* SPDX-License-Identifier: MIT */
/* What recording costs: the recorder as it is built, fed through the rings with what so many publishers of 720p send
 * (1.5 Mbit/s of video in packets of 1,200 bytes, and 50 packets of sound a second), in real time and several times as
 * fast. CPU time of the whole recorder for a packet that comes; the ceiling is what it takes to copy the same bytes
 * once and to write them to the same folder, 64 kB at a time. Figures: the share of a core, what was lost, and how much
 * the recorder's memory grew from the first second to the last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/copied.h"
#include "common/util.h"
#include "tests/peer/loop.h"
#include "tests/proc/studio.h"

#define TAKES        50
#define ROOM         1
#define VIDEO_BYTES  1200
#define VIDEO_PPS    156 /* 1.5 Mbit/s */
#define AUDIO_BYTES  80
#define AUDIO_PPS    50
#define RING_BYTES   (8u << 20)
#define SECONDS      10
#define SECOND_US    INT64_C(1000000)
#define PACKET_BYTES ((VIDEO_PPS * (VIDEO_BYTES + 32) + AUDIO_PPS * (AUDIO_BYTES + 32)) / (VIDEO_PPS + AUDIO_PPS))

static const struct {
    const char *name;
    int speed;
} cases[] = {{"in real time", 1}, {"ten times as fast", 10}};

struct account {
    uint64_t packets, lost;
    int64_t cpu_us, time_us;
    long rss_kb, grown_kb;
};

static long rss_kb(const struct process *p)
{
    char path[64], line[256];
    long kb = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)p->pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        sscanf(line, "VmRSS: %ld kB", &kb);
    if (f)
        fclose(f);
    return kb;
}

/* One stream's packets up to the one that is due at_us after the start. */
static void send_due(struct studio *s, uint64_t stream, uint32_t bytes, int pps, int64_t at_us, int64_t *next,
                     struct account *a)
{
    for (int64_t due = at_us * pps / SECOND_US; *next < due; ++*next) {
        a->packets++;
        a->lost += !studio_rtp(s, 0, stream, *next, bytes);
    }
}

static void feed(struct studio *s, int speed, struct account *a)
{
    static int64_t next[TAKES][2];
    int64_t start_us = loop_now_us(), at_us = 0, warm_us = SECOND_US;
    memset(next, 0, sizeof(next));
    for (; at_us < SECONDS * SECOND_US; at_us = loop_now_us() - start_us) {
        for (uint64_t k = 0; k < TAKES; k++) {
            send_due(s, STUDIO_VIDEO(k + 1), VIDEO_BYTES, VIDEO_PPS * speed, at_us, &next[k][0], a);
            send_due(s, STUDIO_AUDIO(k + 1), AUDIO_BYTES, AUDIO_PPS * speed, at_us, &next[k][1], a);
        }
        if (at_us >= warm_us && !a->rss_kb)
            a->rss_kb = rss_kb(&s->recorder);
        studio_turn(s, 0);
    }
    a->time_us = at_us;
    a->grown_kb = rss_kb(&s->recorder) - a->rss_kb;
}

static struct account record(int speed)
{
    void *state;
    struct account a = {0};
    if (studio_setup(&state))
        abort();
    struct studio *s = state;
    studio_open_tap(s, 1, RING_BYTES);
    studio_start(s);
    studio_connect(s);
    studio_put_room(s, ROOM, "room", REC_WHOLE, "room.mkv");
    for (uint64_t k = 0; k < TAKES; k++)
        studio_put_take(s, k + 1, ROOM, 0, "");
    studio_sync(s);
    STUDIO_AWAIT(s, 5000, studio_is_tapped(s) && studio_is(s, REC_OF_TAKE, TAKES, REC_IS_RECORDING));
    a.cpu_us = -process_cpu_us(&s->recorder);
    feed(s, speed, &a);
    STUDIO_AWAIT(s, 5000, studio_is_drained(s));
    a.cpu_us += process_cpu_us(&s->recorder);
    studio_close(s);
    studio_teardown(&state);
    return a;
}

int main(int argc, char **argv)
{
    bench_start(argc, argv, "Recording: CPU time of the recorder for a packet; n: takes at a time", ARRAY_SIZE(cases));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct account a = record(cases[i].speed);
        const struct bench_figure figures[] = {
            {"busy", (double)a.cpu_us / (double)a.time_us},
            {"mbit_s", (double)a.packets * PACKET_BYTES * 8 / (double)a.time_us},
            {"lost", (double)a.lost},
            {"rss_mb", (double)(a.rss_kb + a.grown_kb) / 1024},
            {"grown_mb", (double)a.grown_kb / 1024},
        };
        bench_print(&(struct bench_row){.bench = "record",
                                        .name = cases[i].name,
                                        .profile = "",
                                        .size = PACKET_BYTES,
                                        .n = TAKES,
                                        .ns = (double)a.cpu_us * 1e3 / (double)a.packets,
                                        .ceiling_ns = copied_ns(a.packets * PACKET_BYTES) / (double)a.packets,
                                        .figures = figures,
                                        .n_figures = ARRAY_SIZE(figures)});
    }
    bench_finish();
    return 0;
}
