/* SPDX-License-Identifier: MIT */
/* Groups: linked by ctl, given away and taken by workers. */
#include "dataplane/groups.h"

#include <assert.h>
#include <errno.h>

#include "dataplane/objects.h"

/* Puts a session at the end of the group, unless it is in it. */
static struct session *join_group(struct session *tail, struct session_object *so)
{
    if (so->moving)
        return tail;
    so->moving = true;
    so->session.move_next = NULL;
    tail->move_next = &so->session;
    return &so->session;
}

/* Everything that a publisher's streams, or the streams of those who play them, reach: it has one owner. */
static void link_group(struct session_object *head)
{
    struct session *tail = &head->session;

    head->moving = true;
    head->session.move_next = NULL;
    for (struct session *s = tail; s; s = s->move_next) {
        struct stream_object *st;
        struct subscription_object *sub;
        LIST_FOREACH (st, &objects_of(s)->streams, of_session)
            LIST_FOREACH (sub, &st->subs, of_stream)
                tail = join_group(tail, sub->session);
        LIST_FOREACH (sub, &objects_of(s)->subs, of_session)
            tail = join_group(tail, objects_of(sub->sub.stream->session));
    }
}

int groups_move(struct objects *o, struct session_object *so, uint32_t worker, uint64_t move_id)
{
    if (o->moving)
        return -EAGAIN;
    if (so->worker == worker)
        return 0;
    struct rte_mbuf *m = objects_command(o, &so->session);
    pkt(m)->worker = (uint16_t)worker;
    link_group(so); /* before the owner hears of it: it walks the group */
    o->moving = &so->session;
    o->move_id = move_id;
    post_send(&o->post, so->worker, m, MAIL_RELEASE); /* not held, though the session moves now */
    return -EINPROGRESS;
}

int groups_bring_together(struct objects *o, struct session_object *so, const struct stream_object *st)
{
    if (so->moving || st->session->moving)
        return -EAGAIN;
    if (so->worker == st->session->worker)
        return 0;
    if (!LIST_EMPTY(&so->streams) || !LIST_EMPTY(&so->subs))
        return -EXDEV;
    groups_move(o, so, st->session->worker, 0);
    return -EAGAIN;
}

void groups_arrived(struct objects *o, uint32_t worker)
{
    for (struct session *s = o->moving; s; s = s->move_next) {
        objects_of(s)->worker = worker;
        objects_of(s)->moving = false;
    }
    o->moving = NULL;
    post_release(&o->post, worker);
}
