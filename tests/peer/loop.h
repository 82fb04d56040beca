/* SPDX-License-Identifier: MIT */
/* Sockets and deadlines of many clients in one thread: epoll and a heap of due times. */
#ifndef ROOMLINE_TESTS_PEER_LOOP_H
#define ROOMLINE_TESTS_PEER_LOOP_H

#include <stddef.h>
#include <stdint.h>

#define LOOP_NEVER INT64_MAX

struct loop;

/* Part of whatever owns a socket or waits for a time. The owner sets the callbacks and fd (-1: none) and leaves the
 * rest to the loop. A callback may delete any item, its own too. */
struct loop_item {
    int fd;
    void (*on_ready)(struct loop_item *item, uint32_t events, int64_t now_us); /* EPOLL* */
    void (*on_due)(struct loop_item *item, int64_t now_us);                    /* the due time is spent */
    int64_t due_us;
    size_t heap_at; /* 1 + place in the heap; 0: not in it */
};

struct loop *loop_create(void); /* NULL: no memory, no descriptors */
void loop_destroy(struct loop *loop);

int64_t loop_now_us(void); /* CLOCK_MONOTONIC */

/* 0 or -errno. An item without fd needs no add, only loop_set_due. */
int loop_add(struct loop *loop, struct loop_item *item, uint32_t events);
int loop_watch(struct loop *loop, struct loop_item *item, uint32_t events); /* other events for the same fd */
void loop_del(struct loop *loop, struct loop_item *item);                   /* neither closes the fd nor needs an add */

/* 0, or -ENOMEM with the item not due. LOOP_NEVER takes it out. */
int loop_set_due(struct loop *loop, struct loop_item *item, int64_t due_us);

/* Serves what is ready or due, after waiting for it until until_us at most. */
void loop_turn(struct loop *loop, int64_t until_us);

#endif
