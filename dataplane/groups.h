/* SPDX-License-Identifier: MIT */
/* Groups of sessions that have one owner, a publisher and all who play it: how they move from worker to worker, one at
 * a time. ctl thread; move.c is the workers' side. */
#ifndef ROOMLINE_DATAPLANE_GROUPS_H
#define ROOMLINE_DATAPLANE_GROUPS_H

#include <stdint.h>

struct objects;
struct session_object;
struct stream_object;

/* The group of the session goes to the worker; needs o->spare. 0: it is there. -EINPROGRESS: objects_move_done will
 * acknowledge move_id, unless that is 0. -EAGAIN: another one is under way. */
int groups_move(struct objects *o, struct session_object *so, uint32_t worker, uint64_t move_id);

/* A session that is to play a stream, and has nothing yet, goes to where the stream is; needs o->spare. 0: it is there.
 * -EAGAIN: it is on its way, or the stream is. -EXDEV: it has something already, elsewhere. */
int groups_bring_together(struct objects *o, struct session_object *so, const struct stream_object *st);

void groups_arrived(struct objects *o, uint32_t worker); /* MAIL_ADOPTED */

#endif
