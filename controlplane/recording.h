/* SPDX-License-Identifier: MIT */
/* Recording: what of the rooms is recorded, and under which names.
 *
 *   take       a recorded publish, from PUBLISHING to its end: its RTP streams have taps in the dataplane, and the
 *              recorder knows it. It has a file of its own if its client asked for one.
 *   recording  of a room: what its takes have in common. The recorder learns of it with the first take. If the join
 *              that made the room asked for it, every publish is a take, and all become one file when the room ends.
 *
 * Whoever is in a room is told, by the room event RECORDING, when it begins and ceases to be recorded:
 * {"active": bool, "whole": bool, "file": name of the whole}. Not active although somebody wants it: the recorder is
 * away, or can write no more. */
#ifndef ROOMLINE_CONTROLPLANE_RECORDING_H
#define ROOMLINE_CONTROLPLANE_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

struct hub;
struct negotiate_conf;
struct participant;
struct room;
struct stream;

struct take {      /* of a publish; zeroed: it is not recorded */
    bool own_file; /* its client wants one, and may have it */
    uint64_t id;   /* 0: it has not begun, or is over */
    int64_t start_unix_us;
    bool failed;    /* says the recorder */
    bool name_open; /* what it is called in the end is known at its end only */
    char *file;     /* of its own, from its beginning until the stream goes; else NULL */
};

struct recording { /* of a room; zeroed: none */
    bool whole;
    uint64_t id;      /* 0: none yet */
    bool put;         /* the recorder has been told of it */
    bool step;        /* the takes' own files are made anew when the room ends */
    uint32_t n_takes; /* that have not ended; of them n_failed have no recording any more */
    uint32_t n_failed;
    char *file;  /* of the whole, else NULL */
    bool marked; /* the room was last told that it is active */
};

/* The join that has just made the room asks for a recording of the whole. */
void recording_begin(struct room *r);
void recording_end(struct room *r); /* the room ends, its takes have */

/* A publish is offered. May it have a file of its own, if its client wants one? What may be negotiated then? */
bool recording_allows_file(const struct hub *hub);
const struct negotiate_conf *recording_codecs(const struct room *r, bool own_file);

/* With take.own_file set: before PUBLISHING is told, before the end is told, and when the stream goes. */
void recording_begin_take(struct stream *s);
void recording_end_take(struct stream *s);
void recording_finish_take(struct stream *s);

/* The name of its file that the client may be told now, or NULL. Borrowed. */
const char *recording_name(const struct stream *s);

void recording_greet(struct participant *p); /* who has joined learns what the others know */
void recording_mark_all(struct hub *hub);    /* the recorder has come or gone */
void recording_on_failed(struct hub *hub, const char *room, uint64_t take); /* it may have ended already */

#endif
