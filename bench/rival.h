/* SPDX-License-Identifier: MIT */
/* The servers that are compared. Each is started on RIVAL_CPU, opens its rooms by its own signalling, and leaves flows
 * and legs with an engine. Everything is in the network namespace of this process. */
#ifndef ROOMLINE_BENCH_RIVAL_H
#define ROOMLINE_BENCH_RIVAL_H

#include "bench/engine.h"
#include "common/media.h"
#include "tests/proc/process.h"

#define RIVAL_CPU         0
#define RIVAL_INTERVAL_US 20000 /* between frames of a flow, where no rate is given */

/* What all of them get: rooms in which the first some publish and everybody plays all the others. Every receiver gets
 * AES_CM_128_HMAC_SHA1_80 with a key of its own. */
struct rival_load {
    uint32_t n_rooms, n_people, n_publishers; /* people and publishers of a room */
    uint16_t bytes[MEDIA_KINDS];              /* RTP packet before its tag; 0: none of this kind */
    uint16_t frame_packets[MEDIA_KINDS];      /* sent at once */
};

/* A server that is up, with its rooms. */
struct rival_stand {
    char dir[64]; /* empty, for its files */
    struct process *server;
    struct wire *wire;
    struct engine *engine;
    void (*on_turn)(void *arg); /* for the engine's runs; NULL: none */
    void *own;                  /* the rival's, and the argument of on_turn */
};

struct rival {
    const char *name;
    bool fragile; /* an overload leaves it damaged */
    /* 0 or -errno, said on stderr; then nothing is left of it. */
    int (*open)(const struct rival *rival, struct rival_stand *stand, const struct rival_load *load);
    void (*close)(struct rival_stand *stand);
    const void *variant; /* the rival's own */
};

extern const struct rival rival_roomline, rival_roomline_sockets, rival_janus, rival_rtpengine;

/* Janus with the libsrtp of that folder, which must outlive it. */
struct rival rival_janus_with(const char *name, const char *libraries);

/* ---- For rivals ---- */

/* An engine over a wire of kernel sockets. 0 or -errno. */
int rival_open_wire(struct rival_stand *stand, const struct rival_load *load);
void rival_close_wire(struct rival_stand *stand);

uint32_t rival_sessions(const struct rival_load *load);
uint32_t rival_codecs(const struct rival_load *load); /* that a publisher sends, PEER_SDP_CODEC of each */

/* Sizes and pace for a flow whose other properties are agreed. */
void rival_shape(const struct rival_load *load, enum media_kind kind, struct source_conf *conf);

#endif
