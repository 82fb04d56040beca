/* SPDX-License-Identifier: MIT */
/* Rooms as conversations: who comes and goes, talks, and is refused; several people, names, limits, bad messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "controlplane/client.h"
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
    {"too many messages",
     {"ws.max_messages_per_second", "1", "limit.participants_per_room", "1"},
     {
         "A> open",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A< close 1008 too many messages",
         "A> connect Alice",
         "A> drop",
         CONNECT("A", "Alice"),
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "* wait 1000",
         "A> raw x",
         "A> raw x",
         "A< close 1008 too many messages",
     }},
    {"a page that does something for everyone in a large room at once",
     {"ws.max_messages_per_second", "1", "limit.participants_per_room", "3"},
     {
         "A> open",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A> raw x",
         "A< close 1008 too many messages",
     }},
    {"rooms kept for nobody make place",
     {"limit.rooms", "2", "keep_alive.server_interval", "3600000"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         "A> drop",
         "* wait 1000",
         CONNECT("A", "Alice"),
         JOIN("A", "r2", "[]"),
         "A> drop",
         CONNECT("A", "Alice"),
         JOIN("A", "r3", "[]"), /* r1, which would end first */
         CONNECT("B", "Bob"),
         JOIN("B", "r2", "[]"),
         "B> join r4",
         "B< FAILED Too many rooms",
     }},
    {"rooms in one connection",
     {"limit.rooms_per_connection", "2"},
     {
         CONNECT("A", "Alice"),
         JOIN("A", "r1", "[]"),
         JOIN("A", "r2", "[]"),
         "A> join r3",
         "A< FAILED In too many rooms",
         "A> leave r1",
         "A< ACCEPTED",
         JOIN("A", "r3", "[]"),
         CONNECT("B", "Bob"),
         JOIN("B", "r1", "[]"),
     }},
    {"limits of rooms and names",
     {"limit.rooms", "1", "limit.name_bytes", "8"},
     {
         CONNECT("A", "Alice"),
         "A> join 123456789",
         "A< FAILED Room name is too long",
         JOIN("A", "12345678", "[]"),
         "A> join r2",
         "A< FAILED Too many rooms",
         CONNECT("B", "123456789"),
         "B> join 12345678",
         "B< FAILED Login is too long",
     }},
    {"limits of people and streams",
     {"limit.participants_per_room", "2", "limit.streams_per_participant", "1"},
     {
         CONNECT("A", "Alice"),
         CONNECT("B", "Bob"),
         CONNECT("C", "Carol"),
         JOIN("A", "r1", "[]"),
         JOIN("B", "r1", "[\"Alice\"]"),
         "A< r1 JOINED \"Bob\"",
         "C> join r1",
         "C< FAILED Room is full",
         PUBLISH("A", "a1", "r1", "s1"),
         "B< r1 PUBLISHED {\"login\":\"Alice\",\"name\":\"s1\"}",
         "A> publish a2 r1 s2",
         "A< FAILED a2 Too many streams",
         PLAY("A", "a3", "r1", "s1"),
         "B> leave r1",
         "B< ACCEPTED",
         "A< r1 LEFT \"Bob\"",
         "C> join r1",
         "C< ACCEPTED",
         "C< r1 STATE [{\"login\":\"Alice\",\"name\":\"s1\"}]",
         "A< r1 JOINED \"Carol\"",
     }},
    {"malformed messages",
     {0},
     {
         CONNECT("A", "Alice"),
         "A> raw ",
         "A> raw {",
         "A> raw nonsense",
         "A> raw \"text\"",
         "A> raw 7",
         "A> raw null",
         "A> raw []",
         "A> raw {}",
         "A> raw {\"message\":7}",
         "A> raw {\"message\":null,\"data\":[]}",
         "A> raw {\"message\":\"join\\u0000\"}",
         "A> raw {\"message\":\"unknown\",\"data\":[{}]}",
         "A> raw {\"message\":\"pong\"}",
         "A> raw {\"message\":\"sendData\"}",
         "A> raw {\"message\":\"sendData\",\"data\":{}}",
         "A> raw {\"message\":\"sendData\",\"data\":[]}",
         "A> raw {\"message\":\"sendData\",\"data\":[7]}",
         "A> raw {\"message\":\"sendData\",\"data\":[{\"operationId\":7,\"payload\":{}}]}",
         "A> raw {\"message\":\"sendData\",\"data\":[{\"operationId\":\"o\",\"payload\":{\"command\":\"join\"}}]}",
         "A< FAILED Room name is empty",
         "A> raw "
         "{\"message\":\"sendData\",\"data\":[{\"operationId\":\"o\",\"payload\":{\"command\":\"join\",\"options\":[]}}"
         "]}",
         "A< FAILED Room name is empty",
         "A> raw {\"message\":\"sendData\",\"data\":[{\"operationId\":\"o\",\"payload\":{\"command\":\"join\","
         "\"options\":{\"name\":[1]}}}]}",
         "A< FAILED Room name is empty",
         "A> raw {\"message\":\"sendData\",\"data\":[{\"operationId\":\"o\",\"payload\":{\"command\":\"sendMessage\","
         "\"options\":{\"roomConfig\":7,\"to\":{}}}}]}",
         "A< FAILED Not in this room",
         "A> raw {\"message\":\"publishStream\",\"data\":[null]}",
         "A< FAILED - MediaSessionId is null",
         "A> raw {\"message\":\"publishStream\"}",
         "A< FAILED - MediaSessionId is null",
         "A> raw {\"message\":\"playStream\",\"data\":[{\"mediaSessionId\":7}]}",
         "A< FAILED - MediaSessionId is null",
         "A> raw {\"message\":\"publishStream\",\"data\":[{\"mediaSessionId\":\"m\",\"custom\":7,\"name\":{}}]}",
         "A< FAILED m Restricted access",
         "A> raw {\"message\":\"unPublishStream\",\"data\":[7]}",
         "A< UNPUBLISHED - MediaSessionId is null",
         "A> raw {\"message\":\"sendStreamEvent\",\"data\":[{\"mediaSessionId\":7,\"type\":[]}]}",
         "A> raw {\"message\":\"availableStream\",\"data\":[[]]}",
         "A< available - false",
         "A> raw {\"message\":\"snapshot\",\"data\":[{\"mediaSessionId\":\"m\"}]}",
         "A< event m snapshotFailed payload",
         "A> raw {\"message\":\"submitBugReport\",\"data\":[{}]}",
         "A> raw {\"message\":\"sessionDebug\",\"data\":[7]}",
         "A> raw {\"message\":\"pushLogs\",\"data\":[{\"logs\":\"x\"}]}",
         JOIN("A", "r1", "[]"),
         "A> raw {\"message\":\"publishStream\",\"data\":[{\"mediaSessionId\":\"m\",\"custom\":{\"name\":\"r1\"}}]}",
         "A< FAILED m Stream name is empty or too long",
         "A> raw "
         "{\"message\":\"publishStream\",\"data\":[{\"mediaSessionId\":\"m\",\"custom\":{\"name\":\"r1\"},\"name\":"
         "\"s\"}]}",
         "A< FAILED m No SDP offer",
         "A> raw "
         "{\"message\":\"publishStream\",\"data\":[{\"mediaSessionId\":\"m\",\"custom\":{\"name\":\"r1\"},\"name\":"
         "\"s\","
         "\"sdp\":\"garbage\"}]}",
         "A< FAILED m SDP offer is invalid",
         "A> raw "
         "{\"message\":\"publishStream\",\"data\":[{\"mediaSessionId\":\"m\",\"custom\":{\"name\":\"r1\"},\"name\":"
         "\"s\","
         "\"sdp\":\"\"}]}",
         "A< FAILED m SDP offer is invalid",
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

/* A login that no configuration allows is not even kept. */
static void test_endless_login(void **state)
{
    static char text[CLIENT_LOGIN_BYTES_MAX + 128];
    int head = snprintf(text, sizeof(text), "{\"message\":\"connection\",\"data\":[{\"custom\":{\"login\":\"");
    for (size_t bytes = CLIENT_LOGIN_BYTES_MAX; bytes <= CLIENT_LOGIN_BYTES_MAX + 1; bytes++) {
        memset(text + head, 'x', bytes);
        strcpy(text + head + bytes, "\"}}]}");
        stage_init();
        RUN("A> open");
        stage_message(0, text, strlen(text));
        if (bytes == CLIENT_LOGIN_BYTES_MAX)
            RUN("* wait 0", "A< getVersion", "A< getUserData", "A> join r1", "A< FAILED Login is too long");
        else
            RUN("* wait 0", "A< close 1008 login is too long");
        stage_finish();
    }
}

int main(void)
{
    static struct CMUnitTest tests[ARRAY_SIZE(conversations) + 3];
    size_t n = fill_tests(tests, conversations, ARRAY_SIZE(conversations));
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_room_ends);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_wire_texts);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_endless_login);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
