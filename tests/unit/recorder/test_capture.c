/* SPDX-License-Identifier: MIT */
/* capture: what the hands write, a disk that stands still, and memory over a long run. */
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/capture.h"
#include "recorder/folder.h"
#include "recorder/scan.h"
#include "tests/unit/recorder/place.h"

#define PACKET_BYTES 1000
#define N_CAPTURES   3

static struct desk {
    struct hand writer, syncer;
    struct captures all;
    int n_closed, n_errors, error;
    bool written;
} desk;

static void on_error(void *arg, void *capture_arg, int err)
{
    desk.n_errors++;
    desk.error = err;
    assert_ptr_equal(arg, &desk);
}

static void on_closed(void *arg, void *capture_arg, bool written)
{
    desk.n_closed++;
    desk.written = written;
}

static int setup(void **state)
{
    desk = (struct desk){0};
    if (place_setup(state) || hand_init(&desk.writer, "writer") || hand_init(&desk.syncer, "syncer"))
        return -1;
    captures_init(&desk.all, *state, &desk.writer, &desk.syncer);
    desk.all.on_error = on_error;
    desk.all.on_closed = on_closed;
    desk.all.arg = &desk;
    return 0;
}

static int teardown(void **state)
{
    hand_finish(&desk.writer);
    hand_finish(&desk.syncer);
    captures_finish(&desk.all);
    return place_teardown(state);
}

static void answer_all(void)
{
    while (desk.writer.n_open || desk.syncer.n_open) {
        struct pollfd wait[] = {{.fd = desk.writer.event_fd, .events = POLLIN},
                                {.fd = desk.syncer.event_fd, .events = POLLIN}};
        poll(wait, 2, -1);
        hand_answer(&desk.writer);
        hand_answer(&desk.syncer);
    }
}

static struct capture *start(uint64_t id, bool again)
{
    struct rec_room_put room = place_room(1);
    struct rec_take_put take = place_take(id, 1);
    return capture_create(&desk.all, &take, &room, again, 1000, NULL);
}

static void put(struct capture *c, int64_t index)
{
    union {
        struct tap_record r;
        uint8_t bytes[PACKET_BYTES + sizeof(struct tap_record)];
    } m;
    memset(&m, 0, sizeof(m));
    place_record(m.bytes, 0, TAP_RTP, 7, NULL, PACKET_BYTES);
    m.r.index = index;
    capture_put(c, &m.r);
}

struct account {
    uint64_t rtp, lost, clocks, ends, bytes;
};

/* Reads the file, whose packets must come in order. */
static struct account read_back(const char *folder, uint64_t id)
{
    struct account a = {0};
    struct tap_record r;
    char path[256];
    int64_t last = -1;
    snprintf(path, sizeof(path), "%s/.captures/0000000000000001/%016lx.cap", folder, id);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    fseek(f, CAPTURE_MAGIC_BYTES, SEEK_SET);
    while (fread(&r, sizeof(r), 1, f) == 1) {
        uint64_t body[8192];
        assert_int_equal(fread(body, 1, r.bytes - sizeof(r), f), r.bytes - sizeof(r));
        a.rtp += r.type == TAP_RTP;
        a.clocks += r.type == TAP_CLOCK;
        a.ends += r.type == TAP_END;
        a.lost += r.type == TAP_LOST ? body[0] : 0;
        if (r.type == TAP_RTP) {
            assert_true(r.index > last);
            last = r.index;
        }
    }
    a.bytes = (uint64_t)ftell(f);
    fclose(f);
    return a;
}

static void test_writes_and_goes_on(void **state)
{
    struct capture *c = start(2, false);
    for (int64_t i = 0; i < 500; i++)
        put(c, i);
    capture_flush(c);
    answer_all();
    capture_sync(c);
    uint64_t bytes = capture_bytes(c);
    capture_close(c, "", NULL, 2000);
    answer_all();
    assert_int_equal(desk.n_closed, 1);
    assert_true(desk.written);
    struct account a = read_back(*state, 2);
    assert_int_equal(a.rtp, 500);
    assert_int_equal(a.ends, 0);
    assert_int_equal(a.bytes, bytes);
    c = start(2, true);
    for (int64_t i = 500; i < 600; i++)
        put(c, i);
    answer_all();
    bytes = capture_bytes(c);
    capture_close(c, "x.mp4", "ended", 3000);
    answer_all();
    a = read_back(*state, 2);
    assert_int_equal(a.rtp, 600);
    assert_int_equal(a.clocks, 2);
    assert_int_equal(a.ends, 1);
    assert_true(a.bytes > bytes && a.bytes < bytes + 200); /* END */
    c = start(2, true);                                    /* which is closed */
    answer_all();
    assert_int_equal(desk.error, -EALREADY);
    capture_close(c, "", "ended", 4000);
    answer_all();
    assert_true(desk.written);
    assert_int_equal(read_back(*state, 2).bytes, a.bytes);
}

static void test_new_over_old(void **state)
{
    capture_close(start(2, false), "", NULL, 2000);
    answer_all();
    struct capture *c = start(2, false);
    answer_all();
    assert_int_equal(desk.n_errors, 1);
    assert_int_equal(desk.error, -EEXIST);
    capture_close(c, "", "ended", 3000);
    answer_all();
    assert_int_equal(desk.n_closed, 2);
}

struct brake {
    struct hand_job job;
    sem_t go;
};

static void wait_for_go(struct hand_job *job)
{
    sem_wait(&((struct brake *)job)->go);
}

static void no_answer(struct hand_job *job) {}

/* The disk stands still: memory is bounded, and what it cannot hold is counted in the file. */
static void test_slow_disk(void **state)
{
    struct brake brake = {.job = {.work = wait_for_go, .done = no_answer}};
    struct capture *c[N_CAPTURES];
    const int64_t n = 30000; /* 31 MB each */
    uint64_t rtp = 0, lost = 0;
    sem_init(&brake.go, 0, 0);
    hand_give(&desk.writer, &brake.job);
    for (int k = 0; k < N_CAPTURES; k++)
        c[k] = start(2 + (uint64_t)k, false);
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < N_CAPTURES; k++)
            put(c[k], i);
    assert_true(desk.all.n_chunks <= CAPTURE_CHUNKS + CAPTURE_CHUNKS_EACH * N_CAPTURES);
    sem_post(&brake.go);
    answer_all();
    for (int k = 0; k < N_CAPTURES; k++) {
        put(c[k], n);
        capture_close(c[k], "", "ended", 2000);
    }
    answer_all();
    for (int k = 0; k < N_CAPTURES; k++) {
        struct account a = read_back(*state, 2 + (uint64_t)k);
        assert_int_equal(a.rtp + a.lost, n + 1);
        assert_int_equal(a.ends, 1);
        rtp += a.rtp;
        lost += a.lost;
    }
    assert_true(lost > 0 && rtp > CAPTURE_CHUNKS * (CAPTURE_CHUNK_BYTES / (PACKET_BYTES + 100)));
    assert_true(desk.all.n_chunks <= CAPTURE_CHUNKS);
    sem_destroy(&brake.go);
}

/* Hours of it: as many chunks as at the beginning. */
static void test_flat(void **state)
{
    struct capture *c = start(2, false);
    uint32_t most = 0;
    for (int64_t i = 0; i < 200000; i++) {
        put(c, i);
        if (i % 100 == 99) {
            capture_flush(c);
            answer_all();
            most = desk.all.n_chunks > most ? desk.all.n_chunks : most;
        }
    }
    assert_true(most <= 4);
    capture_close(c, "", "ended", 2000);
    answer_all();
    assert_int_equal(read_back(*state, 2).rtp, 200000);
}

/* A link where the room's folder should be is not followed. */
static void test_link(void **state)
{
    char path[256];
    close(folder_captures(*state));
    snprintf(path, sizeof(path), "%s/.captures/0000000000000001", (const char *)*state);
    assert_int_equal(symlink("/tmp", path), 0);
    struct capture *c = start(2, false);
    answer_all();
    assert_int_equal(desk.n_errors, 1);
    assert_true(desk.error == -ENOTDIR || desk.error == -ELOOP);
    capture_close(c, "", "ended", 3000);
    answer_all();
    assert_false(desk.written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_writes_and_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_over_old, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flat, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link, setup, teardown),
    };
    return cmocka_run_group_tests_name("recorder capture", tests, NULL, NULL);
}
