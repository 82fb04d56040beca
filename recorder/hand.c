/* SPDX-License-Identifier: MIT */
/* hand: a queue there, a queue back, an eventfd that says so. */
#include "recorder/hand.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void tell(struct hand *h)
{
    uint64_t one = 1;
    if (write(h->event_fd, &one, sizeof(one)) < 0)
        return; /* the counter is at its limit: readable all the same */
}

static void *run(void *arg)
{
    struct hand *h = arg;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        struct hand_job *job = STAILQ_FIRST(&h->given);
        if (!job && h->stop)
            break;
        if (!job) {
            pthread_cond_wait(&h->wake, &h->lock);
            continue;
        }
        STAILQ_REMOVE_HEAD(&h->given, entry);
        pthread_mutex_unlock(&h->lock);
        job->work(job);
        pthread_mutex_lock(&h->lock);
        bool first = STAILQ_EMPTY(&h->worked);
        STAILQ_INSERT_TAIL(&h->worked, job, entry);
        if (first)
            tell(h);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

int hand_init(struct hand *h, const char *name)
{
    *h = (struct hand){.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (h->event_fd < 0)
        return -errno;
    STAILQ_INIT(&h->given);
    STAILQ_INIT(&h->worked);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->wake, NULL);
    int err = pthread_create(&h->thread, NULL, run, h);
    if (err) {
        close(h->event_fd);
        h->event_fd = -1;
        return -err;
    }
    pthread_setname_np(h->thread, name);
    return 0;
}

void hand_give(struct hand *h, struct hand_job *job)
{
    h->n_open++;
    pthread_mutex_lock(&h->lock);
    STAILQ_INSERT_TAIL(&h->given, job, entry);
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
}

void hand_answer(struct hand *h)
{
    struct hand_jobs worked = STAILQ_HEAD_INITIALIZER(worked);
    struct hand_job *job;
    uint64_t count;
    if (read(h->event_fd, &count, sizeof(count)) < 0)
        return; /* nothing was told */
    pthread_mutex_lock(&h->lock);
    STAILQ_CONCAT(&worked, &h->worked);
    pthread_mutex_unlock(&h->lock);
    while ((job = STAILQ_FIRST(&worked))) {
        STAILQ_REMOVE_HEAD(&worked, entry);
        h->n_open--;
        job->done(job);
    }
}

void hand_finish(struct hand *h)
{
    if (h->event_fd < 0)
        return;
    while (h->n_open) {
        struct pollfd wait = {.fd = h->event_fd, .events = POLLIN};
        poll(&wait, 1, -1);
        hand_answer(h);
    }
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->wake);
    pthread_mutex_destroy(&h->lock);
    close(h->event_fd);
    h->event_fd = -1;
}
