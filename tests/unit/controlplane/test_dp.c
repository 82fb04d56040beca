/* SPDX-License-Identifier: MIT */
/* The controlplane's end of the dataplane link, against a fake dataplane on real sockets in a directory of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "controlplane/dp.h"

#define EPOCH   0xabcdu
#define TICK_US 300000 /* long enough for a retry */

struct fixture {
    struct dp *dp;
    int64_t now_us;
    char dir[32];
    int ctl_listen, punt_listen, ctl, punt; /* the fake dataplane's */
    int n_up, n_down, n_reset, n_session, n_refused, n_punt, n_log;
    struct dp_ack refused;
    struct dp_session_event session;
    struct dp_punt got_punt; /* head.len: of the payload */
    char last_log[LOG_LINE_BYTES];
};

union record {
    struct dp_head head;
    struct dp_hello hello;
    struct dp_session_put session;
    struct dp_keys_put keys;
    struct dp_stream_put stream;
    struct dp_subscription_put subscription;
    struct dp_del del;
    struct dp_ack ack;
    struct dp_session_event event;
    struct dp_punt punt;
};

static void on_up(void *arg, const struct dp_hello *hello)
{
    struct fixture *f = arg;
    f->n_up++;
    assert_int_equal(hello->media_port[1], 4001);
}

static void on_down(void *arg)
{
    ((struct fixture *)arg)->n_down++;
}

static void on_reset(void *arg)
{
    struct fixture *f = arg;
    f->n_reset++;
    assert_int_equal(f->n_up, 1); /* before the on_up of the new one */
}

static void on_session(void *arg, const struct dp_session_event *ev)
{
    struct fixture *f = arg;
    f->n_session++;
    f->session = *ev;
}

static void on_refused(void *arg, const struct dp_ack *ack)
{
    struct fixture *f = arg;
    f->n_refused++;
    f->refused = *ack;
}

static void on_punt(void *arg, uint64_t session, uint16_t tuple, const uint8_t *dtls, size_t len)
{
    struct fixture *f = arg;
    f->n_punt++;
    f->got_punt.session = session;
    f->got_punt.tuple = tuple;
    f->got_punt.head.len = (uint16_t)len;
    memcpy(f->got_punt.bytes, dtls, len);
}

static const struct dp_ops ops = {on_up, on_down, on_reset, on_session, on_refused, on_punt};

static void on_log(void *arg, const char *line, size_t len)
{
    struct fixture *f = arg;
    f->n_log++;
    snprintf(f->last_log, sizeof(f->last_log), "%s", line);
}

static int64_t log_clock(void *arg)
{
    return ((struct fixture *)arg)->now_us;
}

static struct sockaddr_un address(const struct fixture *f, const char *name)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", f->dir, name);
    return addr;
}

static int listen_on(const struct fixture *f, const char *name)
{
    struct sockaddr_un addr = address(f, name);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(addr.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->ctl = f->punt = -1;
    snprintf(f->dir, sizeof(f->dir), "/tmp/test_dp.XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    f->ctl_listen = listen_on(f, DP_CTL_SOCKET);
    f->punt_listen = listen_on(f, DP_PUNT_SOCKET);
    f->dp = dp_create(f->dir, EPOCH, &ops, f);
    log_set_sink(on_log, f);
    log_set_clock(log_clock, f);
    f->now_us = 1000000000; /* past the rate limits of an earlier test */
    static int64_t n_setups;
    f->now_us += n_setups++ * 1000000000;
    *state = f;
    return f->dp ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    log_set_sink(NULL, NULL);
    log_set_clock(NULL, NULL);
    dp_destroy(f->dp);
    close_fd(&f->ctl);
    close_fd(&f->punt);
    close_fd(&f->ctl_listen);
    close_fd(&f->punt_listen);
    struct sockaddr_un ctl = address(f, DP_CTL_SOCKET), punt = address(f, DP_PUNT_SOCKET);
    unlink(ctl.sun_path);
    unlink(punt.sun_path);
    rmdir(f->dir);
    free(f);
    return 0;
}

static void tell(int fd, const void *record, size_t len)
{
    assert_int_equal(send(fd, record, len, MSG_DONTWAIT | MSG_NOSIGNAL), len);
}

static struct dp_hello make_hello(uint64_t boot_id)
{
    return (struct dp_hello){.head = {.type = DP_HELLO, .len = sizeof(struct dp_hello)},
                             .version = DP_PROTO_VERSION,
                             .boot_id = boot_id,
                             .n_workers = 2,
                             .media_port = {4000, 4001},
                             .srtp_profiles = 7};
}

static void dial(struct fixture *f)
{
    f->now_us += TICK_US;
    dp_tick(f->dp, f->now_us);
    f->ctl = accept(f->ctl_listen, NULL, NULL);
    assert_true(f->ctl >= 0);
    assert_true(dp_ctl_fd(f->dp) >= 0);
}

static void read_ctl(struct fixture *f)
{
    dp_on_readable(f->dp, dp_ctl_fd(f->dp));
}

static bool next_record(struct fixture *f, union record *r)
{
    ssize_t n = recv(f->ctl, r, sizeof(*r), MSG_DONTWAIT);
    if (n < 0)
        return false;
    assert_true(n >= (ssize_t)sizeof(r->head));
    assert_int_equal(r->head.len, n);
    return true;
}

static void come_up(struct fixture *f, uint64_t boot_id)
{
    union record r;
    struct dp_hello hello = make_hello(boot_id);
    int n_up = f->n_up;
    dial(f);
    tell(f->ctl, &hello, sizeof(hello));
    assert_false(dp_is_up(f->dp));
    read_ctl(f);
    assert_true(dp_is_up(f->dp));
    assert_int_equal(f->n_up, n_up + 1);
    f->punt = accept(f->punt_listen, NULL, NULL);
    assert_true(f->punt >= 0);
    assert_true(next_record(f, &r));
    assert_int_equal(r.head.type, DP_HELLO);
    assert_int_equal(r.head.len, sizeof(r.hello));
    assert_int_equal(r.hello.version, DP_PROTO_VERSION);
    assert_int_equal(r.hello.epoch, EPOCH);
}

static void hang_up(struct fixture *f)
{
    int n_down = f->n_down;
    close_fd(&f->ctl);
    close_fd(&f->punt);
    read_ctl(f);
    assert_false(dp_is_up(f->dp));
    assert_int_equal(dp_ctl_fd(f->dp), -1);
    assert_int_equal(dp_punt_fd(f->dp), -1);
    assert_int_equal(f->n_down, n_down + 1);
}

static void flush(struct fixture *f)
{
    if (dp_wants_write(f->dp))
        dp_on_writable(f->dp, dp_ctl_fd(f->dp));
}

static uint64_t id_of(const union record *r)
{
    switch (r->head.type) {
    case DP_SESSION_PUT:
        return r->session.id;
    case DP_KEYS_PUT:
        return r->keys.id;
    case DP_STREAM_PUT:
        return r->stream.id;
    case DP_SUBSCRIPTION_PUT:
        return r->subscription.id;
    default:
        return r->del.id;
    }
}

struct expected {
    enum dp_msg type;
    uint64_t id;
};

/* Exactly these records, in this order. */
static void assert_records(struct fixture *f, const struct expected *expected, size_t n)
{
    union record r;
    flush(f);
    for (size_t i = 0; i < n; i++) {
        assert_true(next_record(f, &r));
        assert_int_equal(r.head.type, expected[i].type);
        assert_int_equal(id_of(&r), expected[i].id);
    }
    assert_false(next_record(f, &r));
    assert_false(dp_wants_write(f->dp));
}

#define EXPECT(f, ...)                                          \
    assert_records((f), (const struct expected[]){__VA_ARGS__}, \
                   sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))
#define EXPECT_NOTHING(f) assert_records((f), NULL, 0)

static void ack(struct fixture *f, enum dp_msg type, uint64_t id, int32_t error)
{
    struct dp_ack a = {.head = {.type = DP_ACK, .len = sizeof(a)}, .type = (uint16_t)type, .error = error, .id = id};
    tell(f->ctl, &a, sizeof(a));
    read_ctl(f);
}

static void put_session(struct fixture *f, uint64_t id, const char *ufrag)
{
    struct dp_session_put m = {.id = id};
    snprintf(m.local_ufrag, sizeof(m.local_ufrag), "%s", ufrag);
    dp_put_session(f->dp, &m);
}

static void put_keys(struct fixture *f, uint64_t session)
{
    dp_put_keys(f->dp, &(struct dp_keys_put){.id = session, .profile = 1, .rx_key = "secret"});
}

static void put_stream(struct fixture *f, uint64_t id, uint64_t session)
{
    dp_put_stream(f->dp, &(struct dp_stream_put){.id = id, .session = session});
}

static void put_subscription(struct fixture *f, uint64_t id, uint64_t session, uint64_t stream)
{
    dp_put_subscription(f->dp, &(struct dp_subscription_put){.id = id, .session = session, .stream = stream});
}

/* Sessions 1 (publishes stream 3) and 2 (plays it as 4), keys for both. */
#define A_TREE                                                                                        \
    {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_KEYS_PUT, 1}, {DP_KEYS_PUT, 2}, {DP_STREAM_PUT, 3}, \
    {                                                                                                 \
        DP_SUBSCRIPTION_PUT, 4                                                                        \
    }

static void put_tree(struct fixture *f)
{
    put_session(f, 1, "a");
    put_keys(f, 1);
    put_stream(f, 3, 1);
    put_session(f, 2, "b");
    put_subscription(f, 4, 2, 3);
    put_keys(f, 2);
}

static void test_hello(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(dp_ctl_fd(f->dp), -1);
    come_up(f, 77);
    assert_int_equal(dp_hello(f->dp)->boot_id, 77);
    assert_int_equal(dp_hello(f->dp)->srtp_profiles, 7);
    assert_int_equal(f->n_reset, 0);
    EXPECT_NOTHING(f);
    uint64_t a = dp_new_id(f->dp), b = dp_new_id(f->dp);
    assert_true(a != b && a >> 32 == EPOCH && b >> 32 == EPOCH);
}

static void test_ill_hello(void **state)
{
    struct fixture *f = *state;
    struct dp_hello version = make_hello(1), none = make_hello(1), many = make_hello(1), type = make_hello(1);
    version.version++;
    none.n_workers = 0;
    many.n_workers = DP_WORKERS_MAX + 1;
    type.head.type = DP_ACK;
    const struct dp_hello *cases[] = {&version, &none, &many, &type};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        dial(f);
        f->now_us += LOG_RL_WINDOW_US;
        int n_log = f->n_log;
        tell(f->ctl, cases[i], sizeof(*cases[i]));
        read_ctl(f);
        assert_false(dp_is_up(f->dp));
        assert_int_equal(dp_ctl_fd(f->dp), -1);
        assert_true(f->n_log > n_log);
        close_fd(&f->ctl);
    }
    assert_int_equal(f->n_up + f->n_down, 0);
    come_up(f, 1); /* and it still tries */
}

static void test_no_punt_socket(void **state)
{
    struct fixture *f = *state;
    struct dp_hello hello = make_hello(1);
    close_fd(&f->punt_listen);
    dial(f);
    tell(f->ctl, &hello, sizeof(hello));
    read_ctl(f);
    assert_false(dp_is_up(f->dp));
    assert_int_equal(dp_ctl_fd(f->dp), -1);
}

static void test_silent_dataplane(void **state)
{
    struct fixture *f = *state;
    dial(f);
    int fd = dp_ctl_fd(f->dp);
    dp_tick(f->dp, f->now_us + 1900000);
    assert_int_equal(dp_ctl_fd(f->dp), fd);
    dp_tick(f->dp, f->now_us + 2000000);
    assert_int_equal(accept(f->ctl_listen, NULL, NULL) >= 0, true); /* hung up and dialled again */
    assert_false(dp_is_up(f->dp));
}

static void test_retries(void **state)
{
    struct fixture *f = *state;
    close_fd(&f->ctl_listen);
    for (int i = 0; i < 100; i++) {
        dp_tick(f->dp, f->now_us += 100000);
        assert_int_equal(dp_ctl_fd(f->dp), -1);
    }
    assert_int_equal(f->n_log, 1); /* said once */
    f->ctl_listen = listen_on(f, DP_CTL_SOCKET);
    come_up(f, 1);
}

static void test_puts_coalesce(void **state)
{
    struct fixture *f = *state;
    union record r;
    put_session(f, 1, "old"); /* while the link is down, too */
    come_up(f, 1);
    put_session(f, 1, "middle");
    put_session(f, 1, "new");
    assert_true(dp_wants_write(f->dp));
    flush(f);
    assert_true(next_record(f, &r));
    assert_int_equal(r.head.type, DP_SESSION_PUT);
    assert_string_equal(r.session.local_ufrag, "new");
    EXPECT_NOTHING(f);
    put_session(f, 1, "newer");
    EXPECT(f, {DP_SESSION_PUT, 1});
}

static void test_order(void **state)
{
    struct fixture *f = *state;
    come_up(f, 1);
    put_tree(f);
    dp_request_keyframe(f->dp, 3);
    dp_request_keyframe(f->dp, 3);
    put_session(f, 9, "c");
    EXPECT(f, {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_SESSION_PUT, 9}, {DP_KEYS_PUT, 1}, {DP_KEYS_PUT, 2},
           {DP_STREAM_PUT, 3}, {DP_SUBSCRIPTION_PUT, 4}, {DP_KEYFRAME_REQUEST, 3});
    dp_request_keyframe(f->dp, 3);
    put_stream(f, 3, 1);
    dp_del_session(f->dp, 9);
    dp_del_subscription(f->dp, 4);
    EXPECT(f, {DP_SESSION_DEL, 9}, {DP_SUBSCRIPTION_DEL, 4}, {DP_STREAM_PUT, 3}, {DP_KEYFRAME_REQUEST, 3});
}

static void test_deletes(void **state)
{
    struct fixture *f = *state;
    come_up(f, 1);
    put_tree(f);
    dp_del_session(f->dp, 1); /* never sent: nothing to take back; its stream takes the subscription along */
    EXPECT(f, {DP_SESSION_PUT, 2}, {DP_KEYS_PUT, 2});
    put_session(f, 5, "c");
    put_stream(f, 6, 5);
    put_subscription(f, 7, 2, 6);
    EXPECT(f, {DP_SESSION_PUT, 5}, {DP_STREAM_PUT, 6}, {DP_SUBSCRIPTION_PUT, 7});
    put_stream(f, 6, 5);
    dp_request_keyframe(f->dp, 6);
    dp_del_stream(f->dp, 6); /* owed as well, but moot */
    dp_del_stream(f->dp, 6);
    EXPECT(f, {DP_STREAM_DEL, 6});
    put_stream(f, 6, 5); /* ids do not come back */
    put_subscription(f, 8, 2, 6);
    dp_del_subscription(f->dp, 7);
    dp_request_keyframe(f->dp, 6);
    EXPECT_NOTHING(f);
    dp_del_session(f->dp, 5);
    dp_del_session(f->dp, 404);
    EXPECT(f, {DP_SESSION_DEL, 5});
}

static void test_orphans(void **state)
{
    struct fixture *f = *state;
    come_up(f, 1);
    put_keys(f, 1);
    put_stream(f, 3, 1);
    put_session(f, 1, "a");
    put_subscription(f, 4, 1, 3);
    put_subscription(f, 4, 1, 0);
    EXPECT(f, {DP_SESSION_PUT, 1});
    assert_non_null(strstr(f->last_log, "put dropped"));
}

static void test_full_socket(void **state)
{
    struct fixture *f = *state;
    union record r;
    enum { N = 500 };
    come_up(f, 1);
    int bytes = 1; /* the kernel's minimum */
    assert_int_equal(setsockopt(dp_ctl_fd(f->dp), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    for (uint64_t id = 1; id <= N; id++)
        put_session(f, id, "a");
    int rounds = 0;
    uint64_t id = 1;
    for (; dp_wants_write(f->dp); rounds++) {
        flush(f);
        for (; next_record(f, &r); id++)
            assert_int_equal(r.session.id, id);
    }
    assert_int_equal(id, N + 1);
    assert_true(rounds > 10);
}

static void test_reconnect(void **state)
{
    struct fixture *f = *state;
    come_up(f, 1);
    put_tree(f);
    put_session(f, 5, "c");
    put_session(f, 6, "d");
    EXPECT(f, {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_SESSION_PUT, 5}, {DP_SESSION_PUT, 6}, {DP_KEYS_PUT, 1},
           {DP_KEYS_PUT, 2}, {DP_STREAM_PUT, 3}, {DP_SUBSCRIPTION_PUT, 4});
    ack(f, DP_SESSION_PUT, 1, 0);
    ack(f, DP_KEYS_PUT, 1, 0); /* those of session 2 stay unacknowledged */
    dp_del_session(f->dp, 5);
    dp_del_session(f->dp, 6);
    EXPECT(f, {DP_SESSION_DEL, 5}, {DP_SESSION_DEL, 6});
    ack(f, DP_SESSION_DEL, 5, 0);
    hang_up(f);
    put_session(f, 7, "e");
    assert_false(dp_wants_write(f->dp));
    come_up(f, 1);
    assert_int_equal(f->n_reset, 0);
    EXPECT(f, {DP_SESSION_DEL, 6}, {DP_SESSION_PUT, 7}, {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_KEYS_PUT, 2},
           {DP_STREAM_PUT, 3}, {DP_SUBSCRIPTION_PUT, 4});
    ack(f, DP_KEYS_PUT, 2, 0);
    ack(f, DP_SESSION_DEL, 6, 0);
    hang_up(f);
    come_up(f, 1);
    EXPECT(f, {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_SESSION_PUT, 7}, {DP_STREAM_PUT, 3},
           {DP_SUBSCRIPTION_PUT, 4});
}

static void test_another_dataplane(void **state)
{
    struct fixture *f = *state;
    come_up(f, 1);
    put_tree(f);
    EXPECT(f, A_TREE);
    dp_del_subscription(f->dp, 4);
    hang_up(f);
    put_stream(f, 3, 1);
    come_up(f, 2);
    assert_int_equal(f->n_reset, 1);
    EXPECT_NOTHING(f);
    put_stream(f, 3, 1); /* its session is gone */
    EXPECT_NOTHING(f);
    put_session(f, 10, "new");
    EXPECT(f, {DP_SESSION_PUT, 10});
}

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    come_up(f, 1);
    put_tree(f);
    EXPECT(f, A_TREE);
    ack(f, DP_SESSION_PUT, 1, 0);
    assert_int_equal(f->n_refused, 0);
    ack(f, DP_SUBSCRIPTION_PUT, 4, -ENOSPC);
    assert_int_equal(f->n_refused, 1);
    assert_int_equal(f->refused.error, -ENOSPC);
    assert_int_equal(f->refused.id, 4);
    ack(f, DP_SESSION_PUT, 404, -ENOSPC);
    dp_del_session(f->dp, 2);
    ack(f, DP_SUBSCRIPTION_PUT, 4, -ENOENT); /* deleted meanwhile */
    assert_int_equal(f->n_refused, 1);
    ack(f, DP_KEYS_PUT, 1, -EEXIST);
    assert_int_equal(f->n_refused, 2);
    ack(f, DP_SESSION_DEL, 1, 0); /* never asked for */
    ack(f, DP_MSG_COUNT, 1, 0);
    ack(f, DP_MSG_NONE, 1, 0);
    put_stream(f, 3, 1);
    EXPECT(f, {DP_SESSION_DEL, 2}, {DP_STREAM_PUT, 3});
}

static void test_events(void **state)
{
    struct fixture *f = *state;
    come_up(f, 1);
    put_session(f, 1, "a");
    EXPECT(f, {DP_SESSION_PUT, 1});
    struct dp_session_event ev = {
        .head = {.type = DP_SESSION_EVENT, .len = sizeof(ev)}, .bits = DP_SESSION_ICE, .id = 1};
    tell(f->ctl, &ev, sizeof(ev));
    ev.id = 2; /* of another epoch, say */
    tell(f->ctl, &ev, sizeof(ev));
    read_ctl(f);
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
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("record: %s\n", cases[i].name);
        uint8_t bytes[8192] = {0};
        struct dp_head head = {cases[i].type, cases[i].len};
        memcpy(bytes, &head, sizeof(head));
        come_up(f, 1);
        f->now_us += LOG_RL_WINDOW_US;
        int n_log = f->n_log, n_down = f->n_down;
        tell(cases[i].punt ? f->punt : f->ctl, bytes, cases[i].bytes);
        dp_on_readable(f->dp, cases[i].punt ? dp_punt_fd(f->dp) : dp_ctl_fd(f->dp));
        assert_false(dp_is_up(f->dp));
        assert_int_equal(f->n_down, n_down + 1);
        assert_true(f->n_log > n_log);
        assert_non_null(strstr(f->last_log, "ill "));
        close_fd(&f->ctl);
        close_fd(&f->punt);
    }
}

static void test_punts(void **state)
{
    struct fixture *f = *state;
    struct dp_punt p = {.head = {.len = offsetof(struct dp_punt, bytes) + 3}, .tuple = 5, .session = 1, .bytes = "abc"};
    uint8_t big[DP_PUNT_BYTES_MAX + 1] = {22};
    dp_send_dtls(f->dp, 1, 2, (const uint8_t *)"xyz", 3); /* the link is down */
    assert_int_equal(dp_punts_dropped(f->dp), 1);
    come_up(f, 1);
    put_session(f, 1, "a");
    tell(f->punt, &p, p.head.len);
    p.session = 2; /* unknown */
    tell(f->punt, &p, p.head.len);
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
    struct fixture *f = *state;
    come_up(f, 1);
    close_fd(&f->punt);
    dp_on_readable(f->dp, dp_punt_fd(f->dp));
    assert_false(dp_is_up(f->dp));
    assert_int_equal(f->n_down, 1);
    close_fd(&f->ctl);
    come_up(f, 1);
}

static void test_lost_while_writing(void **state)
{
    struct fixture *f = *state;
    come_up(f, 1);
    put_tree(f);
    close_fd(&f->ctl);
    flush(f);
    assert_false(dp_is_up(f->dp));
    assert_int_equal(f->n_down, 1);
    close_fd(&f->punt);
    come_up(f, 1);
    EXPECT(f, A_TREE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_hello),          T(test_ill_hello),
        T(test_no_punt_socket), T(test_silent_dataplane),
        T(test_retries),        T(test_puts_coalesce),
        T(test_order),          T(test_deletes),
        T(test_orphans),        T(test_full_socket),
        T(test_reconnect),      T(test_another_dataplane),
        T(test_refusals),       T(test_events),
        T(test_ill_records),    T(test_punts),
        T(test_punt_link_lost), T(test_lost_while_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
