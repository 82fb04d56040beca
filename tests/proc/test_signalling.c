/* SPDX-License-Identifier: MIT */
/* Bad input over the WebSocket. The answer is a clear refusal or a closed connection, and the media next door does not
 * notice. What the controlplane alone can show is in test_controlplane.py. */
#include <stdlib.h>
#include <string.h>

#include "tests/proc/world.h"

struct scene {
    struct world *w;
    struct person *calm[2]; /* next door */
    struct person *bad;
    char answer[16384]; /* what the bad one was told last, of that kind */
    unsigned answers;
};

static void on_event(void *arg, struct person *person, const struct wcs_event *event)
{
    struct scene *s = arg;
    if (event->kind != WCS_STATUS && event->kind != WCS_STREAM)
        return;
    snprintf(s->answer, sizeof(s->answer), "%s %s",
             event->kind == WCS_STREAM ? event->name
             : event->ok               ? "ok"
                                       : "no",
             event->info);
    s->answers++;
}

static struct person *join(struct world *w, const char *login)
{
    return world_person(
        w, &(struct person_conf){.login = login, .room = "calm", .publish = AV(OPUS, VP8), .play = ANY_CODEC});
}

static void open_scene(struct scene *s, struct world *w)
{
    *s = (struct scene){.w = w};
    world_start(w, "ws.max_queue_bytes=65536", NULL);
    s->calm[0] = join(w, "a");
    s->calm[1] = join(w, "b");
    WORLD_AWAIT(w, 5000, world_hears(s->calm[0], "b", 30) && world_hears(s->calm[1], "a", 30));
}

static struct person *bad_one(struct scene *s, const char *login, bool joined)
{
    struct person *p = world_person(
        s->w, &(struct person_conf){.login = login, .room = "bad", .quiet = true, .on_event = on_event, .arg = s});
    WORLD_AWAIT(s->w, 3000, p->established);
    if (joined) {
        person_join(p);
        WORLD_AWAIT(s->w, 3000, p->joined);
    }
    s->answers = 0;
    return p;
}

static void close_scene(struct scene *s)
{
    for (int i = 0; i < 2; i++)
        peer_pause(person_published(s->calm[i])->peer);
    for (int i = 0; i < 2; i++) {
        world_check_complete(s->w, s->calm[i], s->calm[1 - i], 0);
        WORLD_CHECK(s->w, s->calm[i]->n_people == 1 && s->calm[i]->n_broken == 0);
    }
    world_close(s->w);
}

/* true: the connection still serves. */
static void check_alive(struct scene *s, struct person *p)
{
    s->answers = 0;
    wcs_chat(p->wcs, "alive?", "bad", "nobody", "x");
    WORLD_AWAIT(s->w, 3000, strcmp(p->status_id, "alive?") == 0 || p->closed);
    WORLD_CHECK(s->w, !p->closed);
    p->status_id[0] = '\0';
}

/* Each is sent as it is; expected: the beginning of the answer, or NULL for silence. Then the connection must serve. */
static const struct {
    const char *text, *expected;
} messages[] = {
    {"", NULL},
    {"{", NULL},
    {"\"\\ud800\"", NULL},
    {"[]", NULL},
    {"null", NULL},
    {"{\"message\":5,\"data\":[]}", NULL},
    {"{\"message\":\"sendData\"}", NULL},
    {"{\"message\":\"sendData\",\"data\":{}}", NULL},
    {"{\"message\":\"sendData\",\"data\":[5]}", NULL},
    {"{\"message\":\"unheardOf\",\"data\":[{}]}", NULL},
    {"{\"message\":\"connection\",\"data\":[{\"custom\":{\"login\":\"other\"}}]}", NULL},
    {"{\"message\":\"sendData\",\"data\":[{\"operationId\":\"1\",\"payload\":{\"command\":\"fly\"}}]}", "no "},
    {"{\"message\":\"sendData\",\"data\":[{\"operationId\":\"1\",\"payload\":{\"command\":7}}]}", "no "},
    {"{\"message\":\"sendData\",\"data\":[{\"operationId\":\"1\",\"payload\":{\"command\":\"join\",\"options\":{"
     "\"name\":{}}}}]}",
     "no "},
    {"{\"message\":\"sendData\",\"data\":[{\"operationId\":\"1\",\"payload\":{\"command\":\"join\",\"options\":"
     "{\"name\":\"bad\"}}}]}",
     "no Already in this room"},
    {"{\"message\":\"sendData\",\"data\":[{\"operationId\":\"1\",\"payload\":{\"command\":\"leave\",\"options\":"
     "{\"name\":\"calm\"}}}]}",
     "no "},
    {"{\"message\":\"publishStream\",\"data\":[{}]}", "FAILED "},
    {"{\"message\":\"publishStream\",\"data\":[{\"mediaSessionId\":\"m\",\"name\":\"n\",\"sdp\":\"v=0\",\"custom\":"
     "{\"name\":\"calm\"}}]}",
     "FAILED Restricted access"},
    {"{\"message\":\"publishStream\",\"data\":[{\"mediaSessionId\":\"m\",\"name\":[],\"sdp\":\"v=0\",\"custom\":"
     "{\"name\":\"bad\"}}]}",
     "FAILED "},
    {"{\"message\":\"publishStream\",\"data\":[{\"mediaSessionId\":\"m\",\"name\":\"n\",\"sdp\":{},\"custom\":"
     "{\"name\":\"bad\"}}]}",
     "FAILED "},
    {"{\"message\":\"publishStream\",\"data\":[{\"mediaSessionId\":\"m\",\"name\":\"n\",\"sdp\":\"garbage\",\"custom\":"
     "{\"name\":\"bad\"}}]}",
     "FAILED "},
    {"{\"message\":\"playStream\",\"data\":[{\"mediaSessionId\":\"m\",\"name\":\"none\",\"sdp\":\"v=0\",\"custom\":"
     "{\"name\":\"bad\"}}]}",
     "FAILED "},
    {"{\"message\":\"unPublishStream\",\"data\":[{\"mediaSessionId\":\"none\",\"name\":\"n\"}]}", "UNPUBLISHED "},
    {"{\"message\":\"stopStream\",\"data\":[{\"mediaSessionId\":\"none\",\"name\":\"n\"}]}", "STOPPED "},
    {"{\"message\":\"sendStreamEvent\",\"data\":[{\"mediaSessionId\":\"none\",\"type\":\"data\"}]}", NULL},
};

static void test_malformed_messages(void **state)
{
    struct scene s;
    open_scene(&s, *state);
    struct person *p = bad_one(&s, "bad", true);
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
        s.answers = 0;
        wsock_send_text(wcs_socket(p->wcs), messages[i].text, strlen(messages[i].text));
        if (messages[i].expected)
            WORLD_AWAIT(s.w, 3000, s.answers > 0 || p->closed);
        printf("# %.60s: %s\n", messages[i].text, messages[i].expected ? s.answer : "-");
        if (messages[i].expected)
            WORLD_CHECK(s.w, strncmp(s.answer, messages[i].expected, strlen(messages[i].expected)) == 0);
        check_alive(&s, p);
    }
    close_scene(&s);
}

/* Publishing what somebody next door publishes, and playing it from outside. */
static void test_foreign_streams(void **state)
{
    struct scene s;
    open_scene(&s, *state);
    struct person *p = bad_one(&s, "bad", true);
    const struct person_media *theirs = person_published(s.calm[0]);
    wcs_play(p->wcs, "m1", "calm", theirs->stream, peer_offer(theirs->peer));
    WORLD_AWAIT(s.w, 3000, s.answers == 1);
    assert_string_equal(s.answer, "FAILED Restricted access");
    wcs_play(p->wcs, "m2", "bad", theirs->stream, peer_offer(theirs->peer));
    WORLD_AWAIT(s.w, 3000, s.answers == 2);
    assert_string_equal(s.answer, "FAILED Stream not found");
    wcs_unpublish(p->wcs, theirs->id, theirs->stream); /* answered for its own list, and nothing happens */
    WORLD_AWAIT(s.w, 3000, s.answers == 3);
    WORLD_CHECK(s.w, person_media_is(theirs, "PUBLISHING"));
    close_scene(&s);
}

/* SDP of many lines: refused with a status, in no time. */
static void check_sdp(struct scene *s, struct person *p, const char *line, size_t lines)
{
    char *sdp = NULL, id[32];
    size_t size;
    FILE *f = open_memstream(&sdp, &size);
    fprintf(f, "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
    for (size_t i = 0; i < lines; i++)
        fprintf(f, "%s\r\n", line);
    fclose(f);
    snprintf(id, sizeof(id), "m-%zu", lines);
    s->answers = 0;
    wcs_publish(p->wcs, id, "bad", "n", sdp, false);
    WORLD_AWAIT(s->w, 3000, s->answers > 0 || p->closed);
    printf("# %zu times %.20s: %s\n", lines, line, p->closed ? "closed" : s->answer);
    WORLD_CHECK(s->w, !p->closed && strncmp(s->answer, "FAILED ", 7) == 0);
    free(sdp);
}

static void test_sdp_of_thousands_of_lines(void **state)
{
    struct scene s;
    open_scene(&s, *state);
    struct person *p = bad_one(&s, "bad", true);
    check_sdp(&s, p, "m=audio 9 UDP/TLS/RTP/SAVPF 111", 17);
    check_sdp(&s, p, "m=audio 9 UDP/TLS/RTP/SAVPF 111", 5000);
    check_sdp(&s, p, "a=candidate:1 1 udp 1 127.0.0.1 1 typ host", 4000);
    check_sdp(&s, p, "a=group:BUNDLE 0 1 2 3 4 5 6 7 8 9", 4000);
    check_sdp(&s, p, "a=fmtp:96 x=1;y=2", 4000);
    check_sdp(&s, p, "", 20000);
    close_scene(&s);
}

static void test_oversize_message(void **state)
{
    struct scene s;
    open_scene(&s, *state);
    struct person *p = bad_one(&s, "bad", true);
    size_t len = 1 << 20;
    char *text = malloc(len);
    memset(text, ' ', len);
    wsock_send_text(wcs_socket(p->wcs), text, len);
    free(text);
    WORLD_AWAIT(s.w, 3000, p->closed);
    printf("# closed with %d\n", p->close_code);
    WORLD_CHECK(s.w, p->close_code == 1009 || p->close_code == 0); /* it may not read us to the end */
    close_scene(&s);
}

static void test_flood(void **state)
{
    struct scene s;
    open_scene(&s, *state);
    struct person *p = bad_one(&s, "bad", true);
    for (int i = 0; i < 2000 && !p->closed; i++)
        person_chat(p, "nobody", "flood");
    WORLD_AWAIT(s.w, 5000, p->closed);
    printf("# closed with %d\n", p->close_code);
    close_scene(&s);
}

static void test_broken_frames(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t len;
    } cases[] = {
        {"not masked", "\x81\x02{}", 4},
        {"reserved opcode", "\x83\x80\x00\x00\x00\x00", 6},
        {"reserved bits", "\xf1\x80\x00\x00\x00\x00", 6},
        {"length of 2^63", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 14},
        {"continuation of nothing", "\x80\x80\x00\x00\x00\x00", 6},
        {"long ping", "\x89\xfe\x01\x00\x00\x00\x00\x00", 8},
    };
    struct scene s;
    open_scene(&s, *state);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct person *p = bad_one(&s, "bad", false);
        wsock_send_raw(wcs_socket(p->wcs), cases[i].bytes, cases[i].len);
        wsock_send_raw(wcs_socket(p->wcs), "\0\0\0\0", 4);
        WORLD_AWAIT(s.w, 3000, p->closed);
        printf("# %s: closed with %d\n", cases[i].name, p->close_code);
        world_forget(s.w, p);
    }
    close_scene(&s);
}

/* Somebody whose socket takes nothing while the room talks to him. */
static void test_slow_reader(void **state)
{
    struct scene s;
    char text[4000];
    open_scene(&s, *state);
    struct person *slow =
        world_person(s.w, &(struct person_conf){.login = "slow", .room = "bad", .socket.receive_bytes = 4096});
    struct person *fast = bad_one(&s, "fast", true);
    WORLD_AWAIT(s.w, 3000, slow->joined);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    wsock_stop_reading(wcs_socket(slow->wcs), true);
    for (int i = 0; i < 2000 && fast->n_people; i++) { /* below the limit of messages per second */
        person_chat(fast, "slow", text);
        world_run_for(s.w, 8000);
    }
    WORLD_CHECK(s.w, fast->n_people == 0); /* closed, and the room was told */
    check_alive(&s, fast);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_malformed_messages),
        WORLD_TEST(test_foreign_streams),
        WORLD_TEST(test_sdp_of_thousands_of_lines),
        WORLD_TEST(test_oversize_message),
        WORLD_TEST(test_flood),
        WORLD_TEST(test_broken_frames),
        WORLD_TEST(test_slow_reader),
    };
    return world_enter("signalling") ? cmocka_run_group_tests_name("signalling", tests, NULL, NULL) : 0;
}
