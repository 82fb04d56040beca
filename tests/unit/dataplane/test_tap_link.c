/* SPDX-License-Identifier: MIT */
/* Who gets the rings: one recorder at a time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/tap_ring.h"
#include "dataplane/tap_link.h"
#include "dataplane/tap_memory.h"

#define RINGS 2
#define RING  TAP_RING_BYTES_MIN

static struct {
    char dir[32], path[64];
    struct tap_memory memory;
    struct tap_link link;
    int listen_fd;
} s;

static void no_log(void *arg, const char *line, size_t len) {}

static int setup(void **state)
{
    snprintf(s.dir, sizeof(s.dir), "/tmp/tap_link.XXXXXX");
    assert_non_null(mkdtemp(s.dir));
    snprintf(s.path, sizeof(s.path), "%s/" TAP_SOCKET, s.dir);
    assert_int_equal(tap_memory_init(&s.memory, RINGS, RING), 0);
    s.listen_fd = ipc_listen(s.path);
    assert_true(s.listen_fd >= 0);
    tap_link_init(&s.link, s.listen_fd, &s.memory, 42);
    log_set_sink(no_log, NULL);
    return 0;
}

static int teardown(void **state)
{
    tap_link_finish(&s.link);
    close(s.listen_fd);
    unlink(s.path);
    rmdir(s.dir);
    tap_memory_finish(&s.memory);
    return 0;
}

static int dial(void)
{
    int fd = ipc_connect(s.path);
    assert_true(fd >= 0);
    tap_link_serve(&s.link);
    return fd;
}

static bool is_greeted(int fd)
{
    struct tap_hello hello;
    int fds[IPC_FDS_MAX];
    size_t n = 2;

    if (ipc_recv(fd, &hello, sizeof(hello), fds, &n) != sizeof(hello))
        return false;
    assert_int_equal(hello.version, TAP_VERSION);
    assert_int_equal(hello.n_rings, RINGS);
    assert_int_equal(hello.ring_bytes, RING);
    assert_int_equal(hello.boot_id, 42);
    assert_int_equal(n, 2);
    ((uint8_t *)s.memory.slab)[0] = 9;
    uint8_t *slab = mmap(NULL, tap_slab_bytes(RINGS, RING), PROT_READ, MAP_SHARED, fds[0], 0);
    assert_ptr_not_equal(slab, MAP_FAILED);
    assert_int_equal(slab[0], 9);
    munmap(slab, tap_slab_bytes(RINGS, RING));
    struct tap_tail *tails = mmap(NULL, tap_tails_bytes(RINGS), PROT_READ | PROT_WRITE, MAP_SHARED, fds[1], 0);
    assert_ptr_not_equal(tails, MAP_FAILED);
    munmap(tails, tap_tails_bytes(RINGS));
    close(fds[0]);
    close(fds[1]);
    return true;
}

static bool is_closed(int fd)
{
    char byte;
    return ipc_recv(fd, &byte, sizeof(byte), NULL, NULL) == 0;
}

static void test_one_at_a_time(void **state)
{
    int first = dial();
    assert_true(is_greeted(first));
    int second = dial();
    assert_true(is_closed(second));
    close(second);
    tap_link_serve(&s.link);
    assert_false(is_closed(first));
    close(first);
    int third = dial(); /* whether or not its end was noticed before */
    assert_true(is_greeted(third));
    close(third);
    tap_link_serve(&s.link);
    assert_int_equal(s.link.recorder_fd, -1);
    tap_link_serve(&s.link); /* nobody there */
    int fourth = dial();
    assert_true(is_greeted(fourth));
    close(fourth);
}

static void test_it_has_nothing_to_say(void **state)
{
    static const char words[2][9] = {"w", "two words"};
    for (int i = 0; i < 2; i++) {
        int fd = dial();
        assert_true(is_greeted(fd));
        assert_int_equal(ipc_send(fd, words[i], i ? 9 : 1, NULL, 0), 0);
        tap_link_serve(&s.link);
        assert_true(is_closed(fd));
        assert_int_equal(s.link.recorder_fd, -1);
        close(fd);
    }
}

/* It has gone before it was greeted. */
static void test_gone_at_once(void **state)
{
    int fd = ipc_connect(s.path);
    close(fd);
    tap_link_serve(&s.link);
    tap_link_serve(&s.link);
    assert_int_equal(s.link.recorder_fd, -1);
    fd = dial();
    assert_true(is_greeted(fd));
    tap_link_finish(&s.link); /* we stop */
    assert_true(is_closed(fd));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_one_at_a_time),
        T(test_it_has_nothing_to_say),
        T(test_gone_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
