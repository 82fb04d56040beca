/* SPDX-License-Identifier: MIT */
/* The servers that are compared. Each is started on RIVAL_CPU, opens its rooms by its own signalling, and leaves flows
 * and legs with an engine. Everything is in the network namespace of this process. */
#ifndef ROOMLINE_BENCH_RIVAL_H
#define ROOMLINE_BENCH_RIVAL_H

#include "bench/engine.h"
#include "tests/proc/process.h"

#define RIVAL_CPU         0
#define RIVAL_AUDIO_BYTES 160 /* packets up to that long are audio */
#define RIVAL_FRAME_US    33333

/* What all of them get: every receiver by AES_CM_128_HMAC_SHA1_80 with its own key. */
struct rival_load {
    uint32_t n_rooms, n_subs; /* a publisher and so many receivers each */
    uint16_t size;            /* RTP packet before its tag, bytes */
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

/* Video comes in pictures of some packets each, sent at once; audio packet by packet. */
uint16_t rival_frame_packets(const struct rival_load *load);

/* Sizes and pace for a flow whose other properties are agreed. */
void rival_shape(const struct rival_load *load, struct source_conf *conf);

#endif
