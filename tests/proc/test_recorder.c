/* SPDX-License-Identifier: MIT */
/* The recorder from end to end: what goes through the rings lies in captures, whatever happens meanwhile, and becomes
 * what the finisher makes of it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/util.h"
#include "tests/peer/loop.h"
#include "tests/proc/studio.h"

#define RING      (1u << 20)
#define BURST     300 /* of packets of two streams, which a ring holds with ease */
#define SECOND_US INT64_C(1000000)

enum { ROOM = 5, TAKE = 0x12 };

/* Packets first..last - 1 of a take's two streams, as fast as the recorder takes them. */
static void send_packets(struct studio *s, uint64_t take, int64_t first, int64_t last)
{
    for (int64_t i = first; i < last; i++) {
        STUDIO_CHECK(s, studio_rtp(s, 0, STUDIO_VIDEO(take), i, 1000 + (uint32_t)(i % 200)));
        STUDIO_CHECK(s, studio_rtp(s, 0, STUDIO_AUDIO(take), i, 80));
        if (i % BURST == BURST - 1)
            STUDIO_AWAIT(s, 5000, studio_is_drained(s));
    }
    STUDIO_AWAIT(s, 5000, studio_is_drained(s));
}

static void read_take(struct studio *s, uint64_t take, struct tape *t)
{
    char path[256];
    studio_path(s, ROOM, take, path);
    tape_read(t, path);
}

static size_t count_rtp(struct studio *s, uint64_t take)
{
    struct tape t;
    read_take(s, take, &t);
    size_t n = t.n_rtp;
    tape_free(&t);
    return n;
}

static bool has_end(struct studio *s, uint64_t take, const char *text)
{
    struct tape t;
    read_take(s, take, &t);
    bool has = t.end && strstr(t.end, text);
    tape_free(&t);
    return has;
}

static bool exists(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static bool file_has(const char *folder, const char *name, const char *text)
{
    char path[512], bytes[8192] = "";
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    size_t n = fread(bytes, 1, sizeof(bytes) - 1, f);
    fclose(f);
    bytes[n] = '\0';
    return strstr(bytes, text);
}

static bool has_capture(struct studio *s, uint64_t take)
{
    char path[256];
    studio_path(s, ROOM, take, path);
    return access(path, F_OK) == 0;
}

static void fake_finisher(struct studio *s, const char *mode)
{
    snprintf(s->finisher, sizeof(s->finisher), "tests/proc/finisher.py");
    setenv("FAKE_FINISHER", mode, 1);
}

/* The controlplane's word of one room and one take. */
static void put_all(struct studio *s, uint32_t room_flags, uint32_t take_flags)
{
    studio_connect(s);
    studio_put_room(s, ROOM, "room", room_flags, room_flags & REC_WHOLE ? "room.mkv" : "");
    studio_put_take(s, TAKE, ROOM, take_flags, take_flags & REC_FILE ? "take.webm" : "");
    studio_sync(s);
}

static void start(struct studio *s, uint32_t room_flags, uint32_t take_flags)
{
    if (s->tap.listener < 0)
        studio_open_tap(s, 1, RING);
    studio_start(s);
    put_all(s, room_flags, take_flags);
    STUDIO_AWAIT(s, 5000, studio_is_tapped(s));
    STUDIO_AWAIT(s, 2000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_RECORDING));
}

static void kill_recorder(struct studio *s)
{
    process_stop(&s->recorder, SIGKILL, SECOND_US);
    studio_disconnect(s);
}

/* ---- What goes in comes out ---- */

static void test_capture(void **state)
{
    struct studio *s = *state;
    struct tape t;
    int64_t *indices = calloc(3000, sizeof(*indices));
    start(s, REC_WHOLE, 0); /* the room's captures stay until it ends */
    STUDIO_CHECK(s, s->control.wishes >= 1 && s->control.wished == STUDIO_VIDEO(TAKE));
    send_packets(s, TAKE, 0, 3000);
    STUDIO_AWAIT(s, 5000, count_rtp(s, TAKE) == 6000);
    studio_end_take(s, TAKE, "better.webm");
    STUDIO_AWAIT(s, 5000, has_end(s, TAKE, "\"why\":\"ended\""));
    read_take(s, TAKE, &t);
    studio_close(s);
    assert_true(t.whole);
    assert_non_null(strstr(t.meta, "\"login\":\"login18\""));
    assert_non_null(strstr(t.end, "\"file\":\"better.webm\""));
    assert_int_equal(t.n_clocks, 1);
    assert_int_equal(t.lost, 0);
    for (int kind = 0; kind < 2; kind++) {
        assert_int_equal(tape_indices(&t, kind ? STUDIO_VIDEO(TAKE) : STUDIO_AUDIO(TAKE), indices, 3000), 3000);
        for (int64_t i = 0; i < 3000; i++)
            assert_int_equal(indices[i], i);
    }
    tape_free(&t);
    free(indices);
}

static void test_file(void **state)
{
    struct studio *s = *state;
    fake_finisher(s, "");
    start(s, 0, REC_FILE);
    send_packets(s, TAKE, 0, 100);
    STUDIO_AWAIT(s, 3000, file_has(s->records, "index.json", "\"state\":\"recording\""));
    studio_end_take(s, TAKE, "better.webm");
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_READY));
    const struct rec_state *told = studio_state(s, REC_OF_TAKE, TAKE);
    assert_string_equal(told->file, "better.webm");
    assert_string_equal(told->room, "room");
    assert_string_equal(told->stream_name, "stream18");
    assert_string_equal(told->error, "");
    assert_int_equal(told->bytes, 10);
    assert_int_equal(told->duration_us, 1500000);
    assert_true(file_has(s->records, "better.webm", "200"));
    STUDIO_AWAIT(s, 5000, !has_capture(s, TAKE));
    STUDIO_AWAIT(s, 5000, file_has(s->records, "index.json", "\"state\":\"ready\""));
    STUDIO_CHECK(s, exists(s->records, ".captures/0000000000000005"));
    studio_end_room(s, ROOM);
    STUDIO_AWAIT(s, 5000, !exists(s->records, ".captures/0000000000000005"));
    studio_close(s);
}

static void test_room(void **state)
{
    struct studio *s = *state;
    fake_finisher(s, "");
    start(s, REC_WHOLE | REC_STEP, REC_FILE);
    studio_put_take(s, TAKE + 1, ROOM, 0, "");
    send_packets(s, TAKE, 0, 100);
    send_packets(s, TAKE + 1, 0, 100);
    studio_end_take(s, TAKE, "");
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_READY));
    STUDIO_CHECK(s, has_capture(s, TAKE) && !studio_is(s, REC_OF_ROOM, ROOM, REC_IS_READY));
    studio_end_room(s, ROOM); /* and the take that lives */
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_ROOM, ROOM, REC_IS_READY));
    assert_string_equal(studio_state(s, REC_OF_ROOM, ROOM)->file, "room.mkv");
    assert_int_equal(studio_state(s, REC_OF_ROOM, ROOM)->bytes, 20);
    assert_true(file_has(s->records, "room.mkv", "0000000000000012.cap 0000000000000013.cap"));
    STUDIO_AWAIT(s, 5000, !exists(s->records, ".captures/0000000000000005"));
    studio_close(s);
}

/* ---- Who dies, and comes back ---- */

/* Killed while it writes: at most what came in the last two seconds is missing, and the same file goes on. */
static void test_killed(void **state)
{
    struct studio *s = *state;
    struct tape t;
    int64_t *indices = calloc(20000, sizeof(*indices)), sent = 0, old = 0;
    start(s, REC_WHOLE, 0);
    for (int64_t until_us = loop_now_us() + 3 * SECOND_US; loop_now_us() < until_us;) {
        old = loop_now_us() < until_us - 2 * SECOND_US ? sent : old;
        send_packets(s, TAKE, sent, sent + 5);
        sent += 5;
    }
    kill_recorder(s);
    const int64_t killed_at = sent;
    studio_start(s);
    put_all(s, REC_WHOLE, 0);
    STUDIO_AWAIT(s, 5000, studio_is_tapped(s));
    send_packets(s, TAKE, sent, sent + 200);
    sent += 200;
    studio_end_take(s, TAKE, "");
    STUDIO_AWAIT(s, 5000, has_end(s, TAKE, "ended"));
    read_take(s, TAKE, &t);
    assert_true(t.whole);
    assert_int_equal(t.n_clocks, 2);
    size_t n = tape_indices(&t, STUDIO_VIDEO(TAKE), indices, 20000), at = 0;
    while (at + 1 < n && indices[at + 1] == indices[at] + 1)
        at++; /* the first of two runs */
    printf("# killed at %ld: %ld packets missing of the last ones\n", killed_at, killed_at - indices[at] - 1);
    assert_int_equal(indices[0], 0);
    assert_true(indices[at] >= old);
    assert_int_equal(n - at - 1, 200);
    for (size_t i = at + 1; i < n; i++)
        assert_int_equal(indices[i], killed_at + (int64_t)(i - at - 1));
    tape_free(&t);
    free(indices);
    studio_close(s);
}

/* Nobody goes on with it: it is closed, and becomes a file. */
static void test_orphan(void **state)
{
    struct studio *s = *state;
    fake_finisher(s, "");
    start(s, REC_WHOLE, REC_FILE);
    send_packets(s, TAKE, 0, 100);
    STUDIO_AWAIT(s, 5000, count_rtp(s, TAKE) == 200);
    kill_recorder(s);
    char path[256];
    studio_path(s, ROOM, TAKE, path);
    FILE *f = fopen(path, "ae");
    fputs("torn", f);
    fclose(f);
    studio_start(s);
    STUDIO_CHECK(s, !has_end(s, TAKE, ""));
    studio_connect(s);
    studio_sync(s);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_READY));
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_ROOM, ROOM, REC_IS_READY));
    assert_string_equal(studio_state(s, REC_OF_TAKE, TAKE)->stream_name, "stream18");
    assert_true(file_has(s->records, "take.webm", "200"));
    STUDIO_AWAIT(s, 5000, !has_capture(s, TAKE));
    studio_close(s);
}

/* What was made and told before is not made again, though its capture is there for the room. */
static void test_made_once(void **state)
{
    struct studio *s = *state;
    char path[256];
    fake_finisher(s, "");
    start(s, REC_WHOLE, REC_FILE);
    studio_put_take(s, TAKE + 1, ROOM, 0, "");
    send_packets(s, TAKE, 0, 10);
    send_packets(s, TAKE + 1, 0, 10);
    studio_end_take(s, TAKE, "");
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_READY));
    STUDIO_AWAIT(s, 5000, exists(s->records, ".captures/0000000000000005/0000000000000012.told"));
    STUDIO_AWAIT(s, 5000, count_rtp(s, TAKE + 1) == 20);
    kill_recorder(s);
    snprintf(path, sizeof(path), "%s/take.webm", s->records);
    assert_int_equal(unlink(path), 0);
    s->control.n_states = 0;
    studio_start(s);
    studio_connect(s);
    studio_sync(s);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_ROOM, ROOM, REC_IS_READY));
    assert_true(file_has(s->records, "room.mkv", "0000000000000012.cap 0000000000000013.cap"));
    assert_null(studio_state(s, REC_OF_TAKE, TAKE));
    assert_int_equal(access(path, F_OK), -1);
    STUDIO_AWAIT(s, 5000, !exists(s->records, ".captures/0000000000000005"));
    studio_close(s);
}

/* SIGTERM closes nothing that lives: the next run goes on, without a packet less. */
static void test_stopped(void **state)
{
    struct studio *s = *state;
    struct tape t;
    start(s, REC_WHOLE, 0);
    send_packets(s, TAKE, 0, 500);
    assert_int_equal(process_stop(&s->recorder, SIGTERM, 5 * SECOND_US), 0);
    read_take(s, TAKE, &t);
    assert_int_equal(t.n_rtp, 1000);
    assert_null(t.end);
    tape_free(&t);
    start(s, REC_WHOLE, 0);
    send_packets(s, TAKE, 500, 600);
    STUDIO_AWAIT(s, 5000, count_rtp(s, TAKE) == 1200);
    studio_close(s);
}

/* While it stands still the ring fills: what is lost is counted to the packet. */
static void test_stands_still(void **state)
{
    struct studio *s = *state;
    struct tape t;
    uint64_t lost = 0, sent = 0;
    start(s, REC_WHOLE, 0);
    kill(s->recorder.pid, SIGSTOP);
    for (int64_t until_us = loop_now_us() + 2 * SECOND_US; loop_now_us() < until_us; usleep(500), sent++)
        lost += !studio_rtp(s, 0, STUDIO_VIDEO(TAKE), (int64_t)sent, 1000);
    kill(s->recorder.pid, SIGCONT);
    STUDIO_AWAIT(s, 5000, studio_is_drained(s));
    printf("# %lu of %lu lost while it stood still\n", lost, sent);
    assert_true(lost > 100);
    studio_end_take(s, TAKE, "");
    STUDIO_AWAIT(s, 5000, has_end(s, TAKE, "ended"));
    read_take(s, TAKE, &t);
    assert_int_equal(t.lost, lost);
    assert_int_equal(t.n_rtp, sent - lost);
    tape_free(&t);
    studio_close(s);
}

static void test_dataplane_comes_back(void **state)
{
    struct studio *s = *state;
    studio_start(s); /* before there is one */
    studio_open_tap(s, 1, RING);
    put_all(s, REC_WHOLE, 0);
    STUDIO_AWAIT(s, 5000, studio_is_tapped(s));
    send_packets(s, TAKE, 0, 100);
    studio_close_tap(s);
    studio_open_tap(s, 2, 2 * RING);
    STUDIO_AWAIT(s, 5000, s->tap.connections == 2 && studio_is_tapped(s));
    send_packets(s, TAKE, 100, 200);
    STUDIO_AWAIT(s, 5000, count_rtp(s, TAKE) == 400);
    studio_close(s);
}

/* What happens while it is away is told when it is back; what it does not put then has ended. */
static void test_controlplane_comes_back(void **state)
{
    struct studio *s = *state;
    fake_finisher(s, "");
    start(s, 0, REC_FILE);
    studio_put_take(s, TAKE + 1, ROOM, REC_FILE, "other.webm");
    send_packets(s, TAKE, 0, 100);
    send_packets(s, TAKE + 1, 0, 100);
    studio_end_take(s, TAKE + 1, "");
    studio_disconnect(s);
    send_packets(s, TAKE, 100, 200); /* goes on without */
    STUDIO_AWAIT(s, 5000, exists(s->records, "other.webm"));
    STUDIO_CHECK(s, has_capture(s, TAKE + 1)); /* until that is told */
    put_all(s, 0, REC_FILE);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE + 1, REC_IS_READY));
    STUDIO_AWAIT(s, 5000, !has_capture(s, TAKE + 1));
    send_packets(s, TAKE, 200, 300);
    STUDIO_AWAIT(s, 5000, count_rtp(s, TAKE) == 600);
    studio_connect(s); /* another one, who knows nothing: it takes the place of the first */
    studio_sync(s);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_READY));
    assert_true(file_has(s->records, "take.webm", "600"));
    studio_close(s);
}

/* ---- Disks ---- */

/* In a mount namespace of our own: size: of a tmpfs option. */
static void mount_records(struct studio *s, const char *options)
{
    mkdir(s->records, 0755);
    assert_int_equal(mount("tmpfs", s->records, "tmpfs", 0, options), 0);
}

static void test_disk_full(void **state)
{
    struct studio *s = *state;
    struct tape t;
    int64_t sent = 0;
    mount_records(s, "size=3m");
    studio_set(s, "record.min_free_mbytes=0");
    start(s, REC_WHOLE, 0);
    for (; !studio_is(s, REC_OF_TAKE, TAKE, REC_IS_FAILED) && sent < 20000; sent += 100)
        send_packets(s, TAKE, sent, sent + 100);
    STUDIO_CHECK(s, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_FAILED));
    assert_string_equal(studio_state(s, REC_OF_TAKE, TAKE)->error, "disk full");
    STUDIO_AWAIT(s, 5000, has_end(s, TAKE, "\"why\":\"disk full\""));
    read_take(s, TAKE, &t);
    assert_true(t.whole && t.n_bytes > 2 << 20);
    tape_free(&t);
    studio_close(s);
}

/* A take put again and again under new ids until it is recorded: the recorder looks at the disk but once a second. */
static uint64_t put_until_recorded(struct studio *s, uint64_t take)
{
    int64_t until_us = loop_now_us() + 5 * SECOND_US;
    do {
        studio_put_take(s, ++take, ROOM, REC_FILE, "late.webm");
        STUDIO_AWAIT(s, 2000, studio_state(s, REC_OF_TAKE, take));
    } while (!studio_is(s, REC_OF_TAKE, take, REC_IS_RECORDING) && studio_turn(s, until_us));
    return take;
}

static void test_disk_nearly_full(void **state)
{
    struct studio *s = *state;
    char hog[256];
    fake_finisher(s, "");
    mount_records(s, "size=16m");
    studio_set(s, "record.min_free_mbytes=8");
    start(s, 0, REC_FILE);
    send_packets(s, TAKE, 0, 100);
    snprintf(hog, sizeof(hog), "%s/hog", s->records);
    int fd = open(hog, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(posix_fallocate(fd, 0, 10 << 20), 0);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_READY)); /* of what there was until then */
    assert_string_equal(studio_state(s, REC_OF_TAKE, TAKE)->error, "disk full");
    studio_put_take(s, TAKE + 1, ROOM, REC_FILE, "other.webm");
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE + 1, REC_IS_FAILED));
    assert_string_equal(studio_state(s, REC_OF_TAKE, TAKE + 1)->error, "disk full");
    assert_int_equal(ftruncate(fd, 0), 0);
    close(fd);
    uint64_t late = put_until_recorded(s, TAKE + 1);
    send_packets(s, late, 0, 50);
    STUDIO_AWAIT(s, 2000, count_rtp(s, late) == 100);
    studio_close(s);
}

/* A folder that cannot be written to: said, survived, and over once it can be. */
static void test_read_only(void **state)
{
    struct studio *s = *state;
    mount_records(s, "size=16m");
    studio_set(s, "record.min_free_mbytes=0");
    assert_int_equal(mount(NULL, s->records, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    studio_open_tap(s, 1, RING);
    studio_start(s);
    put_all(s, 0, REC_FILE);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_FAILED));
    assert_string_equal(studio_state(s, REC_OF_TAKE, TAKE)->error, "the records folder is read-only");
    assert_int_equal(mount(NULL, s->records, NULL, MS_REMOUNT, NULL), 0);
    studio_put_take(s, TAKE + 1, ROOM, REC_FILE, "other.webm");
    send_packets(s, TAKE + 1, 0, 50);
    STUDIO_AWAIT(s, 2000, count_rtp(s, TAKE + 1) == 100);
    studio_close(s);
}

/* ---- Finishers that fail ---- */

static void record_little(struct studio *s, const char *mode, int64_t packets)
{
    fake_finisher(s, mode);
    start(s, 0, REC_FILE);
    send_packets(s, TAKE, 0, packets);
    studio_end_take(s, TAKE, "");
}

static void test_finisher_crashes_once(void **state)
{
    struct studio *s = *state;
    record_little(s, "crash-once", 10);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_READY));
    studio_close(s);
}

static void test_finisher_crashes(void **state)
{
    struct studio *s = *state;
    record_little(s, "crash", 10);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_FAILED));
    assert_string_equal(studio_state(s, REC_OF_TAKE, TAKE)->error, "the finisher died of signal 6");
    STUDIO_AWAIT(s, 5000, exists(s->records, ".captures/failed/0000000000000005/0000000000000012.cap"));
    studio_close(s);
}

static void test_finisher_fails(void **state)
{
    struct studio *s = *state;
    record_little(s, "fail", 10);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_FAILED));
    assert_string_equal(studio_state(s, REC_OF_TAKE, TAKE)->error, "the film tore");
    STUDIO_AWAIT(s, 5000, exists(s->records, ".captures/failed/0000000000000005/0000000000000012.cap"));
    studio_close(s);
}

/* Nothing came: there is nothing to be kept. */
static void test_nothing_came(void **state)
{
    struct studio *s = *state;
    record_little(s, "", 0);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_FAILED));
    assert_string_equal(studio_state(s, REC_OF_TAKE, TAKE)->error, "no media came");
    STUDIO_AWAIT(s, 5000, !has_capture(s, TAKE));
    STUDIO_CHECK(s, !exists(s->records, ".captures/failed"));
    studio_close(s);
}

/* One that does not end goes with the recorder, and what it was at is done by the next. */
static void test_finisher_hangs(void **state)
{
    struct studio *s = *state;
    record_little(s, "hang", 10);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_FINISHING));
    assert_int_equal(process_stop(&s->recorder, SIGTERM, 5 * SECOND_US), 0);
    fake_finisher(s, "");
    studio_start(s);
    studio_connect(s);
    studio_sync(s);
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_READY));
    studio_close(s);
}

/* ---- Names ---- */

static void test_evil_names(void **state)
{
    struct studio *s = *state;
    struct tape t;
    char path[512];
    fake_finisher(s, "");
    studio_open_tap(s, 1, RING);
    studio_start(s);
    studio_connect(s);
    studio_put_room(s, ROOM, "../../etc", REC_WHOLE, "etc.mkv");
    studio_put_take(s, TAKE, ROOM, REC_FILE, "take.webm");
    studio_sync(s);
    STUDIO_AWAIT(s, 5000, studio_is_tapped(s));
    send_packets(s, TAKE, 0, 10);
    STUDIO_AWAIT(s, 5000, count_rtp(s, TAKE) == 20);
    read_take(s, TAKE, &t);
    assert_non_null(strstr(t.meta, "\"room\":\"../../etc\""));
    tape_free(&t);
    /* The folder of another room is a link elsewhere: nothing is written there. */
    snprintf(path, sizeof(path), "%s/.captures/0000000000000006", s->records);
    assert_int_equal(symlink("/tmp", path), 0);
    studio_put_room(s, 6, "linked", 0, "");
    studio_put_take(s, TAKE + 1, 6, REC_FILE, "linked.webm");
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE + 1, REC_IS_FAILED));
    assert_int_not_equal(access("/tmp/0000000000000013.cap", F_OK), 0);
    /* A file name with a path in it is no record that may come: the link is closed, and what lives goes on. */
    studio_end_take(s, TAKE, "../take.webm");
    STUDIO_AWAIT(s, 5000, s->control.link < 0);
    send_packets(s, TAKE, 10, 20);
    STUDIO_AWAIT(s, 5000, count_rtp(s, TAKE) == 40);
    studio_close(s);
}

/* Mounts of ours are seen by nobody else, and go with us. */
static bool enter(void)
{
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        return true;
    printf("ok - recorder # SKIP no mount namespace of our own: %s (run as root)\n", strerror(errno));
    return false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STUDIO_TEST(test_capture),
        STUDIO_TEST(test_file),
        STUDIO_TEST(test_room),
        STUDIO_TEST(test_killed),
        STUDIO_TEST(test_orphan),
        STUDIO_TEST(test_made_once),
        STUDIO_TEST(test_stopped),
        STUDIO_TEST(test_stands_still),
        STUDIO_TEST(test_dataplane_comes_back),
        STUDIO_TEST(test_controlplane_comes_back),
        STUDIO_TEST(test_disk_full),
        STUDIO_TEST(test_disk_nearly_full),
        STUDIO_TEST(test_read_only),
        STUDIO_TEST(test_finisher_crashes_once),
        STUDIO_TEST(test_finisher_crashes),
        STUDIO_TEST(test_finisher_fails),
        STUDIO_TEST(test_nothing_came),
        STUDIO_TEST(test_finisher_hangs),
        STUDIO_TEST(test_evil_names),
    };
    return enter() ? cmocka_run_group_tests_name("recorder", tests, NULL, NULL) : 0;
}
