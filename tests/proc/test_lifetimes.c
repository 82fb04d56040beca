/* SPDX-License-Identifier: MIT */
/* Every publish and play ends in a definite status when its peer fails it, and survives what it should: a new address,
 * a process that dies, one that stands still. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/proc/world.h"

static struct person *join(struct world *w, const char *login, void (*adjust)(void *arg, struct peer_conf *conf))
{
    return world_person(w, &(struct person_conf){.login = login,
                                                 .room = "r",
                                                 .publish = AV(OPUS, VP8),
                                                 .play = ANY_CODEC,
                                                 .keep_peers = true,
                                                 .adjust = adjust});
}

static bool see_each_other(const struct person *a, const struct person *b, uint64_t packets)
{
    return world_hears(a, b->login, packets) && world_hears(b, a->login, packets);
}

/* More packets of both kinds than now. */
static void await_flow(struct world *w, const struct person *receiver, const struct person *sender, unsigned packets)
{
    const struct sink *audio = world_sink(receiver, sender->login, MEDIA_AUDIO);
    const struct sink *video = world_sink(receiver, sender->login, MEDIA_VIDEO);
    uint64_t a = audio->stats.unique + packets, v = video->stats.unique + packets;
    WORLD_AWAIT(w, 8000, audio->stats.unique >= a && video->stats.unique >= v);
}

static void await_failed(struct world *w, const struct person_media *media, const char *info)
{
    WORLD_AWAIT(w, 10000, person_media_ended(media));
    printf("# %s: %s\n", media->status, media->info);
    assert_string_equal(media->status, "FAILED");
    assert_string_equal(media->info, info);
}

static void never_answers(void *arg, struct peer_conf *conf)
{
    conf->remote_pwd = "0123456789abcdef01234567";
}

static void no_dtls(void *arg, struct peer_conf *conf)
{
    conf->no_dtls = true;
}

static void test_ice_timeout(void **state)
{
    struct world *w = *state;
    world_start(w, "ice.timeout=500", NULL);
    struct person *a = join(w, "a", never_answers);
    WORLD_AWAIT(w, 2000, person_published(a));
    await_failed(w, person_published(a), "Failed by ICE timeout");
    world_close(w);
}

static void test_dtls_timeout(void **state)
{
    struct world *w = *state;
    world_start(w, "dtls.timeout=500", NULL);
    struct person *a = join(w, "a", no_dtls);
    WORLD_AWAIT(w, 2000, person_published(a));
    await_failed(w, person_published(a), "Failed by DTLS error");
    world_close(w);
}

static void test_no_media(void **state)
{
    struct world *w = *state;
    world_start(w, "rtp.activity_timeout=1000", NULL);
    struct person *a = join(w, "a", NULL);
    WORLD_AWAIT(w, 2000, person_published(a));
    struct person_media *media = person_published(a);
    peer_pause(media->peer); /* before the first packet: the handshake takes round trips yet */
    WORLD_AWAIT(w, 2000, peer_state(media->peer) == PEER_CONNECTED);
    WORLD_AWAIT(w, 3000, person_media_ended(media));
    assert_string_equal(media->info, "Failed by RTP activity");
    world_close(w);
}

/* Media goes on, checks do not: consent ends (RFC 7675), for a publish and for a play. */
static void test_consent(void **state)
{
    struct world *w = *state;
    world_start(w, "consent.timeout=4000", NULL);
    struct person *a = join(w, "a", NULL), *b = join(w, "b", NULL);
    WORLD_AWAIT(w, 5000, see_each_other(a, b, 20));
    struct person_media *play = person_played(b, "a");
    peer_stop_checks(play->peer);
    peer_stop_checks(person_published(b)->peer);
    await_failed(w, play, "Failed by ICE keep alive");
    await_failed(w, person_published(b), "Failed by ICE keep alive");
    await_failed(w, person_played(a, "b"), "Stopped by publisher stop");
    WORLD_CHECK(w, person_media_is(person_published(a), "PUBLISHING"));
    world_close(w);
}

/* From a Wi-Fi to another: the publisher's and the player's address change, nothing else does. */
static void test_address_switch(void **state)
{
    struct world *w = *state;
    world_start(w, "workers.count=2", NULL);
    struct person *a = join(w, "a", NULL), *b = join(w, "b", NULL);
    WORLD_AWAIT(w, 5000, see_each_other(a, b, 30));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(peer_move(person_published(a)->peer, loop_now_us()), 0);
        await_flow(w, b, a, 40);
        assert_int_equal(peer_move(person_played(b, "a")->peer, loop_now_us()), 0);
        await_flow(w, b, a, 40);
    }
    world_check_sink(w, world_sink(b, "a", MEDIA_VIDEO));
    world_check_sink(w, world_sink(b, "a", MEDIA_AUDIO));
    WORLD_CHECK(w, world_sink(b, "a", MEDIA_VIDEO)->stats.gap_us < 2 * SECOND_US);
    WORLD_CHECK(w, person_media_is(person_published(a), "PUBLISHING"));
    world_close(w);
}

static void test_controlplane_stands_still(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "a", NULL), *b = join(w, "b", NULL);
    WORLD_AWAIT(w, 5000, see_each_other(a, b, 30));
    kill(w->controlplane.pid, SIGSTOP);
    world_run_for(w, 3 * SECOND_US);
    kill(w->controlplane.pid, SIGCONT);
    await_flow(w, b, a, 10);
    peer_pause(person_published(a)->peer);
    peer_pause(person_published(b)->peer);
    world_check_complete(w, a, b, 0);
    world_check_complete(w, b, a, 0);
    world_close(w);
}

static bool logs(const struct process *p, const char *words)
{
    char *output = process_output(p);
    bool found = strstr(output, words);

    free(output);
    return found;
}

/* It is there, yet answers nobody: what is new fails, what there is goes on when it wakes. */
static void test_dataplane_stands_still(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "a", NULL), *b = join(w, "b", NULL);
    WORLD_AWAIT(w, 5000, see_each_other(a, b, 30));
    struct person_media *first = person_published(a);
    kill(w->dataplane.pid, SIGSTOP);
    world_run_for(w, 4 * SECOND_US);
    await_failed(w, person_publish(a), "Failed to add stream to proxy");
    kill(w->dataplane.pid, SIGCONT);
    await_flow(w, b, a, 10);
    WORLD_CHECK(w, person_media_is(first, "PUBLISHING"));
    WORLD_AWAIT(w, 5000, logs(&w->controlplane, "dataplane answers again"));
    struct person *c = join(w, "c", NULL);
    WORLD_AWAIT(w, 5000, see_each_other(c, b, 30));
    world_close(w);
}

static void kill_dead(struct world *w, struct process *p)
{
    w->may_die = true;
    process_stop(p, SIGKILL, SECOND_US);
    p->status = 0; /* as it was meant */
    w->may_die = false;
}

/* Media outlives the controlplane; a new one serves new people, and what the old one left ends with its consent. */
static void test_controlplane_dies(void **state)
{
    struct world *w = *state;
    world_start(w, "consent.timeout=4000", NULL);
    struct person *a = join(w, "a", NULL), *b = join(w, "b", NULL);
    WORLD_AWAIT(w, 5000, see_each_other(a, b, 30));
    kill_dead(w, &w->controlplane);
    WORLD_AWAIT(w, 2000, a->closed && b->closed);
    world_run_for(w, 5 * SECOND_US); /* longer than consent without checks */
    await_flow(w, b, a, 10);
    world_start_controlplane(w);
    struct person *c = join(w, "a", NULL), *d = join(w, "b", NULL); /* the names are free again */
    WORLD_AWAIT(w, 5000, see_each_other(c, d, 30));
    await_flow(w, b, a, 10);
    peer_pause(person_published(a)->peer);
    world_check_complete(w, a, b, 0);
    WORLD_CHECK(w, world_counter(w, "/roomline/info", "sessions") == 8);
    world_forget(w, a);
    world_forget(w, b);
    WORLD_AWAIT(w, 8000, world_counter(w, "/roomline/info", "sessions") == 4);
    await_flow(w, d, c, 10);
    world_close(w);
}

/* Its keys are gone with it: all streams end, people stay in their room and publish again when it is back. */
static void test_dataplane_dies(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "a", NULL), *b = join(w, "b", NULL);
    WORLD_AWAIT(w, 5000, see_each_other(a, b, 30));
    struct person_media *published = person_published(a), *played = person_played(a, "b");
    kill_dead(w, &w->dataplane);
    world_start_dataplane(w);
    await_failed(w, published, "Failed by error");
    WORLD_AWAIT(w, 2000, person_media_ended(played));
    WORLD_CHECK(w, a->joined && !a->closed);
    person_publish(a);
    person_publish(b);
    WORLD_AWAIT(w, 5000, see_each_other(a, b, 30));
    world_close(w);
}

/* It does not come back: nobody is left with a stream that claims to go on. */
static void test_dataplane_stays_dead(void **state)
{
    struct world *w = *state;
    world_start(w, NULL);
    struct person *a = join(w, "a", NULL), *b = join(w, "b", NULL);
    WORLD_AWAIT(w, 5000, see_each_other(a, b, 30));
    kill_dead(w, &w->dataplane);
    await_failed(w, person_published(a), "Failed by error");
    WORLD_AWAIT(w, 2000, person_media_ended(person_played(a, "b")));
    struct person_media *again = person_publish(a);
    await_failed(w, again, "Failed to add stream to proxy");
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_ice_timeout),
        WORLD_TEST(test_dtls_timeout),
        WORLD_TEST(test_no_media),
        WORLD_TEST(test_consent),
        WORLD_TEST(test_address_switch),
        WORLD_TEST(test_controlplane_stands_still),
        WORLD_TEST(test_dataplane_stands_still),
        WORLD_TEST(test_controlplane_dies),
        WORLD_TEST(test_dataplane_dies),
        WORLD_TEST(test_dataplane_stays_dead),
    };
    return world_enter("lifetimes") ? cmocka_run_group_tests_name("lifetimes", tests, NULL, NULL) : 0;
}
