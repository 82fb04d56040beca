/* SPDX-License-Identifier: MIT */
/* What a relay on one core does with twice the load it can work off: rooms with one publisher of audio and video each
 * and nine who play it, over memif and over kernel sockets; so many of them take part as the load wants. First all of
 * them, to see what comes through; then twice that for some seconds; then half of it at once, where nothing should be
 * lost any more when 100 ms have passed; then twice again, to see its first moments. All the time the dataplane's
 * control thread is asked one question after the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/bare.h"
#include "bench/bench.h"
#include "bench/rig.h"

#define PEOPLE       10
#define FLOWS        2 /* of a room */
#define WARM_US      200000
#define TIME_US      1000000
#define OVERLOAD_US  5000000
#define RECOVERY_US  100000
#define ONSET_US     200000
#define DRAIN_US     200000
#define VERIFY_EVERY 64
#define P99          990000

static const struct {
    const char *all, *twice, *half, *onset;
    enum rig_over over;
    uint32_t rooms;
} cases[] = {
    {"memif: all that comes", "memif: twice the capacity", "memif: half, 100 ms later",
     "memif: twice, its first 200 ms", RIG_OVER_MEMIF, 400},
    {"sockets: all that comes", "sockets: twice the capacity", "sockets: half, 100 ms later",
     "sockets: twice, its first 200 ms", RIG_OVER_SOCKETS, 80},
};

/* A flow that is shed from the beginning has lost less than 2^14 packets at the end: beyond, the relay numbers anew. */
static const struct rig_conf conf_of_all = {
    .profile = SRTP_PROFILE_AEAD_AES_128_GCM,
    .people = PEOPLE,
    .publishers = 1,
    .codecs = PEER_SDP_CODEC(CODEC_OPUS) | PEER_SDP_CODEC(CODEC_VP8),
    .shapes = {[MEDIA_AUDIO] = {.packet_bytes = 160, .frame_packets = 1, .interval_us = 20000},
               [MEDIA_VIDEO] = {.packet_bytes = 1200, .frame_packets = 8, .interval_us = 4000}},
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

/* The last answer belongs to nobody else. */
static void finish_probe(struct probe *p)
{
    char answer[16384];

    if (p->asked_us)
        (void)!recv(p->telemetry, answer, sizeof(answer), 0);
}

/* ---- Runs ---- */

struct span {
    uint32_t rooms;
    int64_t warm_us, time_us;
    bool more; /* the next one follows without a pause: what is under way counts there */
};

static void run(struct rig *rig, const struct span *span, struct result *r)
{
    struct probe probe = {.telemetry = rig->world->telemetry};
    const struct engine_run what = {.flows = FLOWS * span->rooms,
                                    .warm_us = span->warm_us,
                                    .time_us = span->time_us,
                                    .drain_us = span->more ? 0 : DRAIN_US,
                                    .verify_every = VERIFY_EVERY,
                                    .on_turn = probe_turn,
                                    .arg = &probe};

    WORLD_CHECK(rig->world, engine_run(rig->engine, &what, &r->engine) == 0);
    WORLD_CHECK(rig->world, r->engine.corrupt == 0 && r->engine.unknown == 0);
    r->control_us = probe.slowest_us;
    finish_probe(&probe);
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
    struct bare *bare = bare_create(conf_of_all.profile, conf_of_all.shapes[MEDIA_VIDEO].packet_bytes);
    struct bench_work work = bare_work(bare);
    double samples[BENCH_SAMPLES];

    for (int i = 0; i < BENCH_SAMPLES; i++)
        samples[i] = bench_sample(&work);
    bare_destroy(bare);
    return bench_median(samples);
}

static void measure(size_t c, double ceiling_ns)
{
    static struct result r;
    struct rig_conf conf = conf_of_all;
    struct rig rig;
    uint32_t all = cases[c].rooms;

    conf.over = cases[c].over;
    conf.rooms = all;
    rig_open(&rig, &conf);
    run(&rig, &(struct span){all, WARM_US, TIME_US, false}, &r);
    print(cases[c].all, all, &r, ceiling_ns);
    uint32_t half = (uint32_t)(all * r.engine.delivered / r.engine.expected / 2), twice = MIN(4 * half, all);
    run(&rig, &(struct span){twice, WARM_US, OVERLOAD_US, false}, &r);
    print(cases[c].twice, twice, &r, ceiling_ns);
    run(&rig, &(struct span){twice, 0, TIME_US, true}, &r);
    run(&rig, &(struct span){half, RECOVERY_US, TIME_US, false}, &r);
    print(cases[c].half, half, &r, ceiling_ns);
    run(&rig, &(struct span){half, 0, TIME_US, true}, &r);
    run(&rig, &(struct span){twice, 0, ONSET_US, false}, &r);
    print(cases[c].onset, twice, &r, ceiling_ns);
    rig_close(&rig);
}

int main(int argc, char **argv)
{
    bench_start(argc, argv, "Twice the load that one core carries; keys: sessions", 4 * ARRAY_SIZE(cases));
    if (!rig_enter("overload"))
        return 1;
    double ceiling_ns = measure_ceiling();
    for (size_t c = 0; c < ARRAY_SIZE(cases); c++)
        measure(c, ceiling_ns);
    bench_finish();
    return 0;
}
