/* SPDX-License-Identifier: MIT */
/* worker path */
/* The SRTP backend over libsrtp: the reference that others are compared with, and the fallback. libsrtp works in place
 * and guesses the packet index by itself, so the payload is copied first and the guess is overruled by ours.
 *
 * Over NSS, as Debian builds it, a packet costs the more the more contexts live: NSS keeps its own in lists. On one
 * core 0.8 us (GCM) and 2.2 us (CM) for 110 bytes with 100 contexts, 2.6 and 8.4 with 1,000, 29 and 82 with 4,000. */
#include <arpa/inet.h>
#include <errno.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/replay.h"
#include "dataplane/srtp_backend.h"

#define RX_SSRCS_MAX 32   /* a peer that holds the keys must not make libsrtp grow without bound */
#define TX_WINDOW    2048 /* retransmissions on the original SSRC reach back this far */

struct ctx {
    struct srtp_ctx base;
    srtp_t session;
    srtp_policy_t policy; /* template; key points below */
    uint8_t key[SRTP_KEY_BYTES_MAX + SRTP_SALT_BYTES_MAX];
    uint32_t n_ssrcs; /* that libsrtp holds a stream of; receive only */
    uint32_t ssrcs[RX_SSRCS_MAX];
};

static const struct {
    uint8_t key_bytes, salt_bytes, tag_bytes;
    void (*set_policy)(srtp_crypto_policy_t *);
} profiles[SRTP_PROFILE_COUNT] = {
    [SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80] = {16, 14, 10, srtp_crypto_policy_set_rtp_default},
    [SRTP_PROFILE_AEAD_AES_128_GCM] = {16, 12, 16, srtp_crypto_policy_set_aes_gcm_128_16_auth},
    [SRTP_PROFILE_AEAD_AES_256_GCM] = {32, 12, 16, srtp_crypto_policy_set_aes_gcm_256_16_auth},
};

static struct ctx *ctx_of(struct srtp_ctx *ctx)
{
    return CONTAINER_OF(ctx, struct ctx, base);
}

static struct srtp_ctx *ctx_create(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt, bool tx)
{
    if (profile <= SRTP_PROFILE_NONE || profile >= SRTP_PROFILE_COUNT)
        return NULL;
    struct ctx *ctx = calloc(1, sizeof(*ctx));
    if (!ctx)
        return NULL;
    ctx->base = (struct srtp_ctx){.backend = &srtp_ref,
                                  .overhead = profiles[profile].tag_bytes,
                                  .rtcp_overhead = profiles[profile].tag_bytes + 4};
    memcpy(ctx->key, key, profiles[profile].key_bytes);
    memcpy(ctx->key + profiles[profile].key_bytes, salt, profiles[profile].salt_bytes);
    profiles[profile].set_policy(&ctx->policy.rtp);
    profiles[profile].set_policy(&ctx->policy.rtcp);
    ctx->policy.key = ctx->key;
    ctx->policy.ssrc.type = tx ? ssrc_any_outbound : ssrc_any_inbound;
    ctx->policy.window_size = tx ? TX_WINDOW : REPLAY_BITS;
    ctx->policy.allow_repeat_tx = tx;
    if (srtp_create(&ctx->session, &ctx->policy) != srtp_err_status_ok) {
        explicit_bzero(ctx, sizeof(*ctx));
        free(ctx);
        return NULL;
    }
    return &ctx->base;
}

static void ctx_destroy(struct srtp_ctx *base)
{
    struct ctx *ctx = ctx_of(base);

    srtp_dealloc(ctx->session);
    explicit_bzero(ctx, sizeof(*ctx));
    free(ctx);
}

/* Nothing to it: libsrtp has its scratch in the contexts. */
static struct srtp_engine *engine_create(void)
{
    struct srtp_engine *engine = calloc(1, sizeof(*engine));

    if (engine)
        engine->backend = &srtp_ref;
    return engine;
}

static void engine_destroy(struct srtp_engine *engine)
{
    free(engine);
}

static int16_t error_of(srtp_err_status_t status)
{
    if (status == srtp_err_status_ok)
        return 0;
    if (status == srtp_err_status_auth_fail || status == srtp_err_status_cipher_fail)
        return -EBADMSG;
    if (status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old)
        return -EALREADY;
    return -EINVAL;
}

/* Makes libsrtp use our index. *added: a stream had to be made for it, to be taken back if the packet is not authentic.
 * (Without a stream libsrtp makes one from the template, with ROC 0, after the packet has proved authentic.) */
static int16_t set_roc(struct ctx *ctx, uint32_t ssrc, uint32_t roc, bool *added)
{
    *added = false;
    if (srtp_set_stream_roc(ctx->session, ssrc, roc) == srtp_err_status_ok || roc == 0)
        return 0;
    srtp_policy_t policy = ctx->policy;
    policy.ssrc.type = ssrc_specific;
    policy.ssrc.value = ssrc;
    if (srtp_add_stream(ctx->session, &policy) != srtp_err_status_ok)
        return -EINVAL;
    *added = true;
    return srtp_set_stream_roc(ctx->session, ssrc, roc) == srtp_err_status_ok ? 0 : -EINVAL;
}

static bool is_known(const struct ctx *ctx, uint32_t ssrc)
{
    for (uint32_t i = 0; i < ctx->n_ssrcs; i++)
        if (ctx->ssrcs[i] == ssrc)
            return true;
    return false;
}

static void protect(struct srtp_job *job)
{
    int len = job->hdr_len + job->len;
    bool added;

    if (job->src)
        memmove(job->dst + job->hdr_len, job->src, job->len);
    job->error = set_roc(ctx_of(job->ctx), get_be32(job->dst + 8), (uint32_t)(job->index >> 16), &added);
    if (job->error == 0)
        job->error = error_of(srtp_protect(ctx_of(job->ctx)->session, job->dst, &len));
    job->len = (uint16_t)len;
}

static void unprotect(struct srtp_job *job)
{
    struct ctx *ctx = ctx_of(job->ctx);
    int len = job->len;
    bool added;

    job->error = -EINVAL;
    if (job->len < 12)
        return;
    uint32_t ssrc = get_be32(job->dst + 8);
    bool known = is_known(ctx, ssrc);
    if (!known && ctx->n_ssrcs == RX_SSRCS_MAX)
        return;
    job->error = set_roc(ctx, ssrc, (uint32_t)(job->index >> 16), &added);
    if (job->error == 0)
        job->error = error_of(srtp_unprotect(ctx->session, job->dst, &len));
    if (job->error == 0 && !known)
        ctx->ssrcs[ctx->n_ssrcs++] = ssrc;
    else if (job->error && added)
        srtp_remove_stream(ctx->session, htonl(ssrc));
    job->len = (uint16_t)len;
}

/* libsrtp counts the index by itself, from 1 and one up, as the caller does. */
static void protect_rtcp(struct srtp_job *job)
{
    int len = job->hdr_len + job->len;

    if (job->src)
        memmove(job->dst + job->hdr_len, job->src, job->len);
    job->error = error_of(srtp_protect_rtcp(ctx_of(job->ctx)->session, job->dst, &len));
    job->len = (uint16_t)len;
}

static void unprotect_rtcp(struct srtp_job *job)
{
    struct ctx *ctx = ctx_of(job->ctx);
    int len = job->len;

    job->error = -EINVAL;
    if (job->len < 8 + ctx->base.rtcp_overhead)
        return;
    uint32_t ssrc = get_be32(job->dst + 4);
    bool known = is_known(ctx, ssrc);
    if (!known && ctx->n_ssrcs == RX_SSRCS_MAX)
        return;
    job->error = error_of(srtp_unprotect_rtcp(ctx->session, job->dst, &len));
    if (job->error == 0 && !known)
        ctx->ssrcs[ctx->n_ssrcs++] = ssrc;
    job->len = (uint16_t)len;
}

static void protect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        protect(&jobs[i]);
}

static void unprotect_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        unprotect(&jobs[i]);
}

static void protect_rtcp_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        protect_rtcp(&jobs[i]);
}

static void unprotect_rtcp_burst(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        unprotect_rtcp(&jobs[i]);
}

static int init(void)
{
    return srtp_init() == srtp_err_status_ok ? 0 : -EIO;
}

static void finish(void)
{
    srtp_shutdown();
}

const struct srtp_backend srtp_ref = {
    .init = init,
    .finish = finish,
    .name = srtp_get_version_string,
    .engine_create = engine_create,
    .engine_destroy = engine_destroy,
    .ctx_create = ctx_create,
    .ctx_destroy = ctx_destroy,
    .protect = protect_burst,
    .unprotect = unprotect_burst,
    .protect_rtcp = protect_rtcp_burst,
    .unprotect_rtcp = unprotect_rtcp_burst,
};
