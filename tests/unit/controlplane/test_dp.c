/* SPDX-License-Identifier: MIT */
/* The controlplane's end of the dataplane link, against a fake dataplane. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/util.h"
#include "fake_dataplane.h"

static void test_hello(void **state)
{
    struct fake *f = *state;
    assert_int_equal(dp_ctl_fd(f->dp), -1);
    fake_come_up(f, 77);
    assert_int_equal(dp_hello(f->dp)->boot_id, 77);
    assert_int_equal(dp_hello(f->dp)->srtp_profiles, 7);
    assert_int_equal(f->n_reset, 0);
    EXPECT_NOTHING(f);
    uint64_t a = dp_new_id(f->dp), b = dp_new_id(f->dp);
    assert_true(a != b && a >> 32 == FAKE_EPOCH && b >> 32 == FAKE_EPOCH);
}

static void test_ill_hello(void **state)
{
    struct fake *f = *state;
    struct dp_hello version = fake_make_hello(1), none = fake_make_hello(1), many = fake_make_hello(1),
                    type = fake_make_hello(1);
    version.version++;
    none.n_workers = 0;
    many.n_workers = DP_WORKERS_MAX + 1;
    type.head.type = DP_ACK;
    const struct dp_hello *cases[] = {&version, &none, &many, &type};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        fake_dial(f);
        f->now_us += LOG_RL_WINDOW_US;
        int n_log = f->n_log;
        fake_tell(f->ctl, cases[i], sizeof(*cases[i]));
        fake_read_ctl(f);
        assert_false(dp_is_up(f->dp));
        assert_int_equal(dp_ctl_fd(f->dp), -1);
        assert_true(f->n_log > n_log);
        fake_close_fd(&f->ctl);
    }
    assert_int_equal(f->n_up + f->n_down, 0);
    fake_come_up(f, 1); /* and it still tries */
}

static void test_no_punt_socket(void **state)
{
    struct fake *f = *state;
    struct dp_hello hello = fake_make_hello(1);
    fake_close_fd(&f->punt_listen);
    fake_dial(f);
    fake_tell(f->ctl, &hello, sizeof(hello));
    fake_read_ctl(f);
    assert_false(dp_is_up(f->dp));
    assert_int_equal(dp_ctl_fd(f->dp), -1);
}

static void test_silent_dataplane(void **state)
{
    struct fake *f = *state;
    fake_dial(f);
    int fd = dp_ctl_fd(f->dp);
    dp_tick(f->dp, f->now_us + 1900000);
    assert_int_equal(dp_ctl_fd(f->dp), fd);
    dp_tick(f->dp, f->now_us + 2000000);
    assert_int_equal(accept(f->ctl_listen, NULL, NULL) >= 0, true); /* hung up and dialled again */
    assert_false(dp_is_up(f->dp));
}

static struct dp_load make_load(void)
{
    return (struct dp_load){
        .head = {.type = DP_LOAD, .len = sizeof(struct dp_load)}, .n_workers = 2, .busiest = 1, .n_heaviest = 1};
}

static void pass_us(struct fake *f, int64_t us)
{
    for (int64_t end = f->now_us + us; f->now_us < end;)
        dp_tick(f->dp, f->now_us += 500000);
}

/* Connected, but silent: not up until it speaks. Our own sleep is no silence of its. */
static void test_frozen(void **state)
{
    struct fake *f = *state;
    struct dp_load load = make_load();
    fake_come_up(f, 1);
    for (int i = 0; i < 3; i++) {
        pass_us(f, 2500000);
        assert_true(dp_is_up(f->dp));
        fake_tell(f->ctl, &load, sizeof(load));
        fake_read_ctl(f);
    }
    pass_us(f, 3000000);
    assert_true(dp_is_frozen(f->dp) && !dp_is_up(f->dp));
    assert_non_null(strstr(f->last_log, "frozen"));
    pass_us(f, 60000000);
    assert_int_equal(f->n_down, 0);
    fake_put_session(f, 1, "a"); /* what is owed is still sent */
    EXPECT(f, {DP_SESSION_PUT, 1});
    fake_ack(f, DP_SESSION_PUT, 1, 0);
    assert_true(dp_is_up(f->dp) && !dp_is_frozen(f->dp));
    dp_tick(f->dp, f->now_us += 60000000);
    assert_true(dp_is_up(f->dp));
    fake_hang_up(f);
    assert_false(dp_is_frozen(f->dp));
}

static void test_load(void **state)
{
    struct fake *f = *state;
    struct dp_load good = make_load(), workers = make_load(), busiest = make_load(), heaviest = make_load();
    fake_come_up(f, 1);
    good.workers[1].busy_permille = 345;
    fake_tell(f->ctl, &good, sizeof(good));
    fake_read_ctl(f);
    assert_int_equal(f->n_load, 1);
    assert_int_equal(f->load.workers[1].busy_permille, 345);
    workers.n_workers = 3;
    busiest.busiest = 2;
    heaviest.n_heaviest = DP_HEAVIEST_MAX + 1;
    const struct dp_load *ill[] = {&workers, &busiest, &heaviest};
    for (size_t i = 0; i < ARRAY_SIZE(ill); i++) {
        fake_tell(f->ctl, ill[i], sizeof(*ill[i]));
        fake_read_ctl(f);
        assert_false(dp_is_up(f->dp));
        assert_int_equal(f->n_load, 1);
        fake_close_fd(&f->ctl);
        fake_close_fd(&f->punt);
        f->n_up = 0;
        fake_come_up(f, 1);
    }
}

/* A move is owed until the dataplane says that it is done, also over a lost link; of a session that is gone it is not.
 */
static void test_move(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    dp_move_session(f->dp, 1, 1);
    EXPECT_NOTHING(f);
    fake_put_tree(f);
    dp_move_session(f->dp, 1, 1);
    EXPECT(f, A_TREE, {DP_SESSION_MOVE, 1});
    fake_hang_up(f);
    fake_come_up(f, 1);
    EXPECT(f, A_TREE, {DP_SESSION_MOVE, 1});
    fake_ack(f, DP_SESSION_MOVE, 1, 0);
    assert_int_equal(f->n_moved, 1);
    assert_int_equal(f->moved, 1);
    dp_move_session(f->dp, 2, 0);
    EXPECT(f, {DP_SESSION_MOVE, 2});
    fake_ack(f, DP_SESSION_MOVE, 2, -EINVAL);
    assert_int_equal(f->n_moved, 1);
    assert_int_equal(f->n_refused, 1);
    dp_move_session(f->dp, 1, 0);
    EXPECT(f, {DP_SESSION_MOVE, 1});
    dp_del_session(f->dp, 1);
    fake_ack(f, DP_SESSION_MOVE, 1, 0); /* it was too late */
    assert_int_equal(f->n_moved, 1);
    EXPECT(f, {DP_SESSION_DEL, 1});
}

static void test_retries(void **state)
{
    struct fake *f = *state;
    fake_close_fd(&f->ctl_listen);
    for (int i = 0; i < 100; i++) {
        dp_tick(f->dp, f->now_us += 100000);
        assert_int_equal(dp_ctl_fd(f->dp), -1);
    }
    assert_int_equal(f->n_log, 1); /* said once */
    f->ctl_listen = fake_listen_on(f, DP_CTL_SOCKET);
    fake_come_up(f, 1);
}

static void test_puts_coalesce(void **state)
{
    struct fake *f = *state;
    union record r;
    fake_put_session(f, 1, "old"); /* while the link is down, too */
    fake_come_up(f, 1);
    fake_put_session(f, 1, "middle");
    fake_put_session(f, 1, "new");
    assert_true(dp_wants_write(f->dp));
    fake_flush(f);
    assert_true(fake_next_record(f, &r));
    assert_int_equal(r.head.type, DP_SESSION_PUT);
    assert_string_equal(r.session.local_ufrag, "new");
    EXPECT_NOTHING(f);
    fake_put_session(f, 1, "newer");
    EXPECT(f, {DP_SESSION_PUT, 1});
}

static void test_order(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_put_tree(f);
    dp_request_keyframe(f->dp, 3);
    dp_request_keyframe(f->dp, 3);
    fake_put_session(f, 9, "c");
    EXPECT(f, {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_SESSION_PUT, 9}, {DP_KEYS_PUT, 1}, {DP_KEYS_PUT, 2},
           {DP_STREAM_PUT, 3}, {DP_SUBSCRIPTION_PUT, 4}, {DP_KEYFRAME_REQUEST, 3});
    dp_request_keyframe(f->dp, 3);
    fake_put_stream(f, 3, 1);
    dp_del_session(f->dp, 9);
    dp_del_subscription(f->dp, 4);
    EXPECT(f, {DP_SESSION_DEL, 9}, {DP_SUBSCRIPTION_DEL, 4}, {DP_STREAM_PUT, 3}, {DP_KEYFRAME_REQUEST, 3});
}

static void test_deletes(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_put_tree(f);
    dp_del_session(f->dp, 1); /* never sent: nothing to take back; its stream takes the subscription along */
    EXPECT(f, {DP_SESSION_PUT, 2}, {DP_KEYS_PUT, 2});
    fake_put_session(f, 5, "c");
    fake_put_stream(f, 6, 5);
    fake_put_subscription(f, 7, 2, 6);
    EXPECT(f, {DP_SESSION_PUT, 5}, {DP_STREAM_PUT, 6}, {DP_SUBSCRIPTION_PUT, 7});
    fake_put_stream(f, 6, 5);
    dp_request_keyframe(f->dp, 6);
    dp_del_stream(f->dp, 6); /* owed as well, but moot */
    dp_del_stream(f->dp, 6);
    EXPECT(f, {DP_STREAM_DEL, 6});
    fake_put_stream(f, 6, 5); /* ids do not come back */
    fake_put_subscription(f, 8, 2, 6);
    dp_del_subscription(f->dp, 7);
    dp_request_keyframe(f->dp, 6);
    EXPECT_NOTHING(f);
    dp_del_session(f->dp, 5);
    dp_del_session(f->dp, 404);
    EXPECT(f, {DP_SESSION_DEL, 5});
}

/* A tap may come and go as often as it likes; what it hangs on takes it along. */
static void test_taps(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_put_tree(f);
    dp_put_tap(f->dp, 3);
    dp_put_tap(f->dp, 3);
    EXPECT(f, A_TREE, {DP_TAP_PUT, 3});
    dp_del_tap(f->dp, 3);
    dp_del_tap(f->dp, 3);
    EXPECT(f, {DP_TAP_DEL, 3});
    dp_put_tap(f->dp, 3); /* before the DEL is acknowledged, which is not the end of it then */
    EXPECT(f, {DP_TAP_PUT, 3});
    fake_ack(f, DP_TAP_DEL, 3, 0);
    fake_ack(f, DP_TAP_PUT, 3, 0);
    fake_hang_up(f);
    dp_del_tap(f->dp, 3); /* and back, while nobody hears it */
    dp_put_tap(f->dp, 3);
    fake_come_up(f, 1);
    EXPECT(f, A_TREE, {DP_TAP_PUT, 3});
    fake_ack(f, DP_TAP_PUT, 3, -ENODEV);
    assert_int_equal(f->n_refused, 1);
    assert_int_equal(f->refused.type, DP_TAP_PUT);
    dp_del_tap(f->dp, 3);
    EXPECT(f, {DP_TAP_DEL, 3});
    fake_ack(f, DP_TAP_DEL, 3, 0);
    dp_put_tap(f->dp, 3);
    EXPECT(f, {DP_TAP_PUT, 3});
    dp_del_stream(f->dp, 3);
    EXPECT(f, {DP_STREAM_DEL, 3});
    dp_put_tap(f->dp, 3); /* too late */
    dp_put_tap(f->dp, 404);
    EXPECT_NOTHING(f);
    fake_ack(f, DP_STREAM_DEL, 3, 0);
    fake_hang_up(f);
    fake_come_up(f, 1);
    EXPECT(f, {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_KEYS_PUT, 1}, {DP_KEYS_PUT, 2});
}

static void test_orphans(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_put_keys(f, 1);
    fake_put_stream(f, 3, 1);
    fake_put_session(f, 1, "a");
    fake_put_subscription(f, 4, 1, 3);
    fake_put_subscription(f, 4, 1, 0);
    EXPECT(f, {DP_SESSION_PUT, 1});
    assert_non_null(strstr(f->last_log, "put dropped"));
}

static void test_full_socket(void **state)
{
    struct fake *f = *state;
    union record r;
    enum { N = 500 };
    fake_come_up(f, 1);
    int bytes = 1; /* the kernel's minimum */
    assert_int_equal(setsockopt(dp_ctl_fd(f->dp), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    for (uint64_t id = 1; id <= N; id++)
        fake_put_session(f, id, "a");
    int rounds = 0;
    uint64_t id = 1;
    for (; dp_wants_write(f->dp); rounds++) {
        fake_flush(f);
        for (; fake_next_record(f, &r); id++)
            assert_int_equal(r.session.id, id);
    }
    assert_int_equal(id, N + 1);
    assert_true(rounds > 10);
}

static void test_reconnect(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_put_tree(f);
    fake_put_session(f, 5, "c");
    fake_put_session(f, 6, "d");
    EXPECT(f, {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_SESSION_PUT, 5}, {DP_SESSION_PUT, 6}, {DP_KEYS_PUT, 1},
           {DP_KEYS_PUT, 2}, {DP_STREAM_PUT, 3}, {DP_SUBSCRIPTION_PUT, 4});
    fake_ack(f, DP_SESSION_PUT, 1, 0);
    fake_ack(f, DP_KEYS_PUT, 1, 0); /* those of session 2 stay unacknowledged */
    dp_del_session(f->dp, 5);
    dp_del_session(f->dp, 6);
    EXPECT(f, {DP_SESSION_DEL, 5}, {DP_SESSION_DEL, 6});
    fake_ack(f, DP_SESSION_DEL, 5, 0);
    fake_hang_up(f);
    fake_put_session(f, 7, "e");
    assert_false(dp_wants_write(f->dp));
    fake_come_up(f, 1);
    assert_int_equal(f->n_reset, 0);
    EXPECT(f, {DP_SESSION_DEL, 6}, {DP_SESSION_PUT, 7}, {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_KEYS_PUT, 2},
           {DP_STREAM_PUT, 3}, {DP_SUBSCRIPTION_PUT, 4});
    fake_ack(f, DP_KEYS_PUT, 2, 0);
    fake_ack(f, DP_SESSION_DEL, 6, 0);
    fake_hang_up(f);
    fake_come_up(f, 1);
    EXPECT(f, {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_SESSION_PUT, 7}, {DP_STREAM_PUT, 3},
           {DP_SUBSCRIPTION_PUT, 4});
}

static void test_another_dataplane(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_put_tree(f);
    EXPECT(f, A_TREE);
    dp_del_subscription(f->dp, 4);
    fake_hang_up(f);
    fake_put_stream(f, 3, 1);
    fake_come_up(f, 2);
    assert_int_equal(f->n_reset, 1);
    EXPECT_NOTHING(f);
    fake_put_stream(f, 3, 1); /* its session is gone */
    EXPECT_NOTHING(f);
    fake_put_session(f, 10, "new");
    EXPECT(f, {DP_SESSION_PUT, 10});
}

static void test_refusals(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_put_tree(f);
    EXPECT(f, A_TREE);
    fake_ack(f, DP_SESSION_PUT, 1, 0);
    assert_int_equal(f->n_refused, 0);
    fake_ack(f, DP_SUBSCRIPTION_PUT, 4, -ENOSPC);
    assert_int_equal(f->n_refused, 1);
    assert_int_equal(f->refused.error, -ENOSPC);
    assert_int_equal(f->refused.id, 4);
    fake_ack(f, DP_SESSION_PUT, 404, -ENOSPC);
    dp_del_session(f->dp, 2);
    fake_ack(f, DP_SUBSCRIPTION_PUT, 4, -ENOENT); /* deleted meanwhile */
    assert_int_equal(f->n_refused, 1);
    fake_ack(f, DP_KEYS_PUT, 1, -EEXIST);
    assert_int_equal(f->n_refused, 2);
    fake_ack(f, DP_SESSION_DEL, 1, 0); /* never asked for */
    fake_ack(f, DP_MSG_COUNT, 1, 0);
    fake_ack(f, DP_MSG_NONE, 1, 0);
    fake_put_stream(f, 3, 1);
    EXPECT(f, {DP_SESSION_DEL, 2}, {DP_STREAM_PUT, 3});
}

static void test_events(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_put_session(f, 1, "a");
    EXPECT(f, {DP_SESSION_PUT, 1});
    struct dp_session_event ev = {
        .head = {.type = DP_SESSION_EVENT, .len = sizeof(ev)}, .bits = DP_SESSION_ICE, .id = 1};
    fake_tell(f->ctl, &ev, sizeof(ev));
    ev.id = 2; /* of another epoch, say */
    fake_tell(f->ctl, &ev, sizeof(ev));
    fake_read_ctl(f);
    assert_int_equal(f->n_session, 1);
    assert_int_equal(f->session.id, 1);
    assert_int_equal(f->session.bits, DP_SESSION_ICE);
}

static void test_ill_records(void **state)
{
    static const struct {
        const char *name;
        bool punt;
        uint16_t type, len;
        size_t bytes; /* of the record itself */
    } cases[] = {
        {"one byte", false, DP_ACK, sizeof(struct dp_ack), 1},
        {"head alone", false, DP_ACK, sizeof(struct dp_head), sizeof(struct dp_head)},
        {"short", false, DP_ACK, sizeof(struct dp_ack), sizeof(struct dp_ack) - 1},
        {"short and says so", false, DP_ACK, sizeof(struct dp_ack) - 1, sizeof(struct dp_ack) - 1},
        {"head lies", false, DP_ACK, sizeof(struct dp_ack) + 8, sizeof(struct dp_ack)},
        {"long", false, DP_ACK, sizeof(struct dp_ack), sizeof(struct dp_ack) + 1},
        {"another type's length", false, DP_SESSION_EVENT, sizeof(struct dp_ack), sizeof(struct dp_ack)},
        {"no type", false, DP_MSG_NONE, sizeof(struct dp_ack), sizeof(struct dp_ack)},
        {"unknown type", false, DP_MSG_COUNT, sizeof(struct dp_ack), sizeof(struct dp_ack)},
        {"ours to send", false, DP_SESSION_PUT, sizeof(struct dp_session_put), sizeof(struct dp_session_put)},
        {"second HELLO", false, DP_HELLO, sizeof(struct dp_hello), sizeof(struct dp_hello)},
        {"enormous", false, DP_ACK, 5000, 5000},
        {"punt without payload", true, DP_MSG_NONE, offsetof(struct dp_punt, bytes), offsetof(struct dp_punt, bytes)},
        {"punt of wrong length", true, DP_MSG_NONE, 100, 101},
        {"punt of a type", true, DP_ACK, 100, 100},
        {"punt too long", true, DP_MSG_NONE, sizeof(struct dp_punt) + 8, sizeof(struct dp_punt) + 8},
    };
    struct fake *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("record: %s\n", cases[i].name);
        uint8_t bytes[8192] = {0};
        struct dp_head head = {cases[i].type, cases[i].len};
        memcpy(bytes, &head, sizeof(head));
        fake_come_up(f, 1);
        f->now_us += LOG_RL_WINDOW_US;
        int n_log = f->n_log, n_down = f->n_down;
        fake_tell(cases[i].punt ? f->punt : f->ctl, bytes, cases[i].bytes);
        dp_on_readable(f->dp, cases[i].punt ? dp_punt_fd(f->dp) : dp_ctl_fd(f->dp));
        assert_false(dp_is_up(f->dp));
        assert_int_equal(f->n_down, n_down + 1);
        assert_true(f->n_log > n_log);
        assert_non_null(strstr(f->last_log, "ill "));
        fake_close_fd(&f->ctl);
        fake_close_fd(&f->punt);
    }
}

static void test_punts(void **state)
{
    struct fake *f = *state;
    struct dp_punt p = {.head = {.len = offsetof(struct dp_punt, bytes) + 3}, .tuple = 5, .session = 1, .bytes = "abc"};
    uint8_t big[DP_PUNT_BYTES_MAX + 1] = {22};
    dp_send_dtls(f->dp, 1, 2, (const uint8_t *)"xyz", 3); /* the link is down */
    assert_int_equal(dp_punts_dropped(f->dp), 1);
    fake_come_up(f, 1);
    fake_put_session(f, 1, "a");
    fake_tell(f->punt, &p, p.head.len);
    p.session = 2; /* unknown */
    fake_tell(f->punt, &p, p.head.len);
    dp_on_readable(f->dp, dp_punt_fd(f->dp));
    assert_int_equal(f->n_punt, 1);
    assert_int_equal(f->got_punt.session, 1);
    assert_int_equal(f->got_punt.tuple, 5);
    assert_int_equal(f->got_punt.head.len, 3);
    assert_memory_equal(f->got_punt.bytes, "abc", 3);

    dp_send_dtls(f->dp, 1, 2, (const uint8_t *)"xyz", 3);
    assert_int_equal(recv(f->punt, &p, sizeof(p), MSG_DONTWAIT), offsetof(struct dp_punt, bytes) + 3);
    assert_int_equal(p.head.type, DP_MSG_NONE);
    assert_int_equal(p.head.len, offsetof(struct dp_punt, bytes) + 3);
    assert_int_equal(p.session, 1);
    assert_int_equal(p.tuple, 2);
    assert_memory_equal(p.bytes, "xyz", 3);

    dp_send_dtls(f->dp, 1, 2, big, 0);
    dp_send_dtls(f->dp, 1, 2, big, sizeof(big));
    assert_int_equal(dp_punts_dropped(f->dp), 3);
    dp_send_dtls(f->dp, 1, 2, big, sizeof(big) - 1);
    assert_int_equal(recv(f->punt, &p, sizeof(p), MSG_DONTWAIT), sizeof(p));
    assert_int_equal(dp_punts_dropped(f->dp), 3);
    for (int i = 0; i < 10000 && dp_punts_dropped(f->dp) == 3; i++)
        dp_send_dtls(f->dp, 1, 2, big, 1200); /* nobody reads */
    assert_int_equal(dp_punts_dropped(f->dp), 4);
    assert_true(dp_is_up(f->dp));
}

static void test_punt_link_lost(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_close_fd(&f->punt);
    dp_on_readable(f->dp, dp_punt_fd(f->dp));
    assert_false(dp_is_up(f->dp));
    assert_int_equal(f->n_down, 1);
    fake_close_fd(&f->ctl);
    fake_come_up(f, 1);
}

static void test_lost_while_writing(void **state)
{
    struct fake *f = *state;
    fake_come_up(f, 1);
    fake_put_tree(f);
    fake_close_fd(&f->ctl);
    fake_flush(f);
    assert_false(dp_is_up(f->dp));
    assert_int_equal(f->n_down, 1);
    fake_close_fd(&f->punt);
    fake_come_up(f, 1);
    EXPECT(f, A_TREE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
        T(test_hello),          T(test_ill_hello),
        T(test_no_punt_socket), T(test_silent_dataplane),
        T(test_retries),        T(test_puts_coalesce),
        T(test_frozen),         T(test_load),
        T(test_move),           T(test_order),
        T(test_deletes),        T(test_taps),
        T(test_orphans),        T(test_full_socket),
        T(test_reconnect),      T(test_another_dataplane),
        T(test_refusals),       T(test_events),
        T(test_ill_records),    T(test_punts),
        T(test_punt_link_lost), T(test_lost_while_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
