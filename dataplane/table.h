/* SPDX-License-Identifier: MIT */
/* The two look-up tables of the packet path: address pair -> session, and ICE user name fragment -> session. Written by
 * ctl only; read by workers without locks; an entry's session is freed only after a grace period (RCU). */
#ifndef ROOMLINE_DATAPLANE_TABLE_H
#define ROOMLINE_DATAPLANE_TABLE_H

#include <rte_hash.h>
#include <rte_rcu_qsbr.h>
#include <stdint.h>

#include "dataplane/session.h"

struct tables {
    struct rte_hash *tuples; /* struct tuple_key -> session pointer | tuple index in the low bits */
    struct rte_hash *ufrags; /* local ufrag, DP_UFRAG_BYTES zero-padded -> session pointer */
    struct rte_rcu_qsbr *rcu;
};

/* seed: random. 0 or -ENOMEM. */
int tables_init(struct tables *t, uint32_t max_sessions, uint32_t n_workers, uint32_t seed, int socket);
void tables_finish(struct tables *t);

/* ctl. A tuple that is there already changes hands: ask for its holder first. Deleting a tuple that the session does
 * not hold is no error. 0, -ENOSPC, -EEXIST (ufrag in use). */
struct session *tables_tuple_holder(const struct tables *t, const struct tuple_key *key);
int tables_add_tuple(struct tables *t, const struct tuple_key *key, struct session *s, uint8_t index);
void tables_del_tuple(struct tables *t, const struct tuple_key *key, const struct session *s);
int tables_add_ufrag(struct tables *t, const char *ufrag, struct session *s);
void tables_del_ufrag(struct tables *t, const char *ufrag);

/* Workers. keys[i] -> sessions[i] (NULL: none) and tuple index. n <= PKT_BURST. */
void tables_find_tuples(const struct tables *t, const struct tuple_key *const *keys, uint32_t n,
                        struct session **sessions, uint8_t *indices);
struct session *tables_find_ufrag(const struct tables *t, const uint8_t *ufrag, size_t len);

#endif
