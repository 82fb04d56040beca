/* SPDX-License-Identifier: MIT */
/* Janus as Debian packages it: started with a configuration of ours, driven over its Unix socket. VideoRoom with real
 * PeerConnections: whoever owns those brings offers and answers. */
#ifndef ROOMLINE_BENCH_JANUS_H
#define ROOMLINE_BENCH_JANUS_H

#include <stddef.h>
#include <stdint.h>

#include "tests/proc/process.h"

#define JANUS_SDP_BYTES 8192 /* of a description, either way: Janus reads no longer message */

struct janus {
    struct process process;
    int fd;
    uint64_t session;
    unsigned serial;
};

/* One event loop for all media, on the CPU given; dir is an empty folder of the caller's. libraries: a folder with a
 * libsrtp to be used in place of the packaged one; NULL: none. 0 or -errno, said on stderr; waits until it serves. */
int janus_start(struct janus *janus, const char *dir, unsigned cpu, const char *libraries);
void janus_stop(struct janus *janus);

/* All of these: 0 or -EIO, said on stderr. */
int janus_create_room(struct janus *janus, uint64_t room);

/* A sender of audio, video or both. answer has JANUS_SDP_BYTES; feed is its name for those who subscribe, once it is
 * up: await that right after the peer has connected. */
int janus_publish(struct janus *janus, uint64_t room, const char *offer, char *answer, uint64_t *feed);
int janus_await_up(struct janus *janus);

/* A receiver of the whole feed: Janus offers, then is told the answer. */
int janus_subscribe(struct janus *janus, uint64_t room, uint64_t feed, char *offer, uint64_t *handle);
int janus_answer(struct janus *janus, uint64_t handle, const char *answer);

#endif
