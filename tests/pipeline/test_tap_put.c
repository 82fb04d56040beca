/* SPDX-License-Identifier: MIT */
/* Taps as the controlplane puts and deletes them: with two workers, under traffic, while streams move. */
#include <errno.h>

#include "pair.h"
#include "tee.h"

#define RING (1u << 20)

struct recorded { /* the copies of one stream, by index; the queues are no order */
    uint32_t n;
    uint8_t seen[4096];
};

struct call {
    struct fixture *f;
    struct tee tee;
    struct peer publisher, player;
    uint16_t seq; /* next */
    uint32_t played;
    struct recorded recorded;
};

static int setup(void **state)
{
    struct call *c = calloc(1, sizeof(*c));

    c->f = fixture_create();
    tee_init(&c->tee, c->f->workers, FIXTURE_WORKERS, RING);
    peer_init(c->f, &c->publisher, 1, 0, false);
    peer_connect(c->f, &c->publisher);
    peer_keys(c->f, &c->publisher, SRTP_PROFILE_AEAD_AES_128_GCM);
    pair_publish(c->f, &c->publisher);
    peer_init(c->f, &c->player, 2, 0, false);
    peer_connect(c->f, &c->player);
    peer_keys(c->f, &c->player, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
    assert_int_equal(pair_play(c->f, &c->player, 0x2000), 0);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct call *c = *state;

    peer_finish(&c->publisher);
    peer_finish(&c->player);
    fixture_destroy(c->f);
    tee_finish(&c->tee);
    free(c);
    return 0;
}

static void send_audio(struct call *c)
{
    c->publisher.queue = (uint16_t)(c->seq / 3 % 2); /* either one */
    pair_send_audio(c->f, &c->publisher, c->seq++);
}

static void take_played(struct call *c)
{
    struct datagram d;

    while (fixture_receive(c->f, &d))
        if (peer_is_to(&c->player, &d) && d.bytes[0] >> 6 == 2 && (d.bytes[1] & 0x7f) == 96) {
            assert_true(peer_unprotect(&c->player, &d));
            c->played++;
        }
}

static void take_recorded(struct call *c)
{
    struct recorded *all = &c->recorded;

    for (uint32_t ring = 0; ring < FIXTURE_WORKERS; ring++)
        for (const struct tap_record *r; (r = tee_next(&c->tee, ring)); all->n++) {
            assert_int_equal(r->type, TAP_RTP);
            assert_int_equal(r->stream, PAIR_STREAM);
            assert_in_range(r->index, 0, sizeof(all->seen) - 1);
            assert_int_equal(get_be16(tee_body(r) + 12), r->index);
            assert_int_equal(all->seen[r->index]++, 0);
        }
}

/* So many bursts on both queues, workers at odds with each other. */
static void run_traffic(struct call *c, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        for (int k = 0; k < 4; k++) {
            send_audio(c);
            if (k % 2)
                worker_turn(c->f->workers[(i + k / 2) % 2], c->f->now_us);
        }
        fixture_turn(c->f);
        take_played(c);
        take_recorded(c);
    }
}

static void settle(struct call *c)
{
    pair_settle(c->f);
    take_played(c);
    take_recorded(c);
}

static int tap(struct call *c, enum dp_msg type, uint64_t stream)
{
    return fixture_del(c->f, type, stream);
}

static uint32_t n_tapped(const struct call *c)
{
    return c->f->workers[0]->n_tapped + c->f->workers[1]->n_tapped;
}

static void test_put_and_del(void **state)
{
    struct call *c = *state;

    assert_int_equal(tap(c, DP_TAP_PUT, 404), -ENOENT);
    assert_int_equal(tap(c, DP_TAP_DEL, 404), 0);
    assert_int_equal(tap(c, DP_TAP_DEL, PAIR_STREAM), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tap(c, DP_TAP_PUT, PAIR_STREAM), 0);
        assert_int_equal(tap(c, DP_TAP_PUT, PAIR_STREAM), 0);
        assert_int_equal(n_tapped(c), 1);
        assert_int_equal(tap(c, DP_TAP_DEL, PAIR_STREAM), 0);
        assert_int_equal(tap(c, DP_TAP_DEL, PAIR_STREAM), 0);
        assert_int_equal(n_tapped(c), 0);
    }
    uint8_t *data = c->f->workers[0]->tap.data;
    c->f->workers[0]->tap.data = NULL; /* a dataplane without a tee */
    assert_int_equal(tap(c, DP_TAP_PUT, PAIR_STREAM), -ENODEV);
    c->f->workers[0]->tap.data = data;
    assert_int_equal(n_tapped(c), 0);
}

static void test_gone_with_its_stream(void **state)
{
    struct call *c = *state;

    assert_int_equal(tap(c, DP_TAP_PUT, PAIR_STREAM), 0);
    assert_int_equal(fixture_del(c->f, DP_STREAM_DEL, PAIR_STREAM), 0);
    settle(c);
    assert_int_equal(n_tapped(c), 0);
    assert_int_equal(tap(c, DP_TAP_PUT, PAIR_STREAM), -ENOENT);
}

static void test_gone_with_its_session(void **state)
{
    struct call *c = *state;

    assert_int_equal(tap(c, DP_TAP_PUT, PAIR_STREAM), 0);
    run_traffic(c, 3);
    assert_int_equal(fixture_del(c->f, DP_SESSION_DEL, c->publisher.session), 0);
    settle(c);
    assert_int_equal(n_tapped(c), 0);
}

/* The group moves back and forth under traffic that arrives on either queue: every packet is copied once. */
static void test_a_move_loses_no_copy(void **state)
{
    struct call *c = *state;
    uint32_t moves = 0;

    assert_int_equal(tap(c, DP_TAP_PUT, PAIR_STREAM), 0);
    for (; moves < 20; moves++) {
        struct dp_session_move move = {
            .head = {.type = DP_SESSION_MOVE, .len = sizeof(move)}, .id = c->publisher.session, .worker = !(moves % 2)};
        assert_int_equal(objects_on_message(&c->f->objects, &move, sizeof(move)), 0);
        run_traffic(c, 6);
        assert_int_equal(c->f->workers[!(moves % 2)]->n_tapped, 1);
        assert_int_equal(n_tapped(c), 1);
    }
    settle(c);
    assert_int_equal(c->recorded.n, c->seq);
    assert_int_equal(c->played, c->seq);
    assert_true(c->f->workers[0]->tap.records > 0 && c->f->workers[1]->tap.records > 0);
    fixture_clear(c->f);
}

/* What is put while the group moves is held, and goes where it went. */
static void test_put_meets_a_move(void **state)
{
    struct call *c = *state;
    struct dp_session_move move = {
        .head = {.type = DP_SESSION_MOVE, .len = sizeof(move)}, .id = c->publisher.session, .worker = 1};
    struct dp_del put = {.head = {.type = DP_TAP_PUT, .len = sizeof(put)}, .id = PAIR_STREAM};

    assert_int_equal(objects_on_message(&c->f->objects, &move, sizeof(move)), 0);
    assert_int_equal(objects_on_message(&c->f->objects, &put, sizeof(put)), 0);
    settle(c);
    assert_int_equal(c->f->workers[1]->n_tapped, 1);
    run_traffic(c, 3);
    settle(c);
    assert_int_equal(c->recorded.n, c->seq);
    fixture_clear(c->f);
}

/* From the answer to the PUT's mail on all is copied, from that of the DEL's on nothing; nobody else notices. */
static void test_on_and_off_under_traffic(void **state)
{
    struct call *c = *state;
    uint32_t expected = 0;

    for (int i = 0; i < 10; i++) {
        run_traffic(c, 3);
        settle(c);
        assert_int_equal(c->recorded.n, expected);
        assert_int_equal(tap(c, DP_TAP_PUT, PAIR_STREAM), 0);
        uint16_t from = c->seq;
        run_traffic(c, 5);
        settle(c);
        expected += (uint16_t)(c->seq - from);
        assert_int_equal(tap(c, DP_TAP_DEL, PAIR_STREAM), 0);
    }
    assert_int_equal(c->recorded.n, expected);
    assert_int_equal(c->played, c->seq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_put_and_del),          T(test_gone_with_its_stream), T(test_gone_with_its_session),
        T(test_a_move_loses_no_copy), T(test_put_meets_a_move),     T(test_on_and_off_under_traffic),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
