/* SPDX-License-Identifier: MIT */
/* The same load on several servers, one after the other, each alone on CPU 0 and the generator on CPU 1: the highest
 * rate at which less than one packet in a thousand is lost and none waits for long, what a packet costs and how long it
 * takes at 70 % of that. The ceiling is the bare cipher, before and after each server: how the machine was meanwhile.
 */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/bare.h"
#include "bench/bench.h"
#include "bench/rig.h"
#include "bench/rival.h"
#include "common/util.h"

#define LOAD_CPU     1
#define WARM_US      150000
#define TIME_US      500000
#define DRAIN_US     150000
#define REST_US      300000 /* after an overload */
#define TRIES        2
#define PRECISION    1.05 /* between the rate that holds and one that does not */
#define QUEUE_NS     50000000
#define VERIFY_EVERY 64
#define FIRST_MPPS   0.05
#define LEAST_MPPS   0.005
#define PROFILE      SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80
#define PROFILE_NAME "AES_CM_128_HMAC_SHA1_80"

#define N_SIMPLE 2  /* of the loads: one publisher a room */
#define PEOPLE   80 /* of such a load, about */

#define MEETING_PPS 9000 /* out: ten publish 50 packets of audio and 25 pictures of two packets a second to nine */

/* A meeting's flows all have the same rate, so fewer rooms at a higher rate carry what more would. */
static struct rival_load loads[] = {
    {8, 10, 1, {[MEDIA_VIDEO] = 1200}, {[MEDIA_VIDEO] = 4}},
    {8, 10, 1, {[MEDIA_AUDIO] = 160}, {[MEDIA_AUDIO] = 1}},
    {4, 10, 10, {[MEDIA_AUDIO] = 160, [MEDIA_VIDEO] = 1200}, {[MEDIA_AUDIO] = 1, [MEDIA_VIDEO] = 2}},
};

static struct {
    const char *only;   /* this server; NULL: all */
    double rate_mpps;   /* out; 0: searched for */
    uint32_t receivers; /* of a publisher; 0: nine, and meetings */
    bool json;
} options;

/* ---- For rivals ---- */

int rival_open_wire(struct rival_stand *stand, const struct rival_load *load)
{
    stand->wire = wire_socket_create(rival_sessions(load));
    stand->engine = stand->wire ? engine_create(stand->wire) : NULL;
    if (stand->engine)
        return 0;
    wire_destroy(stand->wire);
    return -ENOMEM;
}

void rival_close_wire(struct rival_stand *stand)
{
    engine_destroy(stand->engine);
    wire_destroy(stand->wire);
}

uint32_t rival_sessions(const struct rival_load *load)
{
    return load->n_rooms * load->n_publishers * load->n_people * MEDIA_KINDS;
}

uint32_t rival_codecs(const struct rival_load *load)
{
    return (load->bytes[MEDIA_AUDIO] ? PEER_SDP_CODEC(CODEC_OPUS) : 0) |
           (load->bytes[MEDIA_VIDEO] ? PEER_SDP_CODEC(CODEC_VP8) : 0);
}

void rival_shape(const struct rival_load *load, enum media_kind kind, struct source_conf *conf)
{
    conf->frame_packets = load->frame_packets[kind];
    conf->interval_us = RIVAL_INTERVAL_US;
    conf->payload_bytes = engine_payload_bytes(conf, load->bytes[kind]);
}

/* ---- One server ---- */

struct trial {
    const struct rival *rival;
    const struct rival_load *load;
    struct rival_stand stand;
    bool is_open;
    struct engine_result result; /* of the last run */
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static int open_trial(struct trial *t)
{
    t->stand = (struct rival_stand){.dir = "/tmp/roomline-peers-XXXXXX"};
    if (!mkdtemp(t->stand.dir))
        return -errno;
    int err = t->rival->open(t->rival, &t->stand, t->load);
    if (err) {
        fprintf(stderr, "bench: %s: %s\n", t->rival->name, strerror(-err));
        nftw(t->stand.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    t->is_open = !err;
    return err;
}

static void close_trial(struct trial *t)
{
    if (!t->is_open)
        return;
    t->is_open = false;
    t->rival->close(&t->stand);
    nftw(t->stand.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int run_at(struct trial *t, double out_mpps)
{
    struct engine_run run = {.rate_pps = out_mpps * 1e6 / (t->load->n_people - 1),
                             .warm_us = WARM_US,
                             .time_us = TIME_US,
                             .drain_us = DRAIN_US,
                             .verify_every = options.rate_mpps > 0 ? 1 : VERIFY_EVERY,
                             .server = t->stand.server,
                             .on_turn = t->stand.on_turn,
                             .arg = t->stand.own};
    return engine_run(t->stand.engine, &run, &t->result);
}

static uint64_t wrong(const struct trial *t)
{
    return t->result.corrupt + t->result.unknown;
}

/* What the generator could not send was not carried either. */
static bool held(const struct trial *t, double out_mpps)
{
    const struct engine_result *r = &t->result;
    bool sent = (double)r->expected * PRECISION >= out_mpps * 1e6 * r->seconds;
    return sent && r->lost * 1000 < r->expected && hist_quantile(&r->latency, 999000) < QUEUE_NS && wrong(t) == 0;
}

/* After an overload everything must be as before it. Where a stream lost more than half a cycle of sequence numbers,
 * its receivers have lost the rollover count too, and find nothing authentic any more. */
static int recover(struct trial *t)
{
    if (!t->rival->fragile && wrong(t) == 0)
        return engine_idle(t->stand.engine, REST_US);
    close_trial(t);
    return open_trial(t);
}

/* One good try of some is enough: neighbours take the machine away for milliseconds. 1, 0 or -errno. */
static int holds(struct trial *t, double out_mpps)
{
    for (int i = 0; i < TRIES; i++) {
        int err = run_at(t, out_mpps);
        if (err || held(t, out_mpps))
            return err ? err : 1;
        err = recover(t);
        if (err)
            return err;
    }
    return 0;
}

/* Doubles until it does not hold, then halves the distance. Neighbours may spoil all tries of a rate, so the last one
 * that did not hold has a second chance. */
static int search(struct trial *t, double *limit_mpps)
{
    double low = 0, high = 0, rate = FIRST_MPPS;

    for (bool again = false; rate > LEAST_MPPS;) {
        int ok = holds(t, rate);
        if (ok < 0)
            return ok;
        *(ok ? &low : &high) = rate;
        if (high > 0 && high <= low * PRECISION) {
            if (again)
                break;
            again = true;
            rate = high;
            high = 0;
        } else {
            rate = high > 0 ? (low + high) / 2 : 2 * low;
        }
    }
    *limit_mpps = low;
    return low > 0 ? 0 : -ETIMEDOUT;
}

/* ---- Rows ---- */

static double bare_ns(uint16_t size)
{
    struct bare *bare = bare_create(PROFILE, size);
    struct bench_work work = bare_work(bare);
    double samples[BENCH_SAMPLES];

    for (int i = 0; i < BENCH_SAMPLES; i++)
        samples[i] = bench_sample(&work);
    bare_destroy(bare);
    return bench_median(samples);
}

/* For a packet of the load; all flows send as many. */
static double mark_ns(const struct rival_load *load)
{
    double sum = 0, kinds = 0;

    for (enum media_kind k = 0; k < MEDIA_KINDS; k++)
        if (load->bytes[k]) {
            sum += bare_ns(load->bytes[k]);
            kinds++;
        }
    return sum / kinds;
}

/* Limits of ours, by load, that the others are held against. */
struct ours {
    double best, sockets;
};

static void print(const struct trial *t, double limit, const struct ours *ours, double before, double after)
{
    const struct rival_load *load = t->load;
    const struct engine_result *r = &t->result;
    bool meeting = load->n_publishers > 1;
    const struct bench_figure figures[] = {
        {"lost_percent", 100.0 * (double)r->lost / (double)r->expected},
        {"verified", (double)r->verified},
        {"cpu_us", (double)r->server_cpu_us / (double)r->delivered},
        {"p50_us", (double)hist_quantile(&r->latency, 500000) / 1e3},
        {"p99_us", (double)hist_quantile(&r->latency, 990000) / 1e3},
        {"best_ratio", ours->best / limit},
        {"sockets_ratio", ours->sockets / limit},
        {"mark_before_mpps", 1e3 / before},
        {"mark_after_mpps", 1e3 / after},
        {"meetings", limit * 1e6 / MEETING_PPS},
    };
    bench_print(&(struct bench_row){.bench = "peers",
                                    .name = t->rival->name,
                                    .profile = PROFILE_NAME,
                                    .size = meeting ? 0 : MAX(load->bytes[MEDIA_AUDIO], load->bytes[MEDIA_VIDEO]),
                                    .n = load->n_people - 1,
                                    .keys = load->n_rooms * load->n_publishers * load->n_people,
                                    .ns = 1e3 / limit,
                                    .ceiling_ns = (before + after) / 2,
                                    .figures = figures,
                                    .n_figures = ARRAY_SIZE(figures) - !meeting});
}

static void measure(const struct rival *rival, const struct rival_load *load, struct ours *ours)
{
    static struct trial t;
    double limit, before = mark_ns(load);

    t = (struct trial){.rival = rival, .load = load};
    if (open_trial(&t))
        return;
    limit = options.rate_mpps;
    int err = limit > 0 ? 0 : search(&t, &limit);
    err = err ? err : run_at(&t, options.rate_mpps > 0 ? limit : 0.7 * limit);
    err = err || wrong(&t) == 0 ? err : -EBADMSG;
    close_trial(&t);
    if (err) {
        fprintf(stderr, "bench: %s: %s\n", rival->name, strerror(-err));
        return;
    }
    if (rival == &rival_roomline)
        ours->best = limit;
    if (rival == &rival_roomline_sockets)
        ours->sockets = limit;
    print(&t, limit, ours, before, mark_ns(load));
}

/* The folder with libsrtp over OpenSSL, or NULL, and why. */
static char *find_libsrtp(void)
{
    const char *argv[] = {"tools/libsrtp-openssl", NULL};
    char *said = NULL;
    bool ok = process_run(argv, &said) == 0;
    if (said)
        said[strcspn(said, "\n")] = '\0';
    if (ok)
        return said;
    fprintf(stderr, "bench: no row for Janus with libsrtp over OpenSSL: %s\n", said ? said : "?");
    free(said);
    return NULL;
}

static void parse_options(int argc, char **argv)
{
    static const struct option known[] = {{"only", required_argument, NULL, 'o'},
                                          {"rate", required_argument, NULL, 'r'},
                                          {"receivers", required_argument, NULL, 'n'},
                                          {"json", no_argument, NULL, 'j'},
                                          {0}};
    for (int o; (o = getopt_long(argc, argv, "", known, NULL)) != -1;)
        switch (o) {
        case 'o':
            options.only = optarg;
            break;
        case 'r':
            options.rate_mpps = atof(optarg);
            break;
        case 'n':
            options.receivers = (uint32_t)MIN(MAX(atoi(optarg), 1), WORLD_PEOPLE_MAX - 1);
            break;
        case 'j':
            options.json = true;
            break;
        default:
            exit(2);
        }
}

/* How many loads there are. */
static size_t choose_loads(void)
{
    if (!options.receivers)
        return ARRAY_SIZE(loads);
    for (size_t l = 0; l < N_SIMPLE; l++) {
        loads[l].n_people = options.receivers + 1;
        loads[l].n_rooms = MAX(PEOPLE / loads[l].n_people, 1);
    }
    return N_SIMPLE;
}

static bool is_wanted(const char *name)
{
    return !options.only || strcmp(name, options.only) == 0;
}

int main(int argc, char **argv)
{
    static const char openssl_name[] = "janus, libsrtp over OpenSSL";
    parse_options(argc, argv);
    char *libsrtp = is_wanted(openssl_name) ? find_libsrtp() : NULL, *args[] = {argv[0], "--json", NULL};
    struct rival janus_openssl = rival_janus_with(openssl_name, libsrtp);
    size_t n_loads = choose_loads();
    cpu_set_t cpus;
    const struct rival *rivals[] = {&rival_roomline, &rival_roomline_sockets, &rival_rtpengine, &rival_janus,
                                    libsrtp ? &janus_openssl : NULL};

    if (!rig_enter("bench peers"))
        return 1;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0}); /* some of them crash when they are stopped */
    CPU_ZERO(&cpus);
    CPU_SET(LOAD_CPU, &cpus);
    sched_setaffinity(0, sizeof(cpus), &cpus);
    bench_start(
        options.json ? 2 : 1, args,
        "Servers on one core; n: receivers of a publisher, size 0: meetings of ten; rates and ratios are limits, the "
        "rest is at 70 % of them",
        (uint32_t)(ARRAY_SIZE(rivals) * n_loads));
    for (size_t l = 0; l < n_loads; l++) {
        struct ours ours = {0};
        for (size_t i = 0; i < ARRAY_SIZE(rivals); i++)
            if (rivals[i] && is_wanted(rivals[i]->name))
                measure(rivals[i], &loads[l], &ours);
    }
    bench_finish();
    free(libsrtp);
    return 0;
}
