/* SPDX-License-Identifier: MIT */
/* link: the socket, the two peers, what is owed. */
#include "recorder/link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/util.h"

#define READ_BURST 64 /* records at a time, so that a snapshot does not keep the rings waiting */

union record {
    struct rec_head head;
    struct rec_hello hello;
    struct rec_room_put room_put;
    struct rec_room_end room_end;
    struct rec_take_put take_put;
    struct rec_take_end take_end;
    struct rec_sync sync;
};

static void drop(struct link_peer *p, const char *reason)
{
    if (p->watch.fd < 0)
        return;
    if (p->greeted)
        LOG_WARN(REC, "link to the controlplane lost reason=%s", reason);
    else if (reason)
        LOG_RL(DEBUG, REC, "a connection that said no HELLO is gone reason=%s", reason);
    loop_close(p->link->loop, &p->watch);
    p->greeted = p->full = false;
}

static void on_peer(struct watch *w, uint32_t events);

/* The newcomer has greeted: it is the one from now on. */
static void come_up(struct link *l)
{
    int fd = l->next.watch.fd;
    drop(&l->now, "another one has come");
    l->next.watch.fd = -1;
    l->now = (struct link_peer){.watch = {.fd = fd, .on_ready = on_peer}, .link = l, .greeted = true};
    loop_change(l->loop, &l->now.watch, EPOLLIN);
    LOG_INFO(REC, "link to the controlplane is up");
    l->ops->on_up(l->arg);
}

static const char *greet(struct link *l, const union record *r)
{
    if (r->head.type != REC_HELLO)
        return "no HELLO";
    if (r->hello.version != REC_PROTO_VERSION) {
        LOG_RL(ERROR, REC, "controlplane of another build version=%u ours=%u", r->hello.version, REC_PROTO_VERSION);
        return "version";
    }
    come_up(l);
    return NULL;
}

static const char *dispatch(struct link *l, const union record *r)
{
    switch ((enum rec_msg)r->head.type) {
    case REC_ROOM_PUT:
        l->ops->on_room_put(l->arg, &r->room_put);
        return NULL;
    case REC_ROOM_END:
        l->ops->on_room_end(l->arg, &r->room_end);
        return NULL;
    case REC_TAKE_PUT:
        l->ops->on_take_put(l->arg, &r->take_put);
        return NULL;
    case REC_TAKE_END:
        l->ops->on_take_end(l->arg, &r->take_end);
        return NULL;
    case REC_SYNC:
        l->ops->on_sync(l->arg);
        return NULL;
    case REC_HELLO:
    case REC_STATE:
    case REC_KEYFRAME:
    case REC_MSG_NONE:
    case REC_MSG_COUNT:
        break;
    }
    return "ill record";
}

/* One record of it. false: nothing waits, or it is gone or another peer by now. */
static bool receive(struct link_peer *p)
{
    union record r;
    const char *wrong;
    int n = ipc_recv(p->watch.fd, &r, sizeof(r), NULL, NULL);
    if (n == -EAGAIN || n == -EINTR)
        return false;
    if (n <= 0)
        wrong = n == 0 ? "closed" : strerror(-n);
    else if (rec_msg_check(&r, (size_t)n))
        wrong = "ill record";
    else
        wrong = p->greeted ? dispatch(p->link, &r) : greet(p->link, &r);
    if (wrong)
        drop(p, wrong);
    return p->watch.fd >= 0;
}

static void on_peer(struct watch *w, uint32_t events)
{
    struct link_peer *p = (struct link_peer *)w;
    if (events & EPOLLOUT) {
        p->full = false;
        loop_change(p->link->loop, w, EPOLLIN);
        link_send(p->link);
    }
    for (int i = 0; i < READ_BURST && receive(p); i++)
        ;
}

static void on_connection(struct watch *w, uint32_t events)
{
    struct link *l = CONTAINER_OF(w, struct link, listener);
    const struct rec_hello hello = {
        .head = {.type = REC_HELLO, .len = sizeof(hello)}, .version = REC_PROTO_VERSION, .boot_id = l->boot_id};
    int fd = ipc_accept(w->fd);
    if (fd == -EPERM)
        LOG_RL(WARN, REC, "a connection of another user was refused");
    if (fd < 0)
        return;
    drop(&l->next, "another one has come");
    l->next.watch.fd = fd;
    if (loop_add(l->loop, &l->next.watch, EPOLLIN) || ipc_send(fd, &hello, sizeof(hello), NULL, 0))
        drop(&l->next, "gone already");
}

int link_init(struct link *l, struct loop *loop, const char *run_dir, uint64_t boot_id, const struct link_ops *ops,
              void *arg)
{
    *l = (struct link){.loop = loop, .listener = {.fd = -1, .on_ready = on_connection}, .boot_id = boot_id};
    l->now = l->next = (struct link_peer){.watch = {.fd = -1, .on_ready = on_peer}, .link = l};
    l->ops = ops;
    l->arg = arg;
    TAILQ_INIT(&l->owed);
    int n = snprintf(l->path, sizeof(l->path), "%s/%s", run_dir, REC_SOCKET);
    if (n < 0 || (size_t)n >= sizeof(l->path))
        return -ENAMETOOLONG;
    int fd = ipc_listen(l->path);
    if (fd < 0)
        return fd;
    l->listener.fd = fd;
    return loop_add(loop, &l->listener, EPOLLIN);
}

void link_finish(struct link *l)
{
    if (l->listener.fd >= 0)
        unlink(l->path);
    drop(&l->now, "stopping");
    drop(&l->next, "stopping");
    loop_close(l->loop, &l->listener);
}

bool link_is_up(const struct link *l)
{
    return l->now.greeted;
}

void link_tell(struct link *l, struct tale *tale)
{
    tale->state.head = (struct rec_head){.type = REC_STATE, .len = sizeof(tale->state)};
    if (!tale->owed)
        TAILQ_INSERT_TAIL(&l->owed, tale, entry);
    tale->owed = true;
}

void link_forget(struct link *l, struct tale *tale)
{
    if (tale->owed)
        TAILQ_REMOVE(&l->owed, tale, entry);
    tale->owed = false;
}

/* 0 or -errno. One that is full is watched; one that has closed is dropped when what it said before has been read. */
static int send_record(struct link *l, const void *record, size_t len)
{
    struct link_peer *p = &l->now;
    if (!p->greeted || p->full)
        return -EAGAIN;
    int err = ipc_send(p->watch.fd, record, len, NULL, 0);
    p->full = err != 0;
    if (err == -EAGAIN || err == -ENOBUFS)
        loop_change(l->loop, &p->watch, EPOLLIN | EPOLLOUT);
    return err;
}

void link_wish_keyframe(struct link *l, uint64_t stream)
{
    const struct rec_keyframe wish = {.head = {.type = REC_KEYFRAME, .len = sizeof(wish)}, .stream = stream};
    send_record(l, &wish, sizeof(wish));
}

void link_send(struct link *l)
{
    struct tale *tale;
    while ((tale = TAILQ_FIRST(&l->owed)) && send_record(l, &tale->state, sizeof(tale->state)) == 0) {
        link_forget(l, tale);
        l->ops->on_told(l->arg, tale);
    }
}
