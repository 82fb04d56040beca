/* SPDX-License-Identifier: MIT */
/* A stream: one publish or one play of a participant, from the offer to a definite end.
 *
 *   NEGOTIATED --ICE--> CONNECTED --DTLS--> ESTABLISHED --keys installed--> PUBLISHING | PLAYING
 *        \__________________\___________________\_______________________________\____--> STOPPED | FAILED(info)
 *
 * Each state that waits for the peer has a deadline. STOPPED and FAILED are told to whom they concern and free the
 * stream at once. */
#ifndef ROOMLINE_CONTROLPLANE_STREAM_H
#define ROOMLINE_CONTROLPLANE_STREAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "common/media.h"
#include "controlplane/recording.h"
#include "controlplane/session.h"
#include "controlplane/timers.h"

struct hub;
struct negotiated;
struct participant;

#define STREAM_STATE_LIST(X) \
    X(NEGOTIATED)            \
    X(CONNECTED)             \
    X(ESTABLISHED)           \
    X(PUBLISHING)            \
    X(PLAYING)               \
    X(STOPPED)               \
    X(FAILED)

enum stream_state {
#define X(id) STREAM_##id,
    STREAM_STATE_LIST(X)
#undef X
        STREAM_STATE_COUNT
};

struct stream_rtp {   /* the RTP stream of one kind within the stream */
    enum codec codec; /* CODEC_NONE: there is none */
    uint64_t id;      /* in the dataplane: of the stream (publish) or of the subscription (play) */
    uint8_t pt;
    bool muted; /* publish: as the publisher said */
};

struct stream {
    struct participant *participant;
    bool publish;
    enum stream_state state;
    char *media_session_id;
    char *name;
    struct stream_rtp rtp[MEDIA_KINDS];
    struct negotiated *negotiated; /* publish: what plays are negotiated against */
    struct stream *publisher;      /* play */
    LIST_HEAD(, stream) subscribers;
    struct session session;
    struct take take; /* publish */
    bool media_seen;  /* publish: the first packet has come */
    bool closed;      /* by the peer's DTLS: its stop is waited for, and nothing else */
    struct timer deadline;

    TAILQ_ENTRY(stream) entry;       /* of participant.streams */
    LIST_ENTRY(stream) subscription; /* play: of publisher->subscribers */
    UT_hash_handle hh;               /* client.streams */
    UT_hash_handle published;        /* publish: room.published */
};

/* publisher: NULL for a publish. The stream is NEGOTIATED from the start; whoever creates it has checked that name and
 * id are free and sends the answer. Its session is not yet initialised. */
struct stream *stream_create(struct participant *p, struct stream *publisher, const char *media_session_id,
                             const char *name);

/* The one setter of the state. Frees the stream when state is STOPPED or FAILED; info (or NULL) is for the client. */
void stream_set(struct stream *s, enum stream_state state, const char *info);

/* What became of the transport. info: of SESSION_FAILED. May free the stream. */
void stream_on_session(struct stream *s, enum session_event event, const char *info);

/* A stream event of the publisher (mute, data), for its subscribers. payload may be NULL; borrowed. */
void stream_on_event(struct stream *s, const char *type, json_t *payload);

#endif
