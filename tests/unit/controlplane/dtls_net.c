/* SPDX-License-Identifier: MIT */
/* The network in memory: carrying, damaging, timers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/util.h"
#include "dtls_net.h"

int64_t net_now_us;

/* libssl's timers read this one instead of libc's. */
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    tv->tv_sec = START_S + net_now_us / 1000000;
    tv->tv_usec = net_now_us % 1000000;
    return 0;
}

const enum srtp_profile net_all_profiles[] = {GCM128, CM, GCM256, SRTP_PROFILE_NONE};

static void on_send(void *arg, const uint8_t *bytes, size_t len)
{
    struct end *end = arg;
    assert_in_range(len, 1, DTLS_MTU);
    assert_true(end->n_out < QUEUE_MAX);
    end->out[end->n_out].len = len;
    memcpy(end->out[end->n_out++].bytes, bytes, len);
    end->n_sent++;
}

void net_collect_raw(struct end *end)
{
    uint8_t buf[2048];
    ssize_t n;
    while (end->raw && (n = recv(end->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
        on_send(end, buf, (size_t)n);
}

void net_feed(struct end *end, const uint8_t *bytes, size_t len)
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
        net_collect_raw(end);
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
    net_collect_raw(end);
}

struct datagram net_pop(struct end *end)
{
    assert_true(end->n_out > 0);
    size_t i = end->newest_first ? end->n_out - 1 : 0;
    struct datagram datagram = end->out[i];
    memmove(end->out + i, end->out + i + 1, (--end->n_out - i) * sizeof(end->out[0]));
    return datagram;
}

void net_start(struct end *end)
{
    if (end->dtls)
        dtls_start(end->dtls);
    else
        SSL_do_handshake(end->raw);
    net_collect_raw(end);
}

void net_carry_all(struct end *to, const struct datagram *datagram, size_t index, size_t arg)
{
    net_feed(to, datagram->bytes, datagram->len);
}

void net_carry_but_one(struct end *to, const struct datagram *datagram, size_t index, size_t arg)
{
    if (index != arg)
        net_feed(to, datagram->bytes, datagram->len);
}

void net_carry_amid_garbage(struct end *to, const struct datagram *datagram, size_t index, size_t arg)
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
        net_feed(to, garbage[i].bytes, garbage[i].len);
    for (size_t len = 0; len < datagram->len; len += 1 + datagram->len / 16)
        if (len < 13 || get_be16(datagram->bytes + 11) + 13u > len) /* the first record is cut, so nothing counts */
            net_feed(to, datagram->bytes, len);
    net_feed(to, datagram->bytes, datagram->len);
    net_feed(to, datagram->bytes, datagram->len); /* and a duplicate */
}

/* Runs both ends until nothing is on its way and no timer runs. Returns the number of datagrams carried. */
size_t net_run(struct end *a, struct end *b, net_carry_fn *carry, size_t arg)
{
    size_t index = 0;
    int64_t end_us = net_now_us + HANDSHAKE_S * 1000000LL;
    for (;;) {
        while (a->n_out || b->n_out) {
            struct end *from = a->n_out ? a : b, *to = a->n_out ? b : a;
            struct datagram datagram = net_pop(from);
            carry(to, &datagram, index++, arg);
        }
        int64_t a_us = timeout_us(a), b_us = timeout_us(b);
        if (a_us < 0 && b_us < 0)
            return index;
        int64_t step_us = a_us < 0 ? b_us : b_us < 0 ? a_us : MIN(a_us, b_us);
        net_now_us += step_us;
        assert_true(net_now_us < end_us);
        if (a_us == step_us)
            fire(a);
        if (b_us == step_us)
            fire(b);
    }
}

size_t net_digest(const struct cert *cert, const EVP_MD *hash, uint8_t *md)
{
    unsigned int n;
    assert_int_equal(X509_digest(cert_x509(cert), hash, md, &n), 1);
    return n;
}

struct dtls *net_make_end(struct net *f, struct end *end, bool active, const char *hash_name, const EVP_MD *hash)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    size_t n = net_digest(active ? f->server_cert : f->client_cert, hash, md);
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

void net_make_pair(struct net *f, const enum srtp_profile *server, const enum srtp_profile *client)
{
    f->server_ctx = dtls_ctx_create(f->server_cert, server);
    f->client_ctx = dtls_ctx_create(f->client_cert, client);
    assert_non_null(f->server_ctx);
    assert_non_null(f->client_ctx);
    f->server.dtls = net_make_end(f, &f->server, false, "sha-256", EVP_sha256());
    f->client.dtls = net_make_end(f, &f->client, true, "sha-256", EVP_sha256());
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

void net_clear_ends(struct net *f)
{
    clear_end(&f->server);
    clear_end(&f->client);
    dtls_ctx_destroy(f->server_ctx);
    dtls_ctx_destroy(f->client_ctx);
    f->server_ctx = f->client_ctx = NULL;
}

int net_setup(void **state)
{
    struct net *f = calloc(1, sizeof(*f));
    net_now_us = 0;
    f->server_cert = cert_make(NULL, START_S);
    f->client_cert = cert_make(NULL, START_S);
    *state = f;
    return f->server_cert && f->client_cert ? 0 : -1;
}

int net_teardown(void **state)
{
    struct net *f = *state;
    net_clear_ends(f);
    cert_destroy(f->server_cert);
    cert_destroy(f->client_cert);
    free(f);
    return 0;
}

void net_assert_established(struct net *f)
{
    uint8_t none[1] = {0};
    assert_int_equal(dtls_on_datagram(f->server.dtls, none, 0), DTLS_ESTABLISHED);
    if (f->client.dtls)
        assert_int_equal(dtls_on_datagram(f->client.dtls, none, 0), DTLS_ESTABLISHED);
    else
        assert_true(SSL_is_init_finished(f->client.raw));
}

enum dtls_state net_state_of(struct dtls *d)
{
    return dtls_on_datagram(d, (const uint8_t *)"", 0);
}

void net_assert_failed(struct dtls *d, const char *text)
{
    struct dtls_keys keys;
    assert_int_equal(net_state_of(d), DTLS_FAILED);
    assert_string_equal(dtls_error(d), text);
    assert_string_not_equal(dtls_reason(d), "none");
    assert_int_equal(dtls_export_keys(d, &keys), -EINVAL);
}

static int add_padding(SSL *s, unsigned int type, unsigned int context, const unsigned char **out, size_t *len, X509 *x,
                       size_t chain, int *alert, void *arg)
{
    static const uint8_t zeros[4000];
    *out = zeros;
    *len = *(const size_t *)arg;
    return 1;
}

static void make_raw_client(struct net *f, const struct raw_conf *conf)
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

void net_make_raw_pair(struct net *f, const struct raw_conf *conf)
{
    f->server_ctx = dtls_ctx_create(f->server_cert, net_all_profiles);
    f->server.dtls = net_make_end(f, &f->server, false, "sha-256", EVP_sha256());
    make_raw_client(f, conf);
}
