/* SPDX-License-Identifier: MIT */
/* loop: epoll, one event at a time. */
#include "recorder/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "common/util.h"

#define BURST 64 /* events served before the caller may look at its clock again */

int loop_init(struct loop *l)
{
    l->fd = epoll_create1(EPOLL_CLOEXEC);
    return l->fd < 0 ? -errno : 0;
}

void loop_finish(struct loop *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

int loop_add(struct loop *l, struct watch *w, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};
    return epoll_ctl(l->fd, EPOLL_CTL_ADD, w->fd, &ev) ? -errno : 0;
}

void loop_change(struct loop *l, struct watch *w, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};
    epoll_ctl(l->fd, EPOLL_CTL_MOD, w->fd, &ev);
}

void loop_close(struct loop *l, struct watch *w)
{
    if (w->fd < 0)
        return;
    epoll_ctl(l->fd, EPOLL_CTL_DEL, w->fd, NULL); /* closing does not where a child has inherited it */
    close(w->fd);
    w->fd = -1;
}

void loop_turn(struct loop *l, int64_t until_us)
{
    int64_t wait_us = MAX(until_us - loop_now_us(), 0);
    int wait_ms = (int)MIN((wait_us + 999) / 1000, 1000);
    struct epoll_event ev;
    for (int i = 0; i < BURST && epoll_wait(l->fd, &ev, 1, i ? 0 : wait_ms) == 1; i++) {
        struct watch *w = ev.data.ptr;
        w->on_ready(w, ev.events);
    }
}

int64_t loop_now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
