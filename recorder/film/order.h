/* SPDX-License-Identifier: MIT */
/* Packets of one RTP stream put back in the order of their indices. What is missing is waited for as long as the window
 * reaches, in time of arrival and in packets; nothing is live here, so it reaches far: a retransmission that took three
 * seconds still finds its place. */
#ifndef ROOMLINE_RECORDER_FILM_ORDER_H
#define ROOMLINE_RECORDER_FILM_ORDER_H

#include "recorder/film/packet.h"

#define ORDER_SLOTS   4096
#define ORDER_WAIT_US INT64_C(3000000)

struct order_slot {
    struct packet packet;
    enum order_state { ORDER_EMPTY, ORDER_WAITS, ORDER_GONE } state; /* GONE: given out; its index stays */
};

struct order {
    struct order_slot slots[ORDER_SLOTS]; /* by index modulo their number */
    struct packet held;                   /* beyond the window: goes in once that has moved on */
    bool is_held, started, lost_one;
    int64_t next;      /* index that is given out next; before the first one: the lowest that came */
    int64_t first;     /* lowest index that waits, if any does */
    int64_t highest;   /* index that was stored */
    int64_t newest_us; /* arrival */
    uint32_t waiting;
    uint64_t lost, duplicate, late;
};

void order_init(struct order *o);

/* May only be called once order_get has nothing more to give. */
void order_put(struct order *o, const struct packet *p);

/* The next packet in order, if it is time for it. ended: nothing will be put any more. */
bool order_get(struct order *o, bool ended, struct packet *p);

#endif
