/* SPDX-License-Identifier: MIT */
/* The whole packet path: the real worker between a port that hands over packets made before and one that frees what
 * comes out (world.h). The ceiling is the bare cipher for one packet out, sample by sample in turn; of the cases
 * "recorded" it is the same packet path while nothing is recorded.
 *
 *   room            one publisher, n subscribers, media alone
 *   lively          the same with all that browsers do: extensions, reports, NACKs and their answers, feedback; also
 *                   with smaller bursts (dataplane.burst)
 *   recorded        lively with every stream copied for the recorder
 *   subscriptions   streams of n subscribers each, many of them: what a cold cache costs
 *   workers         two of them at the same time, each on a core of its own */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare.h"
#include "bench/bench.h"
#include "bench/world.h"
#include "common/util.h"
#include "dataplane/srtp.h"

#define WARM_UP     20 /* slices: fill the history */
#define SAMPLE_OUT  100000
#define WORKERS_MAX 2

static const enum srtp_profile profiles[] = {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};
static const char *const profile_names[SRTP_PROFILE_COUNT] = {
#define X(id, ...) [SRTP_PROFILE_##id] = #id,
    SRTP_PROFILE_LIST(X)
#undef X
};

static const struct {
    const char *name;
    uint32_t size, fan, subscriptions, workers;
    bool lively;
    uint32_t burst; /* 0: 64 */
    bool recorded;
} cases[] = {
    {"room", 160, 1, 1, 1, false},
    {"room", 160, 9, 9, 1, false},
    {"room", 160, 49, 49, 1, false},
    {"room", 160, 500, 500, 1, false},
    {"room", 1200, 1, 1, 1, false},
    {"room", 1200, 9, 9, 1, false},
    {"room", 1200, 49, 49, 1, false},
    {"room", 1200, 500, 500, 1, false},
    {"lively", 160, 9, 9, 1, true},
    {"lively", 1200, 9, 9, 1, true},
    {"lively, bursts of 32", 1200, 9, 9, 1, true, 32},
    {"lively, bursts of 16", 1200, 9, 9, 1, true, 16},
    {"lively, bursts of 8", 1200, 9, 9, 1, true, 8},
    {"recorded", 160, 9, 9, 1, true, .recorded = true},
    {"recorded", 1200, 9, 9, 1, true, .recorded = true},
    {"recorded", 1200, 9, 1000, 1, true, .recorded = true},
    {"subscriptions", 1200, 9, 100, 1, true},
    {"subscriptions", 1200, 9, 1000, 1, true},
    {"subscriptions", 1200, 9, 10000, 1, true},
    {"subscriptions", 1200, 9, 100000, 1, true},
    {"workers", 1200, 9, 900, 1, true},
    {"workers", 1200, 9, 900, 2, true},
};

static void print_stages(const struct world_run *run)
{
    fprintf(stderr, "   ");
    for (int s = 0; s < STAGE_COUNT; s++)
        fprintf(stderr, " %s %.1f", stage_name((enum stage)s), run->stage_ns[s]);
    fputc('\n', stderr);
}

/* Adds a run to a sum of runs, by their packets. */
static void add_run(struct world_run *sum, const struct world_run *run)
{
    double all = (double)(sum->out + run->out), old = (double)sum->out / all, new = (double)run->out / all;

    sum->ns = sum->ns * old + run->ns * new;
    for (int s = 0; s < STAGE_COUNT; s++)
        sum->stage_ns[s] = sum->stage_ns[s] * old + run->stage_ns[s] * new;
    sum->out += run->out;
}

/* ns per packet out of all workers together, over so many slices that each session has had its timers. */
static double sample(struct world *world, uint32_t n_workers, struct world_run *sums)
{
    struct world_run runs[WORKERS_MAX];
    double per_ns = 0;

    memset(sums, 0, n_workers * sizeof(*sums));
    while (sums[0].out < SAMPLE_OUT) {
        world_run(world, runs);
        for (uint32_t i = 0; i < n_workers; i++)
            add_run(&sums[i], &runs[i]);
    }
    for (uint32_t i = 0; i < n_workers; i++)
        per_ns += 1 / sums[i].ns;
    return 1 / per_ns;
}

static void measure(size_t c, enum srtp_profile profile, bool stages)
{
    const struct world_conf conf = {.profile = profile,
                                    .size = cases[c].size,
                                    .fan = cases[c].fan,
                                    .n_subscriptions = cases[c].subscriptions,
                                    .n_workers = cases[c].workers,
                                    .burst = cases[c].burst,
                                    .lively = cases[c].lively};
    double samples[BENCH_SAMPLES], ceilings[BENCH_SAMPLES];
    struct bare *bare = bare_create(profile, conf.size);
    struct bench_work ceiling = bare_work(bare);
    struct world *world = world_create(&conf);
    struct world_run runs[WORKERS_MAX];
    uint32_t warm_up = WARM_UP + conf.n_subscriptions / conf.fan / 512;

    for (uint32_t i = 0; i < warm_up; i++)
        world_run(world, runs);
    for (int i = 0; i < BENCH_SAMPLES; i++) {
        ceilings[i] = cases[c].recorded ? sample(world, conf.n_workers, runs) : bench_sample(&ceiling) / conf.n_workers;
        if (cases[c].recorded)
            world_record(world, true);
        samples[i] = sample(world, conf.n_workers, runs);
        if (cases[c].recorded)
            world_record(world, false);
    }
    bench_print(&(struct bench_row){.bench = "pipeline",
                                    .name = cases[c].workers > 1 ? "workers: two" : cases[c].name,
                                    .profile = profile_names[profile],
                                    .size = conf.size,
                                    .n = conf.fan,
                                    .keys = conf.n_subscriptions,
                                    .ns = bench_median(samples),
                                    .ceiling_ns = bench_median(ceilings)});
    if (stages)
        print_stages(&runs[0]);
    world_destroy(world);
    bare_destroy(bare);
}

int main(int argc, char **argv)
{
    const char *only = getenv("ONLY");
    bench_start(argc, argv, "Packet path, one core; n: subscribers of a stream, keys: subscriptions",
                ARRAY_SIZE(profiles) * ARRAY_SIZE(cases));
    world_init(2);
    for (size_t p = 0; p < ARRAY_SIZE(profiles); p++)
        for (size_t c = 0; c < ARRAY_SIZE(cases); c++)
            if (!only || strstr(only, cases[c].name))
                measure(c, profiles[p], getenv("STAGES") != NULL);
    bench_finish();
    return 0;
}
