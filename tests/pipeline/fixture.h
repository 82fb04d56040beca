/* SPDX-License-Identifier: MIT */
/* The packet path in one process and one thread: two workers on a two-queue ring port, ctl's objects without sockets,
 * virtual time, and synthetic peers that speak ICE, DTLS-shaped datagrams and SRTP. Every mbuf is accounted for at the
 * end. Included after cmocka. */
#ifndef ROOMLINE_TESTS_PIPELINE_FIXTURE_H
#define ROOMLINE_TESTS_PIPELINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <srtp2/srtp.h>

#include "common/stun.h"
#include "dataplane/objects.h"
#include "dataplane/worker.h"

#define FIXTURE_WORKERS    2
#define FIXTURE_MEDIA_PORT 31001
#define FIXTURE_TURN_US    200
#define FIXTURE_LOG        256
#define FIXTURE_DTLS       255 /* datagrams of the controlplane on their way */

/* A UDP datagram that left the dataplane; IP and UDP checksums were right. */
struct datagram {
    struct dp_addr from, to;
    uint16_t len;
    uint8_t bytes[2048];
};

struct fixture {
    int64_t now_us;
    struct dataplane_conf conf;
    struct tables tables;
    struct rte_mempool *rx_pool, *tx_pool, *mail_pool, *dtls_pool;
    struct rte_ring *in[FIXTURE_WORKERS], *out[FIXTURE_WORKERS]; /* of the port, by queue */
    struct port *port;
    struct worker *workers[FIXTURE_WORKERS];
    struct mailbox ctl;
    struct objects objects;
    uint32_t n_acks, n_punts, n_events;
    struct dp_ack acks[FIXTURE_LOG];
    struct dp_punt punts[FIXTURE_LOG];
    struct dp_session_event events[FIXTURE_LOG];
    /* NULL, or how messages reach a dataplane elsewhere: returns the error of the acknowledgement. Then only rx_pool,
     * in and out need be there, and whoever set it moves the frames. */
    int (*carry)(struct fixture *f, const void *msg, size_t len);
};

/* One end of a session, as a browser would be. */
struct peer {
    uint64_t session;
    uint32_t worker;            /* whose UDP port it sends to */
    uint16_t queue;             /* whose queue its packets arrive on */
    struct dp_addr addr, relay; /* its own address, ours */
    char our_ufrag[DP_UFRAG_BYTES], our_pwd[DP_PWD_BYTES];
    char ufrag[32];
    uint8_t next_tid;
    struct dp_keys_put keys; /* after peer_keys */
    srtp_t tx, rx;
};

/* cmocka group set-up: starts the EAL. Each test: fixture_create, fixture_destroy (which fails the test when an mbuf is
 * missing). */
int fixture_start_eal(void **state);
struct fixture *fixture_create(void);
void fixture_destroy(struct fixture *f);

/* Time. A turn runs both workers once, then ctl. */
void fixture_turn(struct fixture *f);
void fixture_run(struct fixture *f, int64_t us);

/* Messages of the controlplane; head is filled in. Returns the error of the acknowledgement. */
int fixture_put(struct fixture *f, enum dp_msg type, void *msg);
int fixture_del(struct fixture *f, enum dp_msg type, uint64_t id);
int fixture_move(struct fixture *f, uint64_t session, uint32_t worker); /* and runs until it has moved */

/* Has this session (0: any) told this event since the last call of fixture_clear? */
uint32_t fixture_event_bits(const struct fixture *f, uint64_t session);
void fixture_clear(struct fixture *f); /* acks, punts, events */
struct session *fixture_session(struct fixture *f, uint64_t id);
uint64_t fixture_drops(const struct fixture *f, enum drop why); /* of all workers */

/* Raw frames in and out. The next datagram that left through any queue; false: none. */
void fixture_inject(struct fixture *f, uint16_t queue, const void *frame, size_t len);
bool fixture_receive(struct fixture *f, struct datagram *d);
uint32_t fixture_discard(struct fixture *f); /* what has left and nobody wants */

/* A session with its peer. n makes ids, credentials and addresses unique: IPv4 10.0.0.n (v6: fd00::n), port 40000 + n.
 * The peer's packets arrive on its worker's queue unless the test changes peer.queue. */
void peer_init(struct fixture *f, struct peer *p, uint32_t n, uint32_t worker, bool v6);
void peer_finish(struct peer *p);

void peer_send(struct fixture *f, const struct peer *p, const void *payload, size_t len);
void peer_send_binding(struct fixture *f, struct peer *p, bool use_candidate);
/* Does the datagram go to this peer? Is it a success response signed with our password that tells the peer's address?
 */
bool peer_is_to(const struct peer *p, const struct datagram *d);
bool peer_is_response(const struct peer *p, const struct datagram *d);
/* A nominated binding and its answer; fails the test when there is none. */
void peer_connect(struct fixture *f, struct peer *p);

/* Makes keys, installs them, and the peer's own libsrtp contexts. */
void peer_keys(struct fixture *f, struct peer *p, enum srtp_profile profile);
void peer_send_srtp(struct fixture *f, struct peer *p, const void *rtp, size_t len);   /* clear in, protected out */
void peer_send_srtcp(struct fixture *f, struct peer *p, const void *rtcp, size_t len); /* the same */
/* In place; false: authentication failed or replayed. */
bool peer_unprotect(struct peer *p, struct datagram *d);
bool peer_unprotect_rtcp(struct peer *p, struct datagram *d);

#endif
