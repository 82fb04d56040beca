/* SPDX-License-Identifier: MIT */
/* A recorder that stands still, stutters, is killed or waits for its disk in vain, while people talk: whoever listens
 * misses nothing, and what the recording misses is counted to the packet. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/rtp.h"
#include "recorder/film/capture_read.h"
#include "tests/proc/world.h"

#define VIDEO_KBPS 4000
#define VIDEO_FPS  30
#define FIRST_SEQ  65000 /* sequence numbers begin anew while it all happens */
#define LISTENERS  2
#define PAUSE_MAX  (SECOND_US / 2) /* between two packets that a listener hears: the recorder stalls for longer */
#define GROWTH_MAX (4 << 20)       /* of the recorder's memory, over what it takes before it records */

struct scene {
    struct world *w;
    struct person *speaker, *listeners[LISTENERS];
    int64_t idle_bytes; /* of the recorder's memory */
};

struct tally { /* of a capture */
    struct {
        uint64_t packets;
        int64_t first, newest; /* indices */
    } of[MEDIA_KINDS];
    uint64_t reports, lost;
};

/* ---- People ---- */

static void start_recorder(struct scene *s)
{
    world_start_recorder(s->w);
    s->idle_bytes = process_peak_bytes(&s->w->recorder);
    WORLD_CHECK(s->w, s->idle_bytes > 0);
}

static struct person *join(struct scene *s, const char *login, uint32_t publish)
{
    return world_person(s->w, &(struct person_conf){.login = login,
                                                    .room = "r",
                                                    .publish = publish,
                                                    .play = publish ? 0 : ANY_CODEC,
                                                    .record = true,
                                                    .video_kbps = VIDEO_KBPS,
                                                    .video_fps = VIDEO_FPS,
                                                    .first_seq = FIRST_SEQ});
}

static uint64_t sent(const struct scene *s)
{
    return world_source(s->speaker, MEDIA_VIDEO)->stats.packets;
}

static bool all_hear(const struct scene *s, uint64_t packets)
{
    for (size_t i = 0; i < LISTENERS; i++) {
        const struct sink *video = world_sink(s->listeners[i], "speaker", MEDIA_VIDEO);
        if (!video || video->stats.unique < packets || !world_hears(s->listeners[i], "speaker", 1))
            return false;
    }
    return true;
}

/* Everybody is there, and so is the recorder. */
static void begin(struct scene *s, struct world *w, const char *ring)
{
    static const char *const logins[LISTENERS] = {"one", "two"};
    *s = (struct scene){.w = w};
    world_start(w, "dataplane.port=socket", "workers.count=1", "on_record_hook_script=none", "record.min_free_mbytes=0",
                ring, NULL);
    start_recorder(s);
    for (size_t i = 0; i < LISTENERS; i++)
        s->listeners[i] = join(s, logins[i], 0);
    s->speaker = join(s, "speaker", AV(OPUS, VP8));
    WORLD_AWAIT(w, 20000, all_hear(s, 100));
}

static void check_memory(struct scene *s)
{
    int64_t growth = process_peak_bytes(&s->w->recorder) - s->idle_bytes;
    printf("# memory of the recorder: %ld kB, of which %ld for recording\n", (s->idle_bytes + growth) >> 10,
           growth >> 10);
    WORLD_CHECK(s->w, growth < GROWTH_MAX);
}

/* The speaker falls silent: not one packet is missing, none had to be sent twice, and none waited for the recorder. */
static void check_listeners(struct scene *s)
{
    struct world *w = s->w;
    peer_pause(person_published(s->speaker)->peer);
    for (size_t i = 0; i < LISTENERS; i++) {
        world_check_complete(w, s->speaker, s->listeners[i], 0);
        for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
            const struct sink_stats *stats = &world_sink(s->listeners[i], "speaker", k)->stats;
            WORLD_CHECK(w, stats->repaired == 0 && stats->duplicates == 0 && stats->late == 0);
            WORLD_CHECK(w, stats->gap_us < PAUSE_MAX);
        }
    }
}

/* ---- What is on the disk ---- */

/* The one file of that pattern in the folder of recordings. false: there is none. */
static bool find(const struct scene *s, const char *pattern, char path[256])
{
    glob_t found;
    char all[256];
    snprintf(all, sizeof(all), "%s/records/%s", s->w->dir, pattern);
    bool any = glob(all, 0, NULL, &found) == 0;
    if (any)
        snprintf(path, 256, "%s", found.gl_pathv[0]);
    globfree(&found);
    return any;
}

static void count(const struct scene *s, struct tally *t, const struct tap_record *r)
{
    struct rtp_view v;
    if (r->type == TAP_LOST)
        t->lost += ((const struct tap_lost *)(r + 1))->records;
    t->reports += r->type == TAP_SR;
    if (r->type != TAP_RTP || rtp_parse(&v, (const uint8_t *)(r + 1), r->body_bytes))
        return;
    enum media_kind k = v.ssrc == world_source(s->speaker, MEDIA_VIDEO)->conf.ssrc ? MEDIA_VIDEO : MEDIA_AUDIO;
    if (!t->of[k].packets++)
        t->of[k].first = r->index;
    t->of[k].newest = MAX(t->of[k].newest, r->index);
}

/* All zero: there is none. */
static struct tally take_stock(const struct scene *s)
{
    struct tally t = {0};
    struct capture_read c;
    const struct tap_record *r;
    char path[256];
    size_t at = 0;
    if (!find(s, CAPTURE_FOLDER "/*/*" CAPTURE_SUFFIX, path) || capture_read_open(&c, path))
        return t;
    while ((r = capture_read_next(&c, &at)))
        count(s, &t, r);
    capture_read_close(&c);
    return t;
}

static uint64_t missing(const struct tally *t, enum media_kind k)
{
    return (uint64_t)(t->of[k].newest - t->of[k].first) + 1 - t->of[k].packets;
}

/* What the speaker has sent up to now, or some of what came after, is in the capture. */
static void await_captured(struct scene *s)
{
    int64_t newest = (int64_t)world_source(s->speaker, MEDIA_VIDEO)->seq - 1;
    WORLD_AWAIT(s->w, 10000, take_stock(s).of[MEDIA_VIDEO].newest >= newest);
}

/* All of a capture whose speaker is silent. */
static struct tally await_last(struct scene *s)
{
    int64_t newest = (int64_t)world_source(s->speaker, MEDIA_AUDIO)->seq - 1;
    await_captured(s);
    WORLD_AWAIT(s->w, 10000, take_stock(s).of[MEDIA_AUDIO].newest >= newest);
    return take_stock(s);
}

static json_t *read_sidecar(const struct scene *s)
{
    char path[256];
    json_t *o = find(s, "stream-*.webm.json", path) ? json_load_file(path, 0, NULL) : NULL;
    const char *state = json_string_value(json_object_get(o, "state"));
    if (state && strcmp(state, "ready") == 0)
        return o;
    json_decref(o);
    return NULL;
}

/* Of the file that is made when the speaker has gone; to be released. */
static json_t *await_sidecar(struct scene *s)
{
    char path[256];
    json_t *o = NULL;
    if (person_published(s->speaker)->peer)
        person_stop(s->speaker, person_published(s->speaker));
    WORLD_AWAIT(s->w, 15000, (o = read_sidecar(s)));
    WORLD_CHECK(s->w, find(s, "stream-*.webm", path));
    check_memory(s);
    return o;
}

static int64_t track_number(struct scene *s, const json_t *sidecar, enum media_kind k, const char *key)
{
    static const char *const kinds[MEDIA_KINDS] = {[MEDIA_AUDIO] = "audio", [MEDIA_VIDEO] = "video"};
    const json_t *track, *value = NULL;
    size_t i;
    json_array_foreach (json_object_get(sidecar, "tracks"), i, track)
        if (strcmp(json_string_value(json_object_get(track, "kind")), kinds[k]) == 0)
            value = json_object_get(track, key);
    WORLD_CHECK(s->w, json_is_integer(value));
    return json_integer_value(value);
}

static bool ended_by(const json_t *sidecar, const char *why)
{
    return strcmp(json_string_value(json_object_get(sidecar, "why")), why) == 0;
}

/* The side-car says of each track what the capture held, and what it did not; gaps: how often at least. */
static void check_sidecar(struct scene *s, const struct tally *t, int64_t gaps)
{
    struct world *w = s->w;
    json_t *o = await_sidecar(s);
    WORLD_CHECK(w, ended_by(o, "ended"));
    for (enum media_kind k = 0; k < MEDIA_KINDS; k++) {
        printf("# %s: packets=%lu missing=%lu gaps=%ld\n", k == MEDIA_AUDIO ? "audio" : "video", t->of[k].packets,
               missing(t, k), track_number(s, o, k, "gaps"));
        WORLD_CHECK(w, track_number(s, o, k, "packets") == (int64_t)t->of[k].packets);
        WORLD_CHECK(w, track_number(s, o, k, "lost") == (int64_t)missing(t, k));
        WORLD_CHECK(w, gaps ? track_number(s, o, k, "gaps") >= gaps : track_number(s, o, k, "gaps") == 0);
        WORLD_CHECK(w, track_number(s, o, k, "duplicate") == 0);
    }
    json_decref(o);
}

static uint64_t copies_lost(struct scene *s)
{
    return world_counter(s->w, "/roomline/workers,0", "tap_lost");
}

static void stand_still(struct scene *s, int64_t time_us)
{
    WORLD_CHECK(s->w, kill(s->w->recorder.pid, SIGSTOP) == 0);
    world_run_for(s->w, time_us);
    WORLD_CHECK(s->w, kill(s->w->recorder.pid, SIGCONT) == 0);
}

/* ---- What happens ---- */

/* Longer than the ring has room for. */
static void test_stopped(void **state)
{
    struct scene s;
    begin(&s, *state, "record.ring_kbytes=128");
    await_captured(&s);
    stand_still(&s, 2 * SECOND_US);
    WORLD_CHECK(s.w, copies_lost(&s) > 500);
    await_captured(&s);
    check_listeners(&s);
    struct tally t = await_last(&s);
    uint64_t packets = missing(&t, MEDIA_AUDIO) + missing(&t, MEDIA_VIDEO);
    WORLD_CHECK(s.w, t.lost == copies_lost(&s));
    WORLD_CHECK(s.w, t.lost >= packets && t.lost - packets < 10); /* the others were sender reports */
    check_sidecar(&s, &t, 1);
    world_close(s.w);
}

/* Again and again, which is what the ring is for. */
static void test_stutters(void **state)
{
    struct scene s;
    begin(&s, *state, "record.ring_kbytes=2048");
    for (int i = 0; i < 8; i++) {
        stand_still(&s, SECOND_US / 5);
        await_captured(&s);
    }
    check_listeners(&s);
    struct tally t = await_last(&s);
    WORLD_CHECK(s.w, copies_lost(&s) == 0 && t.lost == 0);
    WORLD_CHECK(s.w, missing(&t, MEDIA_AUDIO) == 0 && missing(&t, MEDIA_VIDEO) == 0);
    check_sidecar(&s, &t, 0);
    world_close(s.w);
}

static pid_t find_thread(const struct scene *s, const char *name)
{
    char pattern[64], found[32] = "";
    glob_t threads = {0};
    pid_t tid = 0;
    snprintf(pattern, sizeof(pattern), "/proc/%d/task/*", s->w->recorder.pid);
    glob(pattern, 0, NULL, &threads);
    for (size_t i = 0; i < threads.gl_pathc && !tid; i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s/comm", threads.gl_pathv[i]);
        FILE *f = fopen(path, "re");
        if (f && fscanf(f, "%31s", found) == 1 && strcmp(found, name) == 0)
            tid = atoi(strrchr(threads.gl_pathv[i], '/') + 1);
        if (f)
            fclose(f);
    }
    globfree(&threads);
    return tid;
}

/* A disk that does not answer, as its writer sees it: that thread alone is held. What comes waits in memory, for the
 * one that empties the rings waits for nobody. */
static void test_disk_hangs(void **state)
{
    struct scene s;
    begin(&s, *state, "record.ring_kbytes=512"); /* of 1 s */
    await_captured(&s);
    pid_t writer = find_thread(&s, "rec-write");
    WORLD_CHECK(s.w, writer && ptrace(PTRACE_SEIZE, writer, 0, 0) == 0 && ptrace(PTRACE_INTERRUPT, writer, 0, 0) == 0);
    WORLD_CHECK(s.w, waitpid(writer, NULL, __WALL) == writer);
    int64_t newest = take_stock(&s).of[MEDIA_VIDEO].newest;
    world_run_for(s.w, 2 * SECOND_US);
    WORLD_CHECK(s.w, take_stock(&s).of[MEDIA_VIDEO].newest == newest);
    WORLD_CHECK(s.w, ptrace(PTRACE_DETACH, writer, 0, 0) == 0);
    await_captured(&s);
    check_listeners(&s);
    struct tally t = await_last(&s);
    WORLD_CHECK(s.w, copies_lost(&s) == 0 && t.lost == 0);
    check_sidecar(&s, &t, 0);
    world_close(s.w);
}

/* What was sent while there was none is missing; the next one goes on with the same file. */
static void test_killed(void **state)
{
    struct scene s;
    uint64_t away = 0;
    begin(&s, *state, "record.ring_kbytes=128");
    for (int i = 0; i < 2; i++) {
        await_captured(&s);
        uint64_t until = sent(&s) + 400;
        away -= sent(&s);
        WORLD_CHECK(s.w, process_stop(&s.w->recorder, SIGKILL, SECOND_US) == SIGKILL);
        WORLD_AWAIT(s.w, 10000, sent(&s) >= until);
        away += sent(&s);
        start_recorder(&s);
    }
    await_captured(&s);
    check_listeners(&s);
    struct tally t = await_last(&s);
    WORLD_CHECK(s.w, missing(&t, MEDIA_VIDEO) >= away);
    check_sidecar(&s, &t, 2);
    world_close(s.w);
}

/* All that is free but for a little. */
static void fill_disk(struct scene *s, char hog[256])
{
    snprintf(hog, 256, "%s/records/hog", s->w->dir);
    int fd = open(hog, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    WORLD_CHECK(s->w, fd >= 0 && posix_fallocate(fd, 0, 7 << 20) == 0);
    close(fd);
}

static bool is_full(const struct scene *s)
{
    char *log = process_output(&s->w->recorder);
    bool full = strstr(log, "reason=\"disk full\"");
    free(log);
    return full;
}

/* The recording ends where the disk does; once there is room again it becomes a file. */
static void test_disk_full(void **state)
{
    struct world *w = *state;
    struct scene s;
    char records[128], hog[256];
    snprintf(records, sizeof(records), "%s/records", w->dir);
    WORLD_CHECK(w, mkdir(records, 0755) == 0 && mount("tmpfs", records, "tmpfs", 0, "size=8m") == 0);
    begin(&s, w, "record.ring_kbytes=2048");
    fill_disk(&s, hog);
    WORLD_AWAIT(w, 10000, is_full(&s));
    WORLD_CHECK(w, unlink(hog) == 0);
    uint64_t until = sent(&s) + 500;
    WORLD_AWAIT(w, 10000, sent(&s) >= until);
    check_listeners(&s);
    int64_t packets = (int64_t)sent(&s);
    json_t *o = await_sidecar(&s);
    WORLD_CHECK(w, ended_by(o, "disk full"));
    WORLD_CHECK(w, track_number(&s, o, MEDIA_VIDEO, "lost") == 0 && copies_lost(&s) == 0);
    WORLD_CHECK(w, track_number(&s, o, MEDIA_VIDEO, "packets") > 0);
    WORLD_CHECK(w, track_number(&s, o, MEDIA_VIDEO, "packets") < packets - 500);
    json_decref(o);
    world_close(w);
    umount(records);
}

/* Mounts of ours are seen by nobody else, and go with us. */
static bool has_own_mounts(void)
{
    if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        return true;
    printf("ok - chaos # SKIP no mount namespace of our own: %s (run as root)\n", strerror(errno));
    return false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_stopped), WORLD_TEST(test_stutters),  WORLD_TEST(test_disk_hangs),
        WORLD_TEST(test_killed),  WORLD_TEST(test_disk_full),
    };
    return world_enter("chaos") && has_own_mounts() ? cmocka_run_group_tests_name("chaos", tests, NULL, NULL) : 0;
}
