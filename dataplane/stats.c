/* SPDX-License-Identifier: MIT */
/* Snapshots pass from ctl, who makes them, to telemetry's threads, who ask for them. */
#include "dataplane/stats.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/snapshot.h"
#include "dataplane/telemetry.h"

#define WAIT_S 1

struct stats {
    const struct objects *objects;
    uint64_t boot_id;
    int event_fd;
    pthread_mutex_t lock; /* telemetry's threads and ctl; never a worker */
    pthread_cond_t served_cond;
    uint64_t wanted, served;
    bool sessions_wanted;
    struct snapshot snap;
};

static struct stats *instance; /* telemetry callbacks have no argument */

int stats_fd(const struct stats *st)
{
    return st->event_fd;
}

void stats_serve(struct stats *st)
{
    uint64_t count;
    ssize_t n = read(st->event_fd, &count, sizeof(count));
    (void)n;
    pthread_mutex_lock(&st->lock);
    snapshot_take(&st->snap, st->objects, st->sessions_wanted);
    st->sessions_wanted = false;
    st->served = st->wanted;
    pthread_cond_broadcast(&st->served_cond);
    pthread_mutex_unlock(&st->lock);
}

const struct snapshot *stats_lock(bool sessions)
{
    struct stats *st = instance;
    struct timespec end;
    uint64_t one = 1;
    int err = 0;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += WAIT_S;
    pthread_mutex_lock(&st->lock);
    uint64_t mine = ++st->wanted;
    st->sessions_wanted |= sessions;
    ssize_t n = write(st->event_fd, &one, sizeof(one));
    (void)n;
    while (st->served < mine && err == 0)
        err = pthread_cond_timedwait(&st->served_cond, &st->lock, &end);
    if (err == 0)
        return &st->snap;
    pthread_mutex_unlock(&st->lock);
    return NULL;
}

void stats_unlock(void)
{
    pthread_mutex_unlock(&instance->lock);
}

uint64_t stats_boot_id(void)
{
    return instance->boot_id;
}

struct stats *stats_create(const struct objects *objects, uint64_t boot_id)
{
    pthread_condattr_t attr;
    struct stats *st = calloc(1, sizeof(*st));

    if (!st)
        return NULL;
    st->objects = objects;
    st->boot_id = boot_id;
    st->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (st->event_fd < 0) {
        free(st);
        return NULL;
    }
    pthread_mutex_init(&st->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&st->served_cond, &attr);
    pthread_condattr_destroy(&attr);
    instance = st;
    telemetry_register();
    return st;
}
