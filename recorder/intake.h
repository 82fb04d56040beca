/* SPDX-License-Identifier: MIT */
/* The recorder's end of the tee (common/tap.h, tap_ring.h): connects to the dataplane, maps its rings, empties them
 * when polled and hands on each record. Connects again when the dataplane is not there yet, or is another one. Believes
 * nothing that it did not check: the geometry against the sizes and seals of the memory, each record by tap_read. */
#ifndef ROOMLINE_RECORDER_INTAKE_H
#define ROOMLINE_RECORDER_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/tap_ring.h"
#include "recorder/loop.h"

#define INTAKE_PATH_BYTES 108 /* of a socket address */

struct intake {
    struct loop *loop;
    struct watch link;
    bool up; /* hello came, all is mapped */
    struct tap_hello hello;
    uint8_t *slab, *tails;
    struct tap_reader *readers; /* hello.n_rings */
    uint8_t *buf;
    int64_t attempt_us;
    bool unreachable; /* and logged so */
    char path[INTAKE_PATH_BYTES];
    /* The record is borrowed for the call. */
    void (*on_record)(void *arg, uint32_t ring, const struct tap_record *r);
    void (*on_lost)(void *arg, uint32_t ring, uint64_t records); /* that this ring did not take */
    void *arg;
};

/* 0, or -ENAMETOOLONG or -ENOMEM. Does not connect yet: intake_tick does. The callbacks are then set by the owner. */
int intake_init(struct intake *in, struct loop *loop, const char *run_dir);
void intake_finish(struct intake *in);

void intake_tick(struct intake *in, int64_t now_us); /* connects; call it a few times a second */
void intake_poll(struct intake *in);                 /* empties the rings */

#endif
