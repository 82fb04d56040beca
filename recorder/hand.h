/* SPDX-License-Identifier: MIT */
/* A thread that does, one after the other and in order, what it is given: all that may wait for a disk. The giver never
 * waits for it; answers come back as calls on the giver's thread. What a job holds is the thread's from hand_give until
 * its done is called. */
#ifndef ROOMLINE_RECORDER_HAND_H
#define ROOMLINE_RECORDER_HAND_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

struct hand_job { /* part of whatever knows what is to be done; work and done are set by the giver */
    void (*work)(struct hand_job *job); /* on the hand's thread */
    void (*done)(struct hand_job *job); /* on the giver's, from hand_answer; may free the job and give others */
    STAILQ_ENTRY(hand_job) entry;
};

STAILQ_HEAD(hand_jobs, hand_job);

struct hand {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct hand_jobs given, worked; /* under lock */
    bool stop;                      /* under lock */
    int event_fd;                   /* readable when an answer waits; -1: never started */
    size_t n_open;                  /* given and not answered; the giver's */
};

/* name: of the thread, at most 15 bytes. 0 or -errno. */
int hand_init(struct hand *h, const char *name);

void hand_give(struct hand *h, struct hand_job *job);
void hand_answer(struct hand *h); /* calls done of all that has been worked off */

/* Waits until everything given has been done and answered, then ends the thread. */
void hand_finish(struct hand *h);

#endif
