/* SPDX-License-Identifier: MIT */
/* The controlplane's end of the link to the dataplane (common/dp_proto.h): connects, says HELLO, keeps the desired
 * state of every object and sends what changed when the socket is writable, so that memory is bounded by the number of
 * objects and a slow dataplane never blocks us. Reconnects by itself. Puts are fire and forget: a refusal arrives as
 * on_refused.
 *
 * A dataplane with a new boot id has lost its send indices: on_reset tells the owner that every session is gone, and
 * the desired state is dropped (keys are never installed twice). A mere reconnect to the same boot id sends the whole
 * desired state again, which the dataplane takes as no change.
 *
 * A dataplane that says nothing for three seconds, not even its load, is frozen: not up, though the link and its
 * streams stay. It is up again with its next word. */
#ifndef ROOMLINE_CONTROLPLANE_DP_H
#define ROOMLINE_CONTROLPLANE_DP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dp_proto.h"

struct dp;

/* Called from dp_on_readable, dp_on_writable or dp_tick, never from the other calls. They may put and delete at will,
 * but not destroy. Acks, events and punts of sessions that we do not hold (any more) are not reported. */
struct dp_ops {
    void (*on_up)(void *arg, const struct dp_hello *hello); /* link is up; worker ports are known */
    void (*on_down)(void *arg);                             /* link lost; media may still flow */
    void (*on_reset)(void *arg);                            /* another dataplane came up: all sessions are lost */
    void (*on_session)(void *arg, const struct dp_session_event *ev);
    void (*on_refused)(void *arg, const struct dp_ack *ack); /* ack.error != 0 */
    void (*on_moved)(void *arg, uint64_t session);           /* and all that play it */
    void (*on_punt)(void *arg, uint64_t session, uint16_t tuple, const uint8_t *dtls, size_t len);
    void (*on_load)(void *arg, const struct dp_load *load); /* of as many workers as its HELLO said */
};

/* run_dir holds the two sockets, DP_CTL_SOCKET and DP_PUNT_SOCKET. Does not connect yet: dp_tick does. epoch: random,
 * new at each start. ops is borrowed. NULL: no memory, or run_dir too long for a socket address; logged. */
struct dp *dp_create(const char *run_dir, uint32_t epoch, const struct dp_ops *ops, void *arg);
void dp_destroy(struct dp *dp);

bool dp_is_up(const struct dp *dp); /* it takes new streams */
bool dp_is_frozen(const struct dp *dp);
const struct dp_hello *dp_hello(const struct dp *dp); /* valid while up or frozen */
uint64_t dp_new_id(struct dp *dp);                    /* epoch << 32 | counter */

/* Event loop: the owner watches these descriptors (-1: none) for input, and the control one for output when
 * dp_wants_write. They change only inside dp_on_readable, dp_on_writable and dp_tick: ask again after each. */
int dp_ctl_fd(const struct dp *dp);
int dp_punt_fd(const struct dp *dp);
bool dp_wants_write(const struct dp *dp);
void dp_on_readable(struct dp *dp, int fd);
void dp_on_writable(struct dp *dp, int fd);
void dp_tick(struct dp *dp, int64_t now_us); /* reconnects, notices silence; call every 100 to 500 ms */

/* Desired state, also while the link is down. The struct is copied; head is filled in. A put under a session or stream
 * that is not there is dropped and logged. Keys are cleansed once the dataplane has acknowledged them. */
void dp_put_session(struct dp *dp, const struct dp_session_put *m);
void dp_put_keys(struct dp *dp, const struct dp_keys_put *m);
void dp_put_stream(struct dp *dp, const struct dp_stream_put *m);
void dp_put_subscription(struct dp *dp, const struct dp_subscription_put *m);
void dp_del_session(struct dp *dp, uint64_t id); /* and what it holds */
void dp_del_stream(struct dp *dp, uint64_t id);
void dp_del_subscription(struct dp *dp, uint64_t id);
void dp_put_tap(struct dp *dp, uint64_t stream); /* what comes of it is copied for the recorder; gone with the stream */
void dp_del_tap(struct dp *dp, uint64_t stream);
void dp_request_keyframe(struct dp *dp, uint64_t stream);
void dp_move_session(struct dp *dp, uint64_t session, uint32_t worker); /* on_moved or on_refused follows */

/* At once or, when the socket is full or the link down, not at all: dropped and counted. */
void dp_send_dtls(struct dp *dp, uint64_t session, uint16_t tuple, const uint8_t *bytes, size_t len);
uint64_t dp_punts_dropped(const struct dp *dp);

#endif
