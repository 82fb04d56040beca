/* SPDX-License-Identifier: MIT */
/* Between engine.c, which owns and runs, engine_send.c and engine_receive.c. */
#ifndef ROOMLINE_BENCH_ENGINE_PRIVATE_H
#define ROOMLINE_BENCH_ENGINE_PRIVATE_H

#include "bench/engine.h"
#include "bench/leg.h"
#include "bench/pace.h"
#include "dataplane/srtp.h"

#define FLOW_SENT     4096 /* packets whose time of sending is known */
#define CLASSES_MAX   16   /* of flows with the same interval and frame size */
#define RTP_HDR_BYTES 12

struct session {
    uint32_t end;
    uint32_t first_leg, n_legs, first_flow, n_flows;
    struct srtp_ctx *tx, *rx;
    struct ice_agent *agent;
    uint64_t rtcp_index; /* of reports of what we receive */
    uint16_t transport_seq;
};

struct flow {
    uint32_t session;
    enum media_kind kind;
    uint64_t from; /* the first packet that counts */
    uint64_t rtcp_index, rtx_index;
    struct source source;
    int64_t sent_ns[FLOW_SENT]; /* by sequence number */
};

struct engine_leg {
    struct leg leg;
    uint32_t session;
    uint32_t ssrc, rtx_ssrc; /* 0: not known yet; none */
    int64_t rtx_highest;     /* index; -1: none yet */
    uint32_t flow;
    uint8_t pt;
    uint32_t unopened; /* packets since one was verified */
};

/* Flows that are paced alike. A frame that did not fit into a burst goes on with the next one. */
struct flow_class {
    struct pace pace;
    uint32_t interval_us;
    uint16_t frame_packets;
    uint32_t n;
    uint32_t *flows;
    struct flow *open;
};

struct engine {
    struct wire *wire;
    struct srtp_engine *srtp;
    struct session *sessions;
    struct flow **flows;
    struct engine_leg *legs;
    uint32_t n_sessions, n_flows, n_legs;
    uint32_t *by_end; /* of the wire: 1 + session; 0: none */
    struct flow_class classes[CLASSES_MAX];
    uint32_t n_classes;
    struct pace checks, receiver_reports, sender_reports, nacks;
    void (*on_other)(void *arg, const struct wire_datagram *d);
    void *other_arg;
    uint32_t verify_every;
    struct engine_result *result; /* of the run under way */
};

int64_t engine_now_ns(void); /* CLOCK_MONOTONIC */

static inline struct session *engine_session_at(struct engine *e, uint32_t end)
{
    return e->by_end[end] ? &e->sessions[e->by_end[end] - 1] : NULL;
}

/* engine_send.c. Each returns whether there was something to do. */
bool engine_send_flows(struct engine *e, int64_t now_ns);
bool engine_send_chores(struct engine *e, int64_t now_ns); /* checks and reports that are due */
void engine_send_rtcp(struct engine *e, struct session *s, uint64_t index, const uint8_t *packet, size_t len,
                      int64_t now_ns);
void engine_send_rtx(struct engine *e, struct flow *f, uint16_t seq, int64_t now_ns);

/* engine_receive.c: one burst. How much there was. */
uint32_t engine_receive(struct engine *e, int64_t now_ns);

#endif
