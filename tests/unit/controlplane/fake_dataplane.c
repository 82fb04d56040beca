/* SPDX-License-Identifier: MIT */
/* The fake dataplane: its sockets, its records, what it heard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake_dataplane.h"

static void on_up(void *arg, const struct dp_hello *hello)
{
    struct fake *f = arg;
    f->n_up++;
    assert_int_equal(hello->media_port[1], 4001);
}

static void on_down(void *arg)
{
    ((struct fake *)arg)->n_down++;
}

static void on_reset(void *arg)
{
    struct fake *f = arg;
    f->n_reset++;
    assert_int_equal(f->n_up, 1); /* before the on_up of the new one */
}

static void on_session(void *arg, const struct dp_session_event *ev)
{
    struct fake *f = arg;
    f->n_session++;
    f->session = *ev;
}

static void on_refused(void *arg, const struct dp_ack *ack)
{
    struct fake *f = arg;
    f->n_refused++;
    f->refused = *ack;
}

static void on_punt(void *arg, uint64_t session, uint16_t tuple, const uint8_t *dtls, size_t len)
{
    struct fake *f = arg;
    f->n_punt++;
    f->got_punt.session = session;
    f->got_punt.tuple = tuple;
    f->got_punt.head.len = (uint16_t)len;
    memcpy(f->got_punt.bytes, dtls, len);
}

static void on_moved(void *arg, uint64_t session)
{
    struct fake *f = arg;
    f->n_moved++;
    f->moved = session;
}

static void on_load(void *arg, const struct dp_load *load)
{
    struct fake *f = arg;
    f->n_load++;
    f->load = *load;
}

static const struct dp_ops ops = {on_up, on_down, on_reset, on_session, on_refused, on_moved, on_punt, on_load};

static void on_log(void *arg, const char *line, size_t len)
{
    struct fake *f = arg;
    f->n_log++;
    snprintf(f->last_log, sizeof(f->last_log), "%s", line);
}

static int64_t log_clock(void *arg)
{
    return ((struct fake *)arg)->now_us;
}

static struct sockaddr_un address(const struct fake *f, const char *name)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", f->dir, name);
    return addr;
}

int fake_listen_on(const struct fake *f, const char *name)
{
    struct sockaddr_un addr = address(f, name);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(addr.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

void fake_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int fake_setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    f->ctl = f->punt = -1;
    snprintf(f->dir, sizeof(f->dir), "/tmp/test_dp.XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    f->ctl_listen = fake_listen_on(f, DP_CTL_SOCKET);
    f->punt_listen = fake_listen_on(f, DP_PUNT_SOCKET);
    f->dp = dp_create(f->dir, FAKE_EPOCH, &ops, f);
    log_set_sink(on_log, f);
    log_set_clock(log_clock, f);
    f->now_us = 1000000000; /* past the rate limits of an earlier test */
    static int64_t n_setups;
    f->now_us += n_setups++ * 1000000000;
    *state = f;
    return f->dp ? 0 : -1;
}

int fake_teardown(void **state)
{
    struct fake *f = *state;
    log_set_sink(NULL, NULL);
    log_set_clock(NULL, NULL);
    dp_destroy(f->dp);
    fake_close_fd(&f->ctl);
    fake_close_fd(&f->punt);
    fake_close_fd(&f->ctl_listen);
    fake_close_fd(&f->punt_listen);
    struct sockaddr_un ctl = address(f, DP_CTL_SOCKET), punt = address(f, DP_PUNT_SOCKET);
    unlink(ctl.sun_path);
    unlink(punt.sun_path);
    rmdir(f->dir);
    free(f);
    return 0;
}

void fake_tell(int fd, const void *record, size_t len)
{
    assert_int_equal(send(fd, record, len, MSG_DONTWAIT | MSG_NOSIGNAL), len);
}

struct dp_hello fake_make_hello(uint64_t boot_id)
{
    return (struct dp_hello){.head = {.type = DP_HELLO, .len = sizeof(struct dp_hello)},
                             .version = DP_PROTO_VERSION,
                             .boot_id = boot_id,
                             .n_workers = 2,
                             .media_port = {4000, 4001},
                             .srtp_profiles = 7};
}

void fake_dial(struct fake *f)
{
    f->now_us += FAKE_TICK_US;
    dp_tick(f->dp, f->now_us);
    f->ctl = accept(f->ctl_listen, NULL, NULL);
    assert_true(f->ctl >= 0);
    assert_true(dp_ctl_fd(f->dp) >= 0);
}

void fake_read_ctl(struct fake *f)
{
    dp_on_readable(f->dp, dp_ctl_fd(f->dp));
}

bool fake_next_record(struct fake *f, union record *r)
{
    ssize_t n = recv(f->ctl, r, sizeof(*r), MSG_DONTWAIT);
    if (n < 0)
        return false;
    assert_true(n >= (ssize_t)sizeof(r->head));
    assert_int_equal(r->head.len, n);
    return true;
}

void fake_come_up(struct fake *f, uint64_t boot_id)
{
    union record r;
    struct dp_hello hello = fake_make_hello(boot_id);
    int n_up = f->n_up;
    fake_dial(f);
    fake_tell(f->ctl, &hello, sizeof(hello));
    assert_false(dp_is_up(f->dp));
    fake_read_ctl(f);
    assert_true(dp_is_up(f->dp));
    assert_int_equal(f->n_up, n_up + 1);
    f->punt = accept(f->punt_listen, NULL, NULL);
    assert_true(f->punt >= 0);
    assert_true(fake_next_record(f, &r));
    assert_int_equal(r.head.type, DP_HELLO);
    assert_int_equal(r.head.len, sizeof(r.hello));
    assert_int_equal(r.hello.version, DP_PROTO_VERSION);
    assert_int_equal(r.hello.epoch, FAKE_EPOCH);
}

void fake_hang_up(struct fake *f)
{
    int n_down = f->n_down;
    fake_close_fd(&f->ctl);
    fake_close_fd(&f->punt);
    fake_read_ctl(f);
    assert_false(dp_is_up(f->dp));
    assert_int_equal(dp_ctl_fd(f->dp), -1);
    assert_int_equal(dp_punt_fd(f->dp), -1);
    assert_int_equal(f->n_down, n_down + 1);
}

void fake_flush(struct fake *f)
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

/* Exactly these records, in this order. */
void fake_assert_records(struct fake *f, const struct expected *expected, size_t n)
{
    union record r;
    fake_flush(f);
    for (size_t i = 0; i < n; i++) {
        assert_true(fake_next_record(f, &r));
        assert_int_equal(r.head.type, expected[i].type);
        assert_int_equal(id_of(&r), expected[i].id);
    }
    assert_false(fake_next_record(f, &r));
    assert_false(dp_wants_write(f->dp));
}

void fake_ack(struct fake *f, enum dp_msg type, uint64_t id, int32_t error)
{
    struct dp_ack a = {.head = {.type = DP_ACK, .len = sizeof(a)}, .type = (uint16_t)type, .error = error, .id = id};
    fake_tell(f->ctl, &a, sizeof(a));
    fake_read_ctl(f);
}

void fake_put_session(struct fake *f, uint64_t id, const char *ufrag)
{
    struct dp_session_put m = {.id = id};
    snprintf(m.local_ufrag, sizeof(m.local_ufrag), "%s", ufrag);
    dp_put_session(f->dp, &m);
}

void fake_put_keys(struct fake *f, uint64_t session)
{
    dp_put_keys(f->dp, &(struct dp_keys_put){.id = session, .profile = 1, .rx_key = "secret"});
}

void fake_put_stream(struct fake *f, uint64_t id, uint64_t session)
{
    dp_put_stream(f->dp, &(struct dp_stream_put){.id = id, .session = session});
}

void fake_put_subscription(struct fake *f, uint64_t id, uint64_t session, uint64_t stream)
{
    dp_put_subscription(f->dp, &(struct dp_subscription_put){.id = id, .session = session, .stream = stream});
}

void fake_put_tree(struct fake *f)
{
    fake_put_session(f, 1, "a");
    fake_put_keys(f, 1);
    fake_put_stream(f, 3, 1);
    fake_put_session(f, 2, "b");
    fake_put_subscription(f, 4, 2, 3);
    fake_put_keys(f, 2);
}
