/* SPDX-License-Identifier: MIT */
/* DTLS associations against each other and against plain OpenSSL clients, over queues in memory and a virtual clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/util.h"
#include "controlplane/cert.h"
#include "controlplane/dtls.h"

#define START_S     1700000000
#define QUEUE_MAX   64
#define HANDSHAKE_S 30 /* every handshake ends, well or badly, within this */

static int64_t now_us;

/* libssl's timers read this one instead of libc's. */
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    tv->tv_sec = START_S + now_us / 1000000;
    tv->tv_usec = now_us % 1000000;
    return 0;
}

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

struct fixture {
    struct cert *server_cert, *client_cert;
    struct dtls_ctx *server_ctx, *client_ctx;
    struct end server, client;
};

#define GCM128 SRTP_PROFILE_AEAD_AES_128_GCM
#define GCM256 SRTP_PROFILE_AEAD_AES_256_GCM
#define CM     SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80

static const enum srtp_profile all_profiles[] = {GCM128, CM, GCM256, SRTP_PROFILE_NONE};

static void on_send(void *arg, const uint8_t *bytes, size_t len)
{
    struct end *end = arg;
    assert_in_range(len, 1, DTLS_MTU);
    assert_true(end->n_out < QUEUE_MAX);
    end->out[end->n_out].len = len;
    memcpy(end->out[end->n_out++].bytes, bytes, len);
    end->n_sent++;
}

static void collect_raw(struct end *end)
{
    uint8_t buf[2048];
    ssize_t n;
    while (end->raw && (n = recv(end->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
        on_send(end, buf, (size_t)n);
}

static void feed(struct end *end, const uint8_t *bytes, size_t len)
{
    if (end->dtls) {
        uint8_t *exact = malloc(len ? len : 1); /* so that ASan sees an overread */
        assert_non_null(exact);
        memcpy(exact, bytes, len);
        dtls_on_datagram(end->dtls, exact, len);
        free(exact);
    } else {
        send(end->fd, bytes, len, MSG_DONTWAIT);
        int rc = SSL_do_handshake(end->raw);
        end->raw_failed = rc != 1 && SSL_get_error(end->raw, rc) == SSL_ERROR_SSL;
        collect_raw(end);
    }
}

static int64_t timeout_us(struct end *end)
{
    struct timeval tv;
    if (end->dtls)
        return dtls_timeout_us(end->dtls);
    if (end->raw_failed)
        return -1;
    return !SSL_is_init_finished(end->raw) && DTLSv1_get_timeout(end->raw, &tv) ? tv.tv_sec * 1000000 + tv.tv_usec : -1;
}

static void fire(struct end *end)
{
    if (end->dtls)
        dtls_on_timer(end->dtls);
    else
        DTLSv1_handle_timeout(end->raw);
    collect_raw(end);
}

static struct datagram pop(struct end *end)
{
    assert_true(end->n_out > 0);
    size_t i = end->newest_first ? end->n_out - 1 : 0;
    struct datagram datagram = end->out[i];
    memmove(end->out + i, end->out + i + 1, (--end->n_out - i) * sizeof(end->out[0]));
    return datagram;
}

static void start(struct end *end)
{
    if (end->dtls)
        dtls_start(end->dtls);
    else
        SSL_do_handshake(end->raw);
    collect_raw(end);
}

/* How the network treats the datagrams it carries; index counts those of both directions. */
typedef void carry_fn(struct end *to, const struct datagram *datagram, size_t index, size_t arg);

static void carry_all(struct end *to, const struct datagram *datagram, size_t index, size_t arg)
{
    feed(to, datagram->bytes, datagram->len);
}

static void carry_but_one(struct end *to, const struct datagram *datagram, size_t index, size_t arg)
{
    if (index != arg)
        feed(to, datagram->bytes, datagram->len);
}

static void carry_amid_garbage(struct end *to, const struct datagram *datagram, size_t index, size_t arg)
{
    static const struct datagram garbage[] = {
        {0, {0}},
        {1, {22}},
        {13, {22, 0xfe, 0xfd}},                            /* header only */
        {20, {22, 0xfe, 0xfd, [11] = 0xff, [12] = 0xff}},  /* length beyond the datagram */
        {20, {22, 0x03, 0x03, [12] = 7}},                  /* TLS, not DTLS */
        {30, {63, 0xfe, 0xfd, [12] = 17}},                 /* unknown content type */
        {25, {23, 0xfe, 0xfd, [12] = 12}},                 /* application data in the clear */
        {40, {22, 0xfe, 0xfd, 0, 7, [10] = 1, [12] = 27}}, /* another epoch */
        {20, {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}},        /* STUN */
        {12, {0x80, 0x60}},                                /* RTP */
    };
    for (size_t i = 0; i < ARRAY_SIZE(garbage); i++)
        feed(to, garbage[i].bytes, garbage[i].len);
    for (size_t len = 0; len < datagram->len; len += 1 + datagram->len / 16)
        if (len < 13 || get_be16(datagram->bytes + 11) + 13u > len) /* the first record is cut, so nothing counts */
            feed(to, datagram->bytes, len);
    feed(to, datagram->bytes, datagram->len);
    feed(to, datagram->bytes, datagram->len); /* and a duplicate */
}

/* Runs both ends until nothing is on its way and no timer runs. Returns the number of datagrams carried. */
static size_t run(struct end *a, struct end *b, carry_fn *carry, size_t arg)
{
    size_t index = 0;
    int64_t end_us = now_us + HANDSHAKE_S * 1000000LL;
    for (;;) {
        while (a->n_out || b->n_out) {
            struct end *from = a->n_out ? a : b, *to = a->n_out ? b : a;
            struct datagram datagram = pop(from);
            carry(to, &datagram, index++, arg);
        }
        int64_t a_us = timeout_us(a), b_us = timeout_us(b);
        if (a_us < 0 && b_us < 0)
            return index;
        int64_t step_us = a_us < 0 ? b_us : b_us < 0 ? a_us : MIN(a_us, b_us);
        now_us += step_us;
        assert_true(now_us < end_us);
        if (a_us == step_us)
            fire(a);
        if (b_us == step_us)
            fire(b);
    }
}

static size_t digest(const struct cert *cert, const EVP_MD *hash, uint8_t *md)
{
    unsigned int n;
    assert_int_equal(X509_digest(cert_x509(cert), hash, md, &n), 1);
    return n;
}

static struct dtls *make_end(struct fixture *f, struct end *end, bool active, const char *hash_name, const EVP_MD *hash)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    size_t n = digest(active ? f->server_cert : f->client_cert, hash, md);
    struct dtls_conf conf = {.active = active,
                             .fingerprint_hash = hash_name,
                             .fingerprint = md,
                             .fingerprint_bytes = n,
                             .send = on_send,
                             .arg = end};
    struct dtls *d = dtls_create(active ? f->client_ctx : f->server_ctx, &conf);
    assert_non_null(d);
    return d;
}

static void make_pair(struct fixture *f, const enum srtp_profile *server, const enum srtp_profile *client)
{
    f->server_ctx = dtls_ctx_create(f->server_cert, server);
    f->client_ctx = dtls_ctx_create(f->client_cert, client);
    assert_non_null(f->server_ctx);
    assert_non_null(f->client_ctx);
    f->server.dtls = make_end(f, &f->server, false, "sha-256", EVP_sha256());
    f->client.dtls = make_end(f, &f->client, true, "sha-256", EVP_sha256());
}

static void clear_end(struct end *end)
{
    dtls_destroy(end->dtls);
    if (end->raw) {
        SSL_free(end->raw);
        close(end->fd);
    }
    memset(end, 0, sizeof(*end));
}

static void clear_ends(struct fixture *f)
{
    clear_end(&f->server);
    clear_end(&f->client);
    dtls_ctx_destroy(f->server_ctx);
    dtls_ctx_destroy(f->client_ctx);
    f->server_ctx = f->client_ctx = NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    now_us = 0;
    f->server_cert = cert_make(NULL, START_S);
    f->client_cert = cert_make(NULL, START_S);
    *state = f;
    return f->server_cert && f->client_cert ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    clear_ends(f);
    cert_destroy(f->server_cert);
    cert_destroy(f->client_cert);
    free(f);
    return 0;
}

static void assert_established(struct fixture *f)
{
    uint8_t none[1] = {0};
    assert_int_equal(dtls_on_datagram(f->server.dtls, none, 0), DTLS_ESTABLISHED);
    if (f->client.dtls)
        assert_int_equal(dtls_on_datagram(f->client.dtls, none, 0), DTLS_ESTABLISHED);
    else
        assert_true(SSL_is_init_finished(f->client.raw));
}

static enum dtls_state state_of(struct dtls *d)
{
    return dtls_on_datagram(d, (const uint8_t *)"", 0);
}

static void assert_failed(struct dtls *d, const char *text)
{
    struct dtls_keys keys;
    assert_int_equal(state_of(d), DTLS_FAILED);
    assert_string_equal(dtls_error(d), text);
    assert_string_not_equal(dtls_reason(d), "none");
    assert_int_equal(dtls_export_keys(d, &keys), -EINVAL);
}

/* What a plain OpenSSL client is like. Zero: DTLS 1.2, a certificate, all profiles. */
struct raw_conf {
    const char *no_srtp, *srtp, *ciphers;
    bool no_cert;
    int version;
    size_t padding_bytes; /* of a ClientHello extension that nobody knows */
};

static int add_padding(SSL *s, unsigned int type, unsigned int context, const unsigned char **out, size_t *len, X509 *x,
                       size_t chain, int *alert, void *arg)
{
    static const uint8_t zeros[4000];
    *out = zeros;
    *len = *(const size_t *)arg;
    return 1;
}

static void make_raw_client(struct fixture *f, const struct raw_conf *conf)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    SSL_CTX *ctx = SSL_CTX_new(DTLS_client_method());
    assert_non_null(ctx);
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU);
    if (conf->version) {
        SSL_CTX_set_min_proto_version(ctx, conf->version);
        SSL_CTX_set_max_proto_version(ctx, conf->version);
    }
    if (conf->ciphers)
        assert_int_equal(SSL_CTX_set_cipher_list(ctx, conf->ciphers), 1);
    if (!conf->no_srtp)
        assert_int_equal(SSL_CTX_set_tlsext_use_srtp(ctx, conf->srtp ? conf->srtp : "SRTP_AEAD_AES_128_GCM"), 0);
    if (!conf->no_cert) {
        SSL_CTX_use_certificate(ctx, cert_x509(f->client_cert));
        SSL_CTX_use_PrivateKey(ctx, cert_key(f->client_cert));
    }
    if (conf->padding_bytes)
        assert_int_equal(SSL_CTX_add_custom_ext(ctx, 0xfabc, SSL_EXT_CLIENT_HELLO, add_padding, NULL,
                                                (void *)(uintptr_t)&conf->padding_bytes, NULL, NULL),
                         1);
    f->client.raw = SSL_new(ctx);
    SSL_CTX_free(ctx);
    assert_non_null(f->client.raw);
    SSL_set_mtu(f->client.raw, DTLS_MTU);
    BIO *bio = BIO_new_socket(fds[0], BIO_CLOSE);
    SSL_set_bio(f->client.raw, bio, bio);
    SSL_set_connect_state(f->client.raw);
    f->client.fd = fds[1];
}

static void make_raw_pair(struct fixture *f, const struct raw_conf *conf)
{
    f->server_ctx = dtls_ctx_create(f->server_cert, all_profiles);
    f->server.dtls = make_end(f, &f->server, false, "sha-256", EVP_sha256());
    make_raw_client(f, conf);
}

static void test_profiles(void **state)
{
    static const struct {
        const char *name;
        enum srtp_profile server[4], client[4], expected;
    } cases[] = {
        {"AES-CM alone", {CM}, {CM}, CM},
        {"GCM 128 alone", {GCM128}, {GCM128}, GCM128},
        {"GCM 256 alone", {GCM256}, {GCM256}, GCM256},
        {"the server's order decides", {GCM128, CM, GCM256}, {CM, GCM256, GCM128}, GCM128},
        {"and again", {CM, GCM128}, {GCM128, CM}, CM},
        {"the common one", {GCM128, CM}, {GCM256, CM}, CM},
        {"none in common", {GCM128}, {CM}, SRTP_PROFILE_NONE},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("profiles: %s\n", cases[i].name);
        make_pair(f, cases[i].server, cases[i].client);
        start(&f->client);
        run(&f->server, &f->client, carry_all, 0);
        struct dtls_keys server, client;
        if (cases[i].expected == SRTP_PROFILE_NONE) {
            assert_failed(f->server.dtls, "Failed by DTLS error");
            assert_int_not_equal(state_of(f->client.dtls), DTLS_ESTABLISHED);
        } else {
            assert_established(f);
            assert_int_equal(dtls_export_keys(f->server.dtls, &server), 0);
            assert_int_equal(dtls_export_keys(f->client.dtls, &client), 0);
            assert_int_equal(server.profile, cases[i].expected);
            assert_int_equal(client.profile, cases[i].expected);
            assert_memory_equal(server.rx_key, client.tx_key, sizeof(server.rx_key));
            assert_memory_equal(server.tx_key, client.rx_key, sizeof(server.rx_key));
            assert_memory_equal(server.rx_salt, client.tx_salt, sizeof(server.rx_salt));
            assert_memory_equal(server.tx_salt, client.rx_salt, sizeof(server.rx_salt));
            assert_memory_not_equal(server.rx_key, server.tx_key, 16);
        }
        clear_ends(f);
    }
}

/* The layout of RFC 5764 4.2, taken from the peer's own export. */
static void test_keys_of_a_plain_client(void **state)
{
    static const struct {
        const char *name;
        enum srtp_profile profile;
        size_t key, salt;
    } cases[] = {
        {"SRTP_AES128_CM_SHA1_80", CM, 16, 14},
        {"SRTP_AEAD_AES_128_GCM", GCM128, 16, 12},
        {"SRTP_AEAD_AES_256_GCM", GCM256, 32, 12},
        {"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", GCM128, 16, 12},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct dtls_keys keys;
        uint8_t m[2 * (SRTP_KEY_BYTES_MAX + SRTP_SALT_BYTES_MAX)];
        size_t key = cases[i].key, salt = cases[i].salt;
        make_raw_pair(f, &(struct raw_conf){.srtp = cases[i].name});
        assert_int_equal(dtls_export_keys(f->server.dtls, &keys), -EINVAL);
        start(&f->client);
        run(&f->server, &f->client, carry_all, 0);
        assert_established(f);
        assert_int_equal(dtls_export_keys(f->server.dtls, &keys), 0);
        assert_int_equal(keys.profile, cases[i].profile);
        assert_int_equal(
            SSL_export_keying_material(f->client.raw, m, 2 * (key + salt), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0), 1);
        assert_memory_equal(keys.rx_key, m, key);
        assert_memory_equal(keys.tx_key, m + key, key);
        assert_memory_equal(keys.rx_salt, m + 2 * key, salt);
        assert_memory_equal(keys.tx_salt, m + 2 * key + salt, salt);
        clear_ends(f);
    }
}

static void test_fingerprints(void **state)
{
    static const struct {
        const char *name;
        const EVP_MD *(*hash)(void);
        bool ok;
    } cases[] = {
        {"sha-256", EVP_sha256, true},  {"SHA-256", EVP_sha256, true},  {"sha-384", EVP_sha384, true},
        {"sha-512", EVP_sha512, true},  {"sha-224", EVP_sha224, true},  {"sha-1", EVP_sha1, false},
        {"md5", EVP_md5, false},        {"", EVP_sha256, false},        {NULL, EVP_sha256, false},
        {"sha-256", EVP_sha512, false}, {"sha-512", EVP_sha256, false}, {"sha-256", EVP_sha3_256, false},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
        bool at_client = i & 1, ok = cases[i / 2].ok;
        make_pair(f, all_profiles, all_profiles);
        struct end *end = at_client ? &f->client : &f->server, *other = at_client ? &f->server : &f->client;
        dtls_destroy(end->dtls);
        end->dtls = make_end(f, end, at_client, cases[i / 2].name, cases[i / 2].hash());
        start(&f->client);
        run(&f->server, &f->client, carry_all, 0);
        if (ok) {
            assert_established(f);
        } else {
            assert_failed(end->dtls, "Failed by DTLS fingerprint error");
            assert_failed(other->dtls, "Failed by DTLS error"); /* it got our alert */
        }
        clear_ends(f);
    }
}

/* Every datagram of the handshake is lost once, the server's last flight included. */
static void test_one_lost(void **state)
{
    struct fixture *f = *state;
    size_t n = 1;
    for (size_t lost = 0; lost <= n; lost++) {
        make_pair(f, all_profiles, all_profiles);
        start(&f->client);
        int64_t began_us = now_us;
        size_t carried = run(&f->server, &f->client, carry_but_one, lost ? lost - 1 : SIZE_MAX);
        assert_established(f);
        if (lost == 0) {
            n = carried;
            assert_true(n >= 4);
            assert_true(now_us == began_us);
        } else {
            assert_true(carried > n);
            assert_in_range(now_us - began_us, 100000, 300000);
        }
        clear_ends(f);
    }
}

static void test_last_flight_again(void **state)
{
    struct fixture *f = *state;
    make_pair(f, all_profiles, all_profiles);
    start(&f->client);
    while (state_of(f->server.dtls) == DTLS_HANDSHAKE) {
        struct end *from = f->client.n_out ? &f->client : &f->server;
        struct datagram datagram = pop(from);
        feed(from == &f->client ? &f->server : &f->client, datagram.bytes, datagram.len);
    }
    assert_int_equal(state_of(f->client.dtls), DTLS_HANDSHAKE);
    assert_int_equal(dtls_timeout_us(f->server.dtls), -1);
    f->server.n_out = 0; /* lost */
    assert_int_equal(dtls_timeout_us(f->client.dtls), 100000);
    run(&f->server, &f->client, carry_all, 0);
    assert_established(f);
}

static void test_back_off(void **state)
{
    struct fixture *f = *state;
    make_pair(f, all_profiles, all_profiles);
    assert_int_equal(dtls_start(f->server.dtls), DTLS_HANDSHAKE);
    assert_int_equal(dtls_timeout_us(f->server.dtls), -1);
    assert_int_equal(f->server.n_out, 0);
    dtls_start(f->client.dtls);
    int64_t expected_us = 100000;
    size_t n_sent = f->client.n_sent;
    while (state_of(f->client.dtls) == DTLS_HANDSHAKE) {
        assert_int_equal(dtls_timeout_us(f->client.dtls), expected_us);
        now_us += expected_us / 2;
        dtls_on_timer(f->client.dtls); /* too early: nothing */
        assert_int_equal(f->client.n_sent, n_sent);
        now_us += expected_us - expected_us / 2;
        dtls_on_timer(f->client.dtls);
        if (state_of(f->client.dtls) == DTLS_HANDSHAKE)
            assert_true(f->client.n_sent > n_sent);
        n_sent = f->client.n_sent;
        f->client.n_out = 0;
        expected_us = MIN(expected_us * 2, 3000000);
    }
    assert_failed(f->client.dtls, "Failed by DTLS error");
    assert_in_range(now_us, 20000000, HANDSHAKE_S * 1000000);
    assert_int_equal(dtls_timeout_us(f->client.dtls), -1);
}

/* Current browsers: a ClientHello above one datagram, its fragments in any order and more than once. */
static void test_fragmented_client_hello(void **state)
{
    static const struct {
        const char *name;
        size_t padding_bytes, n, order[8];
    } cases[] = {
        {"in order", 1200, 2, {0, 1}},
        {"reversed", 1200, 2, {1, 0}},
        {"duplicated", 1200, 4, {0, 0, 1, 1}},
        {"reversed and duplicated", 1200, 4, {1, 1, 0, 0}},
        {"three, shuffled", 2400, 5, {2, 0, 2, 0, 1}},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("ClientHello: %s\n", cases[i].name);
        struct raw_conf conf = {.padding_bytes = cases[i].padding_bytes};
        make_raw_pair(f, &conf);
        start(&f->client);
        struct datagram hello[8];
        size_t n_hello = f->client.n_out;
        assert_int_equal(n_hello, 1 + cases[i].padding_bytes / 1100);
        memcpy(hello, f->client.out, n_hello * sizeof(hello[0]));
        f->client.n_out = 0;
        for (size_t j = 0; j < cases[i].n; j++) {
            assert_true(cases[i].order[j] < n_hello);
            feed(&f->server, hello[cases[i].order[j]].bytes, hello[cases[i].order[j]].len);
        }
        assert_true(f->server.n_out > 0);
        int64_t began_us = now_us;
        run(&f->server, &f->client, carry_all, 0);
        assert_established(f);
        assert_true(now_us == began_us); /* no retransmission was needed */
        clear_ends(f);
    }
}

static void test_garbage(void **state)
{
    struct fixture *f = *state;
    make_pair(f, all_profiles, all_profiles);
    start(&f->client);
    run(&f->server, &f->client, carry_amid_garbage, 0);
    assert_established(f);
}

/* Every flight in many datagrams, the newest first: ChangeCipherSpec and Finished overtake the certificate. */
static void test_reversed_flights(void **state)
{
    struct fixture *f = *state;
    make_raw_pair(f, &(struct raw_conf){.padding_bytes = 1200});
    SSL_set_mtu(f->client.raw, 300);
    f->client.newest_first = f->server.newest_first = true;
    start(&f->client);
    assert_true(f->client.n_out > 4);
    run(&f->server, &f->client, carry_all, 0);
    assert_established(f);
}

static void test_clients(void **state)
{
    static const struct {
        const char *name;
        struct raw_conf conf;
        bool ok;
    } cases[] = {
        {"plain", {.version = DTLS1_2_VERSION}, true},
        {"CHACHA20", {.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"}, true},
        {"AES-128-CBC", {.ciphers = "ECDHE-ECDSA-AES128-SHA"}, true},
        {"RSA ciphers only", {.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"}, false},
        {"DTLS 1.0 only", {.version = DTLS1_VERSION, .ciphers = "ALL:@SECLEVEL=0"}, false},
        {"no use_srtp", {.no_srtp = ""}, false},
        {"an SRTP profile too weak", {.srtp = "SRTP_AES128_CM_SHA1_32"}, false},
        {"no certificate", {.no_cert = true}, false},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("client: %s\n", cases[i].name);
        make_raw_pair(f, &cases[i].conf);
        start(&f->client);
        run(&f->server, &f->client, carry_all, 0);
        if (cases[i].ok)
            assert_established(f);
        else
            assert_failed(f->server.dtls, "Failed by DTLS error");
        clear_ends(f);
    }
}

static void test_no_resumption(void **state)
{
    struct fixture *f = *state;
    make_raw_pair(f, &(struct raw_conf){0});
    start(&f->client);
    run(&f->server, &f->client, carry_all, 0);
    assert_established(f);
    SSL_SESSION *session = SSL_get1_session(f->client.raw);
    assert_false(SSL_SESSION_has_ticket(session));
    unsigned int id_bytes;
    SSL_SESSION_get_id(session, &id_bytes);
    assert_int_equal(id_bytes, 0);
    SSL_SESSION_free(session);
}

static void test_no_renegotiation(void **state)
{
    struct fixture *f = *state;
    make_raw_pair(f, &(struct raw_conf){0});
    start(&f->client);
    run(&f->server, &f->client, carry_all, 0);
    assert_established(f);
    size_t n_sent = f->server.n_sent;
    assert_int_equal(SSL_renegotiate(f->client.raw), 1);
    SSL_do_handshake(f->client.raw);
    collect_raw(&f->client);
    assert_true(f->client.n_out > 0);
    while (f->client.n_out) {
        struct datagram datagram = pop(&f->client);
        feed(&f->server, datagram.bytes, datagram.len);
    }
    assert_true(f->server.n_sent <= n_sent + 1); /* at most the alert no_renegotiation */
    assert_int_equal(state_of(f->server.dtls), DTLS_ESTABLISHED);
}

static void test_close(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        make_pair(f, all_profiles, all_profiles);
        start(&f->client);
        run(&f->server, &f->client, carry_all, 0);
        assert_established(f);
        struct end *first = i ? &f->server : &f->client, *second = i ? &f->client : &f->server;
        dtls_destroy(first->dtls);
        first->dtls = NULL;
        assert_int_equal(first->n_out, 1);
        struct datagram notify = pop(first);
        feed(second, notify.bytes, notify.len);
        assert_int_equal(state_of(second->dtls), DTLS_CLOSED);
        assert_int_equal(second->n_out, 1); /* its own close_notify */
        feed(second, notify.bytes, notify.len);
        assert_int_equal(dtls_on_timer(second->dtls), DTLS_CLOSED);
        assert_int_equal(dtls_timeout_us(second->dtls), -1);
        assert_int_equal(second->n_out, 1);
        clear_ends(f);
    }
}

static void test_destroy_in_handshake(void **state)
{
    struct fixture *f = *state;
    make_pair(f, all_profiles, all_profiles);
    start(&f->client);
    struct datagram hello = pop(&f->client);
    feed(&f->server, hello.bytes, hello.len);
    size_t n_sent = f->server.n_sent;
    dtls_destroy(f->server.dtls);
    f->server.dtls = NULL;
    assert_int_equal(f->server.n_sent, n_sent);
}

static void test_fingerprint_text(void **state)
{
    struct fixture *f = *state;
    uint8_t md[EVP_MAX_MD_SIZE];
    char text[256] = "";
    size_t n = digest(f->server_cert, EVP_sha256(), md);
    for (size_t i = 0; i < n; i++)
        snprintf(text + i * 3, 4, "%02X%s", md[i], i + 1 < n ? ":" : "");
    make_pair(f, all_profiles, all_profiles);
    assert_string_equal(dtls_ctx_fingerprint(f->server_ctx), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_profiles),
        T(test_keys_of_a_plain_client),
        T(test_fingerprints),
        T(test_one_lost),
        T(test_last_flight_again),
        T(test_back_off),
        T(test_fragmented_client_hello),
        T(test_garbage),
        T(test_reversed_flights),
        T(test_clients),
        T(test_no_resumption),
        T(test_no_renegotiation),
        T(test_close),
        T(test_destroy_in_handshake),
        T(test_fingerprint_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
