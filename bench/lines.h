/* SPDX-License-Identifier: MIT */
/* Synthetic peers on the ends of a wire, from their first check until an engine has their sessions; DTLS stays theirs
 * for good. For servers that are told in offers and answers. One thread, the engine's. */
#ifndef ROOMLINE_BENCH_LINES_H
#define ROOMLINE_BENCH_LINES_H

#include "bench/engine.h"
#include "tests/peer/peer.h"

struct lines;

struct line {
    struct lines *lines;
    struct peer *peer;
    uint32_t end; /* of the wire */
};

/* The wire and the engine are borrowed; the engine's other datagrams come here from now on. The peers offer this
 * profile and no other. NULL: out of memory. */
struct lines *lines_create(struct wire *wire, struct engine *engine, enum srtp_profile profile);
void lines_destroy(struct lines *lines);

/* A peer of its own end, that sends or plays these codecs (PEER_SDP_CODEC). It lives as long as the lines. NULL: out of
 * something. */
struct line *lines_add(struct lines *lines, bool publish, uint32_t codecs);

/* Takes the server's description, and its end is connected: it checks and shakes hands from now on. 0 or -errno; of
 * line_offer the answer's length. */
int line_answer(struct line *line, const char *sdp);
int line_offer(struct line *line, const char *sdp, char *answer, size_t size);

/* Until it is through, then its session is the engine's: a number there, or -errno, said on stderr. */
int line_hand_over(struct line *line);

#endif
