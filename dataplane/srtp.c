/* SPDX-License-Identifier: MIT */
/* worker path */
/* The SRTP backend that lives: chosen at start, called once per burst. */
#include "dataplane/srtp.h"

#include <errno.h>

#include "common/util.h"
#include "dataplane/srtp_backend.h"

static const struct {
    enum conf_srtp_backend choice;
    const struct srtp_backend *backend;
} backends[] = {
/* the best first */
#ifdef ROOMLINE_IPSEC_MB
    {CONF_SRTP_BACKEND_IPSEC_MB, &srtp_mb},
#endif
    {CONF_SRTP_BACKEND_LIBSRTP, &srtp_ref},
};

static const struct srtp_backend *live;

int srtp_global_init(enum conf_srtp_backend choice)
{
    int err = -ENOTSUP;

    for (size_t i = 0; i < ARRAY_SIZE(backends) && err == -ENOTSUP; i++) {
        if (choice != CONF_SRTP_BACKEND_AUTO && choice != backends[i].choice)
            continue;
        err = backends[i].backend->init();
        if (err == 0)
            live = backends[i].backend;
    }
    return err;
}

void srtp_global_finish(void)
{
    live->finish();
    live = NULL;
}

const char *srtp_backend(void)
{
    return live->name();
}

uint64_t srtp_profiles(void)
{
    static const uint8_t zero[SRTP_KEY_BYTES_MAX];
    uint64_t works = 0;

    for (int p = SRTP_PROFILE_NONE + 1; p < SRTP_PROFILE_COUNT; p++) {
        struct srtp_ctx *ctx = srtp_ctx_create((enum srtp_profile)p, zero, zero, true);
        if (ctx)
            works |= UINT64_C(1) << p;
        srtp_ctx_destroy(ctx);
    }
    return works;
}

struct srtp_ctx *srtp_ctx_create(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt, bool tx)
{
    return live->ctx_create(profile, key, salt, tx);
}

void srtp_ctx_destroy(struct srtp_ctx *ctx)
{
    if (ctx)
        ctx->backend->ctx_destroy(ctx);
}

uint16_t srtp_overhead(const struct srtp_ctx *ctx)
{
    return ctx->overhead;
}

uint16_t srtcp_overhead(const struct srtp_ctx *ctx)
{
    return ctx->rtcp_overhead;
}

struct srtp_engine *srtp_engine_create(void)
{
    return live->engine_create();
}

void srtp_engine_destroy(struct srtp_engine *engine)
{
    if (engine)
        engine->backend->engine_destroy(engine);
}

void srtp_protect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    engine->backend->protect(engine, jobs, n);
}

void srtp_unprotect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    engine->backend->unprotect(engine, jobs, n);
}

void srtcp_protect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    engine->backend->protect_rtcp(engine, jobs, n);
}

void srtcp_unprotect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    engine->backend->unprotect_rtcp(engine, jobs, n);
}
