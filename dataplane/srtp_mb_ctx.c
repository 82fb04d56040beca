/* SPDX-License-Identifier: MIT */
/* Contexts of the intel-ipsec-mb backend: master keys become session keys, and those their schedules. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/line.h"
#include "dataplane/srtp_mb.h"

#define SHA1_BLOCK 64

static const struct {
    uint8_t key_bytes, salt_bytes, tag_bytes;
} profiles[SRTP_PROFILE_COUNT] = {
#define X(id, name, wire, key, salt, tag) [SRTP_PROFILE_##id] = {key, salt, tag},
    SRTP_PROFILE_LIST(X)
#undef X
};

static IMB_MGR *ctl;
static char text[64];

/* ---- Keys (RFC 3711 4.3, RFC 7714 11) ---- */

static void keystream(const uint8_t *key, size_t key_bytes, const uint8_t iv[16], uint8_t *out, size_t len)
{
    uint8_t enc[16 * 15] __attribute__((aligned(16))), dec[16 * 15] __attribute__((aligned(16)));
    IMB_JOB job = {
        .enc_keys = enc,
        .key_len_in_bytes = key_bytes,
        .cipher_mode = IMB_CIPHER_CNTR,
        .cipher_direction = IMB_DIR_ENCRYPT,
        .src = out,
        .dst = out,
        .msg_len_to_cipher_in_bytes = len,
        .iv = iv,
        .iv_len_in_bytes = 16,
    };

    if (key_bytes == 16)
        IMB_AES_KEYEXP_128(ctl, key, enc, dec);
    else
        IMB_AES_KEYEXP_256(ctl, key, enc, dec);
    memset(out, 0, len);
    IMB_SUBMIT_CIPHER_BURST_NOCHECK(ctl, &job, 1, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, (IMB_KEY_SIZE_BYTES)key_bytes);
    explicit_bzero(enc, sizeof(enc));
    explicit_bzero(dec, sizeof(dec));
}

struct master {
    const uint8_t *key, *salt;
    uint8_t key_bytes, salt_bytes;
};

static void derive(const struct master *m, uint8_t label, uint8_t *out, size_t len)
{
    uint8_t iv[16] = {0};

    memcpy(iv, m->salt, m->salt_bytes);
    iv[7] ^= label;
    keystream(m->key, m->key_bytes, iv, out, len);
}

static void set_hmac(struct mb_cm_keys *keys, const uint8_t auth[MB_SHA1_BYTES])
{
    uint8_t inner[SHA1_BLOCK], outer[SHA1_BLOCK];

    memset(inner, 0x36, sizeof(inner));
    memset(outer, 0x5c, sizeof(outer));
    for (int i = 0; i < MB_SHA1_BYTES; i++) {
        inner[i] ^= auth[i];
        outer[i] ^= auth[i];
    }
    IMB_SHA1_ONE_BLOCK(ctl, inner, keys->inner);
    IMB_SHA1_ONE_BLOCK(ctl, outer, keys->outer);
    explicit_bzero(inner, sizeof(inner));
    explicit_bzero(outer, sizeof(outer));
}

static void set_keys(struct mb_ctx *ctx, const struct master *m)
{
    uint8_t key[SRTP_KEY_BYTES_MAX], auth[MB_SHA1_BYTES];
    uint32_t unused[4 * 11] __attribute__((aligned(16)));

    for (uint8_t rtcp = 0; rtcp < 2; rtcp++) {
        uint8_t label = rtcp ? 3 : 0;
        derive(m, label, key, m->key_bytes);
        derive(m, label + 2, ctx->salt[rtcp], m->salt_bytes);
        if (ctx->profile == MB_CM) {
            derive(m, label + 1, auth, sizeof(auth));
            set_hmac(&ctx->cm[rtcp], auth);
            IMB_AES_KEYEXP_128(ctl, key, ctx->cm[rtcp].enc, unused);
        } else if (rtcp) {
            memcpy(ctx->gcm.rtcp, key, sizeof(ctx->gcm.rtcp));
        } else if (m->key_bytes == 16) {
            IMB_AES128_GCM_PRE(ctl, key, &ctx->gcm.rtp);
        } else {
            IMB_AES256_GCM_PRE(ctl, key, &ctx->gcm.rtp);
        }
    }
    explicit_bzero(key, sizeof(key));
    explicit_bzero(auth, sizeof(auth));
    explicit_bzero(unused, sizeof(unused));
}

static size_t ctx_bytes(enum srtp_profile profile)
{
    size_t keys = profile == MB_CM ? sizeof(((struct mb_ctx *)0)->cm) : sizeof(((struct mb_ctx *)0)->gcm);
    return (offsetof(struct mb_ctx, cm) + keys + 63) / 64 * 64;
}

struct srtp_ctx *srtp_mb_ctx_create(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt, bool tx)
{
    if (profile <= SRTP_PROFILE_NONE || profile >= SRTP_PROFILE_COUNT)
        return NULL;
    struct srtcp_replay *replay = tx ? NULL : line_alloc(sizeof(*replay));
    struct mb_ctx *ctx = line_alloc(ctx_bytes(profile));
    if (!ctx || !(tx || replay)) {
        free(replay);
        free(ctx);
        return NULL;
    }
    ctx->base = (struct srtp_ctx){
        .backend = &srtp_mb, .overhead = profiles[profile].tag_bytes, .rtcp_overhead = profiles[profile].tag_bytes + 4};
    ctx->profile = profile;
    ctx->replay = replay;
    set_keys(ctx, &(struct master){key, salt, profiles[profile].key_bytes, profiles[profile].salt_bytes});
    return &ctx->base;
}

void srtp_mb_ctx_destroy(struct srtp_ctx *base)
{
    struct mb_ctx *ctx = CONTAINER_OF(base, struct mb_ctx, base);

    free(ctx->replay);
    explicit_bzero(ctx, ctx_bytes(ctx->profile));
    free(ctx);
}

/* ---- Life ---- */

/* The manager without AES-NI, and one whose self-test failed, are not worth having. */
int srtp_mb_ctx_init(void)
{
    IMB_ARCH arch;

    ctl = alloc_mb_mgr(0);
    if (!ctl)
        return -EIO;
    init_mb_mgr_auto(ctl, &arch);
    uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ | IMB_FEATURE_SELF_TEST_PASS;
    if (imb_get_errno(ctl) != 0 || (ctl->features & needed) != needed) {
        free_mb_mgr(ctl);
        ctl = NULL;
        return -ENOTSUP;
    }
    snprintf(text, sizeof(text), "intel-ipsec-mb %s %s%s", imb_get_version_str(),
             arch == IMB_ARCH_AVX512 ? "avx512"
             : arch == IMB_ARCH_AVX2 ? "avx2"
                                     : "sse",
             ctl->features & IMB_FEATURE_SHANI ? " sha-ni" : "");
    return 0;
}

void srtp_mb_ctx_finish(void)
{
    free_mb_mgr(ctl);
    ctl = NULL;
}

const char *srtp_mb_ctx_name(void)
{
    return text;
}
