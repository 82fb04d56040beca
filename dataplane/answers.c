/* SPDX-License-Identifier: MIT */
/* Mails of the workers: new address pairs to be entered, DTLS for the controlplane, events, objects let go of. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "dataplane/groups.h"
#include "dataplane/objects.h"
#include "dataplane/worker.h"

/* A pair that another session holds changes hands only when that one is dead: with credentials of one's own and a
 * spoofed source, one could take the pair of a stranger else. */
static int enter(struct objects *o, struct session_object *so, const struct tuple_key *key, uint8_t index)
{
    if (so->tuples[index].used) /* the worker has given up that pair, whatever becomes of this one */
        tables_del_tuple(o->tables, &so->tuples[index].key, &so->session);
    so->tuples[index].used = false;
    struct session *holder = tables_tuple_holder(o->tables, key);
    if (holder && holder != &so->session && atomic_load_explicit(&holder->alive, memory_order_relaxed))
        return -EEXIST;
    int err = tables_add_tuple(o->tables, key, &so->session, index);
    so->tuples[index].used = err == 0;
    so->tuples[index].key = *key;
    return err;
}

static void on_tuple(struct objects *o, struct rte_mbuf *m)
{
    struct session_object *so = objects_of(pkt(m)->session);
    struct tuple_key key;

    if (so->doomed) {
        rte_pktmbuf_free(m);
        return;
    }
    tuple_key_of(m, &key);
    pkt(m)->error = (int16_t)enter(o, so, &key, pkt(m)->tuple);
    objects_send(o, so, m, MAIL_STUN);
}

static void on_punt(struct objects *o, struct rte_mbuf *m)
{
    const struct session_object *so = objects_of(pkt(m)->session);
    uint16_t n = pkt(m)->payload_len;
    struct dp_punt punt;

    if (!so->doomed && n <= sizeof(punt.bytes)) {
        punt.head = (struct dp_head){.type = DP_MSG_NONE, .len = (uint16_t)(offsetof(struct dp_punt, bytes) + n)};
        punt.tuple = pkt(m)->tuple;
        punt.pad = 0;
        punt.session = so->session.id;
        memcpy(punt.bytes, pkt_payload(m), n);
        o->ops->on_punt(o->arg, &punt);
    }
    rte_pktmbuf_free(m);
}

static void on_event(struct objects *o, struct rte_mbuf *m)
{
    struct session_object *so = objects_of(pkt(m)->session);

    if (!so->doomed)
        objects_note_event(o, so, rte_pktmbuf_mtod(m, const struct mail_event *));
    atomic_store_explicit(&so->session.event_flying, false, memory_order_release);
    rte_pktmbuf_free(m);
}

static void on_adopted(struct objects *o, struct rte_mbuf *m)
{
    groups_arrived(o, pkt(m)->worker);
    objects_move_done(o);
    rte_pktmbuf_free(m);
}

static void on_mail(struct objects *o, struct rte_mbuf *m)
{
    switch ((enum mail)pkt(m)->mail) {
    case MAIL_TUPLE:
        on_tuple(o, m);
        return;
    case MAIL_PUNT:
        on_punt(o, m);
        return;
    case MAIL_EVENT:
        on_event(o, m);
        return;
    case MAIL_ADOPTED:
        on_adopted(o, m);
        return;
    case MAIL_DETACHED:
        objects_bury(o, (enum noun)pkt(m)->noun, pkt(m)->object);
        rte_pktmbuf_free(m);
        return;
    case MAIL_OUTGROWN:
        fan_destroy(pkt(m)->object);
        rte_pktmbuf_free(m);
        return;
    case MAIL_NONE: /* to workers only */
    case MAIL_STRAY:
    case MAIL_FRAME:
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
        break;
    }
    assert(!"mail that ctl does not take");
    rte_pktmbuf_free(m);
}

uint32_t objects_drain(struct objects *o)
{
    struct rte_mbuf *mails[PKT_BURST];
    uint32_t total = 0;

    for (uint32_t n; (n = mailbox_receive(o->mailbox, mails, PKT_BURST)) > 0; total += n)
        for (uint32_t i = 0; i < n; i++)
            on_mail(o, mails[i]);
    return total;
}
