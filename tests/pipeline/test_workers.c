/* SPDX-License-Identifier: MIT */
/* Two workers: DTLS up and down, packets that arrive at the wrong worker, commands among them. */
#include <errno.h>
#include <stdio.h>

#include "pair.h"

#include "common/rtcp.h"

/* Records go up with their session and pair, answers come back over the pair; IPv4 and IPv6. */
static void test_dtls(void **state)
{
    struct fixture *f = fixture_create();

    for (uint32_t n = 1; n <= 2; n++) {
        struct peer p;
        struct datagram d;
        peer_init(f, &p, n, 0, n == 2);
        peer_send_binding(f, &p, false); /* the ClientHello comes before any nomination */
        pair_settle(f);
        fixture_discard(f);
        peer_send(f, &p, pair_dtls, sizeof(pair_dtls));
        pair_settle(f);
        assert_int_equal(f->n_punts, n);
        const struct dp_punt *punt = &f->punts[n - 1];
        assert_int_equal(punt->session, p.session);
        assert_int_equal(punt->head.len, offsetof(struct dp_punt, bytes) + sizeof(pair_dtls));
        assert_memory_equal(punt->bytes, pair_dtls, sizeof(pair_dtls));
        pair_send_dtls(f, p.session, punt->tuple, 1200);
        pair_settle(f);
        assert_true(fixture_receive(f, &d));
        assert_true(peer_is_to(&p, &d));
        assert_int_equal(d.len, 1200);
    }
    fixture_destroy(f);
}

/* From an address that ICE has not validated nothing goes up; nor does more than a handshake needs. */
static void test_dtls_refused(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p, stranger;

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    stranger = p;
    stranger.addr.port++;
    peer_send(f, &stranger, pair_dtls, sizeof(pair_dtls));
    pair_settle(f);
    assert_int_equal(f->n_punts, 0);
    assert_int_equal(fixture_drops(f, DROP_NO_SESSION), 1);
    for (int i = 0; i < 100; i++) {
        peer_send(f, &p, pair_dtls, sizeof(pair_dtls));
        fixture_turn(f);
    }
    pair_settle(f);
    assert_int_equal(f->n_punts, 64);
    assert_int_equal(fixture_drops(f, DROP_DTLS_RATE), 36);
    fixture_run(f, 1000000);
    peer_send(f, &p, pair_dtls, sizeof(pair_dtls)); /* the next second */
    pair_settle(f);
    assert_int_equal(f->n_punts, 65);
    pair_send_dtls(f, 12345, 0, 100); /* a session that is gone, a pair that is none */
    pair_send_dtls(f, p.session, 99, 100);
    pair_settle(f);
    assert_int_equal(fixture_discard(f), 0);
    fixture_destroy(f);
}

/* What the controlplane sends has buffers of its own: a flood of it takes none from a worker, and is counted. */
static void test_dtls_flood(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    fixture_discard(f);
    uint32_t tx_mbufs = rte_mempool_avail_count(f->tx_pool);
    for (int i = 0; i < FIXTURE_DTLS + 10; i++)
        pair_send_dtls(f, p.session, 0, 1200);
    assert_int_equal(f->objects.dtls_dropped, 10);
    assert_int_equal(rte_mempool_avail_count(f->tx_pool), tx_mbufs);
    pair_settle(f);
    assert_int_equal(fixture_discard(f), FIXTURE_DTLS);
    fixture_destroy(f);
}

/* Everything works when a NIC delivers all of a session's packets to the other worker. */
static void test_strays(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;

    peer_init(f, &p, 1, 0, false);
    p.queue = 1;
    peer_connect(f, &p);
    peer_send(f, &p, pair_dtls, sizeof(pair_dtls));
    pair_settle(f);
    assert_int_equal(f->n_punts, 1);
    assert_int_equal(f->workers[1]->stats.handed_over, 2);
    assert_int_equal(f->workers[0]->stats.strays, 2);
    assert_int_equal(f->workers[0]->stats.stun_responses, 1);
    assert_int_equal(f->workers[1]->stats.stun_responses, 0);
    fixture_destroy(f);
}

/* A device with one tx queue: what the second worker sends leaves through the first. */
static void test_shared_tx_queue(void **state)
{
    struct fixture *f = fixture_create();
    struct rte_mbuf *m;
    struct datagram d;
    struct peer p;

    f->port->n_tx = 1;
    peer_init(f, &p, 1, 1, false);
    peer_send_binding(f, &p, true);
    pair_settle(f);
    assert_int_equal(rte_ring_dequeue(f->out[1], (void **)&m), -ENOENT);
    assert_true(fixture_receive(f, &d));
    assert_true(peer_is_response(&p, &d));
    assert_int_equal(f->workers[1]->stats.stun_responses, 1);
    assert_int_equal(f->workers[0]->stats.tx_packets, 1);
    assert_int_equal(f->workers[1]->stats.tx_packets, 0);
    fixture_destroy(f);
}

/* The next media packet to the player, still encrypted. */
static bool next_media(struct fixture *f, const struct peer *player, struct datagram *d)
{
    while (fixture_receive(f, d))
        if (peer_is_to(player, d) && d->bytes[0] >> 6 == 2 && (d->bytes[1] & 0x7f) == 96)
            return true;
    return false;
}

/* Feedback that reaches the other worker travels to the owner: a NACK brings the very packet again. */
static void test_feedback_across_workers(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_subscription_put put = {.id = 801,
                                      .stream = PAIR_STREAM,
                                      .rtp = {.ssrc = 0x2001, .pt = 96, .rtx_pt = DP_PT_NONE, .feedback = DP_FB_NACK},
                                      .cname = "room"};
    struct peer publisher, player;
    struct datagram first, again;
    uint8_t nack[64];

    peer_init(f, &publisher, 1, 0, false);
    peer_init(f, &player, 2, 0, false);
    put.session = player.session;
    peer_connect(f, &publisher);
    peer_connect(f, &player);
    peer_keys(f, &publisher, SRTP_PROFILE_AEAD_AES_128_GCM);
    peer_keys(f, &player, SRTP_PROFILE_AEAD_AES_128_GCM);
    pair_publish(f, &publisher);
    assert_int_equal(fixture_put(f, DP_SUBSCRIPTION_PUT, &put), 0);
    fixture_discard(f);
    pair_send_audio(f, &publisher, 1);
    pair_settle(f);
    assert_true(next_media(f, &player, &first));
    assert_false(next_media(f, &player, &again));

    player.queue = 1;
    const struct rtcp_feedback fb = {.sender = 0x77, .media = 0x2001};
    const uint16_t seq = get_be16(first.bytes + 2);
    int len = rtcp_write_nack(nack, sizeof(nack), &fb, &seq, 1);
    assert_true(len > 0);
    uint64_t handed_over = f->workers[1]->stats.handed_over;
    peer_send_srtcp(f, &player, nack, (size_t)len);
    pair_settle(f);
    assert_int_equal(f->workers[1]->stats.handed_over, handed_over + 1);
    assert_int_equal(f->workers[0]->stats.retransmitted, 1);
    assert_true(next_media(f, &player, &again));
    assert_int_equal(again.len, first.len);
    assert_memory_equal(again.bytes, first.bytes, first.len);
    peer_finish(&publisher);
    peer_finish(&player);
    fixture_destroy(f);
}

/* Strays fill the rings anew before every turn; ctl's commands and the token of a move pass by them. */
static void test_commands_in_a_flood(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_session_move move = {.head = {.type = DP_SESSION_MOVE, .len = sizeof(move)}};

    for (uint32_t n = 1; n <= 20; n++) {
        struct dp_session_put put = {.head = {.type = DP_SESSION_PUT, .len = sizeof(put)},
                                     .id = (uint64_t)1 << 32 | n,
                                     .worker = n % FIXTURE_WORKERS,
                                     .local_pwd = "password-of-a-session-",
                                     .remote_ufrag = "theirs"};
        snprintf(put.local_ufrag, sizeof(put.local_ufrag), "ours%u", n);
        pair_fill(&f->workers[0]->mailbox, MAIL_STRAY, NULL);
        assert_int_equal(objects_on_message(&f->objects, &put, sizeof(put)), 0);
        fixture_turn(f);
        assert_int_equal(f->workers[0]->n_sessions + f->workers[1]->n_sessions, n);
        fixture_clear(f);
    }
    for (uint32_t n = 1; n <= 20; n++) {
        move.id = (uint64_t)1 << 32 | n;
        pair_fill(&f->workers[0]->mailbox, MAIL_STRAY, NULL);
        assert_int_equal(objects_on_message(&f->objects, &move, sizeof(move)), 0);
        fixture_turn(f);
        pair_fill(&f->workers[0]->mailbox, MAIL_STRAY, NULL);
        fixture_turn(f);
        assert_int_equal(f->n_acks, n);
    }
    assert_int_equal(f->workers[0]->n_sessions, 20);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dtls),
        cmocka_unit_test(test_dtls_refused),
        cmocka_unit_test(test_dtls_flood),
        cmocka_unit_test(test_strays),
        cmocka_unit_test(test_shared_tx_queue),
        cmocka_unit_test(test_feedback_across_workers),
        cmocka_unit_test(test_commands_in_a_flood),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
