/* SPDX-License-Identifier: MIT */
/* How busy the workers are and which publishers make them so, for the controlplane (struct dp_load). ctl thread. */
#ifndef ROOMLINE_DATAPLANE_LOAD_H
#define ROOMLINE_DATAPLANE_LOAD_H

#include <stdint.h>

#include "common/dp_proto.h"

struct objects;

struct load {
    int64_t since_us; /* what is reported next began then; by both clocks */
    uint64_t since_tsc;
    struct {
        uint64_t busy_cycles, rx_packets, tx_packets;
    } before[DP_WORKERS_MAX];
};

/* tsc: the time stamp counter at now_us. */
void load_start(struct load *l, struct objects *o, int64_t now_us, uint64_t tsc);

/* What happened since load_start or the last call; time has passed. */
void load_report(struct load *l, struct objects *o, int64_t now_us, uint64_t tsc, struct dp_load *report);

#endif
