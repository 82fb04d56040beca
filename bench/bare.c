/* SPDX-License-Identifier: MIT */
/* intel-ipsec-mb and memcpy without anything of ours. */
#include "bench/bare.h"

#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

#define BURST  64
#define HEADER 12

struct bare {
    IMB_MGR *mgr;
    uint32_t size;
    enum srtp_profile profile;
    struct gcm_key_data key __attribute__((aligned(64)));
    struct gcm_context_data gcm;
    IMB_JOB cipher[BURST], hash[BURST];
    uint8_t enc[16 * 11] __attribute__((aligned(16))), state[20];
    uint8_t iv[16], tag[BURST][16], clear[2048], out[BURST][2048];
};

static uint32_t gcm_round(void *arg)
{
    struct bare *b = arg;
    aes_gcm_enc_dec_t encrypt = b->profile == SRTP_PROFILE_AEAD_AES_128_GCM ? b->mgr->gcm128_enc : b->mgr->gcm256_enc;

    for (int i = 0; i < BURST; i++)
        encrypt(&b->key, &b->gcm, b->out[i] + HEADER, b->clear + HEADER, b->size - HEADER, b->iv, b->out[i], HEADER,
                b->out[i] + b->size, 16);
    return BURST;
}

static uint32_t cm_round(void *arg)
{
    struct bare *b = arg;

    IMB_SUBMIT_CIPHER_BURST_NOCHECK(b->mgr, b->cipher, BURST, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, IMB_KEY_128_BYTES);
    IMB_SUBMIT_HASH_BURST_NOCHECK(b->mgr, b->hash, BURST, IMB_AUTH_HMAC_SHA_1);
    return BURST;
}

static uint32_t memcpy_round(void *arg)
{
    struct bare *b = arg;

    for (int i = 0; i < BURST; i++) {
        memcpy(b->out[i], b->clear, b->size);
        __asm__ volatile("" ::: "memory");
    }
    return BURST;
}

static void set_cm_jobs(struct bare *b)
{
    uint8_t unused[16 * 11] __attribute__((aligned(16)));

    IMB_AES_KEYEXP_128(b->mgr, b->iv, b->enc, unused);
    for (int i = 0; i < BURST; i++) {
        IMB_JOB *c = &b->cipher[i], *h = &b->hash[i];
        c->enc_keys = b->enc;
        c->key_len_in_bytes = 16;
        c->cipher_mode = IMB_CIPHER_CNTR;
        c->cipher_direction = IMB_DIR_ENCRYPT;
        c->src = b->clear + HEADER;
        c->dst = b->out[i] + HEADER;
        c->msg_len_to_cipher_in_bytes = b->size - HEADER;
        c->iv = b->iv;
        c->iv_len_in_bytes = 16;
        h->hash_alg = IMB_AUTH_HMAC_SHA_1;
        h->src = b->out[i];
        h->msg_len_to_hash_in_bytes = b->size + 4;
        h->auth_tag_output = b->tag[i];
        h->auth_tag_output_len_in_bytes = 12;
        h->u.HMAC._hashed_auth_key_xor_ipad = b->state;
        h->u.HMAC._hashed_auth_key_xor_opad = b->state;
    }
}

struct bare *bare_create(enum srtp_profile profile, uint32_t size)
{
    struct bare *b = aligned_alloc(64, (sizeof(*b) + 63) / 64 * 64);

    if (!b)
        abort();
    memset(b, 0, sizeof(*b));
    b->mgr = alloc_mb_mgr(0);
    if (!b->mgr)
        abort();
    init_mb_mgr_auto(b->mgr, NULL);
    b->size = size;
    b->profile = profile;
    if (profile == SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80)
        set_cm_jobs(b);
    else if (profile == SRTP_PROFILE_AEAD_AES_128_GCM)
        b->mgr->gcm128_pre(b->clear, &b->key);
    else if (profile == SRTP_PROFILE_AEAD_AES_256_GCM)
        b->mgr->gcm256_pre(b->clear, &b->key);
    return b;
}

void bare_destroy(struct bare *b)
{
    free_mb_mgr(b->mgr);
    free(b);
}

struct bench_work bare_work(struct bare *b)
{
    bool cm = b->profile == SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, none = b->profile == SRTP_PROFILE_NONE;

    return (struct bench_work){.round = none ? memcpy_round : cm ? cm_round : gcm_round, .arg = b};
}
