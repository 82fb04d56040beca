/* SPDX-License-Identifier: MIT */
/* worker path */
/* Address pair -> session, ICE user name fragment -> session: rte_hash, lock-free readers, one writer (ctl). */
#include "dataplane/table.h"

#include <assert.h>
#include <errno.h>
#include <rte_errno.h>
#include <rte_jhash.h>
#include <rte_malloc.h>
#include <string.h>

#include "common/util.h"

#define TUPLES_PER_SESSION 4 /* on average: a peer has one to three */
#define INDEX_MASK         (uintptr_t)(SESSION_TUPLES_MAX - 1)

_Static_assert(SESSION_TUPLES_MAX <= _Alignof(struct session), "tuple index fits the low bits of a session pointer");
_Static_assert(sizeof(struct tuple_key) == 40, "tuple_key has no hidden padding");

static struct rte_hash *create(const char *name, uint32_t entries, uint32_t key_len, uint32_t seed,
                               struct rte_rcu_qsbr *rcu, int socket)
{
    struct rte_hash_parameters params = {
        .name = name,
        .entries = MAX(entries, 64u),
        .key_len = key_len,
        .hash_func = rte_jhash,
        .hash_func_init_val = seed, /* a peer chooses its address: it shall not know the bucket */
        .socket_id = socket,
        .extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
    };
    struct rte_hash_rcu_config rcu_conf = {.v = rcu, .mode = RTE_HASH_QSBR_MODE_DQ};
    struct rte_hash *h = rte_hash_create(&params);
    if (h && rte_hash_rcu_qsbr_add(h, &rcu_conf) != 0) {
        rte_hash_free(h);
        return NULL;
    }
    return h;
}

int tables_init(struct tables *t, uint32_t max_sessions, uint32_t n_workers, uint32_t seed, int socket)
{
    *t = (struct tables){0};
    t->rcu = rte_zmalloc_socket("rcu", rte_rcu_qsbr_get_memsize(n_workers), RTE_CACHE_LINE_SIZE, socket);
    if (!t->rcu || rte_rcu_qsbr_init(t->rcu, n_workers) != 0)
        goto fail;
    t->tuples = create("tuples", max_sessions * TUPLES_PER_SESSION, sizeof(struct tuple_key), seed, t->rcu, socket);
    t->ufrags = create("ufrags", max_sessions, DP_UFRAG_BYTES, seed, t->rcu, socket);
    if (t->tuples && t->ufrags)
        return 0;
fail:
    tables_finish(t);
    return -ENOMEM;
}

void tables_finish(struct tables *t)
{
    rte_hash_free(t->tuples);
    rte_hash_free(t->ufrags);
    rte_free(t->rcu);
    *t = (struct tables){0};
}

static struct session *session_in(const void *data)
{
    return (struct session *)((uintptr_t)data & ~INDEX_MASK);
}

static int add(struct rte_hash *h, const void *key, uintptr_t data)
{
    int err = rte_hash_add_key_data(h, key, (void *)data);
    return err == -ENOSPC || err == 0 ? err : -EINVAL;
}

struct session *tables_tuple_holder(const struct tables *t, const struct tuple_key *key)
{
    void *data;
    return rte_hash_lookup_data(t->tuples, key, &data) >= 0 ? session_in(data) : NULL;
}

int tables_add_tuple(struct tables *t, const struct tuple_key *key, struct session *s, uint8_t index)
{
    assert(index < SESSION_TUPLES_MAX);
    return add(t->tuples, key, (uintptr_t)s | index);
}

void tables_del_tuple(struct tables *t, const struct tuple_key *key, const struct session *s)
{
    if (tables_tuple_holder(t, key) == s)
        rte_hash_del_key(t->tuples, key);
}

static void pad_ufrag(char key[DP_UFRAG_BYTES], const void *ufrag, size_t len)
{
    memset(key, 0, DP_UFRAG_BYTES);
    memcpy(key, ufrag, len);
}

int tables_add_ufrag(struct tables *t, const char *ufrag, struct session *s)
{
    _Alignas(4) char key[DP_UFRAG_BYTES];
    pad_ufrag(key, ufrag, strnlen(ufrag, DP_UFRAG_BYTES));
    if (rte_hash_lookup(t->ufrags, key) >= 0)
        return -EEXIST;
    return add(t->ufrags, key, (uintptr_t)s);
}

void tables_del_ufrag(struct tables *t, const char *ufrag)
{
    _Alignas(4) char key[DP_UFRAG_BYTES];
    pad_ufrag(key, ufrag, strnlen(ufrag, DP_UFRAG_BYTES));
    rte_hash_del_key(t->ufrags, key);
}

void tables_find_tuples(const struct tables *t, const struct tuple_key *const *keys, uint32_t n,
                        struct session **sessions, uint8_t *indices)
{
    uint64_t hits = 0;
    void *data[PKT_BURST];

    assert(n <= PKT_BURST && PKT_BURST <= RTE_HASH_LOOKUP_BULK_MAX);
    if (n == 0)
        return;
    rte_hash_lookup_bulk_data(t->tuples, (const void **)(uintptr_t)keys, n, &hits, data);
    for (uint32_t i = 0; i < n; i++) {
        bool hit = hits >> i & 1;
        sessions[i] = hit ? session_in(data[i]) : NULL;
        indices[i] = hit ? (uint8_t)((uintptr_t)data[i] & INDEX_MASK) : TUPLE_NONE;
    }
}

struct session *tables_find_ufrag(const struct tables *t, const uint8_t *ufrag, size_t len)
{
    _Alignas(4) char key[DP_UFRAG_BYTES];
    void *data;

    if (len == 0 || len >= DP_UFRAG_BYTES)
        return NULL;
    pad_ufrag(key, ufrag, len);
    return rte_hash_lookup_data(t->ufrags, key, &data) >= 0 ? data : NULL;
}
