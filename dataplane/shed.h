/* SPDX-License-Identifier: MIT */
/* What a worker that cannot keep up lets go of, before the queues of its ports do without a choice: whole streams,
 * video before audio, and only as many as it must. A stream that is shed costs its look-up, not its decryption, copies
 * and encryption; its publisher hears of the loss in every report and sends less. What stays is whole. Owner worker.
 *
 * A stall of some milliseconds leaves a backlog behind as well, and the queues are there for it: its queue gets
 * shorter, that of an overload longer. Where the port's queue can be seen, streams are shed when it would soon run
 * over; where not, when the backlog lasts. Once something is shed, each window counts in which a queue does not get
 * shorter.
 *
 * Backlog is seen at the ports: each poll of one brought a full burst for a whole window, in which the worker had no
 * time to spare. How much may come back is told by the idle share of a window. */
#ifndef ROOMLINE_DATAPLANE_SHED_H
#define ROOMLINE_DATAPLANE_SHED_H

#include <stdbool.h>
#include <stdint.h>

#define SHED_VIDEO     64 /* ranks of video streams; those of audio follow */
#define SHED_LEVEL_MAX (2 * SHED_VIDEO)
#define SHED_PATIENCE  25 /* windows of backlog before anything is shed where no queue can be seen: 50 ms */

struct stream;
struct worker;

struct shed {
    uint32_t level;  /* streams of a rank below are shed; 0: none */
    uint32_t turns;  /* of this window */
    uint32_t waited; /* windows of backlog in a row */
    uint32_t full;   /* bit: each poll of the port brought a full burst so far */
    int fill; /* of the fullest queue behind such a port when the last window ended, per thousand; -1: not seen */
    int64_t began_us;
    uint64_t began_tsc, began_idle;
};

/* The level of the next window. idle_permille: of the last one. */
uint32_t shed_next(uint32_t level, bool backlog, uint32_t idle_permille);

/* Will a queue run over before it helps to shed, or is it doing so? By how full it was a window ago and is now, per
 * thousand. */
bool shed_overflows(int before, int now);

uint32_t shed_rank(const struct stream *st); /* fixed for its life */

/* A poll of this port brought so many packets. */
void shed_polled(struct worker *w, uint32_t port_id, uint32_t n);
/* The end of a turn. */
void shed_turned(struct worker *w, int64_t now_us);

#endif
