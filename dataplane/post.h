/* SPDX-License-Identifier: MIT */
/* ctl's mails to the workers, none lost: what a full mailbox does not take waits here, in order; what is for a group of
 * sessions that moves waits until the group has arrived. ctl thread only. */
#ifndef ROOMLINE_DATAPLANE_POST_H
#define ROOMLINE_DATAPLANE_POST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dp_proto.h"
#include "dataplane/pkt.h"

struct worker;

struct mail_list { /* linked by mbuf.next */
    struct rte_mbuf *head, *tail;
};

struct post {
    struct worker *const *workers;
    uint32_t n_workers;
    struct mail_list backlog[DP_WORKERS_MAX];
    struct mail_list held; /* for the group that moves */
};

void post_init(struct post *p, struct worker *const *workers, uint32_t n_workers);
void post_finish(struct post *p); /* frees what waits */

void post_send(struct post *p, uint32_t worker, struct rte_mbuf *m, enum mail mail);
void post_hold(struct post *p, struct rte_mbuf *m, enum mail mail);
void post_release(struct post *p, uint32_t worker); /* what is held goes there */

/* Tries the backlog again. true: it is empty. */
bool post_flush(struct post *p);

#endif
