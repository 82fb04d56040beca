/* SPDX-License-Identifier: MIT */
/* The desired state of the dataplane (common/dp_proto.h): one object per thing it should hold, and what of it is still
 * owed to the dataplane. Knows records, not sockets: dp.c takes the next owed record, sends it, says so.
 *
 * Objects form the tree of dp_proto.h: deleting one frees what it holds, since the dataplane does the same. A deleted
 * object that the dataplane may hold stays as a tombstone until its DEL is acknowledged, or a reconnect in between
 * would leak it there. Memory is bounded by the number of objects: a put that is still owed is overwritten by the next.
 */
#ifndef ROOMLINE_CONTROLPLANE_DESIRED_H
#define ROOMLINE_CONTROLPLANE_DESIRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dp_proto.h"

/* id, PUT type, its struct, DEL type. In the order of dependency, which is the order of sending; DELs go before all of
 * them. KEYS and a MOVE bear the id of their session, live until they are acknowledged and are cleansed then. A
 * KEYFRAME request bears the id of its stream and lives until it is sent. A TAP bears the id of its stream, so it alone
 * may be put again after it was deleted. */
#define DESIRED_LIST(X)                                                                   \
    X(SESSION, DP_SESSION_PUT, struct dp_session_put, DP_SESSION_DEL)                     \
    X(KEYS, DP_KEYS_PUT, struct dp_keys_put, DP_MSG_NONE)                                 \
    X(STREAM, DP_STREAM_PUT, struct dp_stream_put, DP_STREAM_DEL)                         \
    X(SUBSCRIPTION, DP_SUBSCRIPTION_PUT, struct dp_subscription_put, DP_SUBSCRIPTION_DEL) \
    X(TAP, DP_TAP_PUT, struct dp_del, DP_TAP_DEL)                                         \
    X(KEYFRAME, DP_KEYFRAME_REQUEST, struct dp_del, DP_MSG_NONE)                          \
    X(MOVE, DP_SESSION_MOVE, struct dp_session_move, DP_MSG_NONE)

enum desired_kind {
#define X(id, put, type, del) DESIRED_##id,
    DESIRED_LIST(X)
#undef X
        DESIRED_KINDS
};

struct desired;

struct desired *desired_create(void);
void desired_destroy(struct desired *d);

/* record: the PUT of this kind (TAP, KEYFRAME: a struct dp_del); its ids say which object it is and what holds it. The
 * struct is copied, its head filled in. -ENOENT: what should hold the object is not there. -EINVAL: it hung on another
 * before. -ESTALE: the id was deleted. -ENOMEM. */
int desired_put(struct desired *d, enum desired_kind kind, const void *record);

void desired_del(struct desired *d, enum desired_kind kind, uint64_t id); /* and what it holds; unknown: nothing */
bool desired_has(const struct desired *d, enum desired_kind kind, uint64_t id); /* and it is not deleted */

/* The next record owed, borrowed until the next call of anything here, or NULL. desired_sent: it is with the dataplane
 * now. */
const struct dp_head *desired_next(const struct desired *d);
void desired_sent(struct desired *d);

/* type, id: of the ack. Whether the dataplane accepted or refused is all one here. */
void desired_on_ack(struct desired *d, enum dp_msg type, uint64_t id);

void desired_owe_all(struct desired *d);  /* a new link to the same dataplane */
void desired_drop_all(struct desired *d); /* to another dataplane */

#endif
