/* SPDX-License-Identifier: MIT */
/* The recorder from end to end: what goes through the rings lies in captures, whatever happens meanwhile. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "tests/peer/loop.h"
#include "tests/proc/studio.h"

#define RING      (1u << 20)
#define BURST     500 /* of packets of two streams, which a ring holds */
#define SECOND_US INT64_C(1000000)

enum { ROOM = 0x0000000500000001, TAKE = 0x0000000500000002 };

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

static size_t count_rtp(struct studio *s, uint64_t room, uint64_t take)
{
    struct tape t;
    char path[256];
    studio_path(s, room, take, path);
    tape_read(&t, path);
    size_t n = t.n_rtp;
    tape_free(&t);
    return n;
}

static void start_one_take(struct studio *s)
{
    studio_open_tap(s, 1, RING);
    studio_start(s);
    studio_connect(s);
    studio_put_room(s, ROOM, "room", REC_WHOLE, "room.mkv");
    studio_put_take(s, TAKE, ROOM, 0, "");
    studio_sync(s);
    STUDIO_AWAIT(s, 5000, studio_is_tapped(s));
    STUDIO_AWAIT(s, 2000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_RECORDING));
}

static void test_take_lives_and_ends(void **state)
{
    struct studio *s = *state;
    struct tape t;
    char path[256];
    int64_t *indices = calloc(3000, sizeof(*indices));
    start_one_take(s);
    STUDIO_CHECK(s, s->control.wishes >= 1 && s->control.wished == STUDIO_VIDEO(TAKE));
    send_packets(s, TAKE, 0, 3000);
    STUDIO_AWAIT(s, 5000, count_rtp(s, ROOM, TAKE) == 6000);
    studio_end_take(s, TAKE, "");
    STUDIO_AWAIT(s, 5000, studio_is(s, REC_OF_TAKE, TAKE, REC_IS_FINISHING));
    studio_path(s, ROOM, TAKE, path);
    studio_close(s);
    tape_read(&t, path);
    assert_true(t.whole);
    assert_non_null(t.meta);
    assert_non_null(strstr(t.meta, "\"login\":\"login"));
    assert_non_null(t.end);
    assert_non_null(strstr(t.end, "\"why\":\"ended\""));
    assert_int_equal(t.n_clocks, 1);
    assert_int_equal(t.lost, 0);
    assert_int_equal(tape_indices(&t, STUDIO_VIDEO(TAKE), indices, 3000), 3000);
    for (int64_t i = 0; i < 3000; i++)
        assert_int_equal(indices[i], i);
    tape_free(&t);
    free(indices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STUDIO_TEST(test_take_lives_and_ends),
    };
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
