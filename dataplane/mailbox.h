/* SPDX-License-Identifier: MIT */
/* Messages between threads: a ring of mbufs with many senders and one receiver, and an eventfd that wakes a receiver
 * which sleeps. Order per sender is kept. A full ring is the sender's counted drop; nobody waits. */
#ifndef ROOMLINE_DATAPLANE_MAILBOX_H
#define ROOMLINE_DATAPLANE_MAILBOX_H

#include <rte_ring.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/pkt.h"

struct rte_mempool;
struct worker;

#define MAILBOX_WORKER_MAIL 8192 /* mails in a worker's ring */

struct mailbox {
    struct rte_ring *ring;
    struct rte_mempool *pool; /* commands to this receiver (pkt_mail_pool_create) */
    _Atomic bool sleeping;    /* receiver is about to sleep: senders ring */
    int event_fd;             /* -1: receiver polls */
};

/* size: a power of two. wake: with an eventfd. 0 or -errno. */
int mailbox_init(struct mailbox *mb, const char *name, uint32_t size, struct rte_mempool *pool, bool wake, int socket);
void mailbox_finish(struct mailbox *mb); /* frees what was not received */

/* Sends a packet or command; on -ENOBUFS it stays the caller's. */
int mailbox_send(struct mailbox *mb, struct rte_mbuf *m, enum mail mail);

/* A command mbuf to fill in and send; NULL when the pool is empty. */
struct rte_mbuf *mailbox_command(struct mailbox *mb);

uint32_t mailbox_receive(struct mailbox *mb, struct rte_mbuf **m, uint32_t n);

/* Receiver, before it waits on event_fd: true when it may (nothing has come). After it: mailbox_woken. */
bool mailbox_sleep(struct mailbox *mb);
void mailbox_woken(struct mailbox *mb);

/* Worker: handles what has come. Returns how many mails. */
uint32_t mailbox_drain(struct worker *w, int64_t now_us);

#endif
