/* SPDX-License-Identifier: MIT */
/* A worker that is hot, while another has nothing to do, gives a publisher away, with all who watch it. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/proc/world.h"

#define VIEWERS 5

static const char *const viewer_names[VIEWERS] = {"v", "w", "x", "y", "z"};

static struct person *join(struct world *w, const char *room, const char *login, bool publishes)
{
    return world_person(w, &(struct person_conf){.login = login,
                                                 .room = room,
                                                 .publish = publishes ? AV(OPUS, VP8) : 0,
                                                 .play = ANY_CODEC,
                                                 .video_kbps = 16000,
                                                 .video_fps = 30});
}

static uint64_t sessions_of(struct world *w, unsigned worker)
{
    return world_counter(w, worker ? "/roomline/workers,1" : "/roomline/workers,0", "sessions");
}

/* What tools/relayctl cores says of a second of this. */
static json_t *cores(struct world *w)
{
    char command[256], text[32768];
    ssize_t n = -1;
    size_t len = 0;
    snprintf(command, sizeof(command), "tools/relayctl cores --json --run-dir %s/run", w->dir);
    FILE *f = popen(command, "r");
    WORLD_CHECK(w, f && fcntl(fileno(f), F_SETFL, O_NONBLOCK) == 0);
    int64_t until_us = loop_now_us() + 10 * SECOND_US;
    while (n != 0 && world_turn(w, until_us)) {
        n = read(fileno(f), text + len, sizeof(text) - len);
        len += n > 0 ? (size_t)n : 0;
    }
    WORLD_CHECK(w, pclose(f) == 0);
    json_t *root = json_loadb(text, len, 0, NULL);
    WORLD_CHECK(w, root);
    return root;
}

static double core(const json_t *root, const char *worker, const char *key)
{
    return json_number_value(json_object_get(json_object_get(root, worker), key));
}

static void test_hot_worker(void **state)
{
    struct world *w = *state;
    struct person *viewers[2][VIEWERS];
    world_start(w, "dataplane.port=socket", "workers.count=2", "workers.rebalance_percent=1",
                NULL); /* hot: whoever works */
    struct person *a = join(w, "ra", "a", true);
    WORLD_AWAIT(w, 5000, sessions_of(w, 0) == 1);
    struct person *decoy = join(w, "rd", "d", true);
    WORLD_AWAIT(w, 5000, sessions_of(w, 1) == 1);
    struct person *b = join(w, "rb", "b", true);
    WORLD_AWAIT(w, 5000, sessions_of(w, 0) == 2);
    world_forget(w, decoy);
    WORLD_AWAIT(w, 5000, sessions_of(w, 1) == 0);
    for (int i = 0; i < VIEWERS; i++) {
        viewers[0][i] = join(w, "ra", viewer_names[i], false);
        viewers[1][i] = join(w, "rb", viewer_names[i], false);
    }
    WORLD_AWAIT(w, 5000, sessions_of(w, 0) == 2 + 2 * VIEWERS);
    WORLD_AWAIT(w, 20000, sessions_of(w, 1) == 1 + VIEWERS);
    assert_int_equal(sessions_of(w, 0), 1 + VIEWERS);
    struct person *late[] = {join(w, "ra", "late", false), join(w, "rb", "late", false)};
    WORLD_AWAIT(w, 5000, world_hears(late[0], "a", 200) && world_hears(late[1], "b", 200));
    assert_int_equal(sessions_of(w, 0), 2 + VIEWERS);
    assert_int_equal(sessions_of(w, 1), 2 + VIEWERS);
    json_t *root = cores(w); /* the port in the SDP stays what it was: who moved arrives on the old worker's queue */
    for (int i = 0; i < 2; i++) {
        const char *worker = i ? "1" : "0";
        printf("# worker %d: busy %.1f %%, in %.0f/s, out %.0f/s, handed over %.0f/s, strays %.0f/s\n", i,
               core(root, worker, "busy_percent"), core(root, worker, "rx_pps"), core(root, worker, "tx_pps"),
               core(root, worker, "handed_over_pps"), core(root, worker, "strays_pps"));
        WORLD_CHECK(w, core(root, worker, "sessions") == 2 + VIEWERS);
        WORLD_CHECK(w, core(root, worker, "busy_percent") > 0 && core(root, worker, "tx_pps") > 0);
    }
    WORLD_CHECK(w, core(root, "0", "handed_over_pps") > 0 && core(root, "0", "strays_pps") == 0);
    WORLD_CHECK(w, core(root, "1", "strays_pps") > 0 && core(root, "1", "handed_over_pps") == 0);
    json_decref(root);
    peer_pause(person_published(a)->peer);
    peer_pause(person_published(b)->peer);
    for (int i = 0; i < VIEWERS; i++) {
        world_check_complete(w, a, viewers[0][i], 0);
        world_check_complete(w, b, viewers[1][i], 0);
    }
    world_check_complete(w, a, late[0], 0);
    world_check_complete(w, b, late[1], 0);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {WORLD_TEST(test_hot_worker)};
    return world_enter("balance") ? cmocka_run_group_tests_name("balance", tests, NULL, NULL) : 0;
}
