/* SPDX-License-Identifier: MIT */
/* Publishing and playing as conversations: every stream ends in a definite status, whatever becomes of its transport.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "controlplane/room.h"
#include "controlplane/stream.h"
#include "conversation.h"
#include "fake_media.h"

static const struct conversation conversations[] = {
    {"mute for those who come late",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         PUBLISH("A", "a1", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "A> event a1 audioMuted",
         "A> event a1 videoMuted",
         "A> event a1 videoUnmuted",
         "B> play b1 r1 s1",
         "B< answer b1",
         "A> event a1 data", /* not to one that does not play yet */
         "B> live b1",
         "B< PLAYING b1 muted=a",
         "A> event a1 data",
         "B< event b1 data payload",
         "A> event a1 audioUnmuted",
         "B< event b1 audioUnmuted",
         "A> event a1 explode",
         "B> event b1 audioMuted",
         "B> event a1 audioMuted",
     }},
    {"stop of what is not there",
     {0},
     {
         CONNECT("A", "Alice"),
         "A> unpublish nowhere",
         "A< UNPUBLISHED nowhere",
         "A> stop nowhere",
         "A< STOPPED nowhere",
         "A> raw {\"message\":\"stopStream\",\"data\":[null]}",
         "A< STOPPED - MediaSessionId is null",
         JOIN("A", "r1", "[]"),
         PUBLISH("A", "a1", "r1", "s1"),
         "A> stop a1",
         "A< STOPPED a1", /* the wrong word stops nothing */
         "A> unpublish a1",
         "A< UNPUBLISHED a1 Stopped by user",
     }},
    {"names in use",
     {0},
     {
         CONNECT("A", "Alice"), CONNECT("B", "Bob"), JOIN("A", "r1", "[]"), JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"", "A> publish a1 r1 s1", "A< answer a1", "B> publish b1 r1 s1",
         "B< FAILED b1 Stream name is already in use", "A> publish a1 r1 s2",
         "A< FAILED a1 MediaSessionId is already in use", "B> publish a1 r1 s2",
         "B< answer a1", /* another's id is none of ours */
     }},
    {"play too early, play nothing",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish a1 r1 s1",
         "A< answer a1",
         "A> play a2 r1 s1",
         "A< FAILED a2 Publish stream is not ready",
         "A> play a2 r1 s9",
         "A< FAILED a2 Stream not found",
     }},
    {"a publisher goes while its stream is negotiated",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         CONNECT("B", "Bob"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         PUBLISH("A", "a1", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "B> play b1 r1 s1",
         "B< answer b1",
         "B> play b2 r1 s1",
         "B< answer b2",
         "B> ice b2",
         "A> drop",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "B< FAILED b2 Stopped by publisher stop",
         "B< FAILED b1 Stopped by publisher stop",
         "B< r1 LEFT \"Alice\"",
         "B> stop b1",
         "B< STOPPED b1",
         "B> play b1 r1 s1",
         "B< FAILED b1 Stream not found",
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[\"Bob\"]"),
         "B< r1 JOINED \"Alice\"",
         PUBLISH("A", "a1", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "B> play b1 r1 s1",
         "B< answer b1",
         "B> leave r1",
         "B< FAILED b1 Stopped by user",
         "B< ACCEPTED",
         "A< r1 LEFT \"Bob\"",
     }},
    {"one's own stream",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         PUBLISH("A", "a1", "r1", "s1"),
         PLAY("A", "a2", "r1", "s1"),
         "A> leave r1",
         "A< UNPUBLISHED a1 Stopped by user",
         "A< FAILED a2 Stopped by publisher stop",
         "A< ACCEPTED",
     }},
    {"audio only, video only",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish-audio a1 r1 s1",
         "A< answer a1",
         "A> live a1",
         "A< PUBLISHING a1",
         "A> publish-video a2 r1 s2",
         "A< answer a2",
         "A> live a2",
         "A< PUBLISHING a2",
         PLAY("A", "a3", "r1", "s1"),
         PLAY("A", "a4", "r1", "s2"),
         "A> play-audio a5 r1 s1",
         "A< answer a5",
         "A> live a5",
         "A< PLAYING a5",
         "A> play-video a6 r1 s1",
         "A< FAILED a6 Offer asks for no media of the stream",
         "A> play-av9 a7 r1 s2",
         "A< FAILED a7 No common codecs",
     }},
    {"the page that wants us to start DTLS",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish-avp a1 r1 s1",
         "A< answer a1",
         "A> ice a1",
         "A> hello a1",
         "A> dtls a1",
         "A< PUBLISHING a1",
     }},
    {"DTLS ahead of the ICE event",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish a1 r1 s1",
         "A< answer a1",
         "A> hello a1",
         "A> dtls a1",
         "A< PUBLISHING a1",
         "A> ice a1",
         "A> media a1",
     }},
    {"timeouts",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish a1 r1 s1",
         "A< answer a1",
         "A> raw x",
         "* wait 4999",
         "* wait 1",
         "A< ping",
         "A> raw x",
         "* wait 5000",
         "A< ping",
         "* wait 4999",
         "* wait 1",
         "A< FAILED a1 Failed by ICE timeout",
         "A< ping",
     }},
    {"DTLS timeout",
     {"keep_alive.server_interval", "3600000"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish a1 r1 s1",
         "A< answer a1",
         "A> ice a1",
         "A> hello a1",
         "* wait 29999",
         "* wait 1",
         "A< FAILED a1 Failed by DTLS error",
     }},
    {"no RTP",
     {"keep_alive.server_interval", "3600000"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         PUBLISH("A", "a1", "r1", "s1"),
         PLAY("A", "a2", "r1", "s1"),
         PUBLISH("A", "a3", "r1", "s3"),
         "A> media a3",
         "* wait 59999",
         "* wait 1",
         "A< FAILED a1 Failed by RTP activity",
         "A< FAILED a2 Stopped by publisher stop",
         "* wait 600000",
     }},
    {"media that breaks",
     {"keep_alive.server_interval", "3600000"},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         "A> publish a1 r1 s1",
         "A< answer a1",
         "A> badprint a1",
         "A< FAILED a1 Failed by DTLS fingerprint error",
         "A> publish a2 r1 s1",
         "A< answer a2",
         "A> baddtls a2",
         "A< FAILED a2 Failed by DTLS error",
         PUBLISH("A", "a3", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         PLAY("B", "b1", "r1", "s1"),
         "A> lost a3",
         "A< FAILED a3 Failed by ICE keep alive",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "B< FAILED b1 Stopped by publisher stop",
         PUBLISH("A", "a4", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "A> media a4",
         "A> bye a4",
         "* wait 2999",
         "* wait 1",
         "A< UNPUBLISHED a4 Stopped by user",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         PUBLISH("A", "a6", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "A> bye a6",
         "* wait 2000",
         "A> media a6", /* reported late: it does not bring the stream back */
         "A> bye a6",   /* nor does saying it again put the end off */
         "* wait 1000",
         "A< UNPUBLISHED a6 Stopped by user",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         PUBLISH("A", "a5", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "A> bye a5",
         "A> unpublish a5",
         "A< UNPUBLISHED a5 Stopped by user",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
     }},
    {"the dataplane goes",
     {"keep_alive.server_interval", "3600000"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         PUBLISH("A", "a1", "r1", "s1"),
         "A> media a1",
         PLAY("A", "a2", "r1", "s1"),
         "* dp-down",
         "A> publish a3 r1 s3",
         "A< FAILED a3 Failed to add stream to proxy",
         "A> play a3 r1 s1",
         "A< FAILED a3 Failed to add stream to proxy",
         "* dp-up",
         PUBLISH("A", "a4", "r1", "s4"),
         "* refuse A a4",
         "A< FAILED a4 Failed to add stream to proxy",
         "* dp-reset",
         "A< FAILED a1 Failed by error",
         "A< FAILED a2 Stopped by publisher stop",
         PUBLISH("A", "a5", "r1", "s5"),
     }},
    {"the dataplane is away for a moment",
     {"keep_alive.server_interval", "3600000"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         PUBLISH("A", "a1", "r1", "s1"),
         "A> media a1",
         "* dp-down",
         "* wait 4900",
         "* dp-up",
         "* wait 60000",
         "A> unpublish a1",
         "A< UNPUBLISHED a1 Stopped by user",
     }},
    {"the dataplane stays away",
     {"keep_alive.server_interval", "3600000"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         PUBLISH("A", "a1", "r1", "s1"),
         "A> media a1",
         PLAY("A", "a2", "r1", "s1"),
         "* dp-down",
         "* wait 5000",
         "A< FAILED a1 Failed by error",
         "A< FAILED a2 Stopped by publisher stop",
         "* dp-up",
         PUBLISH("A", "a3", "r1", "s3"),
     }},
    {"limit of plays",
     {"limit.plays_per_participant", "1"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         PUBLISH("A", "a1", "r1", "s1"),
         PLAY("A", "a2", "r1", "s1"),
         "A> play a3 r1 s1",
         "A< FAILED a3 Too many streams",
         "A> stop a2",
         "A< STOPPED a2 Stopped by user",
         PLAY("A", "a3", "r1", "s1"),
     }},
};

static const struct stream *stream_of(const char *room, const char *name)
{
    struct room *r;
    HASH_FIND_STR(stage_hub()->rooms, room, r);
    return r ? room_published(r, name) : NULL;
}

/* Keys go in before the client hears PUBLISHING, and never twice. */
static void test_keys_before_publishing(void **state)
{
    stage_init();
    RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"), "A> publish a1 r1 s1", "A< answer a1", "A> ice a1");
    uint64_t id = stream_of("r1", "s1")->session.id;
    assert_false(fake_dp_has_keys(stage_hub()->dp, id));
    RUN("A> dtls a1", "A< PUBLISHING a1", "A> dtls a1", "A> hello a1");
    assert_true(fake_dp_has_keys(stage_hub()->dp, id));
    stage_finish();
}

/* A play goes to its publisher's worker, a new publish to the one with fewer sessions. */
static void test_workers(void **state)
{
    stage_init();
    RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"), PUBLISH("A", "a1", "r1", "s1"), PLAY("A", "a2", "r1", "s1"),
        PUBLISH("A", "a3", "r1", "s3"), PUBLISH("A", "a4", "r1", "s4"), PUBLISH("A", "a5", "r1", "s5"));
    assert_int_equal(stream_of("r1", "s1")->session.worker, 0);
    assert_int_equal(stream_of("r1", "s3")->session.worker, 1);
    assert_int_equal(stream_of("r1", "s4")->session.worker, 1);
    assert_int_equal(stage_hub()->placement.workers[0].sessions, 3);
    assert_int_equal(stage_hub()->placement.workers[1].sessions, 2);
    stage_finish();
}

static void report(uint32_t busy0, uint32_t busy1)
{
    struct dp_load load = {.n_workers = 2, .workers = {{.busy_permille = busy0}, {.busy_permille = busy1}}};
    hub_dp_ops.on_load(stage_hub(), &load);
}

/* Neither a publish nor a play goes where there is no room; a publish finds another worker, a play has none. */
static void test_overloaded(void **state)
{
    stage_init();
    RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"), PUBLISH("A", "a1", "r1", "s1"));
    report(960, 100);
    RUN(PUBLISH("A", "a2", "r1", "s2"), PLAY("A", "a3", "r1", "s2"), "A> play a4 r1 s1",
        "A< FAILED a4 Server overloaded");
    assert_int_equal(stream_of("r1", "s2")->session.worker, 1);
    report(960, 950);
    RUN("A> publish a5 r1 s5", "A< FAILED a5 Server overloaded", "A> play a6 r1 s2", "A< FAILED a6 Server overloaded");
    stage_conf()->workers_max_busy_percent = 0;
    RUN(PUBLISH("A", "a5", "r1", "s5"), PLAY("A", "a6", "r1", "s2"));
    stage_finish();
}

/* A publisher leaves a hot worker with its players; whoever plays it from then on is told the new worker's port. */
static void test_moves(void **state)
{
    stage_init();
    stage_conf()->keep_alive_server_interval_ms = 60000;
    RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"), PUBLISH("A", "a1", "r1", "s1"), PLAY("A", "a2", "r1", "s1"));
    const struct session *s = &stream_of("r1", "s1")->session;
    struct dp_load load = {
        .n_workers = 2,
        .workers = {{.busy_permille = 850}, {.busy_permille = 100}},
        .n_heaviest = 2, /* the first is of another time */
        .heaviest = {{.session = 77, .busy_permille = 375}, {.session = s->id, .busy_permille = 370}}};
    for (int i = 0; i < 10; i++) {
        hub_dp_ops.on_load(stage_hub(), &load);
        assert_int_equal(fake_dp_session_worker(stage_hub()->dp, s->id), 0);
        stage_wait_ms(DP_LOAD_MS);
    }
    hub_dp_ops.on_load(stage_hub(), &load);
    assert_int_equal(fake_dp_session_worker(stage_hub()->dp, s->id), 1);
    assert_int_equal(s->worker, 0); /* as far as we know */
    RUN(PLAY("A", "a3", "r1", "s1"));
    hub_dp_ops.on_moved(stage_hub(), s->id);
    assert_int_equal(s->worker, 1);
    assert_int_equal(stage_hub()->placement.workers[0].sessions, 0);
    assert_int_equal(stage_hub()->placement.workers[1].sessions, 3);
    RUN("A> play a4 r1 s1", "A< answer a4");
    assert_non_null(strstr(stage_last_text(0), " 192.0.2.1 31002 typ host"));
    stage_finish();
}

/* What the answer says is what the dataplane was told. */
static void test_answer(void **state)
{
    char want[64];
    stage_init();
    RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"), "A> publish a1 r1 s1", "A< answer a1");
    const char *text = stage_last_text(0);
    const struct session *s = &stream_of("r1", "s1")->session;
    snprintf(want, sizeof(want), "a=ice-ufrag:%s\\r\\n", s->ufrag);
    assert_non_null(strstr(text, want));
    snprintf(want, sizeof(want), "a=ice-pwd:%s\\r\\n", s->pwd);
    assert_non_null(strstr(text, want));
    assert_non_null(strstr(text, " 192.0.2.1 31001 typ host"));
    assert_non_null(strstr(text, ",true]}"));
    stage_finish();
}

/* RFC 8830: a token, so no slash. */
static void test_msid_is_a_token(void **state)
{
    stage_init();
    RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"), PUBLISH("A", "a1", "r1", "s1"));
    for (int i = 0; i < 20; i++) {
        RUN("A> play a2 r1 s1", "A< answer a2");
        const char *msid = strstr(stage_last_text(0), "a=msid:");
        assert_non_null(msid);
        assert_int_equal(strcspn(msid + strlen("a=msid:"), " /\\"), 16);
        RUN("A> stop a2", "A< STOPPED a2 Stopped by user");
    }
    stage_finish();
}

int main(void)
{
    static struct CMUnitTest tests[ARRAY_SIZE(conversations) + 6];
    size_t n = fill_tests(tests, conversations, ARRAY_SIZE(conversations));
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_keys_before_publishing);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_workers);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_overloaded);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_moves);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_answer);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_msid_is_a_token);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
