/* SPDX-License-Identifier: MIT */
/* Somebody in a room, as the Conference page is: joins when connected, publishes, plays everybody else's streams. Each
 * step can also be left to the caller. */
#ifndef ROOMLINE_TESTS_PEER_PERSON_H
#define ROOMLINE_TESTS_PEER_PERSON_H

#include <sys/queue.h>

#include "tests/peer/peer.h"
#include "tests/peer/wcs.h"

/* One stream that a person publishes or plays. */
struct person_media {
    TAILQ_ENTRY(person_media) link;
    struct person *person;
    struct peer *peer; /* NULL: it has ended */
    bool publish;
    char id[25];      /* media session */
    char stream[320]; /* name */
    char login[256];  /* whose it is */
    char status[24];  /* the last one heard, "" none */
    char info[96];    /* with that */
    char event[24];   /* type of the last stream event */
    bool answered;
};

struct person_conf {
    struct wsock_conf socket; /* loop, address, tls */
    struct dtls_ctx *dtls;
    const char *login, *room; /* borrowed for the call */
    uint64_t seed;
    uint32_t publish, play; /* codecs (PEER_SDP_CODEC); 0: does not publish, or play, by itself */
    unsigned variant;
    bool ipv6;
    bool record;     /* what it publishes is to become a file */
    bool quiet;      /* does not join by itself either */
    bool keep_peers; /* a stream that has ended keeps its peer, for misbehaviour */
    uint32_t video_kbps, video_fps;
    uint16_t first_seq;
    void (*adjust)(void *arg, struct peer_conf *conf); /* before each peer is made; NULL: none */
    void (*on_event)(void *arg, struct person *person, const struct wcs_event *event); /* sees all; NULL: none */
    void *arg;
};

struct person {
    struct person_conf conf;
    struct rng rng;
    struct wcs *wcs;
    char login[256], room[256];
    bool established, joined, closed;
    int close_code;
    unsigned last_op, n_broken;
    unsigned n_people;     /* others in the room */
    char status_id[16];    /* of the last command that was answered */
    char status_info[256]; /* "" when it was accepted */
    bool status_ok;
    char chat_from[256], chat_text[1024]; /* the last one heard */
    unsigned n_chats;
    TAILQ_HEAD(, person_media) media; /* oldest first */
};

struct person *person_create(const struct person_conf *conf);
void person_destroy(struct person *person);

void person_join(struct person *person);
void person_leave(struct person *person);
void person_chat(struct person *person, const char *to, const char *text);
struct person_media *person_publish(struct person *person); /* NULL: out of something */
struct person_media *person_play(struct person *person, const char *stream, const char *login);
void person_stop(struct person *person, struct person_media *media); /* as a page: closes the peer first */

/* The youngest, ended or not; NULL: none. */
struct person_media *person_published(const struct person *person);
struct person_media *person_played(const struct person *person, const char *login);

bool person_media_is(const struct person_media *media, const char *status); /* false for NULL */
bool person_media_ended(const struct person_media *media);

#endif
