/* SPDX-License-Identifier: MIT */
/* Namespace, daemons, counters, people. */
#include "tests/proc/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/cert.h"
#include "controlplane/dtls.h"
#include "tests/peer/crypt.h"

#define TURN_US     5000
#define START_MS    20000
#define LOG_LINES   40
#define STOP_US     (10 * SECOND_US)
#define COMPLETE_MS 2000

static int bring_loopback_up(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int err = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return err;
}

bool world_enter(const char *program)
{
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (unshare(CLONE_NEWNET) || bring_loopback_up()) {
        printf("ok - %s # SKIP no network namespace of our own: %s (run as root)\n", program, strerror(errno));
        return false;
    }
    return crypt_global_init() == 0;
}

/* ---- Life ---- */

void world_set(struct world *w, const char *setting)
{
    w->settings = realloc(w->settings, (w->n_settings + 1) * sizeof(char *));
    w->settings[w->n_settings++] = strdup(setting);
}

int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    char run[128];
    *state = w;
    w->telemetry = -1;
    w->loop = loop_create();
    snprintf(w->dir, sizeof(w->dir), "/tmp/roomline-XXXXXX");
    if (!w->loop || !mkdtemp(w->dir))
        return -1;
    snprintf(run, sizeof(run), "run_dir=%s/run", w->dir);
    world_set(w, run);
    snprintf(run, sizeof(run), "state_dir=%s/state", w->dir);
    world_set(w, run);
    snprintf(run, sizeof(run), "record.dir=%s/records", w->dir);
    world_set(w, run);
    world_set(w, "media.announce=127.0.0.1 ::1");
    world_set(w, "wss.port=0");
    snprintf(run, sizeof(run), "%s/run", w->dir);
    return mkdir(run, 0700);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

int world_teardown(void **state)
{
    struct world *w = *state;
    if (!w->closed) {
        process_print_log(&w->controlplane, "controlplane", LOG_LINES);
        process_print_log(&w->dataplane, "dataplane", LOG_LINES);
        process_print_log(&w->recorder, "recorder", LOG_LINES);
    }
    while (w->n_people)
        person_destroy(w->people[--w->n_people]);
    if (w->telemetry >= 0)
        close(w->telemetry);
    process_stop(&w->controlplane, SIGKILL, SECOND_US);
    process_stop(&w->recorder, SIGKILL, SECOND_US);
    process_stop(&w->dataplane, SIGKILL, SECOND_US);
    for (size_t i = 0; i < SRTP_PROFILE_COUNT; i++)
        dtls_ctx_destroy(w->dtls[i]);
    loop_destroy(w->loop);
    while (w->n_settings)
        free(w->settings[--w->n_settings]);
    free(w->settings);
    nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(w);
    return 0;
}

static void start_daemon(struct world *w, struct process *p, const char *name)
{
    const char *build = getenv("ROOMLINE_BUILD"), *argv[64];
    char path[256], log[128];
    size_t n = 0;
    snprintf(path, sizeof(path), "%s/%s/roomline-%s", build ? build : "build", name, name);
    snprintf(log, sizeof(log), "%s/%s.log", w->dir, name);
    argv[n++] = path;
    for (size_t i = 0; i < w->n_settings; i++) {
        argv[n++] = "--set";
        argv[n++] = w->settings[i];
    }
    argv[n] = NULL;
    assert_true(n < ARRAY_SIZE(argv));
    assert_int_equal(process_start(p, log, argv), 0);
}

static bool log_has(const struct process *p, const char *text)
{
    char *log = process_output(p);
    bool found = strstr(log, text);
    free(log);
    return found;
}

static void connect_telemetry(struct world *w)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char hello[1024];
    if (w->telemetry >= 0)
        close(w->telemetry);
    w->telemetry = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/run/dpdk/roomline/dpdk_telemetry.v2", w->dir);
    struct timeval patience = {.tv_sec = 5};
    setsockopt(w->telemetry, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(w->telemetry, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_true(recv(w->telemetry, hello, sizeof(hello), 0) > 0);
}

void world_start_dataplane(struct world *w)
{
    unlink(w->dataplane.log);
    start_daemon(w, &w->dataplane, "dataplane");
    WORLD_AWAIT(w, START_MS, log_has(&w->dataplane, "main: ready"));
    connect_telemetry(w);
}

/* GET /healthz, whole. false: no answer yet. */
static bool is_healthy(void)
{
    static const char request[] = "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n";
    struct sockaddr_in6 addr = world_address(false, 8080);
    char answer[1024] = "";
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), off = 0;
    struct timeval patience = {.tv_sec = 2};
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    bool ok = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
              send(fd, request, sizeof(request) - 1, 0) > 0 && recv(fd, answer, sizeof(answer) - 1, 0) > 0;
    close(fd);
    return ok && strstr(answer, " 200 ");
}

void world_start_controlplane(struct world *w)
{
    start_daemon(w, &w->controlplane, "controlplane");
    WORLD_AWAIT(w, START_MS, is_healthy());
}

void world_start_recorder(struct world *w)
{
    unlink(w->recorder.log);
    start_daemon(w, &w->recorder, "recorder");
    WORLD_AWAIT(w, START_MS, log_has(&w->recorder, "main: ready"));
}

void world_start(struct world *w, ...)
{
    va_list settings;
    const char *setting;
    va_start(settings, w);
    while ((setting = va_arg(settings, const char *)))
        world_set(w, setting);
    va_end(settings);
    world_start_dataplane(w);
    world_start_controlplane(w);
}

/* Without a check, since it is called where one has failed. */
static void print_drops(struct world *w)
{
    char answer[16384];
    ssize_t n = w->dataplane.pid ? send(w->telemetry, "/roomline/drops", 15, MSG_NOSIGNAL) : -1;
    n = n > 0 ? recv(w->telemetry, answer, sizeof(answer), 0) : 0;
    json_t *root = json_loadb(answer, (size_t)MAX(0, n), 0, NULL);
    const char *reason;
    json_t *count;
    json_object_foreach (json_object_iter_value(json_object_iter(root)), reason, count)
        if (json_integer_value(count))
            printf("# dropped: %s %lld\n", reason, json_integer_value(count));
    json_decref(root);
}

void world_fail(struct world *w, const char *file, int line, const char *what)
{
    for (size_t i = 0; i < w->n_people; i++) {
        const struct person *p = w->people[i];
        const struct person_media *media;
        printf("# %s: established=%d joined=%d closed=%d code=%d status=%s\n", p->login, p->established, p->joined,
               p->closed, p->close_code, p->status_info);
        TAILQ_FOREACH (media, &p->media, link) {
            struct peer *peer = media->peer;
            printf("#     %s %s %s %s peer=%d\n", media->publish ? "publish" : "play of", media->login, media->status,
                   media->info, peer ? (int)peer_state(peer) : -1);
            for (enum media_kind k = 0; peer && k < MEDIA_KINDS; k++) {
                const struct source *source = peer_source(peer, k);
                const struct sink *sink = peer_sink(peer, k);
                if (source)
                    printf("#         sent=%lu keys=%lu nacked=%lu resent=%lu\n", source->stats.packets,
                           source->stats.keys, source->stats.nacked, source->stats.resent);
                if (sink)
                    printf("#         received=%lu unique=%lu repaired=%lu duplicates=%lu late=%lu corrupt=%lu "
                           "head=%lu rebased=%lu early=%lu nacks=%lu missing=%u gap=%ld bad_srtp=%lu unknown=%lu\n",
                           sink->stats.received, sink->stats.unique, sink->stats.repaired, sink->stats.duplicates,
                           sink->stats.late, sink->stats.corrupt, sink->stats.wrong_head, sink->stats.rebased,
                           sink->stats.early, sink->stats.nacks, sink->missing, sink->stats.gap_us,
                           peer_stats(peer)->bad_srtp, peer_stats(peer)->unknown);
            }
        }
    }
    print_drops(w);
    printf("# %s:%d: %s\n", file, line, what);
    _fail(file, line);
    abort(); /* not reached */
}

bool world_turn(struct world *w, int64_t until_us)
{
    int64_t now_us = loop_now_us();
    struct process *daemons[] = {&w->dataplane, &w->controlplane, &w->recorder};
    for (size_t i = 0; i < ARRAY_SIZE(daemons) && !w->may_die; i++)
        if (daemons[i]->pid && !process_runs(daemons[i])) {
            printf("# %s: status %#x\n", daemons[i]->log, (unsigned)daemons[i]->status);
            world_fail(w, __FILE__, __LINE__, "a daemon died");
        }
    loop_turn(w->loop, MIN(until_us, now_us + TURN_US));
    return now_us < until_us;
}

void world_run_for(struct world *w, int64_t time_us)
{
    int64_t until_us = loop_now_us() + time_us;
    while (world_turn(w, until_us))
        ;
}

void world_close(struct world *w)
{
    while (w->n_people)
        person_destroy(w->people[--w->n_people]);
    WORLD_CHECK(w, process_stop(&w->controlplane, SIGTERM, STOP_US) == 0);
    WORLD_CHECK(w, process_stop(&w->recorder, SIGTERM, STOP_US) == 0);
    WORLD_CHECK(w, process_stop(&w->dataplane, SIGTERM, STOP_US) == 0);
    WORLD_CHECK(w, !log_has(&w->controlplane, "ERROR: ") && !log_has(&w->dataplane, "ERROR: ") &&
                       !log_has(&w->recorder, "ERROR: ")); /* sanitizers */
    w->closed = true;
}

/* ---- People ---- */

struct sockaddr_in6 world_address(bool ipv6, uint16_t port)
{
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    inet_pton(AF_INET6, ipv6 ? "::1" : "::ffff:127.0.0.1", &addr.sin6_addr);
    return addr;
}

struct dtls_ctx *world_dtls(struct world *w, enum srtp_profile profile)
{
    if (!w->dtls[profile]) {
        struct cert *cert = cert_make(NULL, time(NULL));
        enum srtp_profile only[] = {profile, SRTP_PROFILE_NONE};
        w->dtls[profile] = dtls_ctx_create(cert, only);
        cert_destroy(cert);
        assert_non_null(w->dtls[profile]);
    }
    return w->dtls[profile];
}

struct person *world_person(struct world *w, const struct person_conf *conf)
{
    struct person_conf c = *conf;
    c.socket.loop = w->loop;
    if (!c.socket.addr.sin6_port)
        c.socket.addr = world_address(c.ipv6, 8080);
    if (!c.dtls)
        c.dtls = world_dtls(w, SRTP_PROFILE_AEAD_AES_128_GCM);
    if (!c.seed)
        c.seed = w->n_people + 1;
    assert_true(w->n_people < WORLD_PEOPLE_MAX);
    struct person *person = person_create(&c);
    assert_non_null(person);
    return w->people[w->n_people++] = person;
}

void world_forget(struct world *w, struct person *person)
{
    for (size_t i = 0; i < w->n_people; i++)
        if (w->people[i] == person) {
            w->people[i] = w->people[--w->n_people];
            person_destroy(person);
            return;
        }
}

/* ---- Counters ---- */

static json_t *ask(struct world *w, const char *command)
{
    static char answer[65536];
    WORLD_CHECK(w, send(w->telemetry, command, strlen(command), MSG_NOSIGNAL) > 0);
    ssize_t n = recv(w->telemetry, answer, sizeof(answer), 0);
    json_t *root = n > 0 ? json_loadb(answer, (size_t)n, JSON_DECODE_INT_AS_REAL, NULL) : NULL; /* 64-bit ids */
    WORLD_CHECK(w, root);
    return root;
}

uint64_t world_counter(struct world *w, const char *command, const char *key)
{
    json_t *root = ask(w, command);
    const json_t *value = json_object_get(json_object_iter_value(json_object_iter(root)), key);
    WORLD_CHECK(w, json_is_real(value));
    uint64_t n = (uint64_t)json_real_value(value);
    json_decref(root);
    return n;
}

uint64_t world_drops(struct world *w, const char *reason)
{
    return world_counter(w, "/roomline/drops", reason);
}

/* ---- Media ---- */

struct sink *world_sink(const struct person *person, const char *login, enum media_kind kind)
{
    const struct person_media *media = person_played(person, login);
    return media && media->peer ? peer_sink(media->peer, kind) : NULL;
}

struct source *world_source(const struct person *person, enum media_kind kind)
{
    const struct person_media *media = person_published(person);
    return media && media->peer ? peer_source(media->peer, kind) : NULL;
}

bool world_hears(const struct person *person, const char *login, uint64_t packets)
{
    bool any = false;
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        const struct sink *sink = world_sink(person, login, k);
        if (sink && sink->stats.unique < packets)
            return false;
        any |= sink != NULL;
    }
    return any;
}

void world_check_sink(struct world *w, const struct sink *sink)
{
    const struct sink_stats *s = &sink->stats;
    WORLD_CHECK(w, s->unique > 0);
    WORLD_CHECK(w, s->corrupt == 0);
    WORLD_CHECK(w, s->wrong_head == 0);
    WORLD_CHECK(w, s->rebased == 0);
    WORLD_CHECK(w, s->resourced == 0);
}

static bool is_complete(struct person *sender, struct person *receiver, uint64_t lost_max)
{
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        const struct source *source = world_source(sender, k);
        const struct sink *sink = world_sink(receiver, sender->login, k);
        if (source && sink && sink_lost(sink, source->seq) > lost_max)
            return false;
    }
    return true;
}

void world_check_complete(struct world *w, struct person *sender, struct person *receiver, uint64_t lost_max)
{
    WORLD_AWAIT(w, COMPLETE_MS, is_complete(sender, receiver, lost_max));
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        const struct sink *sink = world_sink(receiver, sender->login, k);
        if (sink) {
            world_check_sink(w, sink);
            WORLD_CHECK(w, sink->stats.early == 0); /* nothing was lost, so the key frame came first */
        }
        WORLD_CHECK(w, !sink || !world_source(sender, k) || sink->source == world_source(sender, k)->conf.ssrc);
    }
}
