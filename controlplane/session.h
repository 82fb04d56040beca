/* SPDX-License-Identifier: MIT */
/* A session: the transport of one stream. Our ICE credentials, the DTLS association and the entry in the dataplane,
 * which answers STUN, hands us DTLS and gets the keys from us. */
#ifndef ROOMLINE_CONTROLPLANE_SESSION_H
#define ROOMLINE_CONTROLPLANE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "common/dp_proto.h"
#include "controlplane/timers.h"

struct dtls;
struct hub;
struct negotiated;
struct stream;

enum session_event {
    SESSION_CONNECTED,   /* ICE: an authenticated check came */
    SESSION_ESTABLISHED, /* DTLS is done, keys are installed */
    SESSION_MEDIA,       /* first RTP packet */
    SESSION_CLOSED,      /* the peer closed DTLS */
    SESSION_LOST,        /* ICE consent ended */
    SESSION_FAILED,
};

struct session { /* zeroed: finished */
    struct hub *hub;
    struct stream *stream; /* hears of the events */
    uint64_t id;
    uint32_t worker;
    char ufrag[13]; /* 72 random bits, so unique */
    char pwd[25];
    struct dtls *dtls;
    bool active; /* we start DTLS */
    bool connected, established;
    uint16_t tuple; /* over which the last DTLS datagram came */
    struct timer retransmit;
    UT_hash_handle hh; /* hub.sessions */
};

/* Makes the session known to the dataplane. 0 or -errno. */
int session_init(struct session *s, struct hub *hub, struct stream *stream, const struct negotiated *n,
                 uint32_t worker);
void session_finish(struct session *s); /* takes it and what it holds out of the dataplane */

/* Our answer to the offer in n, NUL-terminated. cname: also the msid. 0 or -errno. */
int session_write_answer(const struct session *s, const struct negotiated *n, const char *cname, char *buf,
                         size_t size);

/* From the dataplane. An unknown id is one that has just ended. */
void session_on_event(struct hub *hub, const struct dp_session_event *ev);
void session_on_moved(struct hub *hub, uint64_t id, uint32_t worker); /* with those that play it */
void session_on_punt(struct hub *hub, uint64_t id, uint16_t tuple, const uint8_t *bytes, size_t len);

#endif
