/* SPDX-License-Identifier: MIT */
/* The fast half of the load generator: plays publishers and subscribers whose sessions somebody else has set up.
 * Publishers' packets are codec-shaped (tests/peer/source.h) and paced; subscribers count every packet by its sequence
 * number, time it, and open and verify one in so many. What sessions need to stay alive is done on the side:
 * connectivity checks, reports, key frames and retransmissions when they are asked for. Knows no signalling.
 *
 * One thread; the engine spins while it runs. Numbers of sessions, flows and legs count from 0 in order of adding. */
#ifndef ROOMLINE_BENCH_ENGINE_H
#define ROOMLINE_BENCH_ENGINE_H

#include "bench/wire.h"
#include "common/hist.h"
#include "common/media.h"
#include "tests/peer/ice_agent.h"
#include "tests/peer/source.h"

struct engine;
struct process;

struct engine_session { /* one peer connection that is through: checked, keys agreed, nothing sent yet */
    uint32_t end;       /* of the wire, connected */
    enum srtp_profile profile;
    const uint8_t *tx_key, *tx_salt, *rx_key, *rx_salt; /* from our point of view; copied */
    struct ice_agent *agent; /* checks, and answers to checks, are by it from now on; borrowed. NULL: none */
};

struct engine_run {
    double rate_pps; /* of all of them, each as many; 0: each flow by its own interval and frame size */
    uint32_t flows;  /* only the first so many take part; 0: all */
    int64_t warm_us, time_us, drain_us; /* before it counts; while it counts; to wait for the last packets */
    bool nack;                          /* legs with RTX ask for what is missing */
    uint32_t verify_every;              /* 1: every packet is opened */
    const struct process *server;       /* whose CPU time counts; NULL: nobody's */
    void (*on_turn)(void *arg);         /* some 100 times a second, NULL: never */
    void *arg;
};

struct engine_kind { /* of media */
    uint64_t expected, lost;
    struct hist latency;
};

struct engine_result {
    double seconds;
    uint64_t sent;     /* packets of flows */
    uint64_t expected; /* at all their legs */
    uint64_t delivered, lost, duplicated, reordered;
    uint64_t repaired;   /* of those delivered: by RTX */
    uint64_t worst_lost; /* of one leg */
    uint64_t verified;   /* opened and right, byte for byte */
    uint64_t corrupt;    /* opened and not what was sent, or not authentic */
    uint64_t unknown;    /* RTP that belongs to no leg */
    uint64_t key_requests, nacked;
    struct engine_kind kinds[MEDIA_KINDS];
    struct hist latency, jitter; /* of packets; jitter: the change of latency from one to the next */
    int64_t late_ns;             /* the most that we were behind our own schedule */
    double busy;                 /* share of the time that we had something to do: near 1 we are the limit */
    int64_t server_cpu_us;       /* -1: not known */
};

/* The wire is borrowed. Others see the datagrams that are neither RTP, RTCP nor STUN. NULL: out of memory. The SRTP
 * backend must be there (srtp_global_init). */
struct engine *engine_create(struct wire *wire);
void engine_destroy(struct engine *engine);
void engine_on_other(struct engine *engine, void (*on_other)(void *arg, const struct wire_datagram *d), void *arg);

/* Each returns a number, or -ENOMEM. */
int engine_add_session(struct engine *engine, const struct engine_session *session);

/* conf.transport_seq is ours to set. The flow begins with conf.first_seq and a ROC of 0. */
int engine_add_flow(struct engine *engine, uint32_t session, const struct source_conf *conf);

/* ssrc 0: of the first packet with this payload type. All legs of a session are added in a row. */
int engine_add_leg(struct engine *engine, uint32_t session, uint32_t flow, uint32_t ssrc, uint8_t pt);

/* What is missing may be asked for, and comes as RTX (RFC 4588) on this SSRC. */
void engine_set_rtx(struct engine *engine, uint32_t leg, uint32_t rtx_ssrc);

/* 0 or -ENOMEM. Again and again: numbers go on where they were. */
int engine_run(struct engine *engine, const struct engine_run *run, struct engine_result *result);

/* Lets time pass in which nothing is sent but what keeps sessions alive. 0 or -ENOMEM. */
int engine_idle(struct engine *engine, int64_t time_us);

/* payload_bytes for RTP packets of so many bytes with the header extensions of conf. */
uint16_t engine_payload_bytes(const struct source_conf *conf, uint16_t packet_bytes);

#endif
