/* SPDX-License-Identifier: MIT */
/* What a recorder can do with the descriptors that it gets: read the slab, write its tails, and no more. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/tap_ring.h"
#include "dataplane/tap_memory.h"

#define RINGS 3
#define RING  (1u << 20)

static struct tap_memory memory;
static size_t slab_bytes, tails_bytes;

static int setup(void **state)
{
    slab_bytes = tap_slab_bytes(RINGS, RING);
    tails_bytes = tap_tails_bytes(RINGS);
    return tap_memory_init(&memory, RINGS, RING);
}

static int teardown(void **state)
{
    tap_memory_finish(&memory);
    tap_memory_finish(&memory); /* as after an init that failed */
    return 0;
}

static void *map(int fd, size_t bytes, int prot)
{
    return mmap(NULL, bytes, prot, MAP_SHARED, fd, 0);
}

static void assert_refused(int result)
{
    assert_int_equal(result, -1);
    assert_in_range(errno, 1, 200);
}

static void test_the_slab_is_read_only(void **state)
{
    char self[64];

    assert_ptr_equal(map(memory.slab_fd, slab_bytes, PROT_READ | PROT_WRITE), MAP_FAILED);
    uint8_t *read_only = map(memory.slab_fd, slab_bytes, PROT_READ);
    assert_ptr_not_equal(read_only, MAP_FAILED);
    assert_refused(mprotect(read_only, slab_bytes, PROT_READ | PROT_WRITE));
    assert_refused((int)pwrite(memory.slab_fd, "x", 1, 0));
    assert_refused(fallocate(memory.slab_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, TAP_PAGE_BYTES));
    snprintf(self, sizeof(self), "/proc/self/fd/%d", memory.slab_fd);
    int again = open(self, O_RDWR | O_CLOEXEC); /* a descriptor of its own is no way round */
    if (again >= 0) {
        assert_ptr_equal(map(again, slab_bytes, PROT_READ | PROT_WRITE), MAP_FAILED);
        assert_refused((int)pwrite(again, "x", 1, 0));
        close(again);
    }
    ((uint8_t *)memory.slab)[slab_bytes - 1] = 77; /* while we go on writing */
    assert_int_equal(read_only[slab_bytes - 1], 77);
    munmap(read_only, slab_bytes);
}

static void test_nobody_resizes(void **state)
{
    const int fds[] = {memory.slab_fd, memory.tails_fd};
    const size_t bytes[] = {slab_bytes, tails_bytes};

    for (int i = 0; i < 2; i++) {
        assert_refused(ftruncate(fds[i], 0));
        assert_refused(ftruncate(fds[i], (off_t)bytes[i] + TAP_PAGE_BYTES));
        assert_int_equal(ftruncate(fds[i], (off_t)bytes[i]), 0);
        assert_refused(fcntl(fds[i], F_ADD_SEALS, F_SEAL_WRITE));
        assert_true(fcntl(fds[i], F_GET_SEALS) & F_SEAL_SEAL);
    }
}

static void test_the_tails_are_the_recorder_s(void **state)
{
    struct tap_tail *tails = map(memory.tails_fd, tails_bytes, PROT_READ | PROT_WRITE);

    assert_ptr_not_equal(tails, MAP_FAILED);
    tails[RINGS - 1].tail = 8;
    assert_int_equal(((const struct tap_tail *)memory.tails)[RINGS - 1].tail, 8);
    munmap(tails, tails_bytes);
}

/* Not even when it gives the pages of its tails away. */
static void test_a_hole_in_the_tails(void **state)
{
    fallocate(memory.tails_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)tails_bytes);
    assert_int_equal(((const struct tap_tail *)memory.tails)[0].tail, 0);
}

/* Not counted in: pages of a sanitizer's own. */
__attribute__((no_sanitize("address"))) static void touch(volatile uint8_t *p, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += TAP_PAGE_BYTES)
        p[at] = 1;
}

static void test_writing_never_faults(void **state)
{
    struct rusage before, after;

    getrusage(RUSAGE_THREAD, &before);
    touch(memory.slab, slab_bytes);
    getrusage(RUSAGE_THREAD, &after);
    assert_int_equal(after.ru_minflt + after.ru_majflt, before.ru_minflt + before.ru_majflt);
}

static void test_none_to_be_had(void **state)
{
    struct rlimit fds, none;
    struct tap_memory refused;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &fds), 0);
    none = fds;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int err = tap_memory_init(&refused, 1, RING);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &fds), 0);
    assert_int_equal(err, -EMFILE);
    assert_null(refused.slab);
    tap_memory_finish(&refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_the_slab_is_read_only), T(test_nobody_resizes),       T(test_the_tails_are_the_recorder_s),
        T(test_a_hole_in_the_tails),   T(test_writing_never_faults), T(test_none_to_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
