/* SPDX-License-Identifier: MIT */
/* A network in memory for tests of DTLS: two ends, ours or plain OpenSSL, their datagrams in queues, a virtual clock
 * that libssl reads as well. Everything asserts. */
#ifndef ROOMLINE_TESTS_DTLS_NET_H
#define ROOMLINE_TESTS_DTLS_NET_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controlplane/cert.h"
#include "controlplane/dtls.h"

#define START_S     1700000000
#define QUEUE_MAX   64
#define HANDSHAKE_S 30 /* every handshake ends, well or badly, within this */

struct datagram {
    size_t len;
    uint8_t bytes[2048];
};

/* One end of an association and what it has sent that is still on its way. */
struct end {
    struct dtls *dtls; /* ours, or */
    SSL *raw;          /* plain OpenSSL over one half of a datagram socket pair, fd being the other half */
    int fd;
    bool raw_failed;
    bool newest_first; /* how its datagrams travel */
    size_t n_out, n_sent;
    struct datagram out[QUEUE_MAX];
};

struct net {
    struct cert *server_cert, *client_cert;
    struct dtls_ctx *server_ctx, *client_ctx;
    struct end server, client;
};

#define GCM128 SRTP_PROFILE_AEAD_AES_128_GCM
#define GCM256 SRTP_PROFILE_AEAD_AES_256_GCM
#define CM     SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80

extern int64_t net_now_us;
extern const enum srtp_profile net_all_profiles[];

/* How the network treats the datagrams it carries; index counts those of both directions. */
typedef void net_carry_fn(struct end *to, const struct datagram *datagram, size_t index, size_t arg);

/* What a plain OpenSSL client is like. Zero: any version, a certificate, GCM 128. */
struct raw_conf {
    const char *srtp, *ciphers;
    bool no_srtp;
    bool no_cert;
    int version;
    size_t padding_bytes; /* of a ClientHello extension that nobody knows */
};

void net_feed(struct end *end, const uint8_t *bytes, size_t len);
struct datagram net_pop(struct end *end);
void net_start(struct end *end);
size_t net_run(struct end *a, struct end *b, net_carry_fn *carry, size_t arg);
size_t net_digest(const struct cert *cert, const EVP_MD *hash, uint8_t *md);
struct dtls *net_make_end(struct net *f, struct end *end, bool active, const char *hash_name, const EVP_MD *hash);
void net_make_pair(struct net *f, const enum srtp_profile *server, const enum srtp_profile *client);
void net_clear_ends(struct net *f);
int net_setup(void **state);
int net_teardown(void **state);
void net_collect_raw(struct end *end);
void net_assert_established(struct net *f);
enum dtls_state net_state_of(struct dtls *d);
void net_assert_failed(struct dtls *d, const char *text);
void net_make_raw_pair(struct net *f, const struct raw_conf *conf);
void net_carry_all(struct end *to, const struct datagram *datagram, size_t index, size_t arg);
void net_carry_but_one(struct end *to, const struct datagram *datagram, size_t index, size_t arg);
void net_carry_amid_garbage(struct end *to, const struct datagram *datagram, size_t index, size_t arg);

#endif
