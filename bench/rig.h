/* SPDX-License-Identifier: MIT */
/* A relay under load: its daemons on CPU 0, the generator on CPU 1, the wire between them, people in rooms, an engine
 * that has taken their media over. One at a time. Fails as tests do: with a message, at once. */
#ifndef ROOMLINE_BENCH_RIG_H
#define ROOMLINE_BENCH_RIG_H

#include "bench/impair.h"
#include "bench/people.h"

/* id, name on the command line */
#define RIG_OVER_LIST(X)  \
    X(MEMIF, "memif")     \
    X(SOCKETS, "sockets") \
    X(XDP, "xdp")

enum rig_over {
#define X(id, name) RIG_OVER_##id,
    RIG_OVER_LIST(X)
#undef X
        RIG_OVER_COUNT
};

struct rig_conf {
    enum rig_over over;
    enum srtp_profile profile;
    uint32_t rooms, people, publishers;
    uint32_t codecs;
    struct people_shape shapes[MEDIA_KINDS];
    bool controlplane_alone;          /* on CPU 0; the worker then shares the generator's */
    const struct impair_conf *impair; /* of the wire; NULL: perfect. Borrowed for rig_open */
    bool modest;                      /* no priority over others: what is late may be lost */
    const char *setting;              /* one more of the daemons; NULL: none */
};

struct rig {
    struct rig_conf conf;
    struct world *world;
    struct wire *wire;
    struct people *people;
    struct engine *engine;
    int64_t gather_us;       /* that all sessions took to come through */
    int64_t controlplane_us; /* of its CPU, for that */
};

/* Once in a process, first of all: namespace, crypto. false: not permitted here, and a line says so. */
bool rig_enter(const char *program);

void rig_open(struct rig *rig, const struct rig_conf *conf);
void rig_close(struct rig *rig);

/* How many packets a second this wire carries one way, with nothing done to them. 0: not known. See blast.h. */
double rig_bare_pps(enum rig_over over, uint16_t bytes);

#endif
