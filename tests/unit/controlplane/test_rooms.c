/* SPDX-License-Identifier: MIT */
/* Rooms as conversations: who comes and goes, talks, and is refused; several people, names, pings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "conversation.h"

static const struct conversation conversations[] = {
    {"the 18 steps",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish a1 r1 r1-Alice-b8d8",
         "A< answer a1",
         "A> ice a1",
         "A> dtls a1",
         "A< PUBLISHING a1",
         "A> media a1",
         CONNECT("B", "Bob"),
         JOIN("B", "r1", "[{\"login\":\"Alice\",\"name\":\"r1-Alice-b8d8\"}]"),
         "A< r1 JOINED \"Bob\"",
         "B> play b1 r1 r1-Alice-b8d8",
         "B< answer b1",
         "B> publish b2 r1 r1-Bob-b9a1",
         "B< answer b2",
         "B> live b1",
         "B< PLAYING b1",
         "B> live b2",
         "B< PUBLISHING b2",
         "A< r1 PUBLISHED {\"login\":\"Bob\",\"name\":\"r1-Bob-b9a1\"}",
         "A> play a2 r1 r1-Bob-b9a1",
         "A< answer a2",
         "A> live a2",
         "A< PLAYING a2",
         "B> say r1 Alice \"hi\"",
         "B< ACCEPTED",
         "A< r1 MESSAGE {\"from\":\"Bob\",\"text\":\"hi\"}",
         "A> event a1 audioMuted",
         "B< event b1 audioMuted",
         "A> leave r1",
         "A< UNPUBLISHED a1 muted=a Stopped by user",
         "A< STOPPED a2 Stopped by user",
         "A< ACCEPTED",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"r1-Alice-b8d8\"}",
         "B< FAILED b1 muted=a Stopped by publisher stop",
         "B< r1 LEFT \"Alice\"",
         "A> unpublish a1",
         "A< UNPUBLISHED a1",
         "A> stop a2",
         "A< STOPPED a2",
     }},
    {"three people",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         CONNECT("C", "Carol"),
         JOIN("A", "r1", "[]"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         PUBLISH("A", "a1", "r1", "sA"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"sA\"}",
         PUBLISH("B", "b1", "r1", "sB"),
         "A< r1 PUBLISHED {\"login\":\"Bob\",\"name\":\"sB\"}",
         PUBLISH("A", "a2", "r1", "sA-screenShare"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"sA-screenShare\"}",
         JOIN("C", "r1",
              "[{\"login\":\"Alice\",\"name\":\"sA\"},{\"login\":\"Alice\",\"name\":\"sA-screenShare\"},"
              "{\"login\":\"Bob\",\"name\":\"sB\"}]"),
         "A< r1 JOINED \"Carol\"",
         "B< r1 JOINED \"Carol\"",
         PLAY("B", "b2", "r1", "sA"),
         PLAY("C", "c1", "r1", "sA"),
         PLAY("C", "c2", "r1", "sA-screenShare"),
         PLAY("C", "c3", "r1", "sB"),
         "A> unpublish a2",
         "A< UNPUBLISHED a2 Stopped by user",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"sA-screenShare\"}",
         "C< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"sA-screenShare\"}",
         "C< FAILED c2 Stopped by publisher stop",
         "C> stop c1",
         "C< STOPPED c1 Stopped by user",
         PUBLISH("A", "a3", "r1", "sA-again"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"sA-again\"}",
         "C< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"sA-again\"}",
         "B> leave r1",
         "B< UNPUBLISHED b1 Stopped by user",
         "B< STOPPED b2 Stopped by user",
         "B< ACCEPTED",
         "A< r1 UNPUBLISHED {\"login\":\"Bob\",\"name\":\"sB\"}",
         "A< r1 LEFT \"Bob\"",
         "C< r1 UNPUBLISHED {\"login\":\"Bob\",\"name\":\"sB\"}",
         "C< FAILED c3 Stopped by publisher stop",
         "C< r1 LEFT \"Bob\"",
     }},
    {"leave and join at once",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         "A> leave r1",
         "A< ACCEPTED",
         "B< r1 LEFT \"Alice\"",
         JOIN("A", "r1", "[\"Bob\"]"),
         "B< r1 JOINED \"Alice\"",
         PUBLISH("A", "a1", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "A> unpublish a1",
         "A< UNPUBLISHED a1 Stopped by user",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         PUBLISH("A", "a2", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
     }},
    {"duplicate login",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         CONNECT("B", "Alice"),
         "B> join r1",
         "B< FAILED Room already has user with such login",
         JOIN("B", "r2", "[]"),
         "A> drop",
         JOIN("B", "r1", "[]"),
     }},
    {"join twice",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> join r1",
         "A< FAILED Already in this room",
         "A> leave r1",
         "A< ACCEPTED",
         "A> leave r1",
         "A< FAILED Not in this room",
     }},
    {"before and beside connection",
     {0},
     {
         "A> open",
         "A> join r1",
         "A< FAILED Session not ready",
         "A> publish a1 r1 s1",
         "A< FAILED a1 Session not ready",
         CONNECT("A", "Alice"),
         "A> connect Mallory",
         JOIN("A", "r1", "[]"),
         "B> connect ",
         "B< getVersion",
         "B< getUserData",
         "B> join r1",
         "B< FAILED Login is empty",
         "A> join ",
         "A< FAILED Room name is empty",
     }},
    {"a vanished participant",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         PUBLISH("A", "a1", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         PLAY("B", "b1", "r1", "s1"),
         "B> publish b2 r1 s2",
         "B< answer b2",
         "A> drop",
         "B< r1 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "B< FAILED b1 Stopped by publisher stop",
         "B< r1 LEFT \"Alice\"",
     }},
    {"several rooms in one connection",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         JOIN("A", "r2", "[]"),
         JOIN("B", "r2", "[\"Alice\"]"),
         "A< r2 JOINED \"Bob\"",
         PUBLISH("A", "a1", "r1", "s1"),
         PUBLISH("A", "a2", "r2", "s1"),
         "B< r2 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "B> play b1 r1 s1",
         "B< FAILED b1 Restricted access",
         PLAY("B", "b2", "r2", "s1"),
         "A> leave r1",
         "A< UNPUBLISHED a1 Stopped by user",
         "A< ACCEPTED",
         "A> event a2 videoMuted",
         "B< event b2 videoMuted",
         "A> drop",
         "B< r2 UNPUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "B< FAILED b2 muted=v Stopped by publisher stop",
         "B< r2 LEFT \"Alice\"",
     }},
    {"a foreign room",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         PUBLISH("A", "a1", "r1", "s1"),
         "B> publish b1 r1 s2",
         "B< FAILED b1 Restricted access",
         "B> play b2 r1 s1",
         "B< FAILED b2 Restricted access",
         "B> say r1 Alice \"psst\"",
         "B< FAILED Not in this room",
         "B> leave r1",
         "B< FAILED Not in this room",
         "B> available b3 s1",
         "B< available b3 false",
         "A> available a2 s1",
         "A< available a2 true",
         "A> available a2 s9",
         "A< available a2 false",
     }},
    {"leave right after publish",
     {0},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> publish a1 r1 s1",
         "A< answer a1",
         "A> leave r1",
         "A< FAILED a1 Stopped by user",
         "A< ACCEPTED",
         "A> publish a2 r1 s1",
         "A< FAILED a2 Restricted access",
     }},
    {"names and chat in any script",
     {0},
     {
         CONNECT("A", "Анна \\\"Я\\\" 👩‍🚀"),
         CONNECT("B", "日本 -x"),
         JOIN("A", "комната №1", "[]"),
         "B> join комната №1",
         "B< ACCEPTED",
         "B< комната №1 STATE [\"Анна \\\"Я\\\" 👩‍🚀\"]",
         "A< комната №1 JOINED \"日本 -x\"",
         "A> data {\"command\":\"sendMessage\",\"options\":{\"roomConfig\":{\"name\":\"комната №1\"},\"to\":\"日本 "
         "-x\","
         "\"text\":\"Привет, 🎉 <b>&amp;</b>\"}}",
         "A< ACCEPTED",
         "B< комната №1 MESSAGE {\"from\":\"Анна \\\"Я\\\" 👩‍🚀\",\"text\":\"Привет, 🎉 "
         "<b>&amp;</b>\"}",
     }},
    {"chat of any JSON",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         "B> say r1 Alice {\"x\":[1,2.5,null,true,{}]}",
         "B< ACCEPTED",
         "A< r1 MESSAGE {\"from\":\"Bob\",\"text\":{\"x\":[1,2.5,null,true,{}]}}",
         "B> say r1 Alice 100000000000000000000",
         "B< ACCEPTED",
         "A< r1 MESSAGE {\"from\":\"Bob\",\"text\":1e20}",
         "B> say r1 Alice \"half \\ud83d\"",
         "B< ACCEPTED",
         "A< r1 MESSAGE {\"from\":\"Bob\",\"text\":\"half \xef\xbf\xbd\"}",
         "B> say r1 Alice \"nul \\u0000\"",
         "B< ACCEPTED",
         "A< r1 MESSAGE {\"from\":\"Bob\",\"text\":\"nul \\u0000\"}",
         "B> say r1 Bob \"me\"",
         "B< ACCEPTED",
         "B< r1 MESSAGE {\"from\":\"Bob\",\"text\":\"me\"}",
         "B> say r1 Eve \"who\"",
         "B< FAILED No such participant",
         "B> data {\"command\":\"sendMessage\",\"options\":{\"roomConfig\":{\"name\":\"r1\"},\"to\":\"Alice\"}}",
         "B< ACCEPTED",
         "A< r1 MESSAGE {\"from\":\"Bob\",\"text\":null}",
     }},
    {"an application's own data",
     {0},
     {
         CONNECT("A", "Alice"),
         "A> data {\"anything\":[1]}",
         "A< ACCEPTED",
         "A< data {\"anything\":[1]}",
         "A> data null",
         "A< ACCEPTED",
         "A< data null",
         "A> data {\"command\":\"dance\"}",
         "A< FAILED Unknown command",
         "A> data {\"command\":7}",
         "A< FAILED Unknown command",
     }},
    {"pings",
     {0},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         JOIN("A", "r1", "[]"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         "* wait 49999",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "A< ping",
         "B< ping",
         "B< ping",
         "B< ping",
         "B< ping",
         "B< ping",
         "B< ping",
         "B< ping",
         "B< ping",
         "B< ping",
         "A> raw {\"message\":\"pong\",\"data\":[null]}",
         "* wait 5000",
         "A< ping",
         "B< ping",
         "* wait 1",
         "A< ping",
         "B< close 1001 no answer to pings",
         "B> raw {\"message\":\"ping\",\"data\":[null]}",
         "B> drop",
         "A< r1 LEFT \"Bob\"",
         "A> raw {\"message\":\"ping\",\"data\":[null]}",
         "A< pong",
     }},
};

/* Made by the first join, ended by the last leave; kept for a while when the last one vanished. */
static void test_room_ends(void **state)
{
    stage_init();
    RUN(CONNECT("A", "Alice"), JOIN("A", "r1", "[]"));
    assert_int_equal(stage_hub()->n_rooms, 1);
    RUN("A> leave r1", "A< ACCEPTED");
    assert_int_equal(stage_hub()->n_rooms, 0);

    RUN(JOIN("A", "r1", "[]"), "A> drop", "* wait 59999");
    assert_int_equal(stage_hub()->n_rooms, 1);
    RUN(CONNECT("B", "Bob"), JOIN("B", "r1", "[]"), "* wait 4999", "* wait 1", "B< ping");
    assert_int_equal(stage_hub()->n_rooms, 1);
    RUN("B> drop", "* wait 59999");
    assert_int_equal(stage_hub()->n_rooms, 1);
    RUN("* wait 1");
    assert_int_equal(stage_hub()->n_rooms, 0);
    stage_finish();
}

/* Exact texts of messages whose form matters to the SDK. */
static void test_wire_texts(void **state)
{
    stage_init();
    RUN(CONNECT("A", "Alice"));
    assert_null(strstr(stage_last_text(0), "webRTCMetricsServerDescription"));
    RUN("A> join r1", "A< ACCEPTED", "A< r1 STATE []");
    assert_string_equal(
        stage_last_text(0),
        "{\"message\":\"OnDataEvent\",\"data\":[{\"payload\":{\"roomName\":\"r1\",\"name\":\"STATE\",\"info\":[]}}]}");
    RUN("A> join r1", "A< FAILED Already in this room");
    assert_string_equal(stage_last_text(0), "{\"message\":\"DataStatusEvent\",\"data\":[{\"operationId\":\"op-2\","
                                            "\"status\":\"FAILED\",\"info\":\"Already in this room\"}]}");
    RUN("* wait 5000", "A< ping");
    assert_string_equal(stage_last_text(0), "{\"message\":\"ping\",\"data\":[null]}");
    RUN("A> publish-audio a1 r1 s1", "A< answer a1", "A> live a1", "A< PUBLISHING a1");
    assert_string_equal(stage_last_text(0),
                        "{\"message\":\"notifyStreamStatusEvent\",\"data\":[{\"mediaSessionId\":\"a1\",\"name\":\"s1\","
                        "\"published\":true,\"hasAudio\":true,\"hasVideo\":false,\"status\":\"PUBLISHING\","
                        "\"audioCodec\":\"opus\",\"record\":false,\"mediaProvider\":\"WebRTC\","
                        "\"audioState\":{\"muted\":false},\"videoState\":{\"muted\":false}}]}");
    RUN("A> available a9 s1", "A< available a9 true");
    assert_string_equal(stage_last_text(0),
                        "{\"message\":\"availableStream\",\"data\":[{\"id\":\"a9\",\"status\":\"true\"}]}");
    stage_finish();
}

int main(void)
{
    static struct CMUnitTest tests[ARRAY_SIZE(conversations) + 2];
    size_t n = fill_tests(tests, conversations, ARRAY_SIZE(conversations));
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_room_ends);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_wire_texts);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
