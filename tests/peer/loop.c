/* SPDX-License-Identifier: MIT */
/* epoll and a binary heap of deadlines. */
#include "tests/peer/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "common/util.h"

#define EVENTS_MAX 256

struct loop {
    int epoll_fd;
    struct epoll_event events[EVENTS_MAX]; /* of the turn being served; an item that is deleted is taken out */
    int n_events;
    struct loop_item **heap;
    size_t n_heap, heap_size;
};

struct loop *loop_create(void)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return NULL;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        free(loop);
        return NULL;
    }
    return loop;
}

void loop_destroy(struct loop *loop)
{
    if (!loop)
        return;
    close(loop->epoll_fd);
    free(loop->heap);
    free(loop);
}

int64_t loop_now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int control(struct loop *loop, int op, struct loop_item *item, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = item};
    return epoll_ctl(loop->epoll_fd, op, item->fd, &event) ? -errno : 0;
}

int loop_add(struct loop *loop, struct loop_item *item, uint32_t events)
{
    return control(loop, EPOLL_CTL_ADD, item, events);
}

int loop_watch(struct loop *loop, struct loop_item *item, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, item, events);
}

static void put(struct loop *loop, size_t at, struct loop_item *item)
{
    loop->heap[at] = item;
    item->heap_at = at + 1;
}

static void sift_up(struct loop *loop, size_t at, struct loop_item *item)
{
    for (; at && loop->heap[(at - 1) / 2]->due_us > item->due_us; at = (at - 1) / 2)
        put(loop, at, loop->heap[(at - 1) / 2]);
    put(loop, at, item);
}

static void sift_down(struct loop *loop, size_t at, struct loop_item *item)
{
    for (size_t child; (child = 2 * at + 1) < loop->n_heap; at = child) {
        if (child + 1 < loop->n_heap && loop->heap[child + 1]->due_us < loop->heap[child]->due_us)
            child++;
        if (loop->heap[child]->due_us >= item->due_us)
            break;
        put(loop, at, loop->heap[child]);
    }
    put(loop, at, item);
}

static void take_out(struct loop *loop, struct loop_item *item)
{
    if (!item->heap_at)
        return;
    size_t at = item->heap_at - 1;
    struct loop_item *last = loop->heap[--loop->n_heap];
    item->heap_at = 0;
    if (last == item)
        return;
    if (at && loop->heap[(at - 1) / 2]->due_us > last->due_us)
        sift_up(loop, at, last);
    else
        sift_down(loop, at, last);
}

int loop_set_due(struct loop *loop, struct loop_item *item, int64_t due_us)
{
    take_out(loop, item);
    item->due_us = due_us;
    if (due_us == LOOP_NEVER)
        return 0;
    if (loop->n_heap == loop->heap_size) {
        size_t size = MAX(64, 2 * loop->heap_size);
        struct loop_item **heap = realloc(loop->heap, size * sizeof(struct loop_item *));
        if (!heap)
            return -ENOMEM;
        loop->heap = heap;
        loop->heap_size = size;
    }
    sift_up(loop, loop->n_heap++, item);
    return 0;
}

void loop_del(struct loop *loop, struct loop_item *item)
{
    take_out(loop, item);
    if (item->fd >= 0)
        control(loop, EPOLL_CTL_DEL, item, 0);
    for (int i = 0; i < loop->n_events; i++)
        if (loop->events[i].data.ptr == item)
            loop->events[i].data.ptr = NULL;
}

static void serve_due(struct loop *loop, int64_t now_us)
{
    for (size_t left = loop->n_heap; left && loop->n_heap && loop->heap[0]->due_us <= now_us; left--) {
        struct loop_item *item = loop->heap[0];
        take_out(loop, item);
        item->due_us = LOOP_NEVER;
        item->on_due(item, now_us);
    }
}

void loop_turn(struct loop *loop, int64_t until_us)
{
    int64_t now_us = loop_now_us();
    if (loop->n_heap)
        until_us = MIN(until_us, loop->heap[0]->due_us);
    int64_t wait_us = MAX(0, until_us - now_us);
    struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
    loop->n_events = MAX(0, epoll_pwait2(loop->epoll_fd, loop->events, EVENTS_MAX, &wait, NULL));
    now_us = loop_now_us();
    for (int i = 0; i < loop->n_events; i++) {
        struct loop_item *item = loop->events[i].data.ptr;
        if (item)
            item->on_ready(item, loop->events[i].events, now_us);
    }
    loop->n_events = 0;
    serve_due(loop, now_us);
}
