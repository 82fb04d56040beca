/* SPDX-License-Identifier: MIT */
/* A worker that is hot, while another has nothing to do, gives a publisher away, with all who watch it. */
#include "tests/proc/world.h"

#define VIEWERS 2

static struct person *join(struct world *w, const char *room, const char *login, bool publishes)
{
    return world_person(w, &(struct person_conf){.login = login,
                                                 .room = room,
                                                 .publish = publishes ? AV(OPUS, VP8) : 0,
                                                 .play = ANY_CODEC,
                                                 .video_kbps = 8000,
                                                 .video_fps = 30});
}

static uint64_t sessions_of(struct world *w, unsigned worker)
{
    return world_counter(w, worker ? "/roomline/workers,1" : "/roomline/workers,0", "sessions");
}

static void test_hot_worker(void **state)
{
    struct world *w = *state;
    struct person *viewers[2][VIEWERS];
    world_start(w, "workers.count=2", "workers.rebalance_percent=1", NULL); /* hot is who does anything */
    struct person *a = join(w, "ra", "a", true);
    WORLD_AWAIT(w, 5000, sessions_of(w, 0) == 1);
    struct person *decoy = join(w, "rd", "d", true);
    WORLD_AWAIT(w, 5000, sessions_of(w, 1) == 1);
    struct person *b = join(w, "rb", "b", true);
    WORLD_AWAIT(w, 5000, sessions_of(w, 0) == 2);
    world_forget(w, decoy);
    WORLD_AWAIT(w, 5000, sessions_of(w, 1) == 0);
    for (int i = 0; i < VIEWERS; i++) {
        viewers[0][i] = join(w, "ra", i ? "v" : "w", false);
        viewers[1][i] = join(w, "rb", i ? "v" : "w", false);
    }
    WORLD_AWAIT(w, 5000, sessions_of(w, 0) == 2 + 2 * VIEWERS);
    WORLD_AWAIT(w, 20000, sessions_of(w, 1) == 1 + VIEWERS);
    assert_int_equal(sessions_of(w, 0), 1 + VIEWERS);
    struct person *late[] = {join(w, "ra", "late", false), join(w, "rb", "late", false)};
    WORLD_AWAIT(w, 5000, world_hears(late[0], "a", 200) && world_hears(late[1], "b", 200));
    assert_int_equal(sessions_of(w, 0), 2 + VIEWERS);
    assert_int_equal(sessions_of(w, 1), 2 + VIEWERS);
    peer_pause(person_published(a)->peer);
    peer_pause(person_published(b)->peer);
    for (int i = 0; i < VIEWERS; i++) {
        world_check_complete(w, a, viewers[0][i], 0);
        world_check_complete(w, b, viewers[1][i], 0);
    }
    world_check_complete(w, a, late[0], 0);
    world_check_complete(w, b, late[1], 0);
    uint64_t handed_over = world_counter(w, "/roomline/workers,0", "handed_over");
    printf("# handed over: %lu of %lu packets\n", handed_over, world_counter(w, "/roomline/workers,0", "rx_packets"));
    WORLD_CHECK(w, handed_over > 0); /* the port in the SDP stays what it was */
    assert_int_equal(world_counter(w, "/roomline/workers,1", "handed_over"), 0);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {WORLD_TEST(test_hot_worker)};
    return world_enter("balance") ? cmocka_run_group_tests_name("balance", tests, NULL, NULL) : 0;
}
