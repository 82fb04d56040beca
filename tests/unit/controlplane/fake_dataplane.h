/* SPDX-License-Identifier: MIT */
/* A dataplane for tests: real sockets in a directory of its own, told by the test what to say, and a struct dp that
 * talks to it on a virtual clock. Everything asserts. */
#ifndef ROOMLINE_TESTS_FAKE_DATAPLANE_H
#define ROOMLINE_TESTS_FAKE_DATAPLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/log.h"
#include "controlplane/dp.h"

#define FAKE_EPOCH   0xabcdu
#define FAKE_TICK_US 300000 /* long enough for a retry */

struct fake {
    struct dp *dp;
    int64_t now_us;
    char dir[32];
    int ctl_listen, punt_listen, ctl, punt; /* the fake dataplane's */
    int n_up, n_down, n_reset, n_session, n_refused, n_moved, n_punt, n_load, n_log;
    uint64_t moved;
    struct dp_ack refused;
    struct dp_load load;
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

struct expected {
    enum dp_msg type;
    uint64_t id;
};

int fake_setup(void **state);
int fake_teardown(void **state);
void fake_tell(int fd, const void *record, size_t len);
struct dp_hello fake_make_hello(uint64_t boot_id);
void fake_dial(struct fake *f);
void fake_read_ctl(struct fake *f);
bool fake_next_record(struct fake *f, union record *r);
void fake_come_up(struct fake *f, uint64_t boot_id);
void fake_hang_up(struct fake *f);
void fake_flush(struct fake *f);
void fake_assert_records(struct fake *f, const struct expected *expected, size_t n);
void fake_ack(struct fake *f, enum dp_msg type, uint64_t id, int32_t error);
void fake_put_session(struct fake *f, uint64_t id, const char *ufrag);
void fake_put_keys(struct fake *f, uint64_t session);
void fake_put_stream(struct fake *f, uint64_t id, uint64_t session);
void fake_put_subscription(struct fake *f, uint64_t id, uint64_t session, uint64_t stream);
void fake_put_tree(struct fake *f);
int fake_listen_on(const struct fake *f, const char *name);
void fake_close_fd(int *fd);

#define EXPECT(f, ...)                                               \
    fake_assert_records((f), (const struct expected[]){__VA_ARGS__}, \
                        sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))
#define EXPECT_NOTHING(f) fake_assert_records((f), NULL, 0)

/* Sessions 1 (publishes stream 3) and 2 (plays it as 4), keys for both. */
#define A_TREE                                                                                        \
    {DP_SESSION_PUT, 1}, {DP_SESSION_PUT, 2}, {DP_KEYS_PUT, 1}, {DP_KEYS_PUT, 2}, {DP_STREAM_PUT, 3}, \
    {                                                                                                 \
        DP_SUBSCRIPTION_PUT, 4                                                                        \
    }

#endif
