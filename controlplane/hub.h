/* SPDX-License-Identifier: MIT */
/* The hub: what the room logic shares. Tables of clients, rooms and sessions, the timers, the time of the event being
 * served, and the doors to the outside: WebSockets, dataplane, certificate, randomness. Everything below the hub is one
 * thread's and touches no socket and no clock.
 *
 *   client       a WebSocket connection and the person behind it
 *   room         a name under which participants meet
 *   participant  one client in one room, under its login
 *   stream       one publish or play of a participant: status, subscribers
 *   session      the ICE and DTLS transport of one stream, installed in the dataplane */
#ifndef ROOMLINE_CONTROLPLANE_HUB_H
#define ROOMLINE_CONTROLPLANE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/dp_proto.h"
#include "controlplane/balance.h"
#include "controlplane/dp.h"
#include "controlplane/hooks.h"
#include "controlplane/negotiate.h"
#include "controlplane/placement.h"
#include "controlplane/rec.h"
#include "controlplane/record_news.h"
#include "controlplane/records.h"
#include "controlplane/timers.h"

struct conf;
struct dtls_ctx;

#define SECOND_US INT64_C(1000000)
#define MS_US     INT64_C(1000)

/* The WebSocket side of a client. Neither call comes back into the hub: a connection that goes, for whatever reason,
 * ends in client_destroy from the event loop. */
struct transport_ops {
    void (*send)(void *conn, const char *text, size_t len);       /* copies; a reader too slow for it is closed */
    void (*close)(void *conn, unsigned code, const char *reason); /* after what was sent; RFC 6455 7.4 code */
};

struct hub_outside {
    const struct conf *conf; /* outlives the hub */
    const struct transport_ops *transport;
    struct dtls_ctx *dtls_ctx;
    void (*random)(void *buf, size_t bytes);
    int64_t (*unix_us)(void); /* real time, for names and logs of recordings */
};

struct hub {
    struct hub_outside out;
    struct negotiate_conf codecs, recorded_codecs; /* from conf; of them those that a recording takes */
    struct dp *dp;
    struct rec *rec;
    struct hooks *hooks;
    struct records records;
    struct record_news record_news;
    struct timers timers;
    struct timer dp_away; /* set while the link to the dataplane is down */
    int64_t now_us;       /* monotonic; set by whoever brings an event in */
    LIST_HEAD(, client) clients;
    struct room *rooms;       /* uthash, by name */
    struct session *sessions; /* uthash, by id */
    uint32_t n_clients, n_rooms, n_participants, n_published, n_played;
    struct dp_load load; /* the last report; zeroed: none yet */
    struct placement placement;
    struct balance balance;
    struct balance_move move; /* the last one that was begun */
    uint32_t last_client;     /* number of the newest, for the log */
};

/* hub_dp_ops with the hub as their arg belong to a dp_create whose result becomes hub->dp before any client comes. */
extern const struct dp_ops hub_dp_ops;
extern const struct rec_ops hub_rec_ops; /* the same of rec_create and hub->rec */

void hub_init(struct hub *hub, const struct hub_outside *out);
void hub_set_codecs(struct hub *hub); /* the configuration's have changed */
void hub_finish(struct hub *hub);     /* after the last client_destroy; the dp is the caller's */

void hub_tick(struct hub *hub, int64_t now_us); /* fires the timers that are due */

/* Random text of n characters from the 64 ice-chars (RFC 8839 5.4), and a NUL. */
void hub_random_text(struct hub *hub, char *text, size_t n);
uint32_t hub_random_ssrc(struct hub *hub); /* never 0 */

#endif
