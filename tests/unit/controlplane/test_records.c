/* SPDX-License-Identifier: MIT */
/* The table of what is being made: what is news, what is counted, which names are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>

#include "common/util.h"
#include "controlplane/records.h"

static bool note(struct records *r, enum rec_state_of of, uint64_t id, enum rec_state_id state, const char *file)
{
    struct rec_state s = {.of = (uint8_t)of, .state = (uint8_t)state, .id = id};
    strcpy(s.file, file);
    return records_note(r, &s);
}

static void test_life(void **state)
{
    static struct records r;
    records_add(&r, REC_OF_TAKE, 1, "a.mp4", 0);
    records_add(&r, REC_OF_ROOM, 2, "r.mkv", 0);
    assert_int_equal(r.n[REC_OF_TAKE][REC_IS_RECORDING], 1);
    assert_int_equal(r.n[REC_OF_ROOM][REC_IS_RECORDING], 1);
    assert_true(records_has_file(&r, "a.mp4") && records_has_file(&r, "r.mkv") && !records_has_file(&r, "b.mp4"));
    records_rename(&r, 1, "b.mp4");
    assert_true(records_has_file(&r, "b.mp4") && !records_has_file(&r, "a.mp4"));
    assert_false(note(&r, REC_OF_TAKE, 1, REC_IS_RECORDING, "b.mp4"));
    assert_true(note(&r, REC_OF_TAKE, 1, REC_IS_FINISHING, "b.mp4"));
    assert_false(note(&r, REC_OF_TAKE, 1, REC_IS_FINISHING, "b.mp4"));
    assert_int_equal(r.n[REC_OF_TAKE][REC_IS_RECORDING], 0);
    assert_int_equal(r.n[REC_OF_TAKE][REC_IS_FINISHING], 1);
    assert_true(note(&r, REC_OF_TAKE, 1, REC_IS_READY, "b.mp4"));
    assert_false(note(&r, REC_OF_TAKE, 1, REC_IS_READY, "b.mp4"));
    assert_false(records_has_file(&r, "b.mp4"));
    records_del(&r, 2);
    records_del(&r, 2);
    assert_int_equal(records_count(&r), 0);
    assert_int_equal(r.n_ready, 1);
    assert_int_equal(r.n_failed, 0);
    records_finish(&r);
}

/* Of an earlier controlplane, told anew. */
static void test_unknown(void **state)
{
    static struct records r;
    assert_true(note(&r, REC_OF_ROOM, 7, REC_IS_FINISHING, "r.mkv"));
    assert_int_equal(r.n[REC_OF_ROOM][REC_IS_FINISHING], 1);
    assert_int_equal(r.n[REC_OF_ROOM][REC_IS_RECORDING], 0);
    assert_true(records_has_file(&r, "r.mkv"));
    assert_true(note(&r, REC_OF_ROOM, 7, REC_IS_READY, "r.mkv"));
    assert_false(note(&r, REC_OF_ROOM, 7, REC_IS_FINISHING, "r.mkv"));
    assert_true(note(&r, REC_OF_TAKE, 8, REC_IS_READY, "s.mp4"));
    assert_false(note(&r, REC_OF_TAKE, 9, REC_IS_FINISHING, "")); /* no file of its own */
    assert_false(note(&r, REC_OF_TAKE, 0, REC_IS_READY, "x.mp4"));
    assert_int_equal(records_count(&r), 0);
    assert_int_equal(r.n_ready, 2);
    records_finish(&r);
}

/* A part may become a file all the same. */
static void test_failure(void **state)
{
    static struct records r;
    records_add(&r, REC_OF_TAKE, 1, "a.mp4", 0);
    assert_true(note(&r, REC_OF_TAKE, 1, REC_IS_FAILED, "a.mp4"));
    assert_false(note(&r, REC_OF_TAKE, 1, REC_IS_FAILED, "a.mp4"));
    assert_true(note(&r, REC_OF_TAKE, 1, REC_IS_FINISHING, "a.mp4"));
    assert_true(note(&r, REC_OF_TAKE, 1, REC_IS_READY, "a.mp4"));
    assert_false(note(&r, REC_OF_TAKE, 1, REC_IS_FAILED, "a.mp4"));
    assert_true(note(&r, REC_OF_TAKE, 2, REC_IS_FAILED, "")); /* worth a line, file or not */
    assert_int_equal(records_count(&r), 0);
    assert_int_equal(r.n_ready, 1);
    assert_int_equal(r.n_failed, 2);
    records_finish(&r);
}

static void test_waiting(void **state)
{
    static struct records r;
    records_add(&r, REC_OF_ROOM, 1, "", 0);
    records_add(&r, REC_OF_TAKE, 2, "a.mp4", 1);
    records_add(&r, REC_OF_TAKE, 3, "b.mp4", 0);
    assert_int_equal(records_waits_for(&r, 2), 1);
    assert_int_equal(records_waits_for(&r, 3), 0);
    assert_int_equal(records_waits_for(&r, 9), 0);
    assert_true(note(&r, REC_OF_ROOM, 1, REC_IS_FAILED, ""));
    assert_int_equal(records_waits_for(&r, 2), 0);
    records_finish(&r);
}

/* What is remembered of what is done is bounded. */
static void test_memory(void **state)
{
    static struct records r;
    for (uint64_t id = 1; id <= RECORDS_DONE + 1; id++)
        assert_true(note(&r, REC_OF_TAKE, id, REC_IS_READY, "a.mp4"));
    assert_false(note(&r, REC_OF_TAKE, RECORDS_DONE + 1, REC_IS_READY, "a.mp4"));
    assert_false(note(&r, REC_OF_TAKE, 2, REC_IS_READY, "a.mp4"));
    assert_true(note(&r, REC_OF_TAKE, 1, REC_IS_READY, "a.mp4"));
    records_add(&r, REC_OF_TAKE, 5000, "left.mp4", 0);
    records_finish(&r); /* frees it */
    assert_int_equal(records_count(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_life), cmocka_unit_test(test_unknown),
                                       cmocka_unit_test(test_failure), cmocka_unit_test(test_waiting),
                                       cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
