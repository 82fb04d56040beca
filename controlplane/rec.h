/* SPDX-License-Identifier: MIT */
/* The controlplane's end of the link to the recorder (common/rec_proto.h): connects, says HELLO, tells of every live
 * room and take, SYNC, and then every change. Sends when the socket is writable, so that nobody waits; a recorder that
 * takes nothing for three seconds is left, and everything begins anew. Memory is bounded by the number of live rooms
 * and takes and of what ends within those three seconds. Without a recorder all of it is remembered and nothing
 * happens. */
#ifndef ROOMLINE_CONTROLPLANE_REC_H
#define ROOMLINE_CONTROLPLANE_REC_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rec_proto.h"

struct rec;

/* Called from rec_on_readable, rec_on_writable or rec_tick, never from the other calls. They may put and end at will,
 * but not destroy. */
struct rec_ops {
    void (*on_up)(void *arg);
    void (*on_down)(void *arg);
    void (*on_state)(void *arg, const struct rec_state *state);
    void (*on_keyframe)(void *arg, uint64_t stream);
};

/* run_dir holds REC_SOCKET. Does not connect yet: rec_tick does. ops is borrowed. NULL: no memory, or run_dir too long
 * for a socket address; logged. */
struct rec *rec_create(const char *run_dir, const struct rec_ops *ops, void *arg);
void rec_destroy(struct rec *rec);

bool rec_is_up(const struct rec *rec);

/* Event loop, as of dp.h: the descriptor (-1: none) changes only inside these three. */
int rec_fd(const struct rec *rec);
bool rec_wants_write(const struct rec *rec);
void rec_on_readable(struct rec *rec);
void rec_on_writable(struct rec *rec);
void rec_tick(struct rec *rec, int64_t now_us); /* connects, notices a full socket; call every 100 to 500 ms */

/* Also while the link is down. The struct is copied, its head filled in. A room is put before its takes, and ends after
 * them; an id is put once. file: the name that holds in the end, "": that of the put. */
void rec_put_room(struct rec *rec, const struct rec_room_put *m);
void rec_put_take(struct rec *rec, const struct rec_take_put *m);
void rec_end_take(struct rec *rec, uint64_t id, const char *file);
void rec_end_room(struct rec *rec, uint64_t id);

#endif
