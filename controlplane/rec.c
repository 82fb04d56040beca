/* SPDX-License-Identifier: MIT */
/* The link to the recorder: what lives, what of it the recorder is still to be told, in the order in which it came. */
#include "controlplane/rec.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/un.h>
#include <unistd.h>
#include <uthash.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/util.h"

#define RETRY_US    500000  /* between attempts to connect */
#define GREETING_US 2000000 /* from connecting to the recorder's HELLO */
#define STALL_US    3000000 /* of a socket that takes nothing of what waits */
#define READ_BURST  64      /* records per call, so that the link does not starve the loop */

#define SOCKET_PATH_SIZE sizeof(((struct sockaddr_un *)NULL)->sun_path)

enum link { LINK_DOWN, LINK_GREETING, LINK_UP };

struct object { /* a room or take */
    uint64_t id;
    struct rec_head *record; /* its PUT; of an ended one its END */
    bool owed;               /* in rec.owed */
    bool told;               /* its PUT went over this link */
    bool ended;              /* not in rec.objects any more: goes when its END is told */
    TAILQ_ENTRY(object) entry;
    UT_hash_handle hh;
};

struct rec {
    enum link link;
    int fd; /* -1: none */
    int64_t now_us;
    int64_t attempt_us;          /* when we connected or tried to */
    int64_t progress_us;         /* when the socket last took something, or nothing waited */
    bool unreachable;            /* and logged so */
    struct object *objects;      /* uthash, by id, in the order of creation: rooms before their takes */
    TAILQ_HEAD(, object) owed;   /* in the order of sending */
    struct object sync;          /* SYNC, in owed behind a snapshot */
    struct rec_sync sync_record; /* its */
    char path[SOCKET_PATH_SIZE];
    const struct rec_ops *ops;
    void *arg;
};

union record {
    struct rec_head head;
    struct rec_hello hello;
    struct rec_state state;
    struct rec_keyframe keyframe;
};

struct rec *rec_create(const char *run_dir, const struct rec_ops *ops, void *arg)
{
    struct rec *rec = calloc(1, sizeof(*rec));
    if (!rec)
        return NULL;
    rec->fd = -1;
    rec->attempt_us = -RETRY_US;
    rec->ops = ops;
    rec->arg = arg;
    TAILQ_INIT(&rec->owed);
    rec->sync_record.head = (struct rec_head){.type = REC_SYNC, .len = sizeof(rec->sync_record)};
    rec->sync.record = &rec->sync_record.head;
    int n = snprintf(rec->path, sizeof(rec->path), "%s/%s", run_dir, REC_SOCKET);
    if (n >= 0 && (size_t)n < sizeof(rec->path))
        return rec;
    LOG_ERROR(REC, "name too long for a socket directory=%s", run_dir);
    free(rec);
    return NULL;
}

static void free_object(struct object *o)
{
    free(o->record);
    free(o);
}

static void forgive(struct rec *rec, struct object *o)
{
    TAILQ_REMOVE(&rec->owed, o, entry);
    o->owed = false;
    if (o->ended)
        free_object(o);
}

static void owe(struct rec *rec, struct object *o)
{
    if (TAILQ_EMPTY(&rec->owed))
        rec->progress_us = rec->now_us;
    TAILQ_INSERT_TAIL(&rec->owed, o, entry);
    o->owed = true;
}

/* The next link begins with all that lives. */
static void forget_link(struct rec *rec)
{
    struct object *o;
    while ((o = TAILQ_FIRST(&rec->owed)))
        forgive(rec, o);
    for (o = rec->objects; o; o = o->hh.next)
        o->told = false;
    if (rec->fd >= 0)
        close(rec->fd);
    rec->fd = -1;
    rec->link = LINK_DOWN;
}

void rec_destroy(struct rec *rec)
{
    struct object *o, *next;
    if (!rec)
        return;
    forget_link(rec);
    HASH_ITER (hh, rec->objects, o, next) {
        HASH_DEL(rec->objects, o);
        free_object(o);
    }
    free(rec);
}

bool rec_is_up(const struct rec *rec)
{
    return rec->link == LINK_UP;
}

int rec_fd(const struct rec *rec)
{
    return rec->fd;
}

bool rec_wants_write(const struct rec *rec)
{
    return rec->link == LINK_UP && !TAILQ_EMPTY(&rec->owed);
}

static void drop_link(struct rec *rec, const char *reason)
{
    bool was_up = rec->link == LINK_UP;
    LOG_RL(WARN, REC, "link to the recorder lost reason=%s", reason);
    forget_link(rec);
    if (was_up)
        rec->ops->on_down(rec->arg);
}

static void try_connecting(struct rec *rec)
{
    int fd = ipc_connect(rec->path);
    if (fd >= 0) {
        rec->fd = fd;
        rec->link = LINK_GREETING;
        return;
    }
    if (!rec->unreachable)
        LOG_INFO(REC, "no recorder there, trying on socket=%s error=%s", rec->path, strerror(-fd));
    rec->unreachable = true;
}

void rec_tick(struct rec *rec, int64_t now_us)
{
    rec->now_us = now_us;
    if (TAILQ_EMPTY(&rec->owed))
        rec->progress_us = now_us;
    if (rec->link == LINK_GREETING && now_us - rec->attempt_us >= GREETING_US)
        drop_link(rec, "no HELLO");
    if (rec->link == LINK_UP && now_us - rec->progress_us >= STALL_US)
        drop_link(rec, "it takes nothing");
    if (rec->link != LINK_DOWN || now_us - rec->attempt_us < RETRY_US)
        return;
    rec->attempt_us = now_us;
    try_connecting(rec);
}

static void come_up(struct rec *rec)
{
    rec->link = LINK_UP;
    rec->unreachable = false;
    rec->progress_us = rec->now_us;
    for (struct object *o = rec->objects; o; o = o->hh.next)
        owe(rec, o);
    owe(rec, &rec->sync);
    LOG_INFO(REC, "link to the recorder is up objects=%u", HASH_COUNT(rec->objects));
    rec->ops->on_up(rec->arg);
}

static void on_hello(struct rec *rec, const struct rec_hello *hello)
{
    const struct rec_hello ours = {.head = {.type = REC_HELLO, .len = sizeof(ours)}, .version = REC_PROTO_VERSION};
    if (hello->version != REC_PROTO_VERSION) {
        LOG_RL(ERROR, REC, "recorder of another build version=%u ours=%u", hello->version, REC_PROTO_VERSION);
        return drop_link(rec, "version");
    }
    int error = ipc_send(rec->fd, &ours, sizeof(ours), NULL, 0);
    if (error)
        return drop_link(rec, strerror(-error));
    come_up(rec);
}

/* False: no record that a recorder may send now. */
static bool on_record(struct rec *rec, const union record *r, size_t len)
{
    if (rec_msg_check(r, len))
        return false;
    if (rec->link == LINK_GREETING) {
        if (r->head.type != REC_HELLO)
            return false;
        on_hello(rec, &r->hello);
    } else if (r->head.type == REC_STATE) {
        rec->ops->on_state(rec->arg, &r->state);
    } else if (r->head.type == REC_KEYFRAME) {
        rec->ops->on_keyframe(rec->arg, r->keyframe.stream);
    } else {
        return false;
    }
    return true;
}

void rec_on_readable(struct rec *rec)
{
    for (int i = 0; i < READ_BURST && rec->fd >= 0; i++) {
        union record r;
        int n = ipc_recv(rec->fd, &r, sizeof(r), NULL, NULL);
        if (n == -EAGAIN || n == -EINTR)
            return;
        if (n <= 0 && n != -EMSGSIZE)
            return drop_link(rec, n == 0 ? "closed" : strerror(-n));
        if (!on_record(rec, &r, n > 0 ? (size_t)n : 0)) /* 0: too long, fails every check */
            return drop_link(rec, "ill record");
    }
}

void rec_on_writable(struct rec *rec)
{
    struct object *o;
    while (rec->link == LINK_UP && (o = TAILQ_FIRST(&rec->owed))) {
        int error = ipc_send(rec->fd, o->record, o->record->len, NULL, 0);
        if (error == -EAGAIN || error == -ENOBUFS)
            return;
        if (error)
            return drop_link(rec, strerror(-error));
        rec->progress_us = rec->now_us;
        o->told = true;
        forgive(rec, o);
    }
}

static struct object *find(const struct rec *rec, uint64_t id)
{
    struct object *o;
    HASH_FIND(hh, rec->objects, &id, sizeof(id), o);
    return o;
}

static void *copy_record(const void *record, enum rec_msg type, size_t bytes)
{
    struct rec_head *copy = malloc(bytes);
    if (!copy)
        abort();
    memcpy(copy, record, bytes);
    *copy = (struct rec_head){.type = (uint16_t)type, .len = (uint16_t)bytes};
    assert(!rec_msg_check(copy, bytes));
    return copy;
}

static void add(struct rec *rec, uint64_t id, struct rec_head *record)
{
    struct object *o = calloc(1, sizeof(*o));
    if (!o)
        abort();
    assert(!find(rec, id));
    o->id = id;
    o->record = record;
    HASH_ADD(hh, rec->objects, id, sizeof(o->id), o);
    if (rec->link == LINK_UP)
        owe(rec, o);
}

/* Nothing is owed of an object whose PUT the recorder has not seen on this link: being in no snapshot it has ended. */
static void end(struct rec *rec, uint64_t id, struct rec_head *record)
{
    struct object *o = find(rec, id);
    assert(o);
    HASH_DEL(rec->objects, o);
    free(o->record);
    o->record = record;
    o->ended = true;
    if (o->owed)
        forgive(rec, o);
    else if (o->told)
        owe(rec, o);
    else
        free_object(o);
}

void rec_put_room(struct rec *rec, const struct rec_room_put *m)
{
    add(rec, m->id, copy_record(m, REC_ROOM_PUT, sizeof(*m)));
}

void rec_put_take(struct rec *rec, const struct rec_take_put *m)
{
    assert(find(rec, m->room));
    add(rec, m->id, copy_record(m, REC_TAKE_PUT, sizeof(*m)));
}

void rec_end_take(struct rec *rec, uint64_t id, const char *file)
{
    struct rec_take_end m = {.id = id};
    assert(strlen(file) < sizeof(m.file));
    strcpy(m.file, file);
    end(rec, id, copy_record(&m, REC_TAKE_END, sizeof(m)));
}

void rec_end_room(struct rec *rec, uint64_t id)
{
    end(rec, id, copy_record(&(struct rec_room_end){.id = id}, REC_ROOM_END, sizeof(struct rec_room_end)));
}
