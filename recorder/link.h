/* SPDX-License-Identifier: MIT */
/* The recorder's end of the link to the controlplane (common/rec_proto.h): listens, serves one controlplane, hands on
 * what it says, and tells it what it is owed. A further connection takes the place of the one before once it has said
 * HELLO: a controlplane that was started anew need not wait until the end of the old one is noticed. */
#ifndef ROOMLINE_RECORDER_LINK_H
#define ROOMLINE_RECORDER_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/rec_proto.h"
#include "recorder/loop.h"

#define LINK_PATH_BYTES 108 /* of a socket address */

struct tale { /* what is to be told of one take or room: the newest state only; zeroed: nothing yet */
    bool owed;
    struct rec_state state;
    TAILQ_ENTRY(tale) entry;
};

TAILQ_HEAD(tales, tale);

struct link_ops {
    void (*on_up)(void *arg); /* a snapshot begins */
    void (*on_room_put)(void *arg, const struct rec_room_put *m);
    void (*on_room_end)(void *arg, const struct rec_room_end *m);
    void (*on_take_put)(void *arg, const struct rec_take_put *m);
    void (*on_take_end)(void *arg, const struct rec_take_end *m);
    void (*on_sync)(void *arg);
    void (*on_told)(void *arg, struct tale *tale); /* may free it */
};

struct link_peer {
    struct watch watch; /* first */
    struct link *link;
    bool greeted; /* its HELLO came */
    bool full;    /* and watched for output, or closed at its end */
};

struct link {
    struct loop *loop;
    struct watch listener;
    struct link_peer now, next; /* who is served; who has connected and not said HELLO */
    uint64_t boot_id;
    struct tales owed;
    const struct link_ops *ops;
    void *arg;
    char path[LINK_PATH_BYTES];
};

/* Listens. 0 or -errno. ops is borrowed. */
int link_init(struct link *l, struct loop *loop, const char *run_dir, uint64_t boot_id, const struct link_ops *ops,
              void *arg);
void link_finish(struct link *l);

bool link_is_up(const struct link *l);

/* tale->state is owed from now on, until it has been sent; forgotten by link_forget, before it is freed. */
void link_tell(struct link *l, struct tale *tale);
void link_forget(struct link *l, struct tale *tale);

void link_wish_keyframe(struct link *l, uint64_t stream); /* lost if nobody listens or the socket is full */

void link_send(struct link *l); /* what is owed; call it each turn */

#endif
