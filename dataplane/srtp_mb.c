/* SPDX-License-Identifier: MIT */
/* worker path */
/* The SRTP backend over intel-ipsec-mb, and the one that is meant. AES-GCM goes packet by packet by the direct call.
 * AES-CM with HMAC-SHA1 spends four fifths on SHA-1, which is fast only many packets at a time: its jobs gather over
 * the burst, whatever their keys, and go through one cipher burst and one hash burst. Nothing is kept of SRTP packets:
 * the caller's index makes the nonce. */
#include <errno.h>
#include <rte_prefetch.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp_mb.h"

#define CM_TAG_BYTES  10
#define MB_TAG_BYTES  12 /* what ipsec-mb writes for it */
#define GCM_TAG_BYTES 16
#define CHUNK         64
#define AHEAD         2 /* jobs */
#define NARROW_MAX    4 /* so many SHA-1 jobs are faster one by one than in wide lanes that stay empty */
#define ENCRYPTED     UINT32_C(0x80000000) /* the E bit beside the SRTCP index */

struct engine {
    struct srtp_engine base;
    IMB_MGR *wide, *narrow; /* many lanes; SHA-NI, or NULL */
    uint32_t lanes;         /* of wide, for SHA-1 */
    aes_gcm_pre_t pre[SRTP_PROFILE_COUNT];
    aes_gcm_enc_dec_t encrypt[SRTP_PROFILE_COUNT], decrypt[SRTP_PROFILE_COUNT];
    struct gcm_context_data gcm;
    struct gcm_key_data rtcp_key __attribute__((aligned(64))); /* the library's type does not say so */
    struct srtp_job *jobs[CHUNK];                              /* CM jobs that gather */
    IMB_JOB mb[CHUNK];                                         /* the constant fields are set once */
    uint8_t iv[CHUNK][16];
    uint8_t tag[CHUNK][16], received_tag[CHUNK][16];
};

static struct mb_ctx *ctx_of(const struct srtp_job *job)
{
    return CONTAINER_OF(job->ctx, struct mb_ctx, base);
}

static struct engine *engine_of(struct srtp_engine *engine)
{
    return CONTAINER_OF(engine, struct engine, base);
}

/* The keys of a GCM context are eighteen cache lines. While one packet is encrypted the keys of another can come:
 * earlier they would fill the few places in which a core waits for memory, and hold up what is written meanwhile. */
static inline void prefetch_keys(const struct srtp_job *job)
{
    const struct mb_ctx *ctx = ctx_of(job);
    size_t end = ctx->profile == MB_CM ? offsetof(struct mb_ctx, cm[1]) : offsetof(struct mb_ctx, gcm.rtcp);

    for (size_t at = offsetof(struct mb_ctx, cm); at < end; at += 64)
        rte_prefetch1((const char *)ctx + at);
}

/* ---- Nonces: RTP and RTCP differ in where the SSRC stands and in the width of the index only ---- */

static inline uint32_t ssrc_of(const struct srtp_job *job, bool rtcp)
{
    return get_be32(job->dst + (rtcp ? 4 : 8));
}

/* In one store: the cipher loads it whole, and could not take two stores out of the store buffer. */
static inline void write_iv(uint8_t iv[16], uint64_t high, uint64_t low, const uint8_t salt[16])
{
    typedef uint64_t vector __attribute__((vector_size(16)));
    vector mask, value = {__builtin_bswap64(high), __builtin_bswap64(low)};

    memcpy(&mask, salt, sizeof(mask));
    value ^= mask;
    memcpy(iv, &value, sizeof(value));
}

/* RFC 3711 4.1.1: 4 bytes of 0, SSRC, 6 of index, 2 of 0; all XOR salt. */
static inline void write_cm_iv(uint8_t iv[16], const struct srtp_job *job, bool rtcp)
{
    write_iv(iv, ssrc_of(job, rtcp), job->index << 16, ctx_of(job)->salt[rtcp]);
}

/* RFC 7714 8.1 and 9.1: 2 bytes of 0, SSRC, 6 of index; all XOR salt. 4 bytes more are written. */
static inline void write_gcm_iv(uint8_t iv[16], const struct srtp_job *job, bool rtcp)
{
    write_iv(iv, (uint64_t)ssrc_of(job, rtcp) << 16 | (job->index >> 32 & 0xffff), job->index << 32,
             ctx_of(job)->salt[rtcp]);
}

/* In constant time. */
static inline bool tags_differ(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint8_t differ = 0;

    for (size_t i = 0; i < len; i++)
        differ |= a[i] ^ b[i];
    return differ != 0;
}

/* ---- AES-GCM ---- */

static const struct gcm_key_data *rtcp_key(struct engine *e, const struct mb_ctx *ctx)
{
    e->pre[ctx->profile](ctx->gcm.rtcp, &e->rtcp_key);
    return &e->rtcp_key;
}

static inline void protect_gcm(struct engine *e, struct srtp_job *job)
{
    const struct mb_ctx *ctx = ctx_of(job);
    uint8_t iv[16], *body = job->dst + job->hdr_len;

    write_gcm_iv(iv, job, false);
    e->encrypt[ctx->profile](&ctx->gcm.rtp, &e->gcm, body, job->src ? job->src : body, job->len, iv, job->dst,
                             job->hdr_len, body + job->len, GCM_TAG_BYTES);
    job->len += job->hdr_len + GCM_TAG_BYTES;
}

static inline void unprotect_gcm(struct engine *e, struct srtp_job *job)
{
    const struct mb_ctx *ctx = ctx_of(job);
    uint16_t len = job->len - job->hdr_len - GCM_TAG_BYTES;
    uint8_t iv[16], *body = job->dst + job->hdr_len;

    write_gcm_iv(iv, job, false);
    e->decrypt[ctx->profile](&ctx->gcm.rtp, &e->gcm, body, body, len, iv, job->dst, job->hdr_len, e->tag[0],
                             GCM_TAG_BYTES);
    job->error = tags_differ(e->tag[0], body + len, GCM_TAG_BYTES) ? -EBADMSG : 0;
    job->len = job->hdr_len + len;
}

/* RFC 7714 9.2, 9.3: the word of E and index is associated data too, and goes behind the tag. */
static void protect_gcm_rtcp(struct engine *e, struct srtp_job *job)
{
    const struct mb_ctx *ctx = ctx_of(job);
    uint8_t iv[16], aad[12], *body = job->dst + 8, *tag = body + job->len;

    memcpy(aad, job->dst, 8);
    put_be32(aad + 8, ENCRYPTED | (uint32_t)job->index);
    write_gcm_iv(iv, job, true);
    e->encrypt[ctx->profile](rtcp_key(e, ctx), &e->gcm, body, job->src ? job->src : body, job->len, iv, aad,
                             sizeof(aad), tag, GCM_TAG_BYTES);
    memcpy(tag + GCM_TAG_BYTES, aad + 8, 4);
    job->len += 8 + GCM_TAG_BYTES + 4;
}

static void unprotect_gcm_rtcp(struct engine *e, struct srtp_job *job)
{
    const struct mb_ctx *ctx = ctx_of(job);
    uint16_t len = job->len - 8 - GCM_TAG_BYTES - 4;
    uint8_t iv[16], aad[12], *body = job->dst + 8, *tag = body + len;

    memcpy(aad, job->dst, 8);
    memcpy(aad + 8, tag + GCM_TAG_BYTES, 4);
    write_gcm_iv(iv, job, true);
    e->decrypt[ctx->profile](rtcp_key(e, ctx), &e->gcm, body, body, len, iv, aad, sizeof(aad), e->tag[0],
                             GCM_TAG_BYTES);
    job->error = tags_differ(e->tag[0], tag, GCM_TAG_BYTES)
                     ? -EBADMSG
                     : srtcp_replay_take(ctx->replay, ssrc_of(job, true), (uint32_t)job->index);
    job->len = 8 + len;
}

/* ---- AES-CM and HMAC-SHA1 over the jobs that have gathered ---- */

/* k-th cipher job of this pass. */
static inline void set_cipher(struct engine *e, uint32_t k, const struct srtp_job *job, const uint8_t *src,
                              uint16_t len, bool rtcp)
{
    IMB_JOB *mb = &e->mb[k];

    write_cm_iv(e->iv[k], job, rtcp);
    mb->enc_keys = ctx_of(job)->cm[rtcp].enc;
    mb->src = src;
    mb->dst = job->dst + job->hdr_len;
    mb->msg_len_to_cipher_in_bytes = len;
}

static inline void set_hash(struct engine *e, uint32_t k, const struct srtp_job *job, uint16_t len, bool rtcp)
{
    const struct mb_cm_keys *keys = &ctx_of(job)->cm[rtcp];
    IMB_JOB *mb = &e->mb[k];

    mb->src = job->dst;
    mb->msg_len_to_hash_in_bytes = len;
    mb->u.HMAC._hashed_auth_key_xor_ipad = keys->inner;
    mb->u.HMAC._hashed_auth_key_xor_opad = keys->outer;
}

static void cipher(struct engine *e, uint32_t n)
{
    if (n > 0)
        IMB_SUBMIT_CIPHER_BURST_NOCHECK(e->wide, e->mb, n, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, IMB_KEY_128_BYTES);
}

/* A round of the wide lanes takes as long for one job as for all: the few of the last round go to SHA-NI. */
static void hash(struct engine *e, uint32_t n)
{
    uint32_t rest = n % e->lanes, few = e->narrow && rest <= NARROW_MAX ? rest : 0;

    if (n > few)
        IMB_SUBMIT_HASH_BURST_NOCHECK(e->wide, e->mb, n - few, IMB_AUTH_HMAC_SHA_1);
    if (few > 0)
        IMB_SUBMIT_HASH_BURST_NOCHECK(e->narrow, e->mb + n - few, few, IMB_AUTH_HMAC_SHA_1);
}

/* SRTP: the ROC is authenticated but not sent (RFC 3711 4.2), and stands in the place of the tag for a moment. SRTCP:
 * the word of E and index stands before the tag. */
static inline void protect_cm(struct engine *e, uint32_t n, bool rtcp)
{
    uint32_t n_ciphers = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct srtp_job *job = e->jobs[i];
        if (job->len > 0)
            set_cipher(e, n_ciphers++, job, job->src ? job->src : job->dst + job->hdr_len, job->len, rtcp);
    }
    cipher(e, n_ciphers);
    for (uint32_t i = 0; i < n; i++) {
        struct srtp_job *job = e->jobs[i];
        job->len += job->hdr_len;
        put_be32(job->dst + job->len, rtcp ? ENCRYPTED | (uint32_t)job->index : (uint32_t)(job->index >> 16));
        set_hash(e, i, job, job->len + 4, rtcp);
    }
    hash(e, n);
    for (uint32_t i = 0; i < n; i++) {
        struct srtp_job *job = e->jobs[i];
        job->len += rtcp ? 4 : 0;
        memcpy(job->dst + job->len, e->tag[i], CM_TAG_BYTES);
        job->len += CM_TAG_BYTES;
    }
}

static inline void unprotect_cm(struct engine *e, uint32_t n, bool rtcp)
{
    uint32_t n_ciphers = 0;

    for (uint32_t i = 0; i < n; i++) {
        struct srtp_job *job = e->jobs[i];
        uint8_t *tag = job->dst + job->len - CM_TAG_BYTES;
        memcpy(e->received_tag[i], tag, CM_TAG_BYTES);
        if (!rtcp)
            put_be32(tag, (uint32_t)(job->index >> 16));
        job->len -= CM_TAG_BYTES + (rtcp ? 4 : 0);
        set_hash(e, i, job, job->len + 4, rtcp);
    }
    hash(e, n);
    for (uint32_t i = 0; i < n; i++) {
        struct srtp_job *job = e->jobs[i];
        if (tags_differ(e->tag[i], e->received_tag[i], CM_TAG_BYTES))
            job->error = -EBADMSG;
        else if (rtcp)
            job->error = srtcp_replay_take(ctx_of(job)->replay, ssrc_of(job, true), (uint32_t)job->index);
        if (job->error == 0 && job->len > job->hdr_len)
            set_cipher(e, n_ciphers++, job, job->dst + job->hdr_len, job->len - job->hdr_len, rtcp);
    }
    cipher(e, n_ciphers);
}

/* ---- Bursts ---- */

static inline void protect_burst(struct engine *e, struct srtp_job *jobs, uint32_t n, bool rtcp)
{
    uint32_t n_cm = 0;

    for (uint32_t i = 0; i < n; i++) {
        jobs[i].error = 0;
        if (i + AHEAD < n)
            prefetch_keys(&jobs[i + AHEAD]);
        if (ctx_of(&jobs[i])->profile == MB_CM)
            e->jobs[n_cm++] = &jobs[i];
        else if (rtcp)
            protect_gcm_rtcp(e, &jobs[i]);
        else
            protect_gcm(e, &jobs[i]);
        if (n_cm == CHUNK) {
            protect_cm(e, n_cm, rtcp);
            n_cm = 0;
        }
    }
    protect_cm(e, n_cm, rtcp);
}

/* Finds the index. A packet that is not encrypted is none of this session: RFC 3711 knows such,
 * DTLS-SRTP's profiles do not. */
static int16_t open_rtcp(struct srtp_job *job)
{
    const struct mb_ctx *ctx = ctx_of(job);

    if (job->len < 8 + ctx->base.rtcp_overhead)
        return -EINVAL;
    uint32_t word = get_be32(job->dst + job->len - 4 - (ctx->profile == MB_CM ? CM_TAG_BYTES : 0));
    if (!(word & ENCRYPTED))
        return -EBADMSG;
    job->hdr_len = 8;
    job->index = word & ~ENCRYPTED;
    return srtcp_replay_check(ctx->replay, ssrc_of(job, true), (uint32_t)job->index);
}

static int16_t open_rtp(const struct srtp_job *job)
{
    return job->len < job->hdr_len + ctx_of(job)->base.overhead ? -EINVAL : 0;
}

static inline void unprotect_burst(struct engine *e, struct srtp_job *jobs, uint32_t n, bool rtcp)
{
    uint32_t n_cm = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (i + AHEAD < n)
            prefetch_keys(&jobs[i + AHEAD]);
        jobs[i].error = rtcp ? open_rtcp(&jobs[i]) : open_rtp(&jobs[i]);
        if (jobs[i].error)
            continue;
        if (ctx_of(&jobs[i])->profile == MB_CM)
            e->jobs[n_cm++] = &jobs[i];
        else if (rtcp)
            unprotect_gcm_rtcp(e, &jobs[i]);
        else
            unprotect_gcm(e, &jobs[i]);
        if (n_cm == CHUNK) {
            unprotect_cm(e, n_cm, rtcp);
            n_cm = 0;
        }
    }
    unprotect_cm(e, n_cm, rtcp);
}

static void protect_rtp(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    protect_burst(engine_of(engine), jobs, n, false);
}

static void unprotect_rtp(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    unprotect_burst(engine_of(engine), jobs, n, false);
}

static void protect_rtcp(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    protect_burst(engine_of(engine), jobs, n, true);
}

static void unprotect_rtcp(struct srtp_engine *engine, struct srtp_job *jobs, uint32_t n)
{
    unprotect_burst(engine_of(engine), jobs, n, true);
}

/* ---- Life ---- */

static void set_functions(struct engine *e)
{
    e->pre[SRTP_PROFILE_AEAD_AES_128_GCM] = e->wide->gcm128_pre;
    e->pre[SRTP_PROFILE_AEAD_AES_256_GCM] = e->wide->gcm256_pre;
    e->encrypt[SRTP_PROFILE_AEAD_AES_128_GCM] = e->wide->gcm128_enc;
    e->encrypt[SRTP_PROFILE_AEAD_AES_256_GCM] = e->wide->gcm256_enc;
    e->decrypt[SRTP_PROFILE_AEAD_AES_128_GCM] = e->wide->gcm128_dec;
    e->decrypt[SRTP_PROFILE_AEAD_AES_256_GCM] = e->wide->gcm256_dec;
}

static void set_jobs(struct engine *e)
{
    for (uint32_t i = 0; i < CHUNK; i++) {
        e->mb[i].key_len_in_bytes = IMB_KEY_128_BYTES;
        e->mb[i].iv = e->iv[i];
        e->mb[i].iv_len_in_bytes = 16;
        e->mb[i].cipher_mode = IMB_CIPHER_CNTR;
        e->mb[i].cipher_direction = IMB_DIR_ENCRYPT;
        e->mb[i].chain_order = IMB_ORDER_CIPHER_HASH;
        e->mb[i].hash_alg = IMB_AUTH_HMAC_SHA_1;
        e->mb[i].auth_tag_output = e->tag[i];
        e->mb[i].auth_tag_output_len_in_bytes = MB_TAG_BYTES;
    }
}

static void destroy(struct engine *e)
{
    if (e->wide)
        free_mb_mgr(e->wide);
    if (e->narrow)
        free_mb_mgr(e->narrow);
    explicit_bzero(e, sizeof(*e));
    free(e);
}

static void engine_destroy(struct srtp_engine *engine)
{
    destroy(engine_of(engine));
}

static struct srtp_engine *engine_create(void)
{
    struct engine *e = aligned_alloc(64, sizeof(*e));

    if (!e)
        return NULL;
    memset(e, 0, sizeof(*e));
    e->base.backend = &srtp_mb;
    e->wide = alloc_mb_mgr(0);
    if (!e->wide)
        goto fail;
    IMB_ARCH arch;
    init_mb_mgr_auto(e->wide, &arch);
    e->lanes = arch == IMB_ARCH_AVX512 ? 16 : arch == IMB_ARCH_AVX2 ? 8 : 4;
    if (e->wide->features & IMB_FEATURE_SHANI) {
        e->narrow = alloc_mb_mgr(0);
        if (!e->narrow)
            goto fail;
        init_mb_mgr_sse(e->narrow);
    }
    set_functions(e);
    set_jobs(e);
    return &e->base;
fail:
    destroy(e);
    return NULL;
}

const struct srtp_backend srtp_mb = {
    .init = srtp_mb_ctx_init,
    .finish = srtp_mb_ctx_finish,
    .name = srtp_mb_ctx_name,
    .engine_create = engine_create,
    .engine_destroy = engine_destroy,
    .ctx_create = srtp_mb_ctx_create,
    .ctx_destroy = srtp_mb_ctx_destroy,
    .protect = protect_rtp,
    .unprotect = unprotect_rtp,
    .protect_rtcp = protect_rtcp,
    .unprotect_rtcp = unprotect_rtcp,
};
