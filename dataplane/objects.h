/* SPDX-License-Identifier: MIT */
/* What the controlplane has installed: sessions, the streams they publish, the subscriptions they play. ctl thread
 * only. ctl owns their existence (memory, look-up tables); their inside belongs to a worker between MAIL_ATTACH and
 * MAIL_DETACHED (session.h). An object that is deleted leaves the tables at once, is freed after the worker has let go
 * of it and a grace period (RCU) is over.
 *
 *   objects.c  the nouns: find, link, free        desired.c  messages of the controlplane
 *   answers.c  mails of the workers               post.h     mails to the workers
 *   groups.h   sessions that move together        load.h     how busy they make the workers */
#ifndef ROOMLINE_DATAPLANE_OBJECTS_H
#define ROOMLINE_DATAPLANE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "common/dp_proto.h"
#include "common/util.h"
#include "dataplane/post.h"
#include "dataplane/session.h"
#include "dataplane/stream.h"
#include "dataplane/table.h"

struct dataplane_conf;
struct worker;

#define OBJECTS_SSRCS_MAX 64 /* sender SSRCs that one session's key may ever see */

struct session_object;

struct subscription_object {
    struct subscription sub; /* first */
    UT_hash_handle hh;       /* by sub.id */
    struct session_object *session;
    LIST_ENTRY(subscription_object) of_session, of_stream;
};

struct stream_object {
    struct stream stream;
    UT_hash_handle hh;
    struct session_object *session;
    LIST_ENTRY(stream_object) of_session;
    LIST_HEAD(, subscription_object) subs;
    uint32_t n_subs, room; /* of them; of the fan that the owner has, or will have */
    bool tapped;
};

struct session_object {
    struct session session;
    UT_hash_handle hh;
    struct dp_session_put put; /* as installed; cleansed on free */
    uint32_t worker;           /* owner as ctl knows it: mails go there */
    bool doomed;               /* deleted: MAIL_DETACH is on its way */
    bool moving;               /* mails wait in objects.held */
    uint32_t n_streams;
    LIST_HEAD(, stream_object) streams;
    LIST_HEAD(, subscription_object) subs; /* played here */
    struct {
        bool used;
        struct tuple_key key;
    } tuples[SESSION_TUPLES_MAX]; /* what stands in the table */
    bool has_keys, has_arrivals;
    bool lost_stream;        /* one was deleted, and with it the replay windows of its SSRCs */
    uint8_t keys_digest[32]; /* SHA-256 of dp_keys_put */
    struct mail_keys keys;   /* contexts; ours to free */
    uint32_t n_ssrcs;
    uint32_t ssrcs[OBJECTS_SSRCS_MAX]; /* sender SSRCs used under tx key: none is ever used twice */
    uint32_t event_bits;               /* not told to the controlplane yet */
    uint32_t state_bits;               /* all that is true: told again to a new connection */
    struct dp_addr remote;
    bool event_due;
    uint64_t cost, group_cost; /* see load.c */
    TAILQ_ENTRY(session_object) due;
};

/* A deleted object between MAIL_DETACHED and the end of the grace period. */
struct grave {
    STAILQ_ENTRY(grave) next;
    enum noun noun;
    void *object;
    uint64_t token;
};

struct objects_ops {
    void (*on_ack)(void *arg, const struct dp_ack *ack);
    void (*on_punt)(void *arg, const struct dp_punt *punt); /* head.len bytes of it */
};

struct objects {
    const struct dataplane_conf *conf;
    struct tables *tables;
    struct mailbox *mailbox;       /* ctl's */
    struct rte_mempool *dtls_pool; /* what the controlplane sends to peers, on its way to a worker */
    uint64_t dtls_dropped;         /* it was empty: DTLS sends again */
    const struct objects_ops *ops;
    void *arg;
    struct post post;
    struct rte_mbuf *spare; /* the command of the next message: without one no message is taken */
    struct session_object *sessions;
    uint32_t n_held; /* sessions that workers hold, or will: with those whose MAIL_DETACHED has not come yet */
    struct stream_object *streams;
    struct subscription_object *subscriptions;
    TAILQ_HEAD(, session_object) due; /* have events to tell */
    STAILQ_HEAD(, grave) graves;
    struct session *moving; /* head of the group under way (session.move_next) */
    uint64_t move_id;       /* to be acknowledged; 0: nobody asked for it */
    uint32_t epoch;         /* of the controlplane that is connected; 0: none yet */
    int64_t scan_us;
    uint64_t random;
};

/* workers: all, by index; each mailbox has a pool of commands that ctl takes from. dtls_pool: packets, its size bounds
 * the DTLS that waits for workers. random: a seed that is not 0. */
void objects_init(struct objects *o, const struct dataplane_conf *conf, struct tables *tables,
                  struct worker *const *workers, struct mailbox *mailbox, struct rte_mempool *dtls_pool,
                  uint64_t random, const struct objects_ops *ops, void *arg);
void objects_finish(struct objects *o); /* frees all: no worker runs any more */

/* A controlplane has said HELLO. Sessions of other epochs are relayed on until their consent ends; of this one's, every
 * state is told again. */
void objects_set_epoch(struct objects *o, uint32_t epoch);

/* One message other than HELLO. 0, -EAGAIN (workers are behind: give it again later), -EBADMSG (wrong type or length:
 * the link is broken). What the message asks for is answered by on_ack. Keys in it are cleansed. */
int objects_on_message(struct objects *o, void *msg, size_t len);
int objects_on_punt(struct objects *o, const void *msg, size_t len); /* 0 or -EBADMSG */

/* Handles the mails of workers, frees what is due. Returns how many mails. */
uint32_t objects_poll(struct objects *o, int64_t now_us);

/* Takes the next event of a session that has one. false: none. */
bool objects_next_event(struct objects *o, struct dp_session_event *event);

void objects_del_all(struct objects *o);

/* Between the files of this module. */
static inline struct session_object *objects_of(struct session *s)
{
    return CONTAINER_OF(s, struct session_object, session);
}
struct session_object *objects_session(struct objects *o, uint64_t id);
struct stream_object *objects_stream(struct objects *o, uint64_t id);
struct subscription_object *objects_subscription(struct objects *o, uint64_t id);
void objects_doom_session(struct objects *o, struct session_object *so); /* with what it holds; needs o->spare */
void objects_doom_stream(struct objects *o, struct stream_object *st);
void objects_doom_subscription(struct objects *o, struct subscription_object *sub);
bool objects_provide(struct objects *o);                                /* fills o->spare */
struct rte_mbuf *objects_command(struct objects *o, struct session *s); /* takes o->spare */
void objects_send(struct objects *o, const struct session_object *so, struct rte_mbuf *m, enum mail mail);
void objects_bury(struct objects *o, enum noun noun, void *object);
uint32_t objects_drain(struct objects *o); /* the mails of workers */
void objects_note_event(struct objects *o, struct session_object *so, const struct mail_event *event);
void objects_move_done(struct objects *o);
uint32_t objects_random(struct objects *o);

#endif
