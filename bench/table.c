/* SPDX-License-Identifier: MIT */
/* From address pair to session: the look-up that each packet begins with, in bursts of 64, among more and more sessions
 * and in no order that a cache could guess. The ceiling is the bare hash of as many keys, found at once. */
#include <rte_jhash.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/world.h"
#include "common/util.h"
#include "dataplane/line.h"
#include "dataplane/table.h"

#define ORDER 4096 /* bursts until the same sessions come again */

static const uint32_t sizes[] = {100, 1000, 10000, 100000};

struct run {
    struct tables tables;
    struct session *sessions; /* never looked into */
    uint32_t n, at;
    uint32_t sum; /* of hashes, so that none is left out */
    uint32_t *order;
};

static void set_key(struct tuple_key *key, uint32_t i)
{
    *key = (struct tuple_key){.remote_port = RTE_BE16(5000), .local_port = RTE_BE16(31001)};
    put_be32(key->remote_ip + 12, 0x0a000000u + i);
}

static void next_keys(struct run *r, struct tuple_key *keys)
{
    for (uint32_t i = 0; i < PKT_BURST; i++)
        set_key(&keys[i], r->order[r->at++ % (ORDER * PKT_BURST)]);
}

static uint32_t find(void *arg)
{
    struct run *r = arg;
    struct tuple_key keys[PKT_BURST];
    const struct tuple_key *pointers[PKT_BURST];
    struct session *sessions[PKT_BURST];
    uint8_t indices[PKT_BURST];

    next_keys(r, keys);
    for (uint32_t i = 0; i < PKT_BURST; i++)
        pointers[i] = &keys[i];
    tables_find_tuples(&r->tables, pointers, PKT_BURST, sessions, indices);
    for (uint32_t i = 0; i < PKT_BURST; i++)
        if (!sessions[i])
            abort();
    return PKT_BURST;
}

static uint32_t hash(void *arg)
{
    struct run *r = arg;
    struct tuple_key keys[PKT_BURST];

    next_keys(r, keys);
    for (uint32_t i = 0; i < PKT_BURST; i++)
        r->sum += rte_jhash(&keys[i], sizeof(keys[i]), 1);
    return PKT_BURST;
}

static void open_run(struct run *r, uint32_t n)
{
    *r = (struct run){.n = n, .sessions = line_alloc(n * sizeof(struct session))};
    r->order = malloc(ORDER * PKT_BURST * sizeof(*r->order));
    if (!r->sessions || !r->order || tables_init(&r->tables, n, 1, 1, SOCKET_ID_ANY) != 0)
        abort();
    for (uint32_t i = 0; i < n; i++) {
        struct tuple_key key;
        set_key(&key, i);
        if (tables_add_tuple(&r->tables, &key, &r->sessions[i], 0) != 0)
            abort();
    }
    srand(1);
    for (uint32_t i = 0; i < ORDER * PKT_BURST; i++)
        r->order[i] = (uint32_t)rand() % n;
}

static void close_run(struct run *r)
{
    tables_finish(&r->tables);
    free(r->sessions);
    free(r->order);
}

int main(int argc, char **argv)
{
    static struct run r;

    bench_start(argc, argv, "Address pair to session, one core; keys: sessions", ARRAY_SIZE(sizes));
    world_init(1);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        open_run(&r, sizes[i]);
        struct bench_work work = {find, &r}, ceiling = {hash, &r};
        struct bench_row row = {.bench = "table",
                                .name = "look-up",
                                .profile = "",
                                .size = sizeof(struct tuple_key),
                                .n = PKT_BURST,
                                .keys = sizes[i]};
        bench_pair(&work, &ceiling, &row.ns, &row.ceiling_ns);
        bench_print(&row);
        close_run(&r);
    }
    bench_finish();
    return 0;
}
