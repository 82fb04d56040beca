/* SPDX-License-Identifier: MIT */
/* Rooms full of people for a load: real WebSockets, offers, connectivity checks and handshakes with the relay as it is
 * built, their datagrams by a wire; then everything that makes media goes to an engine. In each room the first some
 * publish, and everybody plays all the others. Fails as tests do (tests/proc/world.h): with a message, at once. */
#ifndef ROOMLINE_BENCH_PEOPLE_H
#define ROOMLINE_BENCH_PEOPLE_H

#include "bench/engine.h"
#include "tests/proc/world.h"

struct people;

struct people_conf {
    struct world *world; /* started */
    struct wire *wire;   /* with room for people_sessions */
    enum srtp_profile profile;
    uint32_t rooms, people, publishers; /* people and publishers of a room */
    uint32_t codecs;                    /* that publishers send, PEER_SDP_CODEC of each */
    uint32_t pending_max;               /* sessions on their way at a time */
};

uint32_t people_sessions(const struct people_conf *conf);

/* What a flow of a kind is to look like: sizes and pace; the rest is as agreed. */
struct people_shape {
    uint16_t packet_bytes; /* RTP, before the tag */
    uint16_t frame_packets;
    uint32_t interval_us;
};

/* Everybody joins, publishes and plays; waits until each session has its keys. */
struct people *people_create(const struct people_conf *conf);
void people_destroy(struct people *people);

/* All sessions, flows and legs go to the engine, which is empty; shapes by enum media_kind. The caller runs it with
 * people_turn as its on_turn. */
void people_hand_over(struct people *people, struct engine *engine, const struct people_shape *shapes);

/* Serves WebSockets and DTLS. */
void people_turn(void *people);

/* Sessions that have their keys, and when the first and the last of them came to it. */
uint32_t people_connected(const struct people *people);

#endif
