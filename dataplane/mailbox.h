/* SPDX-License-Identifier: MIT */
/* Messages between threads: rings of mbufs with many senders and one receiver, and an eventfd that wakes a receiver
 * which sleeps. What ctl tells a worker (and the token of a move) has a ring of its own, taken first, so that no flood
 * of packets from peers holds it up. Order per sender and ring is kept; between the rings there is none, and none is
 * needed: a worker takes a peer's packet as new, and looks up anew whose it is. A full ring is the sender's counted
 * drop; nobody waits. */
#ifndef ROOMLINE_DATAPLANE_MAILBOX_H
#define ROOMLINE_DATAPLANE_MAILBOX_H

#include <rte_ring.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/pkt.h"

struct rte_mempool;
struct worker;

#define MAILBOX_WORKER_MAIL 8192 /* packets in a worker's ring */
#define MAILBOX_COMMANDS    1024 /* what does not fit waits at ctl (post.h) */

struct mailbox {
    struct rte_ring *commands; /* to workers: of ctl, and tokens */
    struct rte_ring *ring;     /* to workers: packets of peers; to ctl: everything */
    struct rte_mempool *pool;  /* commands to this receiver (pkt_mail_pool_create) */
    _Atomic bool sleeping;     /* receiver is about to sleep: senders ring */
    int event_fd;              /* -1: receiver polls */
};

/* size: of the ring, a power of two. wake: with an eventfd. 0 or -errno. */
int mailbox_init(struct mailbox *mb, const char *name, uint32_t size, struct rte_mempool *pool, bool wake, int socket);
void mailbox_finish(struct mailbox *mb); /* frees what was not received */

/* Sends a packet or command; on -ENOBUFS it stays the caller's. */
int mailbox_send(struct mailbox *mb, struct rte_mbuf *m, enum mail mail);

/* A command mbuf to fill in and send; NULL when the pool is empty. */
struct rte_mbuf *mailbox_command(struct mailbox *mb);

uint32_t mailbox_receive(struct mailbox *mb, struct rte_mbuf **m, uint32_t n); /* what is no command to a worker */
uint32_t mailbox_receive_commands(struct mailbox *mb, struct rte_mbuf **m, uint32_t n);

/* Receiver, before it waits on event_fd: true when it may (nothing has come). After it: mailbox_woken. */
bool mailbox_sleep(struct mailbox *mb);
void mailbox_woken(struct mailbox *mb);

/* Worker: handles what has come, commands first. Returns how many mails. */
uint32_t mailbox_drain(struct worker *w, int64_t now_us);

#endif
