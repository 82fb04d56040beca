/* SPDX-License-Identifier: MIT */
/* Limits as conversations: too much, too many, too long, and what is no message at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "controlplane/client.h"
#include "conversation.h"

static const struct conversation conversations[] = {
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
    static struct CMUnitTest tests[ARRAY_SIZE(conversations) + 1];
    size_t n = fill_tests(tests, conversations, ARRAY_SIZE(conversations));
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_endless_login);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
