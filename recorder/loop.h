/* SPDX-License-Identifier: MIT */
/* Descriptors that one thread waits for. A watch is part of what owns the descriptor; its callback may free anything,
 * itself too, since one is served at a time. */
#ifndef ROOMLINE_RECORDER_LOOP_H
#define ROOMLINE_RECORDER_LOOP_H

#include <stdint.h>

struct watch {
    int fd;                                             /* -1: none */
    void (*on_ready)(struct watch *w, uint32_t events); /* EPOLL* */
};

struct loop {
    int fd;
};

int loop_init(struct loop *l); /* 0 or -errno */
void loop_finish(struct loop *l);

int loop_add(struct loop *l, struct watch *w, uint32_t events); /* 0 or -errno */
void loop_change(struct loop *l, struct watch *w, uint32_t events);
void loop_close(struct loop *l, struct watch *w); /* takes it out and closes its descriptor; none: nothing */

/* Serves what is ready after waiting for it until until_us (CLOCK_MONOTONIC) at most; returns after each wait that
 * brought nothing, and after a burst of ready ones. */
void loop_turn(struct loop *l, int64_t until_us);

int64_t loop_now_us(void); /* CLOCK_MONOTONIC */

#endif
