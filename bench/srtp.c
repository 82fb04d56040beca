/* SPDX-License-Identifier: MIT */
/* SRTP protect on one core: backend x profile x size x packets a burst x keys. A packet is encrypted out of place from
 * one clear packet, with the next key, into the next of many buffers. The ceiling is the bare cipher, sample by
 * sample in turn with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare.h"
#include "bench/bench.h"
#include "common/util.h"
#include "dataplane/srtp_backend.h"

#define BUFFERS      512
#define BUFFER_BYTES 2048
#define HEADER       12
#define KEYS_MAX     10000
#define SSRC         0x1234567

static const uint32_t sizes[] = {160, 1200}, bursts[] = {1, 4, 8, 16, 64}, keys[] = {1, 100, KEYS_MAX};

static const struct {
    const struct srtp_backend *backend;
    uint32_t keys_max; /* libsrtp over NSS makes thousands of contexts in minutes */
} backends[] = {{&srtp_mb, KEYS_MAX}, {&srtp_ref, 100}};

static const char *const profile_names[SRTP_PROFILE_COUNT] = {
#define X(id, ...) [SRTP_PROFILE_##id] = #id,
    SRTP_PROFILE_LIST(X)
#undef X
};

struct run {
    const struct srtp_backend *backend;
    struct srtp_engine *engine;
    struct srtp_ctx *ctx[KEYS_MAX];
    uint32_t n_keys, key, buffer, burst;
    uint16_t payload;
    uint64_t index;
    uint8_t clear[BUFFER_BYTES];
    uint8_t (*out)[BUFFER_BYTES];
};

static uint32_t protect(void *arg)
{
    struct run *r = arg;
    struct srtp_job jobs[64];

    for (uint32_t i = 0; i < r->burst; i++) {
        uint8_t *out = r->out[r->buffer];
        put_be16(out + 2, (uint16_t)++r->index);
        jobs[i] = (struct srtp_job){.ctx = r->ctx[r->key],
                                    .src = r->clear,
                                    .dst = out,
                                    .hdr_len = HEADER,
                                    .len = r->payload,
                                    .index = r->index};
        r->key = r->key + 1 < r->n_keys ? r->key + 1 : 0;
        r->buffer = (r->buffer + 1) % BUFFERS;
    }
    r->backend->protect(r->engine, jobs, r->burst);
    for (uint32_t i = 0; i < r->burst; i++)
        if (jobs[i].error)
            abort();
    return r->burst;
}

static void make_keys(struct run *r, enum srtp_profile profile, uint32_t n)
{
    uint8_t key[SRTP_KEY_BYTES_MAX] = {0}, salt[SRTP_SALT_BYTES_MAX] = {0};

    for (uint32_t i = 0; i < n; i++) {
        put_be32(key, i);
        r->ctx[i] = r->backend->ctx_create(profile, key, salt, true);
        if (!r->ctx[i])
            abort();
    }
    r->n_keys = n;
    r->key = 0;
}

static void destroy_keys(struct run *r)
{
    for (uint32_t i = 0; i < r->n_keys; i++)
        r->backend->ctx_destroy(r->ctx[i]);
    r->n_keys = 0;
}

static void measure(struct run *r, enum srtp_profile profile, uint32_t size)
{
    struct bare *bare = bare_create(profile, size);
    struct bench_work work = {protect, r}, ceiling = bare_work(bare);

    r->payload = (uint16_t)(size - HEADER);
    for (size_t i = 0; i < ARRAY_SIZE(bursts); i++) {
        struct bench_row row = {.bench = "srtp",
                                .name = r->backend->name(),
                                .profile = profile_names[profile],
                                .size = size,
                                .n = bursts[i],
                                .keys = r->n_keys};
        r->burst = bursts[i];
        bench_pair(&work, &ceiling, &row.ns, &row.ceiling_ns);
        bench_print(&row);
    }
    bare_destroy(bare);
}

static void measure_backend(struct run *r, uint32_t keys_max)
{
    for (int p = SRTP_PROFILE_NONE + 1; p < SRTP_PROFILE_COUNT; p++)
        for (size_t k = 0; k < ARRAY_SIZE(keys) && keys[k] <= keys_max; k++) {
            make_keys(r, (enum srtp_profile)p, keys[k]);
            for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
                measure(r, (enum srtp_profile)p, sizes[s]);
            destroy_keys(r);
        }
}

/* What the machine is worth at this moment: the bare cipher beside memcpy. */
static void print_marks(void)
{
    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
        for (int p = SRTP_PROFILE_NONE + 1; p < SRTP_PROFILE_COUNT; p++) {
            struct bare *cipher = bare_create((enum srtp_profile)p, sizes[s]);
            struct bare *copy = bare_create(SRTP_PROFILE_NONE, sizes[s]);
            struct bench_work work = bare_work(cipher), ceiling = bare_work(copy);
            struct bench_row row = {.bench = "srtp",
                                    .name = "mark: bare cipher of memcpy",
                                    .profile = profile_names[p],
                                    .size = sizes[s],
                                    .n = 64,
                                    .keys = 1};
            bench_pair(&work, &ceiling, &row.ns, &row.ceiling_ns);
            bench_print(&row);
            bare_destroy(cipher);
            bare_destroy(copy);
        }
}

static void open_run(struct run *r, const struct srtp_backend *backend)
{
    r->backend = backend;
    if (backend->init() != 0 || !(r->engine = backend->engine_create())) {
        fputs("bench: this backend does not start here\n", stderr);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static struct run r;
    const uint32_t marks = ARRAY_SIZE(sizes) * (SRTP_PROFILE_COUNT - 1);
    const uint32_t per_key = (SRTP_PROFILE_COUNT - 1) * ARRAY_SIZE(sizes) * ARRAY_SIZE(bursts);

    bench_start(argc, argv, "SRTP protect, one core; n: packets a burst", marks + 5 * per_key);
    r.out = calloc(BUFFERS, BUFFER_BYTES);
    if (!r.out)
        abort();
    for (uint32_t i = 0; i < BUFFERS; i++) {
        r.out[i][0] = 0x80;
        put_be32(r.out[i] + 8, SSRC);
    }
    print_marks();
    for (size_t b = 0; b < ARRAY_SIZE(backends); b++) {
        open_run(&r, backends[b].backend);
        measure_backend(&r, backends[b].keys_max);
        r.backend->engine_destroy(r.engine);
        r.backend->finish();
    }
    free(r.out);
    bench_finish();
    return 0;
}
