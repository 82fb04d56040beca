/* SPDX-License-Identifier: MIT */
/* The controlplane's messages against the objects: repeated, contradicting, out of order, too many, old. */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/util.h"

#define ID(n) ((uint64_t)1 << 32 | (n))

static struct dp_session_put session_put(uint32_t n)
{
    struct dp_session_put put = {.id = ID(n), .remote_ufrag = "theirs"};
    snprintf(put.local_ufrag, sizeof(put.local_ufrag), "ours%u", n);
    snprintf(put.local_pwd, sizeof(put.local_pwd), "password-of-session-%05u", n);
    return put;
}

static struct dp_stream_put stream_put(uint32_t n, uint32_t session)
{
    return (struct dp_stream_put){.kind = MEDIA_VIDEO,
                                  .codec = CODEC_VP8,
                                  .id = ID(n),
                                  .session = ID(session),
                                  .clock_hz = 90000,
                                  .rtp = {.ssrc = n,
                                          .pt = 96,
                                          .rtx_pt = 97,
                                          .feedback = DP_FB_NACK | DP_FB_TRANSPORT_CC,
                                          .ext = {[RTP_EXT_TRANSPORT_CC] = 3}}};
}

static struct dp_subscription_put subscription_put(uint32_t n, uint32_t session, uint32_t stream)
{
    return (struct dp_subscription_put){.id = ID(n),
                                        .session = ID(session),
                                        .stream = ID(stream),
                                        .rtp = {.ssrc = n, .rtx_ssrc = n + 10000, .pt = 96, .rtx_pt = 97},
                                        .cname = "room"};
}

static int put_session(struct fixture *f, uint32_t n)
{
    struct dp_session_put put = session_put(n);
    return fixture_put(f, DP_SESSION_PUT, &put);
}

static int put_stream(struct fixture *f, uint32_t n, uint32_t session)
{
    struct dp_stream_put put = stream_put(n, session);
    return fixture_put(f, DP_STREAM_PUT, &put);
}

static int put_subscription(struct fixture *f, uint32_t n, uint32_t session, uint32_t stream)
{
    struct dp_subscription_put put = subscription_put(n, session, stream);
    return fixture_put(f, DP_SUBSCRIPTION_PUT, &put);
}

static void test_sessions(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_session_put put = session_put(1);

    assert_int_equal(fixture_put(f, DP_SESSION_PUT, &put), 0);
    put = session_put(1);
    assert_int_equal(fixture_put(f, DP_SESSION_PUT, &put), 0); /* again: no change */
    assert_int_equal(f->workers[0]->n_sessions, 1);
    put = session_put(1);
    put.local_pwd[0] = 'x';
    assert_int_equal(fixture_put(f, DP_SESSION_PUT, &put), -EEXIST);
    put = session_put(1);
    put.id = ID(2); /* the ufrag of another */
    assert_int_equal(fixture_put(f, DP_SESSION_PUT, &put), -EEXIST);
    static const struct {
        size_t at, len;
    } unset[] = {
        /* no NUL, empty, too short */
        {offsetof(struct dp_session_put, local_ufrag), 3},
        {offsetof(struct dp_session_put, local_pwd), 21},
        {offsetof(struct dp_session_put, remote_ufrag), 3},
        {offsetof(struct dp_session_put, local_ufrag), DP_UFRAG_BYTES},
        {offsetof(struct dp_session_put, local_pwd), DP_PWD_BYTES},
        {offsetof(struct dp_session_put, remote_ufrag), DP_REMOTE_UFRAG},
    };
    for (size_t i = 0; i < ARRAY_SIZE(unset); i++) {
        put = session_put(3);
        memset((char *)&put + unset[i].at, 'a', unset[i].len);
        if (unset[i].len < 22)
            ((char *)&put)[unset[i].at + unset[i].len] = '\0';
        assert_int_equal(fixture_put(f, DP_SESSION_PUT, &put), -EINVAL);
    }
    put = session_put(3);
    put.worker = FIXTURE_WORKERS;
    assert_int_equal(fixture_put(f, DP_SESSION_PUT, &put), -EINVAL);
    for (uint32_t n = 2; n <= f->conf.max_sessions; n++)
        assert_int_equal(put_session(f, n), 0);
    assert_int_equal(put_session(f, 1000), -ENOSPC);
    assert_int_equal(fixture_del(f, DP_SESSION_DEL, ID(1)), 0);
    assert_int_equal(fixture_del(f, DP_SESSION_DEL, ID(1)), 0); /* is gone: success */
    assert_int_equal(put_session(f, 1000), 0);
    assert_int_equal(put_session(f, 1), -ENOSPC);
    fixture_destroy(f);
}

/* What crosses the link with secrets in it is wiped once it is handled. */
static void test_wiped(void **state)
{
    struct fixture *f = fixture_create();
    static const uint8_t zero[sizeof(struct dp_session_put)];
    struct dp_session_put put = session_put(1);
    struct dp_keys_put keys = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM, .id = ID(1), .tx_key = {1}, .rx_key = {2}};

    assert_int_equal(fixture_put(f, DP_SESSION_PUT, &put), 0);
    assert_memory_equal(&put, zero, sizeof(put));
    assert_int_equal(fixture_put(f, DP_KEYS_PUT, &keys), 0);
    assert_memory_equal(&keys, zero, sizeof(keys));
    fixture_destroy(f);
}

/* Keys are installed once: indices never start again under them. */
static void test_keys(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_keys_put first = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM, .id = ID(1), .tx_key = {1}, .rx_key = {2}};
    struct dp_keys_put put = first;

    assert_int_equal(fixture_put(f, DP_KEYS_PUT, &put), -ENOENT);
    assert_int_equal(put_session(f, 1), 0);
    for (uint32_t profile = 0; profile < 40; profile++) {
        put = first;
        put.profile = profile;
        if (profile == SRTP_PROFILE_NONE || profile >= SRTP_PROFILE_COUNT)
            assert_int_equal(fixture_put(f, DP_KEYS_PUT, &put), -EINVAL);
    }
    put = first;
    assert_int_equal(fixture_put(f, DP_KEYS_PUT, &put), 0);
    assert_non_null(fixture_session(f, ID(1))->srtp_tx);
    put = first;
    assert_int_equal(fixture_put(f, DP_KEYS_PUT, &put), 0);
    put = first;
    put.tx_salt[3] = 1;
    assert_int_equal(fixture_put(f, DP_KEYS_PUT, &put), -EEXIST);
    put = first;
    put.profile = SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80;
    assert_int_equal(fixture_put(f, DP_KEYS_PUT, &put), -EEXIST);
    fixture_destroy(f);
}

static void test_streams(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_stream_put put;

    assert_int_equal(put_stream(f, 10, 1), -ENOENT);
    assert_int_equal(put_session(f, 1), 0);
    assert_int_equal(put_stream(f, 10, 1), 0);
    assert_int_equal(put_stream(f, 10, 1), 0);
    assert_int_equal(fixture_session(f, ID(1))->n_streams, 1);
    assert_non_null(fixture_session(f, ID(1))->arrivals);
    put = stream_put(10, 1);
    put.rtp.pt = 100;
    assert_int_equal(fixture_put(f, DP_STREAM_PUT, &put), -EEXIST);
    put = stream_put(11, 1);
    put.codec = CODEC_COUNT;
    assert_int_equal(fixture_put(f, DP_STREAM_PUT, &put), -EINVAL);
    put = stream_put(11, 1);
    memset(put.mid, 'm', sizeof(put.mid));
    assert_int_equal(fixture_put(f, DP_STREAM_PUT, &put), -EINVAL);
    for (uint32_t n = 11; n < 10 + DP_STREAMS_MAX; n++)
        assert_int_equal(put_stream(f, n, 1), 0);
    assert_int_equal(put_stream(f, 30, 1), -ENOSPC);
    assert_int_equal(fixture_del(f, DP_STREAM_DEL, ID(12)), 0);
    assert_int_equal(fixture_del(f, DP_KEYFRAME_REQUEST, ID(11)), 0);
    assert_int_equal(fixture_del(f, DP_KEYFRAME_REQUEST, ID(12)), -ENOENT);
    fixture_destroy(f);
}

static void test_subscriptions(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_subscription_put put;

    assert_int_equal(put_session(f, 1), 0);
    assert_int_equal(put_session(f, 2), 0);
    assert_int_equal(put_stream(f, 10, 1), 0);
    assert_int_equal(put_subscription(f, 100, 2, 11), -ENOENT);
    assert_int_equal(put_subscription(f, 100, 3, 10), -ENOENT);
    assert_int_equal(put_subscription(f, 100, 2, 10), 0);
    assert_int_equal(put_subscription(f, 100, 2, 10), 0);
    put = subscription_put(100, 2, 10);
    put.rtp.pt = 50;
    assert_int_equal(fixture_put(f, DP_SUBSCRIPTION_PUT, &put), -EEXIST);
    put = subscription_put(101, 2, 10);
    put.rtp.ssrc = 0;
    assert_int_equal(fixture_put(f, DP_SUBSCRIPTION_PUT, &put), -EINVAL);
    put = subscription_put(101, 2, 10);
    memset(put.cname, 'c', sizeof(put.cname));
    assert_int_equal(fixture_put(f, DP_SUBSCRIPTION_PUT, &put), -EINVAL);
    assert_int_equal(stream_n_subs(fixture_session(f, ID(1))->streams[0]), 1);
    assert_int_equal(fixture_del(f, DP_SUBSCRIPTION_DEL, ID(100)), 0);
    assert_int_equal(stream_n_subs(fixture_session(f, ID(1))->streams[0]), 0);
    assert_int_equal(fixture_del(f, DP_SUBSCRIPTION_DEL, ID(100)), 0);
    fixture_destroy(f);
}

static void check_fan(struct fixture *f, uint32_t n)
{
    const struct stream *st = fixture_session(f, ID(1))->streams[0];

    assert_int_equal(stream_n_subs(st), n);
    for (uint32_t i = 0; i < n; i++) {
        const struct subscription *sub = st->fan->subs[i];
        assert_ptr_equal(subscription_leg(sub), &st->fan->legs[i]);
        assert_ptr_equal(st->fan->legs[i].path, &sub->session->path);
        assert_int_equal(st->fan->legs[i].ssrc, sub->rtp.ssrc);
    }
}

/* The fan grows under the stream's subscribers, who come and go, by themselves and with their sessions. */
static void test_fan(void **state)
{
    struct fixture *f = fixture_create();
    const uint32_t n = 24;

    assert_int_equal(put_session(f, 1), 0);
    assert_int_equal(put_stream(f, 10, 1), 0);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(put_session(f, 100 + i), 0);
        assert_int_equal(put_subscription(f, 200 + i, 100 + i, 10), 0);
        check_fan(f, i + 1);
    }
    for (uint32_t i = 0; i < n; i += 4) {
        assert_int_equal(fixture_del(f, DP_SUBSCRIPTION_DEL, ID(200 + i)), 0);
        assert_int_equal(fixture_del(f, DP_SESSION_DEL, ID(101 + i)), 0);
        check_fan(f, n - i / 2 - 2);
    }
    for (uint32_t i = 0; i < n; i++) { /* more than ever before */
        assert_int_equal(put_session(f, 300 + i), 0);
        assert_int_equal(put_subscription(f, 400 + i, 300 + i, 10), 0);
    }
    check_fan(f, n / 2 + n);
    assert_int_equal(fixture_del(f, DP_STREAM_DEL, ID(10)), 0);
    fixture_destroy(f);
}

/* The replay window of an SSRC goes with its stream, so it never comes back under the same key: not under its own name,
 * nor under none. */
static void test_stream_again(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_stream_put put = stream_put(12, 1);

    assert_int_equal(put_session(f, 1), 0);
    assert_int_equal(put_session(f, 2), 0);
    assert_int_equal(put_stream(f, 10, 1), 0);
    assert_int_equal(put_stream(f, 11, 1), 0);
    assert_int_equal(fixture_del(f, DP_STREAM_DEL, ID(10)), 0);
    assert_int_equal(put_stream(f, 10, 1), -ESTALE);
    put.rtp.ssrc = 0;
    assert_int_equal(fixture_put(f, DP_STREAM_PUT, &put), -ESTALE);
    assert_int_equal(put_stream(f, 11, 1), 0); /* is there */
    assert_int_equal(put_stream(f, 10, 2), 0); /* another key */
    fixture_destroy(f);
}

/* A sender SSRC, and the one of our own RTCP, is used once under a session's key, even after a deletion. */
static void test_ssrcs(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_subscription_put put;

    assert_int_equal(put_session(f, 1), 0);
    assert_int_equal(put_session(f, 2), 0);
    assert_int_equal(put_session(f, 3), 0);
    assert_int_equal(put_stream(f, 10, 1), 0);
    assert_int_equal(put_subscription(f, 100, 2, 10), 0);
    assert_int_equal(fixture_del(f, DP_SUBSCRIPTION_DEL, ID(100)), 0);
    assert_int_equal(put_subscription(f, 100, 2, 10), -EADDRINUSE);
    assert_int_equal(put_subscription(f, 100, 3, 10), 0); /* another key */
    put = subscription_put(101, 2, 10);
    put.rtp.rtx_ssrc = 100;
    assert_int_equal(fixture_put(f, DP_SUBSCRIPTION_PUT, &put), -EADDRINUSE);
    put = subscription_put(101, 2, 10);
    put.rtp.ssrc = fixture_session(f, ID(2))->rtcp_ssrc;
    assert_int_equal(fixture_put(f, DP_SUBSCRIPTION_PUT, &put), -EADDRINUSE);
    uint32_t n = 200;
    while (put_subscription(f, n, 2, 10) == 0 && n < 1000)
        n++;
    assert_in_range(n, 220, 240); /* bounded */
    fixture_destroy(f);
}

/* The tree: a session takes its streams, a stream its subscriptions, in any order of deletion. */
static void test_cascade(void **state)
{
    struct fixture *f = fixture_create();

    for (uint32_t order = 0; order < 4; order++) {
        uint32_t base = 1000 * (order + 1);
        for (uint32_t n = 1; n <= 4; n++)
            assert_int_equal(put_session(f, base + n), 0);
        assert_int_equal(put_stream(f, base + 10, base + 1), 0);
        assert_int_equal(put_stream(f, base + 11, base + 1), 0);
        assert_int_equal(put_stream(f, base + 12, base + 2), 0); /* a session that publishes and plays */
        for (uint32_t n = 2; n <= 4; n++) {
            assert_int_equal(put_subscription(f, base + 20 + n, base + n, base + 10), 0);
            assert_int_equal(put_subscription(f, base + 30 + n, base + n, base + 11), 0);
        }
        assert_int_equal(put_subscription(f, base + 43, base + 3, base + 12), 0);
        if (order == 0) {
            assert_int_equal(fixture_del(f, DP_SESSION_DEL, ID(base + 1)), 0);
            assert_int_equal(HASH_COUNT(f->objects.subscriptions), 1);
            assert_int_equal(HASH_COUNT(f->objects.streams), 1);
        } else if (order == 1) {
            assert_int_equal(fixture_del(f, DP_SESSION_DEL, ID(base + 3)), 0);
            assert_int_equal(HASH_COUNT(f->objects.subscriptions), 4);
        } else if (order == 2) {
            assert_int_equal(fixture_del(f, DP_STREAM_DEL, ID(base + 10)), 0);
            assert_int_equal(HASH_COUNT(f->objects.subscriptions), 4);
            assert_int_equal(fixture_del(f, DP_SUBSCRIPTION_DEL, ID(base + 22)), 0); /* went with it */
        }
        for (uint32_t n = 4; n >= 1; n--)
            assert_int_equal(fixture_del(f, DP_SESSION_DEL, ID(base + n)), 0);
        fixture_run(f, 2000);
        assert_null(f->objects.subscriptions);
        assert_null(f->objects.streams);
        assert_true(STAILQ_EMPTY(&f->objects.graves));
    }
    fixture_destroy(f);
}

static void test_malformed(void **state)
{
    struct fixture *f = fixture_create();
    union {
        struct dp_head head;
        uint8_t bytes[4096];
    } msg;

    for (unsigned type = 0; type < DP_MSG_COUNT + 2; type++) {
        for (uint16_t len = 0; len < 1200; len++) {
            memset(&msg, 0, sizeof(msg));
            msg.head = (struct dp_head){.type = (uint16_t)type, .len = len};
            int err = objects_on_message(&f->objects, &msg, len);
            f->n_acks = 0;
            assert_true(err == -EBADMSG || (err == 0 && type != DP_HELLO && type != DP_ACK));
            fixture_turn(f);
        }
    }
    assert_null(f->objects.sessions);
    fixture_destroy(f);
}

/* After a restart of the controlplane: what it left behind is relayed until its consent ends, then forgotten. */
static void test_old_epoch(void **state)
{
    struct fixture *f = fixture_create();
    struct peer alive, dead;

    objects_set_epoch(&f->objects, 1);
    peer_init(f, &alive, 1, 0, false);
    peer_init(f, &dead, 2, 0, false);
    peer_connect(f, &alive);
    fixture_clear(f);
    objects_set_epoch(&f->objects, 1); /* the same one, connected anew: hears the state again */
    fixture_turn(f);
    assert_int_equal(fixture_event_bits(f, alive.session), DP_SESSION_ICE);
    assert_int_equal(fixture_event_bits(f, dead.session), 0);
    objects_set_epoch(&f->objects, 2);
    fixture_run(f, 1100000);
    assert_non_null(objects_session(&f->objects, alive.session));
    assert_null(objects_session(&f->objects, dead.session));
    for (int i = 0; i < 4; i++) {
        f->now_us += 20000000;
        peer_connect(f, &alive);
        fixture_run(f, 10000);
    }
    assert_non_null(objects_session(&f->objects, alive.session));
    f->now_us += 31000000;
    fixture_run(f, 1100000);
    assert_null(f->objects.sessions);
    assert_int_equal(f->workers[0]->n_sessions, 0);
    fixture_destroy(f);
}

/* When no command is left, messages wait; none is lost. */
static void test_backpressure(void **state)
{
    struct fixture *f = fixture_create();
    struct rte_mbuf *hoard[4096];
    struct dp_session_put put = session_put(1);
    uint32_t n = 0;

    put.head = (struct dp_head){.type = DP_SESSION_PUT, .len = sizeof(put)};
    rte_pktmbuf_free(f->objects.spare);
    f->objects.spare = NULL;
    while ((hoard[n] = rte_pktmbuf_alloc(f->mail_pool)))
        n++;
    assert_int_equal(objects_on_message(&f->objects, &put, sizeof(put)), -EAGAIN);
    assert_null(f->objects.sessions);
    assert_int_equal(put.head.type, DP_SESSION_PUT); /* not wiped yet */
    rte_pktmbuf_free_bulk(hoard, n);
    assert_int_equal(objects_on_message(&f->objects, &put, sizeof(put)), 0);
    fixture_turn(f);
    assert_int_equal(f->workers[0]->n_sessions, 1);
    fixture_destroy(f);
}

/* A worker that does not read its mail: the rest waits at ctl, in order. */
static void test_full_mailbox(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_session_put put = session_put(1);
    struct dp_del keyframe = {.head = {.type = DP_KEYFRAME_REQUEST, .len = sizeof(keyframe)}, .id = ID(10)};

    assert_int_equal(put_session(f, 2), 0);
    assert_int_equal(put_stream(f, 10, 2), 0);
    for (uint32_t n = 1; n < MAILBOX_COMMANDS; n++) {
        assert_int_equal(objects_on_message(&f->objects, &keyframe, sizeof(keyframe)), 0);
        fixture_clear(f);
    }
    assert_null(f->objects.post.backlog[0].head);
    put.head = (struct dp_head){.type = DP_SESSION_PUT, .len = sizeof(put)};
    assert_int_equal(objects_on_message(&f->objects, &put, sizeof(put)), 0);
    assert_non_null(f->objects.post.backlog[0].head);
    struct dp_del del = {.head = {.type = DP_SESSION_DEL, .len = sizeof(del)}, .id = ID(1)};
    assert_int_equal(objects_on_message(&f->objects, &del, sizeof(del)), -EAGAIN);
    fixture_run(f, 10000);
    assert_null(f->objects.post.backlog[0].head);
    assert_int_equal(f->workers[0]->n_sessions, 2);
    fixture_destroy(f);
}

/* Deleted sessions count until their worker has let go: no worker ever owns more than the limit, not even when a group
 * that is deleted on its way arrives after others have taken its place. */
static void test_limit_counts_the_deleted(void **state)
{
    struct fixture *f = fixture_create();
    struct dp_session_move move = {.head = {.type = DP_SESSION_MOVE, .len = sizeof(move)}, .id = ID(1), .worker = 1};
    uint32_t max = f->conf.max_sessions, waited = 0;

    for (uint32_t n = 1; n <= max; n++)
        assert_int_equal(put_session(f, n), 0);
    assert_int_equal(put_session(f, max + 1), -ENOSPC);
    assert_int_equal(put_stream(f, 500, 1), 0);
    for (uint32_t n = 2; n <= max; n++)
        assert_int_equal(put_subscription(f, 500 + n, n, 500), 0);
    assert_int_equal(objects_on_message(&f->objects, &move, sizeof(move)), 0);
    for (uint32_t n = 1; n <= max; n++) {
        struct dp_del del = {.head = {.type = DP_SESSION_DEL, .len = sizeof(del)}, .id = ID(n)};
        assert_int_equal(objects_on_message(&f->objects, &del, sizeof(del)), 0);
    }
    for (uint32_t n = 1; n <= max; n++) {
        struct dp_session_put put = session_put(1000 + n);
        put.head = (struct dp_head){.type = DP_SESSION_PUT, .len = sizeof(put)};
        put.worker = 1;
        for (uint32_t turns = 0; objects_on_message(&f->objects, &put, sizeof(put)) == -EAGAIN; turns++) {
            assert_true(turns < 10);
            assert_string_equal(put.local_ufrag, session_put(1000 + n).local_ufrag); /* to be given again */
            fixture_turn(f);
            waited++;
        }
        fixture_clear(f);
    }
    assert_true(waited > 0);
    fixture_run(f, 10 * FIXTURE_TURN_US);
    assert_int_equal(f->workers[1]->n_sessions, max);
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions),      cmocka_unit_test(test_wiped),
        cmocka_unit_test(test_keys),          cmocka_unit_test(test_streams),
        cmocka_unit_test(test_subscriptions), cmocka_unit_test(test_fan),
        cmocka_unit_test(test_ssrcs),         cmocka_unit_test(test_cascade),
        cmocka_unit_test(test_malformed),     cmocka_unit_test(test_old_epoch),
        cmocka_unit_test(test_backpressure),  cmocka_unit_test(test_stream_again),
        cmocka_unit_test(test_full_mailbox),  cmocka_unit_test(test_limit_counts_the_deleted),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
