/* SPDX-License-Identifier: MIT */
/* Desired state: objects by id, the tree they form, the queues of what is owed. */
#include "controlplane/desired.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#define QUEUE_DEL 0 /* then one for the puts of each kind */
#define QUEUES    (1 + DESIRED_KINDS)

LIST_HEAD(object_list, object);
TAILQ_HEAD(object_queue, object);

struct object {
    uint64_t id;
    enum desired_kind kind;
    bool sent;                                /* the dataplane may hold it */
    bool deleted;                             /* tombstone: the record is the DEL */
    struct object_queue *owed;                /* the queue it stands in; NULL: none */
    struct object *session, *stream;          /* what holds it; NULL: nothing */
    struct object_list by_session, by_stream; /* what it holds, as a session or as a stream */
    LIST_ENTRY(object) in_session, in_stream;
    TAILQ_ENTRY(object) in_queue;
    UT_hash_handle hh;
    union {
        struct dp_head head;
        struct dp_session_put session;
        struct dp_keys_put keys;
        struct dp_stream_put stream;
        struct dp_subscription_put subscription;
        struct dp_del del; /* and a tap, a keyframe request */
        struct dp_session_move move;
    } record;
};

struct desired {
    struct object *by_id[DESIRED_KINDS]; /* uthash */
    struct object_queue queues[QUEUES];  /* in the order of sending */
};

static const struct {
    enum dp_msg put, del;
    uint16_t put_bytes;
} kinds[DESIRED_KINDS] = {
#define X(id, put, type, del) [DESIRED_##id] = {put, del, sizeof(type)},
    DESIRED_LIST(X)
#undef X
};

/* Which object a record is of, and what holds it (NULL: nothing of that kind). Borrowed from the record. */
struct ids {
    const uint64_t *id, *session, *stream;
};

static struct ids read_ids(enum desired_kind kind, const void *record)
{
    const struct dp_session_put *session = record;
    const struct dp_keys_put *keys = record;
    const struct dp_stream_put *stream = record;
    const struct dp_subscription_put *sub = record;
    const struct dp_del *of_stream = record;
    const struct dp_session_move *move = record;
    switch (kind) {
    case DESIRED_SESSION:
        return (struct ids){&session->id, NULL, NULL};
    case DESIRED_KEYS:
        return (struct ids){&keys->id, &keys->id, NULL};
    case DESIRED_STREAM:
        return (struct ids){&stream->id, &stream->session, NULL};
    case DESIRED_SUBSCRIPTION:
        return (struct ids){&sub->id, &sub->session, &sub->stream};
    case DESIRED_TAP:
    case DESIRED_KEYFRAME:
        return (struct ids){&of_stream->id, NULL, &of_stream->id};
    case DESIRED_MOVE:
        return (struct ids){&move->id, &move->id, NULL};
    case DESIRED_KINDS:
        break;
    }
    abort();
}

static struct object *find(const struct desired *d, enum desired_kind kind, uint64_t id)
{
    struct object *o;
    HASH_FIND(hh, d->by_id[kind], &id, sizeof(id), o);
    return o;
}

static struct object *find_live(const struct desired *d, enum desired_kind kind, uint64_t id)
{
    struct object *o = find(d, kind, id);
    return o && !o->deleted ? o : NULL;
}

static void disown(struct object *o)
{
    if (o->owed)
        TAILQ_REMOVE(o->owed, o, in_queue);
    o->owed = NULL;
}

static void owe(struct desired *d, struct object *o)
{
    if (o->owed)
        return;
    o->owed = &d->queues[o->deleted ? QUEUE_DEL : 1 + o->kind];
    TAILQ_INSERT_TAIL(o->owed, o, in_queue);
}

static void free_object(struct desired *d, struct object *o)
{
    disown(o);
    if (o->session)
        LIST_REMOVE(o, in_session);
    if (o->stream)
        LIST_REMOVE(o, in_stream);
    HASH_DEL(d->by_id[o->kind], o);
    explicit_bzero(&o->record, sizeof(o->record)); /* keys, ICE passwords */
    free(o);
}

static void free_held(struct desired *d, struct object *o)
{
    struct object *held;
    while ((held = LIST_FIRST(&o->by_stream)))
        free_object(d, held);
    while ((held = LIST_FIRST(&o->by_session))) {
        free_held(d, held); /* one level: a stream holds nothing that holds */
        free_object(d, held);
    }
}

struct desired *desired_create(void)
{
    struct desired *d = calloc(1, sizeof(*d));
    if (!d)
        return NULL;
    for (size_t i = 0; i < QUEUES; i++)
        TAILQ_INIT(&d->queues[i]);
    return d;
}

void desired_destroy(struct desired *d)
{
    if (!d)
        return;
    desired_drop_all(d);
    free(d);
}

static struct object *add(struct desired *d, enum desired_kind kind, uint64_t id)
{
    struct object *o = calloc(1, sizeof(*o));
    if (!o)
        return NULL;
    o->id = id;
    o->kind = kind;
    HASH_ADD(hh, d->by_id[kind], id, sizeof(o->id), o);
    return o;
}

static void hold(struct object *o, struct object *session, struct object *stream)
{
    o->session = session;
    o->stream = stream;
    if (session)
        LIST_INSERT_HEAD(&session->by_session, o, in_session);
    if (stream)
        LIST_INSERT_HEAD(&stream->by_stream, o, in_stream);
}

int desired_put(struct desired *d, enum desired_kind kind, const void *record)
{
    struct ids ids = read_ids(kind, record);
    struct object *session = ids.session ? find_live(d, DESIRED_SESSION, *ids.session) : NULL;
    struct object *stream = ids.stream ? find_live(d, DESIRED_STREAM, *ids.stream) : NULL;
    if ((ids.session && !session) || (ids.stream && !stream))
        return -ENOENT;
    struct object *o = find(d, kind, *ids.id);
    if (o && o->deleted && kind != DESIRED_TAP)
        return -ESTALE;
    if (o && (o->session != session || o->stream != stream))
        return -EINVAL;
    if (!o) {
        o = add(d, kind, *ids.id);
        if (!o)
            return -ENOMEM;
        hold(o, session, stream);
    }
    if (o->deleted)
        disown(o); /* the DEL need not be sent any more */
    o->deleted = false;
    memcpy(&o->record, record, kinds[kind].put_bytes);
    o->record.head = (struct dp_head){.type = kinds[kind].put, .len = kinds[kind].put_bytes};
    owe(d, o);
    return 0;
}

void desired_del(struct desired *d, enum desired_kind kind, uint64_t id)
{
    struct object *o = find_live(d, kind, id);
    if (!o)
        return;
    free_held(d, o);
    if (!o->sent || kinds[kind].del == DP_MSG_NONE) {
        free_object(d, o);
        return;
    }
    disown(o);
    o->deleted = true;
    explicit_bzero(&o->record, sizeof(o->record));
    o->record.del = (struct dp_del){.head = {.type = kinds[kind].del, .len = sizeof(o->record.del)}, .id = id};
    owe(d, o);
}

bool desired_has(const struct desired *d, enum desired_kind kind, uint64_t id)
{
    return find_live(d, kind, id) != NULL;
}

static struct object *first_owed(const struct desired *d)
{
    for (size_t i = 0; i < QUEUES; i++)
        if (!TAILQ_EMPTY(&d->queues[i]))
            return TAILQ_FIRST(&d->queues[i]);
    return NULL;
}

const struct dp_head *desired_next(const struct desired *d)
{
    const struct object *o = first_owed(d);
    return o ? &o->record.head : NULL;
}

void desired_sent(struct desired *d)
{
    struct object *o = first_owed(d);
    assert(o);
    disown(o);
    o->sent = true;
    if (o->kind == DESIRED_KEYFRAME)
        free_object(d, o);
}

void desired_on_ack(struct desired *d, enum dp_msg type, uint64_t id)
{
    for (enum desired_kind kind = 0; kind < DESIRED_KINDS; kind++) {
        enum dp_msg last = kinds[kind].del == DP_MSG_NONE ? kinds[kind].put : kinds[kind].del;
        struct object *o = type == last ? find(d, kind, id) : NULL;
        if (!o || !o->sent || o->owed || o->record.head.type != type)
            continue;
        free_object(d, o);
        return;
    }
}

void desired_owe_all(struct desired *d)
{
    struct object *o, *next;
    for (enum desired_kind kind = 0; kind < DESIRED_KINDS; kind++)
        HASH_ITER (hh, d->by_id[kind], o, next)
            owe(d, o);
}

void desired_drop_all(struct desired *d)
{
    struct object *o, *next;
    for (enum desired_kind kind = 0; kind < DESIRED_KINDS; kind++) {
        HASH_ITER (hh, d->by_id[kind], o, next) {
            o->session = o->stream = NULL; /* every list goes with its head */
            free_object(d, o);
        }
    }
}
