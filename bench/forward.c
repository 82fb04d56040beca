/* SPDX-License-Identifier: MIT */
/* The forwarding stage alone: clear packets come in as receive leaves them, and go out as frames: fan-out, mbuf, head,
 * RTP header, a cipher that only moves the bytes (null_srtp.c) and writes a tag as long as GCM's, lengths, history,
 * port. The ceiling is one memcpy of a frame of that length, sample by sample in turn.
 *
 *   media        one publisher, n subscribers
 *   extensions   the same with the header extensions of browsers, whose ids differ at the subscribers */
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "bench/bare.h"
#include "bench/bench.h"
#include "bench/null_srtp.h"
#include "bench/world.h"
#include "common/util.h"

#define WARM_UP    80 /* slices: fill the history */
#define SAMPLE_OUT 50000
#define HEAD_BYTES (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))

const uint16_t null_srtp_tag = NULL_SRTP_TAG;

static const struct {
    const char *name;
    uint32_t size, fan;
    bool lively;
} cases[] = {
    {"media", 160, 1, false},     {"media", 160, 9, false},      {"media", 160, 49, false}, {"media", 160, 500, false},
    {"extensions", 160, 9, true}, {"media", 1200, 1, false},     {"media", 1200, 9, false}, {"media", 1200, 49, false},
    {"media", 1200, 500, false},  {"extensions", 1200, 9, true},
};

static double sample(struct world *world)
{
    struct world_run run;
    uint64_t out = 0;
    double ns = 0;

    while (out < SAMPLE_OUT) {
        world_run(world, &run);
        out += run.out;
        ns += run.ns * (double)run.out;
    }
    return ns / (double)out;
}

static void measure(size_t c)
{
    const struct world_conf conf = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM,
                                    .size = cases[c].size,
                                    .fan = cases[c].fan,
                                    .n_subscriptions = cases[c].fan,
                                    .n_workers = 1,
                                    .lively = cases[c].lively,
                                    .clear = true};
    double samples[BENCH_SAMPLES], ceilings[BENCH_SAMPLES];
    struct bare *bare = bare_create(SRTP_PROFILE_NONE, HEAD_BYTES + conf.size + NULL_SRTP_TAG);
    struct bench_work ceiling = bare_work(bare);
    struct world *world = world_create(&conf);
    struct world_run run;

    for (uint32_t i = 0; i < WARM_UP; i++)
        world_run(world, &run);
    for (int i = 0; i < BENCH_SAMPLES; i++) {
        samples[i] = sample(world);
        ceilings[i] = bench_sample(&ceiling);
    }
    bench_print(&(struct bench_row){.bench = "forward",
                                    .name = cases[c].name,
                                    .profile = "null",
                                    .size = conf.size,
                                    .n = conf.fan,
                                    .keys = conf.fan,
                                    .ns = bench_median(samples),
                                    .ceiling_ns = bench_median(ceilings)});
    world_destroy(world);
    bare_destroy(bare);
}

int main(int argc, char **argv)
{
    bench_start(argc, argv, "Forwarding alone, one core, null cipher; n: subscribers of a stream", ARRAY_SIZE(cases));
    world_init(1);
    for (size_t c = 0; c < ARRAY_SIZE(cases); c++)
        measure(c);
    bench_finish();
    return 0;
}
