/* SPDX-License-Identifier: MIT */
/* ctl's mails to the workers, none lost. */
#include "dataplane/post.h"

#include "dataplane/worker.h"

static void push(struct mail_list *list, struct rte_mbuf *m)
{
    m->next = NULL;
    if (list->head)
        list->tail->next = m;
    else
        list->head = m;
    list->tail = m;
}

static struct rte_mbuf *pop(struct mail_list *list)
{
    struct rte_mbuf *m = list->head;
    if (m) {
        list->head = m->next;
        m->next = NULL;
    }
    return m;
}

static void drop_all(struct mail_list *list)
{
    for (struct rte_mbuf *m; (m = pop(list));)
        rte_pktmbuf_free(m);
}

void post_init(struct post *p, struct worker *const *workers, uint32_t n_workers)
{
    *p = (struct post){.workers = workers, .n_workers = n_workers};
}

void post_finish(struct post *p)
{
    for (uint32_t i = 0; i < p->n_workers; i++)
        drop_all(&p->backlog[i]);
    drop_all(&p->held);
}

void post_send(struct post *p, uint32_t worker, struct rte_mbuf *m, enum mail mail)
{
    pkt(m)->mail = (uint8_t)mail;
    if (p->backlog[worker].head || mailbox_send(&p->workers[worker]->mailbox, m, mail) != 0)
        push(&p->backlog[worker], m);
}

void post_hold(struct post *p, struct rte_mbuf *m, enum mail mail)
{
    pkt(m)->mail = (uint8_t)mail;
    push(&p->held, m);
}

void post_release(struct post *p, uint32_t worker)
{
    for (struct rte_mbuf *m; (m = pop(&p->held));)
        post_send(p, worker, m, (enum mail)pkt(m)->mail);
}

bool post_flush(struct post *p)
{
    bool empty = true;

    for (uint32_t i = 0; i < p->n_workers; i++) {
        struct mail_list waiting = p->backlog[i];
        p->backlog[i] = (struct mail_list){0};
        for (struct rte_mbuf *m; (m = pop(&waiting));)
            post_send(p, i, m, (enum mail)pkt(m)->mail);
        empty = empty && !p->backlog[i].head;
    }
    return empty;
}
