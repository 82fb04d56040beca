/* SPDX-License-Identifier: MIT */
/* In place of srtp.c: SRTP that costs nothing, or no more than moving its bytes, for measuring everything else. */
#include "bench/null_srtp.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp.h"

struct srtp_ctx {
    char nothing;
};

struct srtp_engine {
    char nothing;
};

int srtp_global_init(enum conf_srtp_backend choice)
{
    return 0;
}

void srtp_global_finish(void) {}

const char *srtp_backend(void)
{
    return "null";
}

uint64_t srtp_profiles(void)
{
    return 0;
}

struct srtp_ctx *srtp_ctx_create(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt, bool tx)
{
    return calloc(1, sizeof(struct srtp_ctx));
}

void srtp_ctx_destroy(struct srtp_ctx *ctx)
{
    free(ctx);
}

struct srtp_engine *srtp_engine_create(void)
{
    return calloc(1, sizeof(struct srtp_engine));
}

void srtp_engine_destroy(struct srtp_engine *engine)
{
    free(engine);
}

uint16_t srtp_overhead(const struct srtp_ctx *ctx)
{
    return null_srtp_tag;
}

uint16_t srtcp_overhead(const struct srtp_ctx *ctx)
{
    return 0;
}

static void protect(struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        jobs[i].error = 0;
        jobs[i].len += jobs[i].hdr_len;
    }
}

static void move(struct srtp_job *job)
{
    uint8_t *payload = job->dst + job->hdr_len;

    if (job->src)
        memcpy(payload, job->src, job->len);
    memset(payload + job->len, 0, NULL_SRTP_TAG);
    job->len += NULL_SRTP_TAG;
}

static void unprotect(struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        jobs[i].error = 0;
}

void srtp_protect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; null_srtp_tag && i < n; i++)
        move(&jobs[i]);
    protect(jobs, n);
}

void srtp_unprotect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    unprotect(jobs, n);
}

void srtcp_protect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) /* the rest may be read: it is RTCP in the clear */
        if (jobs[i].src)
            memcpy(jobs[i].dst + jobs[i].hdr_len, jobs[i].src, jobs[i].len);
    protect(jobs, n);
}

void srtcp_unprotect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    unprotect(jobs, n);
}
