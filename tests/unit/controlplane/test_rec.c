/* SPDX-License-Identifier: MIT */
/* The controlplane's end of the recorder link, against a recorder's socket that this test serves, on a virtual clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/util.h"
#include "controlplane/rec.h"

#define TICK_US 500000

struct fixture {
    struct rec *rec;
    int64_t now_us;
    char dir[64], path[128];
    int listener, fd; /* the recorder's */
    int n_up, n_down;
    struct rec_state state;
    uint64_t keyframe;
};

union record {
    struct rec_head head;
    struct rec_hello hello;
    struct rec_room_put room;
    struct rec_room_end room_end;
    struct rec_take_put take;
    struct rec_take_end take_end;
    struct rec_state state;
    struct rec_keyframe keyframe;
};

static void on_up(void *arg)
{
    ((struct fixture *)arg)->n_up++;
}

static void on_down(void *arg)
{
    ((struct fixture *)arg)->n_down++;
}

static void on_state(void *arg, const struct rec_state *state)
{
    ((struct fixture *)arg)->state = *state;
}

static void on_keyframe(void *arg, uint64_t stream)
{
    ((struct fixture *)arg)->keyframe = stream;
}

static void no_log(void *arg, const char *line, size_t len) {}

static int setup(void **state)
{
    static const struct rec_ops ops = {on_up, on_down, on_state, on_keyframe};
    struct fixture *f = calloc(1, sizeof(*f));
    log_set_sink(no_log, NULL);
    snprintf(f->dir, sizeof(f->dir), "/tmp/test_rec.XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, REC_SOCKET);
    f->listener = f->fd = -1;
    f->rec = rec_create(f->dir, &ops, f);
    *state = f;
    return f->rec ? 0 : -1;
}

static void hang_up(struct fixture *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    rec_on_readable(f->rec);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    hang_up(f);
    rec_destroy(f->rec);
    if (f->listener >= 0)
        close(f->listener);
    unlink(f->path);
    int rc = rmdir(f->dir);
    free(f);
    return rc;
}

static void tick(struct fixture *f, int64_t us)
{
    for (int64_t until = f->now_us + us; f->now_us < until;)
        rec_tick(f->rec, f->now_us += TICK_US);
}

static void tell(struct fixture *f, enum rec_msg type, void *record, size_t len)
{
    *(struct rec_head *)record = (struct rec_head){.type = (uint16_t)type, .len = (uint16_t)len};
    assert_int_equal(ipc_send(f->fd, record, len, NULL, 0), 0);
    rec_on_readable(f->rec);
}

static void dial(struct fixture *f)
{
    if (f->listener < 0)
        f->listener = ipc_listen(f->path);
    assert_true(f->listener >= 0);
    tick(f, TICK_US);
    f->fd = ipc_accept(f->listener);
    assert_true(f->fd >= 0);
}

static void come_up(struct fixture *f)
{
    union record r;
    dial(f);
    tell(f, REC_HELLO, &(struct rec_hello){.version = REC_PROTO_VERSION, .boot_id = 1}, sizeof(struct rec_hello));
    assert_true(rec_is_up(f->rec));
    assert_int_equal(ipc_recv(f->fd, &r, sizeof(r), NULL, NULL), sizeof(r.hello));
    assert_int_equal(r.head.type, REC_HELLO);
    assert_int_equal(r.hello.version, REC_PROTO_VERSION);
}

static bool receive(struct fixture *f, union record *r)
{
    int n = ipc_recv(f->fd, r, sizeof(*r), NULL, NULL);
    if (n == -EAGAIN)
        return false;
    assert_true(n > 0);
    assert_int_equal(rec_msg_check(r, (size_t)n), 0);
    return true;
}

/* Everything that waits, as "ROOM_PUT 1, SYNC". */
static const char *heard(struct fixture *f)
{
    static char text[512];
    union record r;
    size_t n = 0;
    text[0] = 0;
    while (rec_wants_write(f->rec)) {
        rec_on_writable(f->rec);
        while (receive(f, &r)) {
            uint64_t id = r.head.type == REC_ROOM_PUT   ? r.room.id
                          : r.head.type == REC_ROOM_END ? r.room_end.id
                          : r.head.type == REC_TAKE_PUT ? r.take.id
                          : r.head.type == REC_TAKE_END ? r.take_end.id
                                                        : 0;
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "",
                                  rec_msg_name((enum rec_msg)r.head.type));
            if (id)
                n += (size_t)snprintf(text + n, sizeof(text) - n, " %u", (unsigned)id);
        }
    }
    return text;
}

static void put_room(struct fixture *f, uint64_t id)
{
    rec_put_room(f->rec, &(struct rec_room_put){.id = id, .name = "r"});
}

static void put_take(struct fixture *f, uint64_t id, uint64_t room)
{
    rec_put_take(f->rec, &(struct rec_take_put){.id = id, .room = room, .flags = REC_FILE, .file = "x.mp4"});
}

static void test_changes(void **state)
{
    struct fixture *f = *state;
    come_up(f);
    assert_string_equal(heard(f), "SYNC");
    put_room(f, 1);
    put_take(f, 2, 1);
    put_take(f, 3, 1);
    assert_string_equal(heard(f), "ROOM_PUT 1, TAKE_PUT 2, TAKE_PUT 3");
    rec_end_take(f->rec, 2, "y.mp4");
    rec_on_writable(f->rec);
    union record r;
    assert_true(receive(f, &r));
    assert_string_equal(r.take_end.file, "y.mp4");
    rec_end_take(f->rec, 3, "");
    rec_end_room(f->rec, 1);
    assert_string_equal(heard(f), "TAKE_END 3, ROOM_END 1");
    assert_false(rec_wants_write(f->rec));
}

/* What begins and ends before the recorder hears of it is none of its business. */
static void test_unheard(void **state)
{
    struct fixture *f = *state;
    put_room(f, 1);
    put_take(f, 2, 1);
    rec_end_take(f->rec, 2, "");
    come_up(f);
    put_take(f, 3, 1);
    rec_end_take(f->rec, 3, "");
    assert_string_equal(heard(f), "ROOM_PUT 1, SYNC");
}

/* After a lost link, whoever serves the socket is told of what lives, and only of that. */
static void test_snapshot_anew(void **state)
{
    struct fixture *f = *state;
    come_up(f);
    for (uint64_t room = 10; room <= 30; room += 10) {
        put_room(f, room);
        put_take(f, room + 1, room);
    }
    heard(f);
    rec_end_take(f->rec, 31, ""); /* said, but not heard */
    hang_up(f);
    assert_false(rec_is_up(f->rec));
    rec_end_take(f->rec, 11, "");
    rec_end_room(f->rec, 10);
    come_up(f);
    assert_string_equal(heard(f), "ROOM_PUT 20, TAKE_PUT 21, ROOM_PUT 30, SYNC");
    rec_end_take(f->rec, 21, "");
    assert_string_equal(heard(f), "TAKE_END 21");
    assert_int_equal(f->n_up, 2);
    assert_int_equal(f->n_down, 1);
}

static void test_states(void **state)
{
    struct fixture *f = *state;
    come_up(f);
    struct rec_state said = {.of = REC_OF_TAKE, .state = REC_IS_READY, .id = 7, .file = "x.mp4", .bytes = 5};
    tell(f, REC_STATE, &said, sizeof(said));
    assert_memory_equal(&f->state, &said, sizeof(said));
    tell(f, REC_KEYFRAME, &(struct rec_keyframe){.stream = 9}, sizeof(struct rec_keyframe));
    assert_int_equal(f->keyframe, 9);
    strcpy(said.file, "../x");
    tell(f, REC_STATE, &said, sizeof(said));
    assert_false(rec_is_up(f->rec)); /* no state that a recorder says */
}

static void test_ill_greetings(void **state)
{
    struct fixture *f = *state;
    struct rec_hello other = {.version = REC_PROTO_VERSION + 1};
    struct rec_sync sync = {0};
    dial(f);
    tell(f, REC_HELLO, &other, sizeof(other));
    assert_int_equal(rec_fd(f->rec), -1);
    hang_up(f);
    dial(f);
    tell(f, REC_SYNC, &sync, sizeof(sync));
    assert_int_equal(rec_fd(f->rec), -1);
    hang_up(f);
    dial(f); /* says nothing */
    tick(f, 1500000);
    assert_true(rec_fd(f->rec) >= 0);
    tick(f, TICK_US);
    int again = ipc_accept(f->listener);
    assert_true(again >= 0);
    close(f->fd);
    f->fd = again;
    assert_int_equal(f->n_up + f->n_down, 0);
}

/* A recorder that does not read holds up nobody: what it has not taken after three seconds is forgotten. */
static void test_full_socket(void **state)
{
    struct fixture *f = *state;
    come_up(f);
    put_room(f, 1);
    heard(f);
    uint64_t id = 1;
    do {
        put_take(f, ++id, 1);
        rec_on_writable(f->rec);
    } while (!rec_wants_write(f->rec));
    rec_end_take(f->rec, 2, ""); /* was told: its end waits */
    tick(f, 2500000);
    rec_on_writable(f->rec);
    assert_true(rec_is_up(f->rec));
    tick(f, TICK_US);
    assert_false(rec_is_up(f->rec));
    for (uint64_t n = 4; n <= id; n++)
        rec_end_take(f->rec, n, "");
    close(f->fd);
    come_up(f);
    assert_string_equal(heard(f), "ROOM_PUT 1, TAKE_PUT 3, SYNC");
    tick(f, 60000000); /* with nothing to say, silence is no stall */
    assert_true(rec_is_up(f->rec));
}

/* A snapshot larger than the socket goes over in pieces. */
static void test_large_snapshot(void **state)
{
    struct fixture *f = *state;
    union record r;
    unsigned n = 0, type = 0;
    put_room(f, 1);
    for (uint64_t id = 2; id <= 1001; id++)
        put_take(f, id, 1);
    come_up(f);
    while (rec_wants_write(f->rec)) {
        rec_on_writable(f->rec);
        tick(f, TICK_US);
        for (; receive(f, &r); n++)
            type = r.head.type;
    }
    assert_int_equal(n, 1002);
    assert_int_equal(type, REC_SYNC);
    assert_int_equal(f->n_down, 0);
}

static void test_long_folder(void **state)
{
    static const struct rec_ops ops = {on_up, on_down, on_state, on_keyframe};
    char dir[200];
    memset(dir, 'x', sizeof(dir));
    dir[sizeof(dir) - 1] = 0;
    log_set_sink(no_log, NULL);
    assert_null(rec_create(dir, &ops, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unheard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_snapshot_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_states, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ill_greetings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_snapshot, setup, teardown),
        cmocka_unit_test(test_long_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
