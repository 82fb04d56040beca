/* SPDX-License-Identifier: MIT */
/* Sessions, streams, subscriptions: find, link, delete, free. */
#include "dataplane/objects.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/arrivals.h"
#include "dataplane/worker.h"

#define OLD_SCAN_US 1000000

void objects_init(struct objects *o, const struct dataplane_conf *conf, struct tables *tables,
                  struct worker *const *workers, struct mailbox *mailbox, struct rte_mempool *dtls_pool,
                  uint64_t random, const struct objects_ops *ops, void *arg)
{
    *o = (struct objects){.conf = conf,
                          .tables = tables,
                          .mailbox = mailbox,
                          .dtls_pool = dtls_pool,
                          .random = random,
                          .ops = ops,
                          .arg = arg};
    assert(random != 0);
    post_init(&o->post, workers, conf->n_workers);
    TAILQ_INIT(&o->due);
    STAILQ_INIT(&o->graves);
}

uint32_t objects_random(struct objects *o)
{
    o->random ^= o->random << 13; /* xorshift64, as worker_random */
    o->random ^= o->random >> 7;
    o->random ^= o->random << 17;
    return (uint32_t)(o->random >> 32);
}

struct session_object *objects_session(struct objects *o, uint64_t id)
{
    struct session_object *so;
    HASH_FIND(hh, o->sessions, &id, sizeof(id), so);
    return so;
}

struct stream_object *objects_stream(struct objects *o, uint64_t id)
{
    struct stream_object *st;
    HASH_FIND(hh, o->streams, &id, sizeof(id), st);
    return st;
}

struct subscription_object *objects_subscription(struct objects *o, uint64_t id)
{
    struct subscription_object *sub;
    HASH_FIND(hh, o->subscriptions, &id, sizeof(id), sub);
    return sub;
}

/* ---- Mails ---- */

bool objects_provide(struct objects *o)
{
    if (!o->spare)
        o->spare = mailbox_command(&o->post.workers[0]->mailbox);
    return o->spare && post_flush(&o->post);
}

struct rte_mbuf *objects_command(struct objects *o, struct session *s)
{
    struct rte_mbuf *m = o->spare;
    assert(m);
    o->spare = NULL;
    pkt(m)->session = s;
    return m;
}

void objects_send(struct objects *o, const struct session_object *so, struct rte_mbuf *m, enum mail mail)
{
    if (so->moving)
        post_hold(&o->post, m, mail);
    else
        post_send(&o->post, so->worker, m, mail);
}

static void detach(struct objects *o, struct session_object *so, enum noun noun, void *object)
{
    struct rte_mbuf *m = objects_command(o, &so->session);
    pkt(m)->object = object;
    pkt(m)->noun = (uint8_t)noun;
    objects_send(o, so, m, MAIL_DETACH);
}

/* ---- Deletion: unlinked from everything that lives on, then handed to the worker ---- */

static void unlink_subscription(struct objects *o, struct subscription_object *sub)
{
    LIST_REMOVE(sub, of_session);
    HASH_DEL(o->subscriptions, sub);
}

static void unplay(struct subscription_object *sub)
{
    LIST_REMOVE(sub, of_stream);
    CONTAINER_OF(sub->sub.stream, struct stream_object, stream)->n_subs--;
}

static void unlink_stream(struct objects *o, struct stream_object *st)
{
    struct subscription_object *sub;

    HASH_DEL(o->streams, st);
    LIST_FOREACH (sub, &st->subs, of_stream) /* they stay with the stream, to be freed with it */
        unlink_subscription(o, sub);
}

void objects_doom_subscription(struct objects *o, struct subscription_object *sub)
{
    unlink_subscription(o, sub);
    unplay(sub);
    detach(o, sub->session, NOUN_SUBSCRIPTION, &sub->sub);
}

void objects_doom_stream(struct objects *o, struct stream_object *st)
{
    unlink_stream(o, st);
    LIST_REMOVE(st, of_session);
    st->session->n_streams--;
    st->session->lost_stream = true;
    detach(o, st->session, NOUN_STREAM, &st->stream);
}

static void unlink_session(struct objects *o, struct session_object *so)
{
    struct stream_object *st;
    struct subscription_object *sub;

    LIST_FOREACH (st, &so->streams, of_session)
        unlink_stream(o, st);
    LIST_FOREACH (sub, &so->subs, of_session) {
        HASH_DEL(o->subscriptions, sub);
        unplay(sub);
    }
    HASH_DEL(o->sessions, so);
    tables_del_ufrag(o->tables, so->put.local_ufrag);
    for (uint32_t i = 0; i < SESSION_TUPLES_MAX; i++)
        if (so->tuples[i].used)
            tables_del_tuple(o->tables, &so->tuples[i].key, &so->session);
    if (so->event_due)
        TAILQ_REMOVE(&o->due, so, due);
    so->event_due = false;
}

void objects_doom_session(struct objects *o, struct session_object *so)
{
    unlink_session(o, so);
    so->doomed = true;
    detach(o, so, NOUN_SESSION, &so->session);
}

static void free_stream(struct stream_object *st)
{
    for (struct subscription_object *sub; (sub = LIST_FIRST(&st->subs));) {
        LIST_REMOVE(sub, of_stream);
        free(sub);
    }
    history_finish(&st->stream.history);
    fan_destroy(st->stream.fan);
    free(st);
}

static void free_session(struct session_object *so)
{
    for (struct stream_object *st; (st = LIST_FIRST(&so->streams));) {
        LIST_REMOVE(st, of_session);
        free_stream(st);
    }
    for (struct subscription_object *sub; (sub = LIST_FIRST(&so->subs));) {
        LIST_REMOVE(sub, of_session);
        free(sub);
    }
    srtp_ctx_destroy(so->keys.rx);
    srtp_ctx_destroy(so->keys.tx);
    arrivals_destroy(so->session.arrivals);
    explicit_bzero(so, sizeof(*so)); /* passwords, STUN key, digest of the keys */
    free(so);
}

static void free_object(enum noun noun, void *object)
{
    switch (noun) {
    case NOUN_SESSION:
        free_session(CONTAINER_OF(object, struct session_object, session));
        break;
    case NOUN_STREAM:
        free_stream(CONTAINER_OF(object, struct stream_object, stream));
        break;
    case NOUN_SUBSCRIPTION:
        free(CONTAINER_OF(object, struct subscription_object, sub));
        break;
    }
}

/* ---- The grace period ---- */

void objects_bury(struct objects *o, enum noun noun, void *object)
{
    struct grave *g = malloc(sizeof(*g));
    if (!g)
        abort();
    o->n_held -= noun == NOUN_SESSION;
    *g = (struct grave){.noun = noun, .object = object, .token = rte_rcu_qsbr_start(o->tables->rcu)};
    STAILQ_INSERT_TAIL(&o->graves, g, next);
}

static void free_graves(struct objects *o, bool wait)
{
    for (struct grave *g; (g = STAILQ_FIRST(&o->graves));) {
        if (!wait && rte_rcu_qsbr_check(o->tables->rcu, g->token, false) != 1)
            return;
        STAILQ_REMOVE_HEAD(&o->graves, next);
        free_object(g->noun, g->object);
        free(g);
    }
}

/* Sessions of a controlplane that is gone end with their consent. */
static void doom_old(struct objects *o, int64_t now_us)
{
    struct session_object *so, *tmp;

    if (o->epoch == 0 || now_us - o->scan_us < OLD_SCAN_US)
        return;
    o->scan_us = now_us;
    HASH_ITER (hh, o->sessions, so, tmp) {
        bool alive = atomic_load_explicit(&so->session.alive, memory_order_relaxed);
        if (so->session.id >> 32 != o->epoch && !alive && objects_provide(o))
            objects_doom_session(o, so);
    }
}

uint32_t objects_poll(struct objects *o, int64_t now_us)
{
    uint32_t n = objects_drain(o);
    post_flush(&o->post);
    free_graves(o, false);
    doom_old(o, now_us);
    return n;
}

/* ---- Events ---- */

static void set_due(struct objects *o, struct session_object *so)
{
    if (so->event_due)
        return;
    so->event_due = true;
    TAILQ_INSERT_TAIL(&o->due, so, due);
}

void objects_note_event(struct objects *o, struct session_object *so, const struct mail_event *event)
{
    if (event->bits & DP_SESSION_CONSENT) { /* the worker clears it when ICE comes later */
        so->state_bits = (so->state_bits & ~(uint32_t)DP_SESSION_ICE) | DP_SESSION_CONSENT;
    } else if (event->bits & DP_SESSION_ICE) {
        so->state_bits = (so->state_bits & ~(uint32_t)DP_SESSION_CONSENT) | DP_SESSION_ICE;
        so->event_bits &= ~(uint32_t)DP_SESSION_CONSENT;
    }
    so->state_bits |= event->bits & DP_SESSION_MEDIA;
    so->event_bits |= event->bits;
    so->remote = event->remote;
    set_due(o, so);
}

bool objects_next_event(struct objects *o, struct dp_session_event *event)
{
    struct session_object *so = TAILQ_FIRST(&o->due);

    if (!so)
        return false;
    TAILQ_REMOVE(&o->due, so, due);
    so->event_due = false;
    *event = (struct dp_session_event){.head = {.type = DP_SESSION_EVENT, .len = sizeof(*event)},
                                       .bits = so->event_bits,
                                       .id = so->session.id,
                                       .remote = so->remote};
    so->event_bits = 0;
    return true;
}

void objects_set_epoch(struct objects *o, uint32_t epoch)
{
    struct session_object *so, *tmp;

    o->epoch = epoch;
    o->scan_us = INT64_MIN / 2;
    HASH_ITER (hh, o->sessions, so, tmp) {
        if (so->session.id >> 32 != epoch || so->state_bits == 0)
            continue;
        so->event_bits = so->state_bits;
        set_due(o, so);
    }
}

/* ---- End ---- */

void objects_del_all(struct objects *o)
{
    struct session_object *so, *tmp;

    HASH_ITER (hh, o->sessions, so, tmp)
        if (objects_provide(o))
            objects_doom_session(o, so);
}

/* Nobody reads any more, so nothing need be asked back. */
void objects_finish(struct objects *o)
{
    free_graves(o, true);
    struct session_object *so, *tmp;
    HASH_ITER (hh, o->sessions, so, tmp) {
        unlink_session(o, so);
        free_session(so);
    }
    post_finish(&o->post);
    rte_pktmbuf_free(o->spare);
}
