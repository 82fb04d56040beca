/* SPDX-License-Identifier: MIT */
/* Each SRTP backend against a model that is itself checked against RFC 3711 appendix B and RFC 7714 16. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dataplane/srtp_backend.h"
#include "srtp_model.h"

static const uint8_t key[SRTP_KEY_BYTES_MAX] = {0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3,
                                                0x2c, 0x06, 0xde, 0x41, 0x39, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                                0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10};
static const uint8_t salt[SRTP_SALT_BYTES_MAX] = {0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe,
                                                  0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6};

static void hex(const char *text, uint8_t *out)
{
    for (; *text; text += 2) {
        unsigned int byte;
        assert_int_equal(sscanf(text, "%2x", &byte), 1);
        *out++ = (uint8_t)byte;
    }
}

static void assert_hex(const uint8_t *got, const char *want)
{
    uint8_t bytes[256];
    hex(want, bytes);
    assert_memory_equal(got, bytes, strlen(want) / 2);
}

static struct srtp_engine *engine; /* of the live backend */

/* libsrtp has a replay window for SRTP too, and streams by SSRC. */
static bool is_reference(void)
{
    return engine->backend == &srtp_ref;
}

/* ---- The model ---- */

static void model_derives_as_rfc3711_b3(void **state)
{
    struct model_keys k = model_keys(SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, key, salt, false);
    assert_hex(k.cipher, "c61e7a93744f39ee10734afe3ff7a087");
    assert_hex(k.salt, "30cbbc08863d8c85d49db34a9ae1");
    assert_hex(k.auth, "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
}

static void model_encrypts_as_rfc3711_b2(void **state)
{
    struct model_keys k = {.cipher_bytes = 16};
    uint8_t iv[16], out[16] = {0};
    hex("2b7e151628aed2a6abf7158809cf4f3c", k.cipher);
    hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd", k.salt);
    model_cm_iv(&k, 0, 0, iv);
    model_ctr(k.cipher, 16, iv, out, out, 16);
    assert_hex(out, "e03ead0935c95e80e166b16dd92b4eb4");
}

static void model_derives_as_rfc6188_7(void **state)
{
    uint8_t long_key[32], long_salt[14], out[32];
    hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6", long_key);
    hex("3b04803de51ee7c96423ab5b78d2", long_salt);
    model_derive(long_key, 32, long_salt, 14, 0, out, 32);
    assert_hex(out, "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4");
    model_derive(long_key, 32, long_salt, 14, 1, out, 20);
    assert_hex(out, "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
    model_derive(long_key, 32, long_salt, 14, 2, out, 14);
    assert_hex(out, "fa31791685ca444a9e07c6c64e93");
}

static void model_encrypts_as_rfc7714_16(void **state)
{
    struct model_keys k = {.cipher_bytes = 16, .gcm = true};
    uint8_t packet[128];
    hex("000102030405060708090a0b0c0d0e0f", k.cipher);
    hex("517569642070726f2071756f", k.salt);
    hex("8040f17b8041f8d35501a0b2", packet);
    memcpy(packet + 12, "Gallia est omnis divisa in partes tres", 38);
    assert_int_equal(model_protect(&k, packet, 12, 50, 0xf17b), 66);
    assert_hex(packet,
               "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf"
               "8833899d7f27beb16a9152cf765ee4390cce");
}

/* ---- The backend ---- */

static size_t write_packet(uint8_t *p, uint32_t ssrc, uint64_t index, bool long_header, size_t payload)
{
    size_t hdr_len = 12;
    memset(p, 0, 64);
    p[0] = 0x80;
    p[1] = 0x60;
    put_be16(p + 2, (uint16_t)index);
    put_be32(p + 4, 0x01020304);
    put_be32(p + 8, ssrc);
    if (long_header) { /* two CSRCs, extension of 8 bytes */
        p[0] |= 0x12;
        hdr_len += 8;
        put_be32(p + hdr_len, 0xbede0002);
        hdr_len += 12;
    }
    for (size_t i = 0; i < payload; i++)
        p[hdr_len + i] = (uint8_t)(i * 7 + index);
    return hdr_len;
}

static int unprotect(struct srtp_ctx *ctx, uint8_t *p, size_t *len, uint64_t index)
{
    uint16_t hdr_len = p[0] == 0x92 ? 32 : 12; /* of write_packet */
    struct srtp_job job = {.ctx = ctx, .dst = p, .hdr_len = hdr_len, .len = (uint16_t)*len, .index = index};
    srtp_unprotect_burst(engine, &job, 1);
    *len = job.len;
    return job.error;
}

/* Protects write_packet's packet out of place. */
static size_t protect(struct srtp_ctx *ctx, uint32_t ssrc, uint64_t index, uint8_t *out)
{
    uint8_t clear[256];
    size_t hdr_len = write_packet(clear, ssrc, index, false, 100);
    memcpy(out, clear, hdr_len);
    struct srtp_job job = {
        .ctx = ctx, .src = clear + hdr_len, .dst = out, .hdr_len = (uint16_t)hdr_len, .len = 100, .index = index};
    srtp_protect_burst(engine, &job, 1);
    assert_int_equal(job.error, 0);
    return job.len;
}

static void each_profile_equals_the_model(void **state)
{
    static const struct {
        uint64_t index;
        size_t payload;
        bool long_header, in_place;
    } cases[] = {
        {1, 1, false, false},          {2, 0, false, false},       {3, 1200, true, false},
        {4, 160, false, true},         {0xffff, 16, false, false}, {0x10000, 15, true, false},
        {0x10001, 1200, false, false}, {0x10000, 15, true, false}, {0x17fff, 33, false, false},
        {0x1fffe, 64, true, true},
    };
    for (int p = 1; p < SRTP_PROFILE_COUNT; p++) {
        enum srtp_profile profile = (enum srtp_profile)p;
        struct srtp_ctx *tx = srtp_ctx_create(profile, key, salt, true);
        struct srtp_ctx *rx = srtp_ctx_create(profile, key, salt, false);
        struct model_keys k = model_keys(profile, key, salt, false);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
            uint8_t clear[1400], want[1400], got[1400];
            size_t hdr_len = write_packet(clear, 0xcafebabe, cases[i].index, cases[i].long_header, cases[i].payload);
            size_t len = hdr_len + cases[i].payload;
            memcpy(want, clear, len);
            size_t want_len = model_protect(&k, want, hdr_len, len, cases[i].index);
            memcpy(got, clear, cases[i].in_place ? len : hdr_len);
            struct srtp_job job = {
                .ctx = tx,
                .src = cases[i].in_place ? NULL : clear + hdr_len,
                .dst = got,
                .hdr_len = (uint16_t)hdr_len,
                .len = (uint16_t)cases[i].payload,
                .index = cases[i].index,
            };
            srtp_protect_burst(engine, &job, 1);
            assert_int_equal(job.error, 0);
            assert_int_equal(job.len, want_len);
            assert_int_equal(job.len, len + srtp_overhead(tx));
            assert_memory_equal(got, want, want_len);
            if (i == 7) /* the same index with the same bytes is a retransmission: the receiver has it already */
                assert_int_equal(unprotect(rx, got, &want_len, cases[i].index), is_reference() ? -EALREADY : 0);
            else {
                assert_int_equal(unprotect(rx, got, &want_len, cases[i].index), 0);
                assert_int_equal(want_len, len);
                assert_memory_equal(got, clear, len);
            }
        }
        srtp_ctx_destroy(tx);
        srtp_ctx_destroy(rx);
    }
}

static void each_profile_equals_the_model_for_rtcp(void **state)
{
    for (int p = 1; p < SRTP_PROFILE_COUNT; p++) {
        enum srtp_profile profile = (enum srtp_profile)p;
        struct srtp_ctx *tx = srtp_ctx_create(profile, key, salt, true);
        struct srtp_ctx *rx = srtp_ctx_create(profile, key, salt, false);
        struct model_keys k = model_keys(profile, key, salt, true);
        for (uint32_t index = 1; index < 5; index++) {
            uint8_t clear[64], want[128], got[128];
            size_t len = 8 + 12 * index;
            memset(clear, (int)index, sizeof(clear));
            put_be32(clear, 0x81c90000u | (uint32_t)(len / 4 - 1));
            put_be32(clear + 4, 0xcafebabe);
            memcpy(want, clear, len);
            size_t want_len = model_protect_rtcp(&k, want, len, index);
            memcpy(got, clear, 8);
            struct srtp_job job = {
                .ctx = tx, .src = clear + 8, .dst = got, .hdr_len = 8, .len = (uint16_t)(len - 8), .index = index};
            srtcp_protect_burst(engine, &job, 1);
            assert_int_equal(job.error, 0);
            assert_int_equal(job.len, want_len);
            assert_int_equal(job.len, len + srtcp_overhead(tx));
            assert_memory_equal(got, want, want_len);
            struct srtp_job back = {.ctx = rx, .dst = got, .hdr_len = 8, .len = job.len};
            srtcp_unprotect_burst(engine, &back, 1);
            assert_int_equal(back.error, 0);
            assert_int_equal(back.len, len);
            assert_memory_equal(got, clear, len);
            back = (struct srtp_job){.ctx = rx, .dst = want, .hdr_len = 8, .len = (uint16_t)want_len};
            srtcp_unprotect_burst(engine, &back, 1); /* once more */
            assert_int_equal(back.error, -EALREADY);
        }
        srtp_ctx_destroy(tx);
        srtp_ctx_destroy(rx);
    }
}

static void one_burst_mixes_keys_and_profiles(void **state)
{
    struct srtp_job jobs[3 * (SRTP_PROFILE_COUNT - 1)];
    uint8_t clear[256], out[ARRAY_SIZE(jobs)][256], want[256];
    size_t hdr_len = write_packet(clear, 7, 9, false, 100);
    uint32_t n = 0;

    for (int receiver = 0; receiver < 3; receiver++)
        for (int p = 1; p < SRTP_PROFILE_COUNT; p++, n++) {
            uint8_t own_key[32];
            memset(own_key, receiver + 1, sizeof(own_key));
            memcpy(out[n], clear, hdr_len);
            jobs[n] = (struct srtp_job){.ctx = srtp_ctx_create((enum srtp_profile)p, own_key, salt, true),
                                        .src = clear + hdr_len,
                                        .dst = out[n],
                                        .hdr_len = (uint16_t)hdr_len,
                                        .len = 100,
                                        .index = 9};
        }
    srtp_protect_burst(engine, jobs, n);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t own_key[32];
        memset(own_key, (int)(i / (SRTP_PROFILE_COUNT - 1)) + 1, sizeof(own_key));
        struct model_keys k = model_keys((enum srtp_profile)(i % (SRTP_PROFILE_COUNT - 1) + 1), own_key, salt, false);
        memcpy(want, clear, hdr_len + 100);
        assert_int_equal(jobs[i].error, 0);
        assert_int_equal(model_protect(&k, want, hdr_len, hdr_len + 100, 9), jobs[i].len);
        assert_memory_equal(out[i], want, jobs[i].len);
        srtp_ctx_destroy(jobs[i].ctx);
    }
}

static void no_forged_byte_passes(void **state)
{
    for (int p = 1; p < SRTP_PROFILE_COUNT; p++) {
        struct srtp_ctx *tx = srtp_ctx_create((enum srtp_profile)p, key, salt, true);
        struct srtp_ctx *rx = srtp_ctx_create((enum srtp_profile)p, key, salt, false);
        uint8_t packet[256], copy[256];
        size_t len = protect(tx, 1, 50, packet);
        for (size_t at = 1; at < len; at++) {
            if (at == 2 || at == 3) /* of the index that the caller gives */
                continue;
            size_t n = len;
            memcpy(copy, packet, len);
            copy[at] ^= 0x10;
            assert_int_not_equal(unprotect(rx, copy, &n, 50), 0);
        }
        for (size_t cut = 0; cut < len; cut++) {
            size_t n = cut;
            memcpy(copy, packet, len);
            assert_int_not_equal(unprotect(rx, copy, &n, 50), 0);
        }
        size_t n = len;
        memcpy(copy, packet, len);
        assert_int_equal(unprotect(rx, copy, &n, 0x10000 + 50), -EBADMSG); /* wrong ROC */
        memcpy(copy, packet, len);
        n = len;
        assert_int_equal(unprotect(rx, copy, &n, 50), 0); /* nothing of the above has spoiled it */
        srtp_ctx_destroy(tx);
        srtp_ctx_destroy(rx);
    }
}

/* The caller's index decides, also where libsrtp would guess another one. */
static void follows_the_callers_index(void **state)
{
    static const uint64_t indices[] = {
        0x10005,          /* the first packet comes after an unseen wrap */
        0xfff0,           /* late, from before it */
        0x1fffd, 0x20002, /* a wrap between, with loss */
        0x1fffe,          /* reordered over the wrap */
        0x20003, 0x2c000, /* 49,149 lost at once: more than half the circle */
        0x2c001, 0x30001, 0x50000,
    };
    for (int p = 1; p < SRTP_PROFILE_COUNT; p++) {
        struct srtp_ctx *rx = srtp_ctx_create((enum srtp_profile)p, key, salt, false);
        struct model_keys k = model_keys((enum srtp_profile)p, key, salt, false);
        for (size_t i = 0; i < ARRAY_SIZE(indices); i++) {
            uint8_t packet[256];
            size_t hdr_len = write_packet(packet, 5, indices[i], false, 20);
            size_t len = model_protect(&k, packet, hdr_len, hdr_len + 20, indices[i]);
            assert_int_equal(unprotect(rx, packet, &len, indices[i]), 0);
        }
        srtp_ctx_destroy(rx);
    }
}

static void window_reaches_1024_back(void **state)
{
    static const struct {
        uint64_t index;
        int error;
    } cases[] = {{5000, 0}, {5000, -EALREADY}, {5000 - 1023, 0}, {5000 - 1023, -EALREADY}, {5000 - 1024, -EALREADY}};
    if (!is_reference())
        return; /* the caller's own: test_replay */
    struct srtp_ctx *rx = srtp_ctx_create(SRTP_PROFILE_AEAD_AES_128_GCM, key, salt, false);
    struct model_keys k = model_keys(SRTP_PROFILE_AEAD_AES_128_GCM, key, salt, false);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t packet[256];
        size_t hdr_len = write_packet(packet, 5, cases[i].index, false, 20);
        size_t len = model_protect(&k, packet, hdr_len, hdr_len + 20, cases[i].index);
        assert_int_equal(unprotect(rx, packet, &len, cases[i].index), cases[i].error);
    }
    srtp_ctx_destroy(rx);
}

static void a_peer_cannot_open_streams_without_end(void **state)
{
    struct srtp_ctx *tx = srtp_ctx_create(SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, key, salt, true);
    struct srtp_ctx *rx = srtp_ctx_create(SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, key, salt, false);
    uint8_t packet[256];
    uint32_t taken = 0;
    for (uint32_t ssrc = 1; ssrc <= 100; ssrc++) {
        size_t len = protect(tx, ssrc, 1, packet);
        taken += unprotect(rx, packet, &len, 1) == 0;
    }
    assert_int_equal(taken, is_reference() ? 32 : 100); /* nothing is kept, or not without end */
    size_t len = protect(tx, 1, 2, packet);
    assert_int_equal(unprotect(rx, packet, &len, 2), 0); /* those it knows go on */
    srtp_ctx_destroy(tx);
    srtp_ctx_destroy(rx);
}

static void refuses_unknown_profiles(void **state)
{
    assert_null(srtp_ctx_create(SRTP_PROFILE_NONE, key, salt, true));
    assert_null(srtp_ctx_create(SRTP_PROFILE_COUNT, key, salt, true));
    assert_int_equal(srtp_profiles(), (1 << SRTP_PROFILE_COUNT) - 2);
    srtp_ctx_destroy(NULL);
}

/* ---- Packets that the world agrees on: master keys in, a whole packet out ---- */

static void known_packets(void **state)
{
    static const struct {
        enum srtp_profile profile;
        bool rtcp;
        const char *key, *salt, *clear, *want;
    } cases[] = {
        {SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, false, "e1f97a0d3e018be0d64fa32c06de4139",
         "0ec675ad498afeebb6960b3aabe6", "800f1234decafbadcafebabeabababababababababababababababab",
         "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb"},
        {SRTP_PROFILE_AEAD_AES_128_GCM, false, "000102030405060708090a0b0c0d0e0f", "a0a1a2a3a4a5a6a7a8a9aaab",
         "800f1234decafbadcafebabeabababababababababababababababab",
         "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392"},
        {SRTP_PROFILE_AEAD_AES_128_GCM, true, "000102030405060708090a0b0c0d0e0f", "a0a1a2a3a4a5a6a7a8a9aaab",
         "81c8000bcafebabeabababababababababababababababab",
         "81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446ea31123ba88ce61e80000001"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t own_key[32], own_salt[14], packet[128];
        uint16_t hdr_len = cases[i].rtcp ? 8 : 12;
        hex(cases[i].key, own_key);
        hex(cases[i].salt, own_salt);
        hex(cases[i].clear, packet);
        struct srtp_ctx *tx = srtp_ctx_create(cases[i].profile, own_key, own_salt, true);
        struct srtp_job job = {.ctx = tx,
                               .dst = packet,
                               .hdr_len = hdr_len,
                               .len = (uint16_t)(strlen(cases[i].clear) / 2 - hdr_len),
                               .index = cases[i].rtcp ? 1 : 0x1234};
        if (cases[i].rtcp)
            srtcp_protect_burst(engine, &job, 1);
        else
            srtp_protect_burst(engine, &job, 1);
        assert_int_equal(job.len, strlen(cases[i].want) / 2);
        assert_hex(packet, cases[i].want);
        srtp_ctx_destroy(tx);
    }
}

static int start(void **state, enum conf_srtp_backend choice)
{
    int err = srtp_global_init(choice);
    engine = err ? NULL : srtp_engine_create();
    return engine ? 0 : -1;
}

static int start_libsrtp(void **state)
{
    return start(state, CONF_SRTP_BACKEND_LIBSRTP);
}

#ifdef ROOMLINE_IPSEC_MB
static int start_ipsec_mb(void **state)
{
    return start(state, CONF_SRTP_BACKEND_IPSEC_MB);
}
#endif

static int stop(void **state)
{
    srtp_engine_destroy(engine);
    srtp_global_finish();
    return 0;
}

int main(void)
{
    const struct CMUnitTest model[] = {
        cmocka_unit_test(model_derives_as_rfc3711_b3),
        cmocka_unit_test(model_encrypts_as_rfc3711_b2),
        cmocka_unit_test(model_derives_as_rfc6188_7),
        cmocka_unit_test(model_encrypts_as_rfc7714_16),
    };
    const struct CMUnitTest backend[] = {
        cmocka_unit_test(known_packets),
        cmocka_unit_test(each_profile_equals_the_model),
        cmocka_unit_test(each_profile_equals_the_model_for_rtcp),
        cmocka_unit_test(one_burst_mixes_keys_and_profiles),
        cmocka_unit_test(no_forged_byte_passes),
        cmocka_unit_test(follows_the_callers_index),
        cmocka_unit_test(window_reaches_1024_back),
        cmocka_unit_test(a_peer_cannot_open_streams_without_end),
        cmocka_unit_test(refuses_unknown_profiles),
    };
    int failed = cmocka_run_group_tests_name("model", model, NULL, NULL);
    failed += cmocka_run_group_tests_name("libsrtp", backend, start_libsrtp, stop);
#ifdef ROOMLINE_IPSEC_MB
    failed += cmocka_run_group_tests_name("ipsec-mb", backend, start_ipsec_mb, stop);
#endif
    return failed;
}
