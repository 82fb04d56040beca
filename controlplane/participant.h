/* SPDX-License-Identifier: MIT */
/* A participant: one client in one room, under the login it had when it joined. */
#ifndef ROOMLINE_CONTROLPLANE_PARTICIPANT_H
#define ROOMLINE_CONTROLPLANE_PARTICIPANT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

struct client;
struct room;
struct stream;

struct participant {
    struct client *client;
    struct room *room;
    char *login;
    uint32_t n_published, n_played;
    TAILQ_HEAD(, stream) streams;  /* publishes and plays, in order of creation */
    LIST_ENTRY(participant) entry; /* of client.participants */
    UT_hash_handle hh;             /* room.participants */
};

struct participant *participant_create(struct client *c, struct room *r);

/* Ends the participant's streams, telling everyone concerned. They are the first half of a leave: the statuses come
 * before the answer, LEFT after it. */
void participant_end_streams(struct participant *p);

/* The second half: out of the room, LEFT to the others. left: by a leave, not by a lost connection. */
void participant_destroy(struct participant *p, bool left);

#endif
