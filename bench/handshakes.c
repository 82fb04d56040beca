/* SPDX-License-Identifier: MIT */
/* Sessions a second that the controlplane brings through, end to end: people join rooms over WebSockets, offer, check
 * connectivity and do a DTLS handshake for each stream they publish or play. The controlplane has CPU 0 to itself;
 * people and the worker share CPU 1, and may well be the limit: so the second row is one over the controlplane's CPU
 * time for a session. The ceiling is what one handshake takes of OpenSSL's P-256, and nothing else: two keys of its own
 * made or agreed, one signature made and one verified. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/rig.h"

#define ROOMS  16
#define PEOPLE 10
#define TRIES  3

struct curve {
    EVP_PKEY *own, *peer;
    uint8_t signature[128];
    size_t signature_bytes;
};

static const uint8_t digest[32] = {1};

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void sign(struct curve *c)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(c->own, NULL);

    c->signature_bytes = sizeof(c->signature);
    check(EVP_PKEY_sign_init(ctx) == 1 &&
          EVP_PKEY_sign(ctx, c->signature, &c->signature_bytes, digest, sizeof(digest)) == 1);
    EVP_PKEY_CTX_free(ctx);
}

static void verify(struct curve *c)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(c->own, NULL);

    check(EVP_PKEY_verify_init(ctx) == 1 &&
          EVP_PKEY_verify(ctx, c->signature, c->signature_bytes, digest, sizeof(digest)) == 1);
    EVP_PKEY_CTX_free(ctx);
}

static void agree(struct curve *c)
{
    EVP_PKEY *once = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(once, NULL);
    uint8_t secret[32];
    size_t len = sizeof(secret);

    check(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, c->peer) == 1 &&
          EVP_PKEY_derive(ctx, secret, &len) == 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(once);
}

static uint32_t handshake(void *arg)
{
    agree(arg);
    sign(arg);
    verify(arg);
    return 1;
}

static double ceiling_ns(void)
{
    struct curve c = {.own = EVP_EC_gen("P-256"), .peer = EVP_EC_gen("P-256")};
    struct bench_work work = {handshake, &c};
    double samples[BENCH_SAMPLES];

    check(c.own && c.peer);
    for (int i = 0; i < BENCH_SAMPLES; i++)
        samples[i] = bench_sample(&work);
    EVP_PKEY_free(c.own);
    EVP_PKEY_free(c.peer);
    return bench_median(samples);
}

static void print(const char *name, const struct rig *rig, double ns)
{
    uint32_t n = people_connected(rig->people);
    const struct bench_figure figures[] = {
        {"per_second", 1e9 / ns},
        {"controlplane_us", (double)rig->controlplane_us / n},
        {"controlplane_busy", (double)rig->controlplane_us / (double)rig->gather_us},
    };

    bench_print(&(struct bench_row){.bench = "handshakes",
                                    .name = name,
                                    .profile = "AEAD_AES_128_GCM",
                                    .n = 1,
                                    .keys = n,
                                    .ns = ns,
                                    .ceiling_ns = ceiling_ns(),
                                    .figures = figures,
                                    .n_figures = ARRAY_SIZE(figures)});
}

int main(int argc, char **argv)
{
    struct rig_conf conf = {.over = RIG_OVER_SOCKETS,
                            .profile = SRTP_PROFILE_AEAD_AES_128_GCM,
                            .rooms = ROOMS,
                            .people = PEOPLE,
                            .publishers = PEOPLE,
                            .codecs = PEER_SDP_CODEC(CODEC_OPUS) | PEER_SDP_CODEC(CODEC_VP8),
                            .shapes = {{PAYLOAD_BYTES_MIN + 64, 1, 20000}, {1200, 1, 20000}},
                            .controlplane_alone = true};
    struct rig rig;

    bench_start(argc, argv, "Sessions brought through, one core of the controlplane; keys: sessions", 2 * TRIES);
    if (!rig_enter("handshakes"))
        return 1;
    for (int i = 0; i < TRIES; i++) {
        rig_open(&rig, &conf);
        double n = people_connected(rig.people);
        print("end to end", &rig, (double)rig.gather_us * 1e3 / n);
        print("by the controlplane's CPU time", &rig, (double)rig.controlplane_us * 1e3 / n);
        rig_close(&rig);
    }
    bench_finish();
    return 0;
}
