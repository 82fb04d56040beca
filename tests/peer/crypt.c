/* SPDX-License-Identifier: MIT */
/* libsrtp sessions from the keys that DTLS exported. */
#include "tests/peer/crypt.h"

#include <errno.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

struct crypt {
    srtp_t rx, tx;
};

static const struct {
    srtp_profile_t profile;
    size_t key_bytes, salt_bytes;
} profiles[SRTP_PROFILE_COUNT] = {
    [SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80] = {srtp_profile_aes128_cm_sha1_80, 16, 14},
    [SRTP_PROFILE_AEAD_AES_128_GCM] = {srtp_profile_aead_aes_128_gcm, 16, 12},
    [SRTP_PROFILE_AEAD_AES_256_GCM] = {srtp_profile_aead_aes_256_gcm, 32, 12},
};

int crypt_global_init(void)
{
    return srtp_init() == srtp_err_status_ok ? 0 : -EIO;
}

void crypt_global_finish(void)
{
    srtp_shutdown();
}

static srtp_t create(enum srtp_profile id, const uint8_t *key, const uint8_t *salt, bool tx)
{
    srtp_t session;
    uint8_t master[SRTP_KEY_BYTES_MAX + SRTP_SALT_BYTES_MAX];
    srtp_policy_t policy = {
        .ssrc = {.type = tx ? ssrc_any_outbound : ssrc_any_inbound},
        .key = master,
        .window_size = 1024,
        .allow_repeat_tx = 1,
    };
    memcpy(master, key, profiles[id].key_bytes);
    memcpy(master + profiles[id].key_bytes, salt, profiles[id].salt_bytes);
    if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profiles[id].profile) ||
        srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profiles[id].profile) ||
        srtp_create(&session, &policy))
        return NULL;
    return session;
}

struct crypt *crypt_create(const struct dtls_keys *keys)
{
    struct crypt *crypt = calloc(1, sizeof(*crypt));
    if (!crypt)
        return NULL;
    crypt->rx = create(keys->profile, keys->rx_key, keys->rx_salt, false);
    crypt->tx = create(keys->profile, keys->tx_key, keys->tx_salt, true);
    if (!crypt->rx || !crypt->tx) {
        crypt_destroy(crypt);
        return NULL;
    }
    return crypt;
}

void crypt_destroy(struct crypt *crypt)
{
    if (!crypt)
        return;
    if (crypt->rx)
        srtp_dealloc(crypt->rx);
    if (crypt->tx)
        srtp_dealloc(crypt->tx);
    free(crypt);
}

static int run(srtp_err_status_t (*transform)(srtp_t, void *, int *), srtp_t session, uint8_t *bytes, size_t len)
{
    int n = (int)len;
    switch ((int)transform(session, bytes, &n)) {
    case srtp_err_status_ok:
        return n;
    case srtp_err_status_auth_fail:
    case srtp_err_status_parse_err:
        return -EBADMSG;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
        return -EALREADY;
    default:
        return -EIO;
    }
}

int crypt_protect_rtp(struct crypt *crypt, uint8_t *bytes, size_t len)
{
    return run(srtp_protect, crypt->tx, bytes, len);
}

int crypt_protect_rtcp(struct crypt *crypt, uint8_t *bytes, size_t len)
{
    return run(srtp_protect_rtcp, crypt->tx, bytes, len);
}

int crypt_unprotect_rtp(struct crypt *crypt, uint8_t *bytes, size_t len)
{
    return run(srtp_unprotect, crypt->rx, bytes, len);
}

int crypt_unprotect_rtcp(struct crypt *crypt, uint8_t *bytes, size_t len)
{
    return run(srtp_unprotect_rtcp, crypt->rx, bytes, len);
}
