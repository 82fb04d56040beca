/* SPDX-License-Identifier: MIT */
/* What a relay on one core does with twice the load it can work off: rooms with one publisher of audio and video each
 * and nine who play it, over memif; so many of them take part as the load wants. First all of them, to see what comes
 * through; then twice that for some seconds; then half of it at once, where nothing should be lost any more when 100 ms
 * have passed. All the time the dataplane's control thread is asked one question after the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/bare.h"
#include "bench/bench.h"
#include "bench/rig.h"

#define ROOMS        320
#define PEOPLE       10
#define FLOWS        2 /* of a room */
#define WARM_US      200000
#define TIME_US      1000000
#define OVERLOAD_US  5000000
#define RECOVERY_US  100000
#define DRAIN_US     200000
#define VERIFY_EVERY 64
#define P99          990000

static const struct rig_conf conf = {
    .over = RIG_OVER_MEMIF,
    .profile = SRTP_PROFILE_AEAD_AES_128_GCM,
    .rooms = ROOMS,
    .people = PEOPLE,
    .publishers = 1,
    .codecs = PEER_SDP_CODEC(CODEC_OPUS) | PEER_SDP_CODEC(CODEC_VP8),
    .shapes = {[MEDIA_AUDIO] = {.packet_bytes = 160, .frame_packets = 1, .interval_us = 20000},
               [MEDIA_VIDEO] = {.packet_bytes = 1200, .frame_packets = 8, .interval_us = 2000}},
};

struct result {
    struct engine_result engine;
    int64_t control_us; /* the slowest answer of the control thread */
};

/* ---- Is the control thread served meanwhile ---- */

struct probe {
    int telemetry;
    int64_t asked_us; /* 0: no question is under way */
    int64_t slowest_us;
};

/* One question at a time, which ctl itself must answer. Looked after by the engine, 10 ms late at most. */
static void probe_turn(void *arg)
{
    static const char question[] = "/roomline/info";
    struct probe *p = arg;
    char answer[16384];
    int64_t now_us = loop_now_us();

    if (p->asked_us) {
        p->slowest_us = MAX(p->slowest_us, now_us - p->asked_us);
        if (recv(p->telemetry, answer, sizeof(answer), MSG_DONTWAIT) <= 0)
            return;
    }
    p->asked_us = send(p->telemetry, question, strlen(question), MSG_DONTWAIT | MSG_NOSIGNAL) > 0 ? now_us : 0;
}

/* ---- Runs ---- */

static void run_rooms(struct rig *rig, uint32_t rooms, int64_t warm_us, int64_t time_us, struct result *r)
{
    static struct probe probe;

    probe.telemetry = rig->world->telemetry;
    probe.slowest_us = 0;
    const struct engine_run run = {.flows = FLOWS * rooms,
                                   .warm_us = warm_us,
                                   .time_us = time_us,
                                   .drain_us = warm_us < WARM_US ? 0 : DRAIN_US,
                                   .verify_every = VERIFY_EVERY,
                                   .on_turn = probe_turn,
                                   .arg = &probe};

    WORLD_CHECK(rig->world, engine_run(rig->engine, &run, &r->engine) == 0);
    WORLD_CHECK(rig->world, r->engine.corrupt == 0 && r->engine.unknown == 0);
    r->control_us = probe.slowest_us;
}

static double percent_lost(const struct engine_kind *kind)
{
    return kind->expected ? 100.0 * (double)kind->lost / (double)kind->expected : 0;
}

static void print(const char *what, uint32_t rooms, const struct result *result, double ceiling_ns)
{
    const struct engine_result *r = &result->engine;
    const struct engine_kind *audio = &r->kinds[MEDIA_AUDIO], *video = &r->kinds[MEDIA_VIDEO];
    const struct bench_figure figures[] = {
        {"audio_lost_percent", percent_lost(audio)},
        {"video_lost_percent", percent_lost(video)},
        {"audio_p99_us", (double)hist_quantile(&audio->latency, P99) / 1e3},
        {"video_p99_us", (double)hist_quantile(&video->latency, P99) / 1e3},
        {"offered_mpps", (double)r->expected / r->seconds / 1e6},
        {"load_busy", r->busy},
        {"load_late_ms", (double)r->late_ns / 1e6},
        {"verified", (double)r->verified},
        {"control_ms", (double)result->control_us / 1e3},
    };

    bench_print(&(struct bench_row){.bench = "overload",
                                    .name = what,
                                    .profile = "AEAD_AES_128_GCM",
                                    .size = 1200,
                                    .n = PEOPLE - 1,
                                    .keys = rooms * PEOPLE,
                                    .ns = 1e9 * r->seconds / (double)r->delivered,
                                    .ceiling_ns = ceiling_ns,
                                    .figures = figures,
                                    .n_figures = sizeof(figures) / sizeof(figures[0])});
}

static double measure_ceiling(void)
{
    struct bare *bare = bare_create(conf.profile, conf.shapes[MEDIA_VIDEO].packet_bytes);
    struct bench_work work = bare_work(bare);
    double samples[BENCH_SAMPLES];

    for (int i = 0; i < BENCH_SAMPLES; i++)
        samples[i] = bench_sample(&work);
    bare_destroy(bare);
    return bench_median(samples);
}

int main(int argc, char **argv)
{
    static struct result r;
    struct rig rig;

    bench_start(argc, argv, "Twice the load that one core carries; keys: sessions", 3);
    if (!rig_enter("overload"))
        return 1;
    double ceiling_ns = measure_ceiling();
    rig_open(&rig, &conf);
    run_rooms(&rig, ROOMS, WARM_US, TIME_US, &r);
    print("all that comes", ROOMS, &r, ceiling_ns);
    uint32_t capacity = (uint32_t)(ROOMS * r.engine.delivered / r.engine.expected), twice = MIN(2 * capacity, ROOMS);
    run_rooms(&rig, twice, WARM_US, OVERLOAD_US, &r);
    print("twice the capacity", twice, &r, ceiling_ns);
    run_rooms(&rig, twice, 0, TIME_US, &r); /* no pause between this and the next */
    run_rooms(&rig, capacity / 2, RECOVERY_US, TIME_US, &r);
    print("half, 100 ms later", capacity / 2, &r, ceiling_ns);
    rig_close(&rig);
    bench_finish();
    return 0;
}
