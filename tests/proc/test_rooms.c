/* SPDX-License-Identifier: MIT */
/* What people do in rooms while media flows: chat, leave, join again, stop, publish again, vanish. */
#include <string.h>

#include "tests/proc/world.h"

static struct person *join(struct world *w, const char *room, const char *login)
{
    return world_person(
        w, &(struct person_conf){.login = login, .room = room, .publish = AV(OPUS, VP8), .play = ANY_CODEC});
}

static bool see_each_other(const struct person *a, const struct person *b)
{
    return world_hears(a, b->login, 20) && world_hears(b, a->login, 20);
}

static bool answered(const struct person *p, unsigned op)
{
    char id[16];
    snprintf(id, sizeof(id), "op-%u", op);
    return strcmp(p->status_id, id) == 0;
}

static void test_chat(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "r", "Анна"), *b = join(w, "r", "Bob \"quote\"");
    WORLD_AWAIT(w, 5000, see_each_other(a, b));
    person_chat(b, a->login, "привет \\ \" <b>🎉</b>");
    WORLD_AWAIT(w, 2000, a->n_chats == 1 && answered(b, b->last_op));
    assert_string_equal(a->chat_from, "Bob \"quote\"");
    assert_string_equal(a->chat_text, "привет \\ \" <b>🎉</b>");
    WORLD_CHECK(w, b->status_ok);
    person_chat(b, "nobody", "hello?");
    WORLD_AWAIT(w, 2000, answered(b, b->last_op));
    WORLD_CHECK(w, !b->status_ok && *b->status_info);
    struct person *stranger = join(w, "elsewhere", "S");
    WORLD_AWAIT(w, 2000, stranger->joined);
    wcs_chat(stranger->wcs, "op-x", "r", a->login, "let me in");
    WORLD_AWAIT(w, 2000, strcmp(stranger->status_id, "op-x") == 0);
    WORLD_CHECK(w, !stranger->status_ok && a->n_chats == 1);
    world_close(w);
}

static void test_duplicate_login(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "r", "A"), *again = join(w, "r", "A");
    WORLD_AWAIT(w, 2000, a->joined + again->joined == 1 && (answered(a, 1) && answered(again, 1)));
    struct person *refused = a->joined ? again : a;
    assert_string_equal(refused->status_info, "Room already has user with such login");
    world_close(w);
}

/* A leaves: B is told, in this order, and A comes back on the same socket at once. */
static void test_leave_and_join_again(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "r", "A"), *b = join(w, "r", "B");
    for (int i = 0; i < 3; i++) {
        WORLD_AWAIT(w, 5000, see_each_other(a, b));
        struct person_media *heard = person_played(b, "A");
        person_leave(a);
        person_join(a);
        WORLD_AWAIT(w, 2000, person_media_is(heard, "FAILED"));
        assert_string_equal(heard->info, "Stopped by publisher stop");
        WORLD_AWAIT(w, 2000, a->joined && answered(a, a->last_op));
        WORLD_CHECK(w, a->status_ok);
    }
    WORLD_AWAIT(w, 5000, see_each_other(a, b));
    WORLD_CHECK(w, world_counter(w, "/roomline/info", "sessions") == 4);
    world_close(w);
}

static void test_publish_again(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "r", "A"), *b = join(w, "r", "B");
    WORLD_AWAIT(w, 5000, see_each_other(a, b));
    struct person_media *first = person_published(a), *heard = person_played(b, "A");
    person_stop(a, first);
    WORLD_AWAIT(w, 2000, person_media_is(first, "UNPUBLISHED") && person_media_is(heard, "FAILED"));
    person_publish(a);
    WORLD_AWAIT(w, 5000, person_played(b, "A") != heard && world_hears(b, "A", 20));
    struct person_media *second = person_publish(a); /* a screen, next to the camera */
    WORLD_AWAIT(w, 5000, person_media_is(second, "PUBLISHING"));
    WORLD_AWAIT(w, 5000, strcmp(person_played(b, "A")->stream, second->stream) == 0 && world_hears(b, "A", 20));
    struct person_media *play = person_played(b, "A");
    person_stop(b, play);
    WORLD_AWAIT(w, 2000, person_media_is(play, "STOPPED"));
    world_close(w);
}

static void test_mute_is_told(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "r", "A"), *b = join(w, "r", "B");
    WORLD_AWAIT(w, 5000, see_each_other(a, b));
    wcs_stream_event(a->wcs, person_published(a)->id, "audioMuted");
    WORLD_AWAIT(w, 2000, strcmp(person_played(b, "A")->event, "audioMuted") == 0);
    world_close(w);
}

/* Closing the tab says nothing: the others are told all the same, and the dataplane is clean. */
static void test_vanish(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "r", "A"), *b = join(w, "r", "B");
    WORLD_AWAIT(w, 5000, see_each_other(a, b));
    world_forget(w, a);
    WORLD_AWAIT(w, 2000, b->n_people == 0 && person_media_ended(person_played(b, "A")));
    WORLD_AWAIT(w, 2000, world_counter(w, "/roomline/info", "sessions") == 1);
    world_forget(w, b);
    WORLD_AWAIT(w, 2000, world_counter(w, "/roomline/info", "sessions") == 0);
    WORLD_CHECK(w, world_counter(w, "/roomline/info", "streams") == 0);
    WORLD_CHECK(w, world_counter(w, "/roomline/info", "subscriptions") == 0);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_chat),          WORLD_TEST(test_duplicate_login), WORLD_TEST(test_leave_and_join_again),
        WORLD_TEST(test_publish_again), WORLD_TEST(test_mute_is_told),    WORLD_TEST(test_vanish),
    };
    return world_enter("rooms") ? cmocka_run_group_tests_name("rooms", tests, NULL, NULL) : 0;
}
