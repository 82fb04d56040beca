/* SPDX-License-Identifier: MIT */
/* worker path */
/* Messages between threads: rings of mbufs per receiver, an eventfd to wake it. */
#include "dataplane/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <rte_errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/util.h"
#include "dataplane/frame.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

#define DRAIN_ROUNDS 8 /* bursts per turn: a flood of mails does not starve the ports */

int mailbox_init(struct mailbox *mb, const char *name, uint32_t size, struct rte_mempool *pool, bool wake, int socket)
{
    char commands[RTE_RING_NAMESIZE];
    int err;

    *mb = (struct mailbox){.pool = pool, .event_fd = -1};
    snprintf(commands, sizeof(commands), "%s.commands", name);
    mb->commands = rte_ring_create(commands, MAILBOX_COMMANDS, socket, RING_F_SC_DEQ);
    mb->ring = mb->commands ? rte_ring_create(name, size, socket, RING_F_SC_DEQ) : NULL;
    err = mb->ring ? 0 : -rte_errno;
    if (!err && wake) {
        mb->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        err = mb->event_fd < 0 ? -errno : 0;
    }
    if (err)
        mailbox_finish(mb);
    return err;
}

static void empty(struct rte_ring *ring)
{
    struct rte_mbuf *m;

    while (ring && rte_ring_sc_dequeue(ring, (void **)&m) == 0)
        rte_pktmbuf_free(m);
    rte_ring_free(ring);
}

void mailbox_finish(struct mailbox *mb)
{
    empty(mb->commands);
    empty(mb->ring);
    if (mb->ring && mb->event_fd >= 0)
        close(mb->event_fd);
    *mb = (struct mailbox){.event_fd = -1};
}

/* The fence orders our enqueue before the look at sleeping; the receiver's orders its store of sleeping before its look
 * at the ring. So one of both sees the other (Dekker), and no wake-up is lost. */
static void wake(struct mailbox *mb)
{
    if (mb->event_fd < 0)
        return;
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&mb->sleeping, memory_order_relaxed))
        return;
    uint64_t one = 1;
    ssize_t written = write(mb->event_fd, &one, sizeof(one)); /* fails only when the counter is up already */
    (void)written;
}

static struct rte_ring *ring_of(const struct mailbox *mb, enum mail mail)
{
    switch (mail) {
    case MAIL_STUN:
    case MAIL_DTLS:
    case MAIL_ATTACH:
    case MAIL_KEYS:
    case MAIL_DETACH:
    case MAIL_RELEASE:
    case MAIL_ADOPT:
    case MAIL_KEYFRAME:
    case MAIL_TAP:
    case MAIL_UNTAP:
        return mb->commands;
    case MAIL_STRAY:
    case MAIL_FRAME:
    case MAIL_TUPLE: /* to ctl */
    case MAIL_PUNT:
    case MAIL_OUTGROWN:
    case MAIL_DETACHED: /* behind the mails about the object */
    case MAIL_ADOPTED:
    case MAIL_EVENT:
    case MAIL_NONE:
        break;
    }
    return mb->ring;
}

int mailbox_send(struct mailbox *mb, struct rte_mbuf *m, enum mail mail)
{
    pkt(m)->mail = (uint8_t)mail;
    if (rte_ring_mp_enqueue(ring_of(mb, mail), m) != 0)
        return -ENOBUFS;
    wake(mb);
    return 0;
}

struct rte_mbuf *mailbox_command(struct mailbox *mb)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(mb->pool);
    if (m)
        *pkt(m) = (struct pkt){0};
    return m;
}

uint32_t mailbox_receive(struct mailbox *mb, struct rte_mbuf **m, uint32_t n)
{
    return rte_ring_sc_dequeue_burst(mb->ring, (void **)m, n, NULL);
}

uint32_t mailbox_receive_commands(struct mailbox *mb, struct rte_mbuf **m, uint32_t n)
{
    return rte_ring_sc_dequeue_burst(mb->commands, (void **)m, n, NULL);
}

bool mailbox_sleep(struct mailbox *mb)
{
    atomic_store_explicit(&mb->sleeping, true, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (rte_ring_empty(mb->commands) && rte_ring_empty(mb->ring))
        return true;
    atomic_store_explicit(&mb->sleeping, false, memory_order_relaxed);
    return false;
}

void mailbox_woken(struct mailbox *mb)
{
    uint64_t count;

    atomic_store_explicit(&mb->sleeping, false, memory_order_relaxed);
    ssize_t n = read(mb->event_fd, &count, sizeof(count)); /* EAGAIN: something else woke us */
    (void)n;
}

/* ---- A worker's mails ---- */

void worker_answer(struct worker *w, struct rte_mbuf *m, enum mail mail)
{
    pkt(m)->mail = (uint8_t)mail;
    if (!w->unsent_head && mailbox_send(w->ctl_mailbox, m, mail) == 0)
        return;
    m->next = NULL;
    if (w->unsent_head)
        w->unsent_tail->next = m;
    else
        w->unsent_head = m;
    w->unsent_tail = m;
}

static void send_unsent(struct worker *w)
{
    while (w->unsent_head) {
        struct rte_mbuf *m = w->unsent_head;
        struct rte_mbuf *next = m->next;
        m->next = NULL;
        if (mailbox_send(w->ctl_mailbox, m, pkt(m)->mail) != 0) {
            m->next = next;
            return;
        }
        w->unsent_head = next;
    }
}

static void attach_stream(struct worker *w, struct stream *st, const struct mail_attach *mail, int64_t now_us)
{
    if (mail->arrivals)
        st->session->arrivals = mail->arrivals;
    stream_attach(w, st, now_us);
}

/* A fan that has become too small goes back to ctl. */
static void attach_subscription(struct worker *w, struct subscription *sub, struct rte_mbuf *m, int64_t now_us)
{
    struct fan *fan = rte_pktmbuf_mtod(m, const struct mail_attach *)->fan, *old = sub->stream->fan;

    if (fan && old)
        fan_take(fan, old);
    if (fan)
        sub->stream->fan = fan;
    subscription_attach(w, sub, now_us);
    pkt(m)->object = old;
    if (fan && old)
        worker_answer(w, m, MAIL_OUTGROWN);
    else
        rte_pktmbuf_free(m);
}

static void on_attach(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    void *object = pkt(m)->object;

    switch ((enum noun)pkt(m)->noun) {
    case NOUN_SESSION:
        session_attach(w, object);
        break;
    case NOUN_STREAM:
        attach_stream(w, object, rte_pktmbuf_mtod(m, const struct mail_attach *), now_us);
        break;
    case NOUN_SUBSCRIPTION:
        attach_subscription(w, object, m, now_us);
        return;
    }
    rte_pktmbuf_free(m);
}

static void on_detach(struct worker *w, struct rte_mbuf *m)
{
    void *object = pkt(m)->object;

    switch ((enum noun)pkt(m)->noun) {
    case NOUN_SESSION:
        session_detach(w, object);
        break;
    case NOUN_STREAM:
        stream_detach(w, object);
        break;
    case NOUN_SUBSCRIPTION:
        subscription_detach(w, object);
        break;
    }
    worker_answer(w, m, MAIL_DETACHED);
}

static void on_command(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    switch ((enum mail)pkt(m)->mail) {
    case MAIL_STUN:
        ice_on_entered(w, m, now_us);
        return;
    case MAIL_DTLS:
        punt_answer(w, m);
        return;
    case MAIL_ATTACH:
        on_attach(w, m, now_us);
        return;
    case MAIL_KEYS:
        session_keys(w, m, now_us);
        return;
    case MAIL_DETACH:
        on_detach(w, m);
        return;
    case MAIL_RELEASE:
        move_release(w, m);
        return;
    case MAIL_ADOPT:
        move_adopt(w, m);
        return;
    case MAIL_KEYFRAME:
        stream_want_keyframe(w, pkt(m)->object, now_us);
        rte_pktmbuf_free(m);
        return;
    case MAIL_TAP:
        tap_attach(w, pkt(m)->object, now_us);
        rte_pktmbuf_free(m);
        return;
    case MAIL_UNTAP:
        tap_detach(w, pkt(m)->object);
        rte_pktmbuf_free(m);
        return;
    case MAIL_NONE:
    case MAIL_STRAY: /* on_packets takes these two */
    case MAIL_FRAME:
    case MAIL_TUPLE: /* to ctl only, as are the rest */
    case MAIL_PUNT:
    case MAIL_DETACHED:
    case MAIL_ADOPTED:
    case MAIL_OUTGROWN:
    case MAIL_EVENT:
        break;
    }
    assert(!"mail that is no command");
    rte_pktmbuf_free(m);
}

static void on_commands(struct worker *w, struct rte_mbuf **commands, uint32_t n, int64_t now_us)
{
    for (uint32_t i = 0; i < n; i++)
        on_command(w, commands[i], now_us);
}

static void on_packets(struct worker *w, struct rte_mbuf **packets, uint32_t n, int64_t now_us)
{
    struct burst strays = {.n = 0};

    for (uint32_t i = 0; i < n; i++) {
        if (pkt(packets[i])->mail == MAIL_STRAY)
            strays.m[strays.n++] = packets[i];
        else
            frame_send_raw(w, pkt(packets[i])->port_id, packets[i]);
    }
    w->stats.strays += strays.n;
    if (strays.n > 0)
        worker_input(w, &strays, now_us);
}

typedef uint32_t receive_fn(struct mailbox *mb, struct rte_mbuf **m, uint32_t n);
typedef void handle_fn(struct worker *w, struct rte_mbuf **m, uint32_t n, int64_t now_us);

static uint32_t take(struct worker *w, receive_fn *receive, handle_fn *handle, int64_t now_us)
{
    struct rte_mbuf *mails[PKT_BURST];
    uint32_t total = 0;

    for (uint32_t round = 0; round < DRAIN_ROUNDS; round++) {
        uint32_t n = receive(&w->mailbox, mails, PKT_BURST);
        if (n == 0)
            break;
        meter_enter(&w->meter, STAGE_MAIL);
        handle(w, mails, n, now_us);
        total += n;
    }
    return total;
}

uint32_t mailbox_drain(struct worker *w, int64_t now_us)
{
    send_unsent(w);
    move_pass(w);
    uint32_t commands = take(w, mailbox_receive_commands, on_commands, now_us);
    return commands + take(w, mailbox_receive, on_packets, now_us);
}
