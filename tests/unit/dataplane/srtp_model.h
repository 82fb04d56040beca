/* SPDX-License-Identifier: MIT */
/* SRTP a second time, straight from RFC 3711 and RFC 7714 over OpenSSL's primitives: slow, obvious, and the yardstick
 * of every backend. The model itself is checked against the vectors of the RFCs. */
#ifndef ROOMLINE_TESTS_SRTP_MODEL_H
#define ROOMLINE_TESTS_SRTP_MODEL_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/media.h"
#include "common/util.h"

struct model_keys { /* of a session, RFC 3711 4.3.1 */
    uint8_t cipher[32], salt[14], auth[20];
    size_t cipher_bytes, salt_bytes;
    bool gcm;
};

/* AES in counter mode over zeros or data (RFC 3711 4.1.1): iv is 128 bits, the counter its low 16. */
static inline void model_ctr(const uint8_t *key, size_t key_bytes, const uint8_t iv[16], const uint8_t *in,
                             uint8_t *out, size_t len)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n;
    EVP_EncryptInit_ex(c, key_bytes == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr(), NULL, key, iv);
    EVP_EncryptUpdate(c, out, &n, in, (int)len);
    EVP_CIPHER_CTX_free(c);
}

/* RFC 3711 4.3.3: x = label << 48 XOR salt, key derivation rate 0. */
static inline void model_derive(const uint8_t *key, size_t key_bytes, const uint8_t *salt, size_t salt_bytes,
                                uint8_t label, uint8_t *out, size_t len)
{
    static const uint8_t zeros[64];
    uint8_t iv[16] = {0};
    memcpy(iv, salt, salt_bytes); /* a 96-bit salt is padded on the right (RFC 7714 11) */
    iv[7] ^= label;
    model_ctr(key, key_bytes, iv, zeros, out, len);
}

static inline struct model_keys model_keys(enum srtp_profile profile, const uint8_t *key, const uint8_t *salt,
                                           bool rtcp)
{
    struct model_keys k = {
        .cipher_bytes = profile == SRTP_PROFILE_AEAD_AES_256_GCM ? 32 : 16,
        .gcm = profile != SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80,
    };
    uint8_t label = rtcp ? 3 : 0;
    k.salt_bytes = k.gcm ? 12 : 14;
    model_derive(key, k.cipher_bytes, salt, k.salt_bytes, label, k.cipher, k.cipher_bytes);
    model_derive(key, k.cipher_bytes, salt, k.salt_bytes, label + 1, k.auth, sizeof(k.auth));
    model_derive(key, k.cipher_bytes, salt, k.salt_bytes, label + 2, k.salt, k.salt_bytes);
    return k;
}

static inline void model_gcm(const struct model_keys *k, const uint8_t iv[12], const uint8_t *aad, size_t aad_len,
                             const uint8_t *aad2, size_t aad2_len, uint8_t *data, size_t len)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n;
    EVP_EncryptInit_ex(c, k->cipher_bytes == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), NULL, k->cipher, iv);
    EVP_EncryptUpdate(c, NULL, &n, aad, (int)aad_len);
    if (aad2_len)
        EVP_EncryptUpdate(c, NULL, &n, aad2, (int)aad2_len);
    EVP_EncryptUpdate(c, data, &n, data, (int)len);
    EVP_EncryptFinal_ex(c, data + n, &n);
    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, data + len);
    EVP_CIPHER_CTX_free(c);
}

/* RFC 3711 4.1.1: salt << 16 XOR SSRC << 64 XOR index << 16. */
static inline void model_cm_iv(const struct model_keys *k, uint32_t ssrc, uint64_t index, uint8_t iv[16])
{
    uint8_t x[16] = {0};
    put_be32(x + 4, ssrc);
    put_be16(x + 8, (uint16_t)(index >> 32));
    put_be32(x + 10, (uint32_t)index);
    memset(iv, 0, 16);
    memcpy(iv, k->salt, 14);
    for (int i = 0; i < 16; i++)
        iv[i] ^= x[i];
}

/* HMAC-SHA1 of the packet and a 32-bit word (the ROC, or none), first 80 bits. */
static inline void model_tag(const struct model_keys *k, uint8_t *packet, size_t len, uint32_t word, bool with_word)
{
    uint8_t copy[4096], tag[20];
    memcpy(copy, packet, len);
    put_be32(copy + len, word);
    HMAC(EVP_sha1(), k->auth, sizeof(k->auth), copy, len + (with_word ? 4 : 0), tag, NULL);
    memcpy(packet + len, tag, 10);
}

/* packet: header and payload, with room for the tag. Returns the new length. */
static inline size_t model_protect(const struct model_keys *k, uint8_t *packet, size_t hdr_len, size_t len,
                                   uint64_t index)
{
    uint32_t ssrc = get_be32(packet + 8), roc = (uint32_t)(index >> 16);
    uint8_t iv[16] = {0};

    if (k->gcm) { /* RFC 7714 8.1: 00 00 SSRC ROC SEQ XOR salt */
        put_be32(iv + 2, ssrc);
        put_be32(iv + 6, roc);
        put_be16(iv + 10, (uint16_t)index);
        for (int i = 0; i < 12; i++)
            iv[i] ^= k->salt[i];
        model_gcm(k, iv, packet, hdr_len, NULL, 0, packet + hdr_len, len - hdr_len);
        return len + 16;
    }
    model_cm_iv(k, ssrc, index, iv);
    model_ctr(k->cipher, k->cipher_bytes, iv, packet + hdr_len, packet + hdr_len, len - hdr_len);
    model_tag(k, packet, len, roc, true);
    return len + 10;
}

static inline size_t model_protect_rtcp(const struct model_keys *k, uint8_t *packet, size_t len, uint32_t index)
{
    uint32_t ssrc = get_be32(packet + 4);
    uint8_t iv[16] = {0}, word[4];

    put_be32(word, 0x80000000u | index);
    if (k->gcm) { /* RFC 7714 9.1: 00 00 SSRC 00 00 index; the word is associated data and stands behind the tag */
        put_be32(iv + 2, ssrc);
        put_be32(iv + 8, index);
        for (int i = 0; i < 12; i++)
            iv[i] ^= k->salt[i];
        model_gcm(k, iv, packet, 8, word, 4, packet + 8, len - 8);
        memcpy(packet + len + 16, word, 4);
        return len + 20;
    }
    model_cm_iv(k, ssrc, index, iv);
    model_ctr(k->cipher, k->cipher_bytes, iv, packet + 8, packet + 8, len - 8);
    memcpy(packet + len, word, 4);
    model_tag(k, packet, len + 4, 0, false);
    return len + 14;
}

#endif
