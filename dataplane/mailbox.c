/* SPDX-License-Identifier: MIT */
/* worker path */
/* Messages between threads: an rte_ring of mbufs per receiver, an eventfd to wake it. */
#include "dataplane/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <rte_errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/util.h"
#include "dataplane/frame.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

#define DRAIN_ROUNDS 8 /* bursts per turn: a flood of mails does not starve the ports */

int mailbox_init(struct mailbox *mb, const char *name, uint32_t size, struct rte_mempool *pool, bool wake, int socket)
{
    *mb = (struct mailbox){.pool = pool, .event_fd = -1};
    mb->ring = rte_ring_create(name, size, socket, RING_F_SC_DEQ);
    if (!mb->ring)
        return -rte_errno;
    if (wake)
        mb->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake && mb->event_fd < 0) {
        int err = -errno;
        mailbox_finish(mb);
        return err;
    }
    return 0;
}

void mailbox_finish(struct mailbox *mb)
{
    struct rte_mbuf *m;

    if (!mb->ring)
        return;
    while (mailbox_receive(mb, &m, 1) > 0)
        rte_pktmbuf_free(m);
    rte_ring_free(mb->ring);
    mb->ring = NULL;
    if (mb->event_fd >= 0)
        close(mb->event_fd);
    mb->event_fd = -1;
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

int mailbox_send(struct mailbox *mb, struct rte_mbuf *m, enum mail mail)
{
    pkt(m)->mail = (uint8_t)mail;
    if (rte_ring_mp_enqueue(mb->ring, m) != 0)
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

bool mailbox_sleep(struct mailbox *mb)
{
    atomic_store_explicit(&mb->sleeping, true, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (rte_ring_empty(mb->ring))
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

static void attach_stream(struct worker *w, struct stream *st, const struct mail_stream *mail, int64_t now_us)
{
    if (mail->arrivals)
        st->session->arrivals = mail->arrivals;
    stream_attach(w, st, now_us);
}

static void on_attach(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    void *object = pkt(m)->object;

    switch ((enum noun)pkt(m)->noun) {
    case NOUN_SESSION:
        session_attach(w, object);
        break;
    case NOUN_STREAM:
        attach_stream(w, object, rte_pktmbuf_mtod(m, const struct mail_stream *), now_us);
        break;
    case NOUN_SUBSCRIPTION:
        subscription_attach(w, object, now_us);
        break;
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

static void on_mail(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    switch ((enum mail)pkt(m)->mail) {
    case MAIL_FRAME:
        frame_send_raw(w, pkt(m)->port_id, m);
        return;
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
    case MAIL_NONE:
    case MAIL_STRAY: /* gathered by mailbox_drain */
    case MAIL_TUPLE: /* to ctl only, as are the rest */
    case MAIL_PUNT:
    case MAIL_DETACHED:
    case MAIL_ADOPTED:
    case MAIL_EVENT:
        break;
    }
    assert(!"mail that no worker takes");
    rte_pktmbuf_free(m);
}

static void input_strays(struct worker *w, struct burst *strays, int64_t now_us)
{
    if (strays->n == 0)
        return;
    w->stats.strays += strays->n;
    worker_input(w, strays, now_us);
    strays->n = 0;
}

/* In order: strays are gathered into bursts, but never past a command. */
static void on_mails(struct worker *w, struct rte_mbuf **mails, uint32_t n, int64_t now_us)
{
    struct burst strays = {.n = 0};

    for (uint32_t i = 0; i < n; i++) {
        if (pkt(mails[i])->mail == MAIL_STRAY) {
            strays.m[strays.n++] = mails[i];
        } else {
            input_strays(w, &strays, now_us);
            on_mail(w, mails[i], now_us);
        }
    }
    input_strays(w, &strays, now_us);
}

uint32_t mailbox_drain(struct worker *w, int64_t now_us)
{
    struct rte_mbuf *mails[PKT_BURST];
    uint32_t total = 0;

    send_unsent(w);
    move_pass(w);
    for (uint32_t round = 0; round < DRAIN_ROUNDS; round++) {
        uint32_t n = mailbox_receive(&w->mailbox, mails, PKT_BURST);
        if (n == 0)
            break;
        meter_enter(&w->meter, STAGE_MAIL);
        on_mails(w, mails, n, now_us);
        total += n;
    }
    return total;
}
