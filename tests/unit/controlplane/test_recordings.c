/* SPDX-License-Identifier: MIT */
/* Recordings as conversations: what the recorder is told, what people in the room and the recorded are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/util.h"
#include "conversation.h"

#define T0   "2026-11-25T14-40-03Z"
#define MARK " RECORDING {\"active\":true,\"whole\":false}"
#define BARE " RECORDING {\"active\":false,\"whole\":false}"

static const struct conversation conversations[] = {
    {"a stream with a file of its own",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         "A> publish-avr a1 r1 sA",
         "A< answer a1",
         "A> live a1",
         "R< room r1",
         "R< take a1 r1 opus/111 VP8/96 file=stream-a1-Alice.webm",
         "A< r1" MARK,
         "A< PUBLISHING a1 file=stream-a1-Alice.webm",
         "B< r1" MARK,
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"sA\"}",
         "R> keyframe a1",
         PUBLISH("B", "b1", "r1", "sB"), /* not recorded */
         "A< r1 PUBLISHED {\"login\":\"Bob\",\"name\":\"sB\"}",
         CONNECT("C", "Carol"),
         "C> join r1",
         "C< ACCEPTED",
         "C< r1 STATE [{\"login\":\"Alice\",\"name\":\"sA\"},{\"login\":\"Bob\",\"name\":\"sB\"}]",
         "C< r1" MARK,
         "A< r1 JOINED \"Carol\"",
         "B< r1 JOINED \"Carol\"",
         PLAY("C", "c1", "r1", "sA"), /* a play has no record name */
         "A> unpublish a1",
         "R< end-take a1",
         "A< r1" BARE,
         "A< UNPUBLISHED a1 file=stream-a1-Alice.webm Stopped by user",
         "B< r1" BARE,
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"sA\"}",
         "C< r1" BARE,
         "C< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"sA\"}",
         "C< FAILED c1 Stopped by publisher stop",
         "C> drop",
         "A< r1 LEFT \"Carol\"",
         "B< r1 LEFT \"Carol\"",
         "R> finishing a1",
         "R> ready a1",
         "A< r1 RECORDED {\"file\":\"stream-a1-Alice.webm\",\"stream\":\"sA\",\"state\":\"ready\",\"bytes\":1000,"
         "\"duration_ms\":5000}",
         "B< r1 RECORDED {\"file\":\"stream-a1-Alice.webm\",\"stream\":\"sA\",\"state\":\"ready\",\"bytes\":1000,"
         "\"duration_ms\":5000}",
         "R> ready a1", /* told twice */
         "R> keyframe a1",
         "A> leave r1",
         "A< ACCEPTED",
         "B< r1 LEFT \"Alice\"",
         "B> leave r1",
         "B< UNPUBLISHED b1 Stopped by user",
         "B< ACCEPTED",
         "R< end-room r1",
     }},
    {"a whole room",
     {"on_multiple_record_hook_script", "none"},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         "A> join-recorded r1",
         "A< ACCEPTED",
         "A< r1 STATE []",
         "A< r1 RECORDING {\"active\":true,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "B> join r1",
         "B< ACCEPTED",
         "B< r1 STATE [\"Alice\"]",
         "B< r1 RECORDING {\"active\":true,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "A< r1 JOINED \"Bob\"",
         "A> publish a1 r1 sA",
         "A< answer a1",
         "A> live a1",
         "R< room r1 whole=room-r1-" T0 ".mkv",
         "R< take a1 r1 opus/111 VP8/96",
         "A< PUBLISHING a1",
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"sA\"}",
         "B> publish-audior b1 r1 sB", /* and one of its own */
         "B< answer b1",
         "B> live b1",
         "R< take b1 r1 opus/111 file=stream-b1-Bob.mp4",
         "B< PUBLISHING b1 file=stream-b1-Bob.mp4",
         "A< r1 PUBLISHED {\"login\":\"Bob\",\"name\":\"sB\"}",
         "A> leave r1",
         "R< end-take a1",
         "A< UNPUBLISHED a1 Stopped by user",
         "A< ACCEPTED",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"sA\"}",
         "B< r1 LEFT \"Alice\"",
         "B> drop",
         "R< end-take b1",
         "* wait 59999",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< close 1001 no answer to pings",
         "* wait 1",
         "R< end-room r1",
         "R> finishing r1",
         "R> ready r1",
     }},
    {"a later join changes nothing",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         "B> join-recorded r1",
         "B< ACCEPTED",
         "B< r1 STATE [\"Alice\"]",
         "A< r1 JOINED \"Bob\"",
         PUBLISH("B", "b1", "r1", "sB"),
         "A< r1 PUBLISHED {\"login\":\"Bob\",\"name\":\"sB\"}",
     }},
    {"recording that is not allowed",
     {"record_streams", "false", "record_rooms", "false"},
     {
         CONNECT("A", "Alice"),
         "A> join-recorded r1",
         "A< ACCEPTED",
         "A< r1 STATE []",
         "A> publish-avr a1 r1 sA",
         "A< answer a1",
         "A> live a1",
         "A< PUBLISHING a1",
     }},
    {"a recorded room in which nothing happens",
     {0},
     {
         CONNECT("A", "Alice"),
         "A> join-recorded r1",
         "A< ACCEPTED",
         "A< r1 STATE []",
         "A< r1 RECORDING {\"active\":true,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "A> leave r1",
         "A< ACCEPTED",
     }},
    {"the recorder comes and goes",
     {0},
     {
         "R> down",
         CONNECT("A", "Alice"),
         "A> join-recorded r1",
         "A< ACCEPTED",
         "A< r1 STATE []",
         "A< r1 RECORDING {\"active\":false,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "A> publish-avr a1 r1 sA",
         "A< answer a1",
         "A> live a1",
         "R< room r1 whole=room-r1-" T0 ".mkv",
         "R< take a1 r1 opus/111 VP8/96 file=stream-a1-Alice.webm",
         "A< PUBLISHING a1", /* no file is promised */
         "R> up",
         "A< r1 RECORDING {\"active\":true,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "R> down",
         "A< r1 RECORDING {\"active\":false,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "R> up",
         "A< r1 RECORDING {\"active\":true,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "A> unpublish a1",
         "R< end-take a1",
         "A< UNPUBLISHED a1 file=stream-a1-Alice.webm Stopped by user",
         "R> failed a1",
         "A< r1 RECORDED {\"file\":\"stream-a1-Alice.webm\",\"stream\":\"sA\",\"state\":\"failed\",\"bytes\":1000,"
         "\"duration_ms\":5000}",
         "A> drop",
         "* wait 60000",
         "R< end-room r1",
     }},
    {"the disk is full",
     {0},
     {
         CONNECT("A", "Alice"),
         "A> join-recorded r1",
         "A< ACCEPTED",
         "A< r1 STATE []",
         "A< r1 RECORDING {\"active\":true,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "A> publish-avr a1 r1 sA",
         "A< answer a1",
         "A> live a1",
         "R< room r1 whole=room-r1-" T0 ".mkv",
         "R< take a1 r1 opus/111 VP8/96 file=stream-a1-Alice.webm",
         "A< PUBLISHING a1 file=stream-a1-Alice.webm",
         "A> publish-audio a2 r1 sB",
         "A< answer a2",
         "A> live a2",
         "R< take a2 r1 opus/111",
         "A< PUBLISHING a2",
         "R> failed a2",
         "R> failed a1",
         "A< r1 RECORDING {\"active\":false,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "A< r1 RECORDED {\"file\":\"stream-a1-Alice.webm\",\"stream\":\"sA\",\"state\":\"failed\",\"bytes\":1000,"
         "\"duration_ms\":5000}",
         "R> failed a1",
         "A> unpublish a1",
         "R< end-take a1",
         "A< UNPUBLISHED a1 Stopped by user",
         "R> finishing a1", /* of what there was */
         "R> finishing a2",
         "R> ready a1",
         "A< r1 RECORDED {\"file\":\"stream-a1-Alice.webm\",\"stream\":\"sA\",\"state\":\"ready\",\"bytes\":1000,"
         "\"duration_ms\":5000}",
         "R> ready a1",
         "A> unpublish a2",
         "R< end-take a2",
         "A< r1 RECORDING {\"active\":true,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "A< UNPUBLISHED a2 Stopped by user",
         "R> finishing a2", /* the room's business */
         "A> leave r1",
         "A< ACCEPTED",
         "R< end-room r1",
     }},
    {"names that end with their stream, in step, and taken ones",
     {"stream_record_policy_template", "{login} {endTime}", "enable_empty_shift_writer", "true"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish-avr a1 r1 s1",
         "A< answer a1",
         "A> publish-avr a2 r1 s2",
         "A< answer a2",
         "A> live a1",
         "R< room r1 step",
         "R< take a1 r1 opus/111 VP8/96 file=Alice_open.webm",
         "A< r1" MARK,
         "A< PUBLISHING a1",
         "A> live a2",
         "R< take a2 r1 opus/111 VP8/96 file=Alice_open-2.webm",
         "A< PUBLISHING a2",
         "* wait 4000",
         "A> unpublish a1",
         "R< end-take a1 Alice_2026-11-25T14-40-07Z.webm",
         "A< UNPUBLISHED a1 file=Alice_2026-11-25T14-40-07Z.webm Stopped by user",
         "A> unpublish a2",
         "R< end-take a2 Alice_2026-11-25T14-40-07Z-2.webm",
         "A< r1" BARE,
         "A< UNPUBLISHED a2 file=Alice_2026-11-25T14-40-07Z-2.webm Stopped by user",
         "A> leave r1",
         "A< ACCEPTED",
         "R< end-room r1",
     }},
    {"only what a file can hold",
     {"stream_record_policy", "streamName", "record_formats", "vp8-mkv"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish-v9r a1 r1 s1",
         "A< FAILED a1 No common codecs",
         "A> publish-v9 a1 r1 s1",
         "A< answer a1",
         "A> publish-vr a2 r1 ../s 2",
         "A< answer a2",
         "A> live a2",
         "R< room r1",
         "R< take a2 r1 VP8/96 file=_._s.mkv",
         "A< r1" MARK,
         "A< PUBLISHING a2 file=_._s.mkv",
         "A> drop",
         "R< end-take a2",
         "* wait 60000",
         "R< end-room r1",
     }},
    {"the dataplane starts anew",
     {0},
     {
         CONNECT("A", "Alice"),
         "A> join-recorded r1",
         "A< ACCEPTED",
         "A< r1 STATE []",
         "A< r1 RECORDING {\"active\":true,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}",
         "A> publish a1 r1 sA",
         "A< answer a1",
         "A> live a1",
         "R< room r1 whole=room-r1-" T0 ".mkv",
         "R< take a1 r1 opus/111 VP8/96",
         "A< PUBLISHING a1",
         "* dp-reset",
         "R< end-take a1",
         "A< FAILED a1 Failed by error",
         "A> publish a2 r1 sA",
         "A< answer a2",
         "A> live a2",
         "R< take a2 r1 opus/111 VP8/96",
         "A< PUBLISHING a2",
         "A> leave r1",
         "R< end-take a2",
         "A< UNPUBLISHED a2 Stopped by user",
         "A< ACCEPTED",
         "R< end-room r1",
     }},
};

/* What lies in the folder, in whatever state, keeps its name. */
static void test_names_on_disk(void **state)
{
    static const char *const taken[] = {"stream-a1-Alice.webm", "stream-a1-Alice-2.webm.part",
                                        "stream-a1-Alice-3.webm.json"};
    char err[CONF_ERR_BYTES], dir[] = "/tmp/test_recordings.XXXXXX", path[128];
    assert_non_null(mkdtemp(dir));
    stage_init();
    assert_int_equal(conf_set(stage_conf(), "record.dir", dir, err, sizeof(err)), 0);
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, taken[i]);
        close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"), "A> publish-avr a1 r1 sA", "A< answer a1", "A> live a1",
        "R< room r1", "R< take a1 r1 opus/111 VP8/96 file=stream-a1-Alice-4.webm", "A< r1" MARK,
        "A< PUBLISHING a1 file=stream-a1-Alice-4.webm", "A> leave r1", "R< end-take a1", "A< r1" BARE,
        "A< UNPUBLISHED a1 file=stream-a1-Alice-4.webm Stopped by user", "A< ACCEPTED", "R< end-room r1");
    stage_finish();
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, taken[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(dir), 0);
}

/* The recorder says whose file it is as it was told, but nobody relies on it. */
static void test_odd_states(void **state)
{
    struct rec_state s = {.of = REC_OF_TAKE, .state = REC_IS_READY, .id = 1, .file = "x.mp4", .room = "r1"};
    stage_init();
    RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"));
    memcpy(s.stream_name, "\xff\"", 3);
    hub_rec_ops.on_state(stage_hub(), &s);
    RUN("* wait 0", "A< r1 RECORDED {\"file\":\"x.mp4\",\"state\":\"ready\",\"bytes\":0,\"duration_ms\":0}");
    s.id = 2;
    memcpy(s.room, "\xff", 2);
    hub_rec_ops.on_state(stage_hub(), &s);
    hub_rec_ops.on_keyframe(stage_hub(), 77);
    RUN("* wait 0");
    assert_int_equal(stage_hub()->records.n_ready, 2);
    stage_finish();
}

/* In step: a file is no news before the room has ended, for it is made anew then. */
static void test_hooks_in_step(void **state)
{
    char err[CONF_ERR_BYTES];
    stage_init();
    assert_int_equal(conf_set(stage_conf(), "record.dir", "/no/records", err, sizeof(err)), 0);
    assert_int_equal(conf_set(stage_conf(), "on_record_hook_script", "/hook", err, sizeof(err)), 0);
    assert_int_equal(conf_set(stage_conf(), "enable_empty_shift_writer", "true", err, sizeof(err)), 0);
    for (int i = 0; i < 2; i++) {
        RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"), "A> publish-avr a1 r1 s1", "A< answer a1", "A> live a1",
            "R< room r1 step", "R< take a1 r1 opus/111 VP8/96 file=stream-a1-Alice.webm", "A< r1" MARK,
            "A< PUBLISHING a1 file=stream-a1-Alice.webm", "A> publish-avr a2 r1 s2", "A< answer a2", "A> live a2",
            "R< take a2 r1 opus/111 VP8/96 file=stream-a2-Alice.webm", "A< PUBLISHING a2 file=stream-a2-Alice.webm",
            "A> unpublish a1", "R< end-take a1", "A< UNPUBLISHED a1 file=stream-a1-Alice.webm Stopped by user",
            "R> finishing a1", "R> ready a1", "A> leave r1", "R< end-take a2", "A< r1" BARE,
            "A< UNPUBLISHED a2 file=stream-a2-Alice.webm Stopped by user", "A< ACCEPTED", "R< end-room r1",
            "R> ready a2", "R> finishing r1");
        if (i == 0)
            RUN("R> ready r1", "R< hook /hook s1 /no/records/stream-a1-Alice.webm",
                "R< hook /hook s2 /no/records/stream-a2-Alice.webm", "R> ready r1", "A> drop");
    }
    stage_finish(); /* with the second ones untold */
}

static void test_hooks(void **state)
{
    char err[CONF_ERR_BYTES];
    stage_init();
    assert_int_equal(conf_set(stage_conf(), "record.dir", "/no/records", err, sizeof(err)), 0);
    assert_int_equal(conf_set(stage_conf(), "on_record_hook_script", "/hook", err, sizeof(err)), 0);
    assert_int_equal(conf_set(stage_conf(), "on_multiple_record_hook_script", "mix.sh", err, sizeof(err)), 0);
    RUN(CONNECT("A", "Alice"), "A> join-recorded r1", "A< ACCEPTED", "A< r1 STATE []",
        "A< r1 RECORDING {\"active\":true,\"whole\":true,\"file\":\"room-r1-" T0 ".mkv\"}", "A> publish-avr a1 r1 sA",
        "A< answer a1", "A> live a1", "R< room r1 whole=room-r1-" T0 ".mkv",
        "R< take a1 r1 opus/111 VP8/96 file=stream-a1-Alice.webm", "A< PUBLISHING a1 file=stream-a1-Alice.webm",
        "A> leave r1", "R< end-take a1", "A< UNPUBLISHED a1 file=stream-a1-Alice.webm Stopped by user", "A< ACCEPTED",
        "R< end-room r1", "R> ready a1", "R< hook /hook sA /no/records/stream-a1-Alice.webm", "R> ready a1",
        "R> ready r1", "R< hook mix.sh /no/records/room-r1-" T0 ".mkv 1795617603000 5000 multi-recorder://r1");
    stage_finish();
}

int main(void)
{
    static struct CMUnitTest tests[ARRAY_SIZE(conversations) + 4];
    size_t n = fill_tests(tests, conversations, ARRAY_SIZE(conversations));
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_names_on_disk);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_odd_states);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_hooks);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_hooks_in_step);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
