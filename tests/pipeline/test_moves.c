/* SPDX-License-Identifier: MIT */
/* Sessions that move from one worker to the other: under traffic, into floods, with what comes too early. */
#include <errno.h>
#include <pthread.h>

#include "pair.h"

#define PLAYERS 3

struct received { /* by one player */
    uint32_t packets;
    uint8_t seen[4096];
};

/* The peer's own libsrtp refuses a replayed index: a reused one shows as a failure here. */
static void receive_audio(struct fixture *f, struct peer *players, struct received *received)
{
    struct datagram d;

    while (fixture_receive(f, &d)) {
        for (int i = 0; i < PLAYERS; i++) {
            if (!peer_is_to(&players[i], &d) || d.bytes[0] >> 6 != 2 || (d.bytes[1] & 0x7f) != 96)
                continue;
            assert_true(peer_unprotect(&players[i], &d));
            uint16_t n = get_be16(d.bytes + 12);
            assert_in_range(n, 0, sizeof(received[i].seen) - 1);
            assert_int_equal(received[i].seen[n]++, 0);
            received[i].packets++;
        }
    }
}

/* A publisher and its players move back and forth under continuous traffic that arrives on either queue: every packet
 * reaches every player once, with an index that was never used before. */
static void test_move_under_traffic(void **state)
{
    static struct received received[PLAYERS];
    struct fixture *f = fixture_create();
    struct peer publisher, players[PLAYERS];
    uint16_t seq = 0;

    memset(received, 0, sizeof(received));
    peer_init(f, &publisher, 1, 0, false);
    peer_connect(f, &publisher);
    peer_keys(f, &publisher, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
    pair_publish(f, &publisher);
    for (uint32_t i = 0; i < PLAYERS; i++) {
        peer_init(f, &players[i], 2 + i, 0, i == 1);
        peer_connect(f, &players[i]);
        peer_keys(f, &players[i], i == 2 ? SRTP_PROFILE_AEAD_AES_256_GCM : SRTP_PROFILE_AEAD_AES_128_GCM);
        assert_int_equal(pair_play(f, &players[i], 0x2000 + i), 0);
    }
    for (uint32_t round = 0; round < 60; round++) {
        if (round % 5 == 4) { /* not waited for: traffic goes on while it moves */
            struct dp_session_move move = {.head = {.type = DP_SESSION_MOVE, .len = sizeof(move)},
                                           .id = publisher.session,
                                           .worker = round / 5 % 2 ? 0 : 1};
            assert_int_equal(objects_on_message(&f->objects, &move, sizeof(move)), 0);
        }
        for (int burst = 0; burst < 8; burst++) {
            publisher.queue = (uint16_t)(seq / 3 % 2);
            pair_send_audio(f, &publisher, seq++);
            if (burst % 2)
                worker_turn(f->workers[(round + (unsigned)burst / 2) % 2], f->now_us); /* one runs ahead */
        }
        fixture_turn(f);
        receive_audio(f, players, received);
    }
    pair_settle(f);
    receive_audio(f, players, received);
    for (int i = 0; i < PLAYERS; i++)
        assert_int_equal(received[i].packets, seq);
    for (uint32_t i = 0; i < f->n_acks; i++)
        assert_int_equal(f->acks[i].error, 0);
    assert_int_equal(f->n_acks, 12);
    assert_true(f->workers[1]->stats.rtp_received > 0 && f->workers[0]->stats.rtp_received > 0);
    peer_finish(&publisher);
    for (int i = 0; i < PLAYERS; i++)
        peer_finish(&players[i]);
    fixture_destroy(f);
}

/* Packets that reach the new owner before the token wait there, up to a bound; commands of ctl wait too. */
static void test_move_holds(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;
    struct dp_session_move move = {.head = {.type = DP_SESSION_MOVE, .len = sizeof(move)}, .worker = 1};

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    move.id = p.session;
    assert_int_equal(objects_on_message(&f->objects, &move, sizeof(move)), 0);
    assert_int_equal(objects_on_message(&f->objects, &move, sizeof(move)), -EAGAIN); /* a second one has to wait */
    pair_send_dtls(f, p.session, 0, 100);
    peer_send(f, &p, pair_dtls, sizeof(pair_dtls));
    worker_turn(f->workers[0], f->now_us); /* the packet, then the release: it was ours still */
    assert_int_equal(f->workers[0]->n_sessions, 0);
    assert_int_equal(f->workers[1]->n_sessions, 0);
    assert_int_equal(fixture_discard(f), 0);
    p.queue = 1;
    for (int i = 0; i < 40; i++)
        peer_send(f, &p, pair_dtls, sizeof(pair_dtls));
    struct mailbox *mailbox = &f->workers[1]->mailbox;
    struct rte_mbuf *token; /* delay the token by hand */
    assert_int_equal(mailbox_receive_commands(mailbox, &token, 1), 1);
    worker_turn(f->workers[1], f->now_us);
    assert_int_equal(f->workers[1]->n_held, 40);
    worker_turn(f->workers[1], f->now_us);
    assert_int_equal(f->workers[1]->n_held, 40);
    assert_int_equal(mailbox_send(mailbox, token, MAIL_ADOPT), 0);
    pair_settle(f);
    assert_int_equal(f->workers[1]->n_held, 0);
    assert_int_equal(f->workers[1]->n_sessions, 1);
    assert_int_equal(f->n_punts, 41);
    assert_int_equal(f->workers[1]->stats.dtls_sent, 1); /* what ctl held back went to the new owner */
    assert_int_equal(fixture_discard(f), 1);
    assert_int_equal(fixture_drops(f, DROP_MOVING), 0);
    fixture_destroy(f);
}

static void test_held_overflow(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    fixture_session(f, p.session)->attached = false; /* as if the token were under way */
    for (int i = 0; i < WORKER_HELD_MAX + 10; i++)
        peer_send(f, &p, pair_dtls, sizeof(pair_dtls));
    fixture_run(f, 20 * FIXTURE_TURN_US);
    assert_int_equal(f->workers[0]->n_held, WORKER_HELD_MAX);
    assert_int_equal(fixture_drops(f, DROP_MOVING), 10);
    fixture_session(f, p.session)->attached = true;
    fixture_turn(f);
    assert_int_equal(f->workers[0]->n_held, 0);
    fixture_destroy(f);
}

/* A player follows the stream, unless it has something already; a session deleted while it moves is deleted where it
 * arrives. */
static void test_move_edges(void **state)
{
    struct fixture *f = fixture_create();
    struct peer a, b, other;
    struct dp_session_move move = {.head = {.type = DP_SESSION_MOVE, .len = sizeof(move)}, .worker = 1};
    struct dp_del del = {.head = {.type = DP_SESSION_DEL, .len = sizeof(del)}};

    peer_init(f, &a, 1, 0, false);
    peer_init(f, &b, 2, 1, false);
    pair_publish(f, &a);
    assert_int_equal(pair_play(f, &b, 0x2000), 0);
    assert_int_equal(f->workers[0]->n_sessions, 2);
    assert_int_equal(fixture_move(f, a.session, 1), 0);
    assert_int_equal(f->workers[1]->n_sessions, 2);
    assert_int_equal(fixture_move(f, a.session, 1), 0); /* is there already */
    assert_int_equal(fixture_move(f, a.session, 2), -EINVAL);
    assert_int_equal(fixture_move(f, 999, 1), -ENOENT);
    peer_init(f, &other, 3, 0, false);
    struct dp_stream_put put = {.kind = MEDIA_AUDIO,
                                .codec = CODEC_OPUS,
                                .id = PAIR_STREAM + 1,
                                .session = other.session,
                                .clock_hz = 48000,
                                .rtp = {.ssrc = 0x1002, .pt = 111, .rtx_pt = DP_PT_NONE}};
    assert_int_equal(fixture_put(f, DP_STREAM_PUT, &put), 0);
    assert_int_equal(pair_play(f, &other, 0x2001), -EXDEV);
    assert_int_equal(fixture_del(f, DP_SESSION_DEL, other.session), 0);
    assert_int_equal(fixture_move(f, b.session, 0), 0); /* takes its publisher along */
    assert_int_equal(f->workers[0]->n_sessions, 2);
    move.id = a.session;
    del.id = a.session;
    assert_int_equal(objects_on_message(&f->objects, &move, sizeof(move)), 0);
    assert_int_equal(objects_on_message(&f->objects, &del, sizeof(del)), 0);
    pair_settle(f);
    assert_int_equal(f->workers[0]->n_sessions, 0);
    assert_int_equal(f->workers[1]->n_sessions, 1);
    assert_true(LIST_EMPTY(&fixture_session(f, b.session)->subs));
    fixture_destroy(f);
}

/* A play that is put while its publisher moves waits, and goes along. */
static void test_play_meets_a_move(void **state)
{
    struct fixture *f = fixture_create();
    struct peer publisher, player;
    struct dp_session_move move = {.head = {.type = DP_SESSION_MOVE, .len = sizeof(move)}, .worker = 1};

    peer_init(f, &publisher, 1, 0, false);
    pair_publish(f, &publisher);
    peer_init(f, &player, 2, 0, false);
    move.id = publisher.session;
    assert_int_equal(objects_on_message(&f->objects, &move, sizeof(move)), 0);
    struct dp_subscription_put put = {.head = {.type = DP_SUBSCRIPTION_PUT, .len = sizeof(put)},
                                      .id = 801,
                                      .session = player.session,
                                      .stream = PAIR_STREAM,
                                      .rtp = {.ssrc = 0x2001, .pt = 96, .rtx_pt = DP_PT_NONE},
                                      .cname = "room"};
    assert_int_equal(objects_on_message(&f->objects, &put, sizeof(put)), -EAGAIN);
    assert_int_equal(f->n_acks, 0);
    assert_int_equal(fixture_put(f, DP_SUBSCRIPTION_PUT, &put), 0);
    assert_int_equal(f->acks[0].type, DP_SESSION_MOVE);
    assert_int_equal(f->workers[1]->n_sessions, 2);
    assert_int_equal(stream_n_subs(fixture_session(f, publisher.session)->streams[0]), 1);
    fixture_destroy(f);
}

/* The new owner has no room even for commands: the group waits for it. */
static void test_move_into_a_full_mailbox(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;
    struct dp_session_move move = {.head = {.type = DP_SESSION_MOVE, .len = sizeof(move)}, .worker = 1};

    peer_init(f, &p, 2, 1, false);
    pair_publish(f, &p);
    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    pair_fill(&f->workers[1]->mailbox, MAIL_KEYFRAME, fixture_session(f, (uint64_t)1 << 32 | 2)->streams[0]);
    move.id = p.session;
    assert_int_equal(objects_on_message(&f->objects, &move, sizeof(move)), 0);
    for (int i = 0; i < 3; i++)
        worker_turn(f->workers[0], f->now_us);
    assert_int_equal(f->workers[0]->n_sessions, 0);
    assert_non_null(f->workers[0]->token);
    p.queue = 1;
    peer_send(f, &p, pair_dtls, sizeof(pair_dtls));
    pair_settle(f);
    assert_int_equal(f->n_acks, 1);
    assert_int_equal(f->acks[0].error, 0);
    assert_int_equal(f->workers[1]->n_sessions, 2);
    assert_int_equal(f->n_punts, 1);
    fixture_destroy(f);
}

#define GROUP  50
#define ROUNDS 200

/* An owner that is as quick as can be: what does the group look like when the release comes? */
struct hasty_owner {
    struct mailbox *mailbox;
    _Atomic bool waits;
    struct rte_mbuf *release;
    uint32_t n_sessions;
};

static void *take_release(void *arg)
{
    struct hasty_owner *owner = arg;

    owner->waits = true;
    while (mailbox_receive_commands(owner->mailbox, &owner->release, 1) == 0)
        ;
    for (struct session *s = pkt(owner->release)->session; s; s = s->move_next)
        owner->n_sessions++;
    return NULL;
}

/* The group is whole before its owner hears of the move. */
static void test_move_is_linked_first(void **state)
{
    struct fixture *f = fixture_create();
    struct peer publisher, players[GROUP - 1];

    peer_init(f, &publisher, 1, 0, false);
    pair_publish(f, &publisher);
    for (uint32_t i = 0; i < GROUP - 1; i++) {
        peer_init(f, &players[i], 2 + i, 0, false);
        assert_int_equal(pair_play(f, &players[i], 0x2000 + i), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t from = (uint32_t)round % 2;
        struct hasty_owner owner = {.mailbox = &f->workers[from]->mailbox};
        struct dp_session_move move = {
            .head = {.type = DP_SESSION_MOVE, .len = sizeof(move)}, .id = publisher.session, .worker = !from};
        pthread_t thread;
        for (struct session_object *so = f->objects.sessions; so; so = so->hh.next)
            so->session.move_next = NULL;
        assert_int_equal(pthread_create(&thread, NULL, take_release, &owner), 0);
        while (!owner.waits)
            ;
        assert_int_equal(objects_on_message(&f->objects, &move, sizeof(move)), 0);
        pthread_join(thread, NULL);
        assert_int_equal(owner.n_sessions, GROUP);
        assert_int_equal(mailbox_send(&f->ctl, owner.release, MAIL_ADOPTED), 0); /* or so ctl believes */
        objects_poll(&f->objects, f->now_us);
        fixture_clear(f);
    }
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_move_under_traffic),   cmocka_unit_test(test_move_holds),
        cmocka_unit_test(test_held_overflow),        cmocka_unit_test(test_move_edges),
        cmocka_unit_test(test_play_meets_a_move),    cmocka_unit_test(test_move_into_a_full_mailbox),
        cmocka_unit_test(test_move_is_linked_first),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
