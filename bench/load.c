/* SPDX-License-Identifier: MIT */
/* The relay as it is built under load: rooms of people with real WebSockets, connectivity checks and DTLS, their media
 * by the engine, the worker on CPU 0. Finds the highest rate at which less than one packet in a thousand is lost. The
 * ceiling of a row is the bare cipher and the bare wire, one after the other, measured in the same run. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare.h"
#include "bench/bench.h"
#include "bench/blast.h"
#include "bench/rig.h"

#define WARM_US      200000
#define TIME_US      1000000
#define DRAIN_US     200000
#define REPAIR_US    1000000 /* the same where packets are asked for again */
#define MPPS_MAX     100
#define LOSSY_MPPS   0.05
#define TRIES        3
#define PRECISION    1.03 /* between the rate that holds and one that does not */
#define VERIFY_EVERY 64
#define FIGURES_MAX  16
#define P50          500000 /* parts of a million */
#define P99          990000
#define P999         999000

static const char *const profile_names[SRTP_PROFILE_COUNT] = {
#define X(id, ...) [SRTP_PROFILE_##id] = #id,
    SRTP_PROFILE_LIST(X)
#undef X
};

static const char *const over_names[RIG_OVER_COUNT] = {
#define X(id, name) [RIG_OVER_##id] = name,
    RIG_OVER_LIST(X)
#undef X
};

struct load_case {
    enum rig_over over;
    uint16_t size; /* 0: meetings, where everybody speaks and shows himself to all others */
    enum srtp_profile profile;
    uint32_t rooms, people;
    double rate_mpps; /* out; 0: searched for */
    struct impair_conf impair;
};

#define GCM SRTP_PROFILE_AEAD_AES_128_GCM
#define CM  SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80

static const struct load_case table[] = {
    {RIG_OVER_MEMIF, 1200, GCM, 32, 10, 0},  {RIG_OVER_MEMIF, 1200, CM, 32, 10, 0},
    {RIG_OVER_MEMIF, 160, GCM, 128, 10, 0},  {RIG_OVER_MEMIF, 160, CM, 128, 10, 0},
    {RIG_OVER_SOCKETS, 1200, CM, 32, 10, 0}, {RIG_OVER_MEMIF, 0, GCM, 200, 10, 0},
};

/* A meeting's streams: Opus of 20 ms, VP8 of 1.2 Mbit/s at 15 pictures a second. */
static const struct people_shape meeting[MEDIA_KINDS] = {
    [MEDIA_AUDIO] = {140, 1, 20000}, [MEDIA_VIDEO] = {1120, 9, 66667}};

/* ---- Rates ---- */

struct ceiling {
    double crypto_ns, wire_ns; /* per packet out */
};

static double crypto_ns(enum srtp_profile profile, uint16_t size)
{
    struct bare *bare = bare_create(profile, size);
    struct bench_work work = bare_work(bare);
    double samples[BENCH_SAMPLES];

    for (int i = 0; i < BENCH_SAMPLES; i++)
        samples[i] = bench_sample(&work);
    bare_destroy(bare);
    return bench_median(samples);
}

static struct ceiling measure_size(const struct load_case *c, uint16_t size)
{
    double pps = rig_bare_pps(c->over, size);

    return (struct ceiling){.crypto_ns = crypto_ns(c->profile, size), .wire_ns = pps > 0 ? 1e9 / pps : 0};
}

static double pps_of(const struct people_shape *shape)
{
    return shape->frame_packets * 1e6 / shape->interval_us;
}

/* Of a meeting: by the shares of its streams. */
static struct ceiling measure_ceiling(const struct load_case *c)
{
    if (c->size > 0)
        return measure_size(c, c->size);
    struct ceiling audio = measure_size(c, meeting[MEDIA_AUDIO].packet_bytes);
    struct ceiling video = measure_size(c, meeting[MEDIA_VIDEO].packet_bytes);
    double n = pps_of(&meeting[MEDIA_AUDIO]), m = pps_of(&meeting[MEDIA_VIDEO]);
    return (struct ceiling){.crypto_ns = (n * audio.crypto_ns + m * video.crypto_ns) / (n + m),
                            .wire_ns = (n * audio.wire_ns + m * video.wire_ns) / (n + m)};
}

static uint32_t verify_every = VERIFY_EVERY;

static bool is_impaired(const struct impair_conf *c)
{
    return c->loss > 0 || c->reorder > 0 || c->delay_ns > 0 || c->jitter_ns > 0;
}

static bool is_meeting(const struct rig *rig)
{
    return rig->conf.publishers > 1;
}

/* So much: Mpps out, or meetings. */
static void run_once(struct rig *rig, double load, struct engine_result *r)
{
    uint32_t flows = MAX(1, (uint32_t)load) * rig->conf.publishers * MEDIA_KINDS;
    struct engine_run run = {.rate_pps = is_meeting(rig) ? 0 : load * 1e6 / (rig->conf.people - 1),
                             .flows = is_meeting(rig) ? flows : 0,
                             .warm_us = WARM_US,
                             .time_us = TIME_US,
                             .drain_us = rig->conf.impair ? REPAIR_US : DRAIN_US,
                             .nack = rig->conf.impair,
                             .verify_every = verify_every,
                             .server = &rig->world->dataplane,
                             .on_turn = people_turn,
                             .arg = rig->people};

    WORLD_CHECK(rig->world, engine_run(rig->engine, &run, r) == 0);
    /* Far over the limit a flow loses 2^15 packets in a row, and with them the count of its rollovers. */
    WORLD_CHECK(rig->world, r->lost * 2 > r->expected || (r->corrupt == 0 && r->unknown == 0));
}

/* One good try in three is enough: neighbours take the machine away for milliseconds at a time. */
static bool holds(struct rig *rig, double load, struct engine_result *r)
{
    for (int i = 0; i < TRIES; i++) {
        run_once(rig, load, r);
        if (r->lost * 1000 < r->expected)
            return true;
    }
    return false;
}

/* Doubles until it does not hold, then halves the distance. The result is that of the highest load that held. */
static double search(struct rig *rig, double guess, double most, struct engine_result *best)
{
    double low = 0, high = most, load = guess;
    struct engine_result *r = malloc(sizeof(*r));

    WORLD_CHECK(rig->world, r);
    while (high > low * PRECISION) {
        WORLD_CHECK(rig->world, load > guess / 1000); /* else it does not work at all */
        if (holds(rig, load, r)) {
            *best = *r;
            low = load;
        } else {
            high = load;
        }
        load = low == 0 ? high / 2 : MIN(2 * low, (low + high) / 2);
    }
    free(r);
    return low;
}

/* Of some tries the one with the least latency, for the same reason. */
static void run_at(struct rig *rig, double load, struct engine_result *best)
{
    struct engine_result *r = malloc(sizeof(*r));

    WORLD_CHECK(rig->world, r);
    run_once(rig, load, best);
    for (int i = 1; i < TRIES; i++) {
        run_once(rig, load, r);
        if (hist_quantile(&r->latency, P99) < hist_quantile(&best->latency, P99))
            *best = *r;
    }
    free(r);
}

/* ---- Rows ---- */

struct figures {
    uint32_t n;
    struct bench_figure f[FIGURES_MAX];
};

static void add(struct figures *f, const char *name, double value)
{
    f->f[f->n++] = (struct bench_figure){name, value};
}

static void print(const struct load_case *c, const char *what, double load, const struct engine_result *r,
                  const struct ceiling *ceiling)
{
    uint32_t n_sessions = c->rooms * c->people * (c->size ? 1 : c->people);
    struct figures f = {0};
    char name[64];
    double out_pps = (double)r->delivered / r->seconds;

    snprintf(name, sizeof(name), "%s%s %s", over_names[c->over], c->size ? "" : " meetings", what);
    if (c->size == 0)
        add(&f, "meetings", MAX(1, floor(load)));
    add(&f, "lost_percent", 100.0 * (double)r->lost / (double)r->expected);
    if (r->repaired > 0)
        add(&f, "repaired_percent", 100.0 * (double)r->repaired / (double)r->expected);
    add(&f, "p50_us", (double)hist_quantile(&r->latency, P50) / 1e3);
    add(&f, "p99_us", (double)hist_quantile(&r->latency, P99) / 1e3);
    add(&f, "p999_us", (double)hist_quantile(&r->latency, P999) / 1e3);
    add(&f, "max_us", (double)r->latency.max_ns / 1e3);
    add(&f, "jitter_p99_us", (double)hist_quantile(&r->jitter, P99) / 1e3);
    add(&f, "crypto_mpps", 1e3 / ceiling->crypto_ns);
    if (ceiling->wire_ns > 0)
        add(&f, "wire_mpps", 1e3 / ceiling->wire_ns);
    if (c->over != RIG_OVER_MEMIF) /* there it polls, busy or not */
        add(&f, "cpu_ns", (double)r->server_cpu_us * 1e3 / (double)r->delivered);
    add(&f, "load_busy", r->busy);
    add(&f, "verified", (double)r->verified);
    add(&f, "corrupt", (double)r->corrupt);
    bench_print(&(struct bench_row){.bench = "load",
                                    .name = name,
                                    .profile = profile_names[c->profile],
                                    .size = c->size,
                                    .n = c->people - 1,
                                    .keys = n_sessions,
                                    .ns = 1e9 / out_pps,
                                    .ceiling_ns = ceiling->crypto_ns + ceiling->wire_ns,
                                    .figures = f.f,
                                    .n_figures = f.n});
}

static void measure(const struct load_case *c)
{
    static struct engine_result r;
    struct rig rig;
    struct ceiling ceiling = measure_ceiling(c);
    struct rig_conf conf = {.over = c->over,
                            .profile = c->profile,
                            .rooms = c->rooms,
                            .people = c->people,
                            .publishers = 1,
                            .modest = c->rate_mpps > 0,
                            .codecs = PEER_SDP_CODEC(CODEC_VP8),
                            .shapes[MEDIA_VIDEO] = {.packet_bytes = c->size, .frame_packets = 1, .interval_us = 10000}};

    if (is_impaired(&c->impair))
        conf.impair = &c->impair;
    if (c->size == 0) {
        conf.publishers = c->people;
        conf.codecs = AV(OPUS, VP8);
        memcpy(conf.shapes, meeting, sizeof(meeting));
    }
    rig_open(&rig, &conf);
    if (c->rate_mpps > 0) {
        run_at(&rig, c->rate_mpps, &r);
        print(c, "given", c->rate_mpps, &r, &ceiling);
    } else {
        double guess = is_meeting(&rig) ? 16 : c->over == RIG_OVER_MEMIF ? 1 : 0.1;
        double limit = search(&rig, guess, is_meeting(&rig) ? c->rooms : MPPS_MAX, &r);
        print(c, "limit", limit, &r, &ceiling);
        run_at(&rig, 0.7 * limit, &r);
        print(c, "70 % of it", 0.7 * limit, &r, &ceiling);
        run_at(&rig, 0.01 * limit, &r);
        print(c, "1 % of it", 0.01 * limit, &r, &ceiling);
    }
    rig_close(&rig);
}

/* ---- Options ---- */

static int find(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (names[i] && strcmp(names[i], name) == 0)
            return i;
    fprintf(stderr, "bench: what is %s?\n", name);
    exit(2);
}

static enum srtp_profile find_profile(const char *name)
{
    return strcmp(name, "GCM") == 0  ? GCM
           : strcmp(name, "CM") == 0 ? CM
                                     : (enum srtp_profile)find(profile_names, SRTP_PROFILE_COUNT, name);
}

/* true: something but --json was asked for. */
static bool parse(int argc, char **argv, struct load_case *c, bool *json)
{
    static const struct option options[] = {{"over", required_argument, NULL, 'o'},
                                            {"size", required_argument, NULL, 's'},
                                            {"profile", required_argument, NULL, 'p'},
                                            {"rooms", required_argument, NULL, 'r'},
                                            {"people", required_argument, NULL, 'n'},
                                            {"rate", required_argument, NULL, 'R'},
                                            {"verify", required_argument, NULL, 'v'},
                                            {"loss", required_argument, NULL, 'l'},
                                            {"reorder", required_argument, NULL, 'O'},
                                            {"delay", required_argument, NULL, 'd'},
                                            {"jitter", required_argument, NULL, 'J'},
                                            {"json", no_argument, NULL, 'j'},
                                            {0}};
    bool any = false;
    int o;

    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        any |= o != 'j';
        switch (o) {
        case 'o':
            c->over = (enum rig_over)find(over_names, RIG_OVER_COUNT, optarg);
            break;
        case 's':
            c->size = (uint16_t)atoi(optarg);
            break;
        case 'p':
            c->profile = find_profile(optarg);
            break;
        case 'r':
            c->rooms = (uint32_t)atoi(optarg);
            break;
        case 'n':
            c->people = (uint32_t)atoi(optarg);
            break;
        case 'R':
            c->rate_mpps = atof(optarg);
            break;
        case 'v':
            verify_every = (uint32_t)atoi(optarg);
            break;
        case 'l':
            c->impair.loss = atof(optarg) / 100;
            break;
        case 'O':
            c->impair.reorder = atof(optarg) / 100;
            break;
        case 'd':
            c->impair.delay_ns = (int64_t)(atof(optarg) * 1e6);
            break;
        case 'J':
            c->impair.jitter_ns = (int64_t)(atof(optarg) * 1e6);
            break;
        case 'j':
            *json = true;
            break;
        default:
            exit(2);
        }
    }
    if (is_impaired(&c->impair) && c->rate_mpps == 0)
        c->rate_mpps = LOSSY_MPPS; /* no rate would hold */
    return any;
}

int main(int argc, char **argv)
{
    struct load_case one = table[0];
    bool json = false;

    blast_main(argc, argv);
    bool only_one = parse(argc, argv, &one, &json);
    bench_start(json ? 2 : 1, (char *[]){"load", "--json", NULL},
                "The relay under load, one core; n: receivers of a packet, keys: sessions",
                3 * (only_one ? 1 : ARRAY_SIZE(table)));
    if (!rig_enter("load"))
        return 1;
    for (size_t i = 0; i < (only_one ? 1 : ARRAY_SIZE(table)); i++)
        measure(only_one ? &one : &table[i]);
    bench_finish();
    return 0;
}
