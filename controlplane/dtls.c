/* SPDX-License-Identifier: MIT */
/* DTLS 1.2 over memory with OpenSSL: the handshake, the fingerprint, the SRTP keys. */
#include "controlplane/dtls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "common/log.h"
#include "common/util.h"
#include "controlplane/cert.h"

#define ERROR_TEXT             "Failed by DTLS error"
#define ERROR_FINGERPRINT_TEXT "Failed by DTLS fingerprint error"

#define EXPORT_LABEL        "EXTRACTOR-dtls_srtp" /* RFC 5764 4.2 */
#define RECORD_HEADER_BYTES 13                    /* RFC 6347 4.1 */
#define CERT_CHAIN_BYTES    8192                  /* longest handshake message that we reassemble */

/* Retransmission (RFC 6347 4.2.4.1 lets real-time media start below 1 s). OpenSSL gives up after 12 times: 28 s. */
#define TIMER_FIRST_US 100000
#define TIMER_MAX_US   3000000

/* ECDHE-RSA is for the client role only: our certificate is ECDSA, a peer's may be RSA (RFC 8827 6.5). The last one is
 * for endpoints older than GCM, mandatory in RFC 8827's predecessor. */
#define CIPHERS                                                    \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA"
#define GROUPS "X25519:P-256:P-384"

struct dtls_ctx {
    SSL_CTX *ssl;
    BIO_METHOD *bio;
    char fingerprint[CERT_FINGERPRINT_SIZE];
};

struct dtls {
    SSL *ssl;
    enum dtls_state state;
    bool active;
    bool verified; /* the peer's certificate has the SDP's fingerprint */
    bool mismatch; /* it has not */
    const char *reason;
    const EVP_MD *hash; /* NULL: unknown, nothing matches */
    uint8_t fingerprint[EVP_MAX_MD_SIZE];
    size_t fingerprint_bytes;
    const uint8_t *datagram; /* the one being read, borrowed for one call; NULL: none */
    size_t datagram_bytes;
    void (*send)(void *arg, const uint8_t *datagram, size_t len);
    void *arg;
};

static const struct {
    const char *name; /* RFC 8122 5 */
    const EVP_MD *(*hash)(void);
} hashes[] = {{"sha-256", EVP_sha256}, {"sha-384", EVP_sha384}, {"sha-512", EVP_sha512}, {"sha-224", EVP_sha224}};

static const struct {
    const char *name;
    unsigned long wire;
    size_t key_bytes, salt_bytes;
} profiles_by_id[SRTP_PROFILE_COUNT] = {
#define X(id, name, wire, key, salt, tag) [SRTP_PROFILE_##id] = {name, wire, key, salt},
    SRTP_PROFILE_LIST(X)
#undef X
};

/* The datagram BIO: a read takes the whole datagram being fed or finds nothing, a write is one datagram sent. A memory
 * BIO would run the datagrams of a flight together. */

static int bio_read(BIO *bio, char *buf, int size)
{
    struct dtls *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!d->datagram || size <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = MIN(d->datagram_bytes, (size_t)size);
    memcpy(buf, d->datagram, n);
    d->datagram = NULL;
    return (int)n;
}

static int bio_write(BIO *bio, const char *buf, int len)
{
    struct dtls *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len > 0)
        d->send(d->arg, (const uint8_t *)buf, (size_t)len);
    return len;
}

static long bio_ctrl(BIO *bio, int cmd, long arg, void *ptr)
{
    switch (cmd) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
        return DTLS_MTU;
    default: /* timeouts are the owner's; pending, eof, overhead: 0 */
        return 0;
    }
}

static BIO_METHOD *make_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagrams");
    if (method && BIO_meth_set_read(method, bio_read) && BIO_meth_set_write(method, bio_write) &&
        BIO_meth_set_ctrl(method, bio_ctrl))
        return method;
    BIO_meth_free(method);
    return NULL;
}

static const EVP_MD *find_hash(const char *name)
{
    for (size_t i = 0; name && i < ARRAY_SIZE(hashes); i++)
        if (strcasecmp(name, hashes[i].name) == 0)
            return hashes[i].hash();
    return NULL;
}

static bool fingerprint_matches(const struct dtls *d, const X509 *x509)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    return x509 && d->hash && X509_digest(x509, d->hash, md, &n) && n == d->fingerprint_bytes &&
           CRYPTO_memcmp(md, d->fingerprint, n) == 0;
}

/* In place of chain building: the certificate is self-signed, the SDP vouches for it (RFC 8827 6.5). The signature that
 * proves possession of its key is OpenSSL's business and follows. */
static int verify_peer(X509_STORE_CTX *store, void *arg)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct dtls *d = SSL_get_app_data(ssl);
    d->verified = fingerprint_matches(d, X509_STORE_CTX_get0_cert(store));
    d->mismatch = !d->verified;
    X509_STORE_CTX_set_error(store, d->verified ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return d->verified;
}

static unsigned int back_off(SSL *ssl, unsigned int us)
{
    return us ? MIN(us * 2, TIMER_MAX_US) : TIMER_FIRST_US;
}

static bool set_profiles(SSL_CTX *ssl, const enum srtp_profile *profiles)
{
    char text[256] = "";
    size_t len = 0;
    for (; *profiles != SRTP_PROFILE_NONE; profiles++) {
        int n = snprintf(text + len, sizeof(text) - len, "%s%s", len ? ":" : "", profiles_by_id[*profiles].name);
        if (n < 0 || (size_t)n >= sizeof(text) - len)
            return false;
        len += (size_t)n;
    }
    return SSL_CTX_set_tlsext_use_srtp(ssl, text) == 0;
}

static bool configure(SSL_CTX *ssl, const struct cert *cert, const enum srtp_profile *profiles)
{
    SSL_CTX_set_options(ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, verify_peer, NULL);
    SSL_CTX_set_max_cert_list(ssl, CERT_CHAIN_BYTES);
    return SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) && SSL_CTX_set_max_proto_version(ssl, DTLS1_2_VERSION) &&
           SSL_CTX_set_cipher_list(ssl, CIPHERS) && SSL_CTX_set1_groups_list(ssl, GROUPS) &&
           SSL_CTX_use_certificate(ssl, cert_x509(cert)) && SSL_CTX_use_PrivateKey(ssl, cert_key(cert)) &&
           set_profiles(ssl, profiles);
}

/* OpenSSL's queue is of the thread: what an earlier call of anybody left there must not be read as ours. */
static const char *take_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return reason ? reason : "unknown";
}

struct dtls_ctx *dtls_ctx_create(const struct cert *cert, const enum srtp_profile *profiles)
{
    ERR_clear_error();
    struct dtls_ctx *ctx = calloc(1, sizeof(*ctx));
    if (!ctx)
        return NULL;
    ctx->bio = make_bio_method();
    ctx->ssl = SSL_CTX_new(DTLS_method());
    if (!ctx->bio || !ctx->ssl || !configure(ctx->ssl, cert, profiles)) {
        LOG_ERROR(DTLS, "cannot configure DTLS reason=%s", take_reason());
        dtls_ctx_destroy(ctx);
        return NULL;
    }
    memcpy(ctx->fingerprint, cert_fingerprint(cert), sizeof(ctx->fingerprint));
    return ctx;
}

void dtls_ctx_destroy(struct dtls_ctx *ctx)
{
    if (!ctx)
        return;
    SSL_CTX_free(ctx->ssl);
    BIO_meth_free(ctx->bio);
    free(ctx);
}

const char *dtls_ctx_fingerprint(const struct dtls_ctx *ctx)
{
    return ctx->fingerprint;
}

struct dtls *dtls_create(struct dtls_ctx *ctx, const struct dtls_conf *conf)
{
    struct dtls *d = calloc(1, sizeof(*d));
    if (!d)
        return NULL;
    d->active = conf->active;
    d->send = conf->send;
    d->arg = conf->arg;
    d->hash = conf->fingerprint_bytes <= sizeof(d->fingerprint) ? find_hash(conf->fingerprint_hash) : NULL;
    if (d->hash) {
        memcpy(d->fingerprint, conf->fingerprint, conf->fingerprint_bytes);
        d->fingerprint_bytes = conf->fingerprint_bytes;
    }
    ERR_clear_error();
    d->ssl = SSL_new(ctx->ssl);
    BIO *bio = BIO_new(ctx->bio);
    if (!d->ssl || !bio) {
        BIO_free(bio);
        SSL_free(d->ssl);
        free(d);
        return NULL;
    }
    BIO_set_data(bio, d);
    BIO_set_init(bio, 1);
    SSL_set_bio(d->ssl, bio, bio);
    SSL_set_app_data(d->ssl, d);
    SSL_set_mtu(d->ssl, DTLS_MTU);
    DTLS_set_timer_cb(d->ssl, back_off);
    if (d->active)
        SSL_set_connect_state(d->ssl);
    else
        SSL_set_accept_state(d->ssl);
    return d;
}

void dtls_destroy(struct dtls *d)
{
    if (!d)
        return;
    ERR_clear_error();
    if (d->state == DTLS_ESTABLISHED)
        SSL_shutdown(d->ssl);
    SSL_free(d->ssl);
    ERR_clear_error();
    free(d);
}

static void fail(struct dtls *d, const char *reason)
{
    d->state = DTLS_FAILED;
    d->reason = reason;
}

static enum srtp_profile selected_profile(SSL *ssl)
{
    const SRTP_PROTECTION_PROFILE *selected = SSL_get_selected_srtp_profile(ssl);
    for (enum srtp_profile p = SRTP_PROFILE_NONE + 1; selected && p < SRTP_PROFILE_COUNT; p++)
        if (profiles_by_id[p].wire == selected->id)
            return p;
    return SRTP_PROFILE_NONE;
}

static void finish_handshake(struct dtls *d)
{
    d->state = DTLS_ESTABLISHED;
    if (d->verified && selected_profile(d->ssl) != SRTP_PROFILE_NONE)
        return;
    SSL_shutdown(d->ssl);
    fail(d, d->verified ? "no SRTP profile in common" : "peer not verified");
}

static void handshake(struct dtls *d)
{
    int rc = SSL_do_handshake(d->ssl);
    if (rc == 1) {
        finish_handshake(d);
        return;
    }
    int error = SSL_get_error(d->ssl, rc);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        fail(d, take_reason());
}

/* After the handshake there is nothing to read for us, but reading is what makes OpenSSL repeat its last flight to a
 * peer that lost it, and hear close_notify. Application data (SCTP) is thrown away. */
static void drain(struct dtls *d)
{
    uint8_t scratch[SSL3_RT_MAX_PLAIN_LENGTH];
    int rc;
    while ((rc = SSL_read(d->ssl, scratch, sizeof(scratch))) > 0)
        ;
    int error = SSL_get_error(d->ssl, rc);
    if (error == SSL_ERROR_ZERO_RETURN) {
        SSL_shutdown(d->ssl); /* answers with ours */
        d->state = DTLS_CLOSED;
    } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        fail(d, take_reason());
    }
}

static enum dtls_state advance(struct dtls *d)
{
    ERR_clear_error();
    if (d->state == DTLS_HANDSHAKE)
        handshake(d);
    if (d->state == DTLS_ESTABLISHED)
        drain(d);
    return d->state;
}

enum dtls_state dtls_start(struct dtls *d)
{
    return d->active ? advance(d) : d->state;
}

/* Whole records of DTLS 1.x, all of known types and no application data in the clear: on others OpenSSL would not drop
 * the record but end the handshake, which must not be had for one forged datagram. */
static bool is_well_formed(const uint8_t *bytes, size_t len)
{
    size_t at = 0;
    while (len - at >= RECORD_HEADER_BYTES) {
        const uint8_t *record = bytes + at;
        uint8_t type = record[0];
        bool clear = get_be16(record + 3) == 0; /* epoch */
        if (type < SSL3_RT_CHANGE_CIPHER_SPEC || type > SSL3_RT_APPLICATION_DATA || record[1] != DTLS1_VERSION_MAJOR ||
            (clear && type == SSL3_RT_APPLICATION_DATA))
            return false;
        size_t record_bytes = RECORD_HEADER_BYTES + get_be16(record + 11);
        if (record_bytes > len - at)
            return false;
        at += record_bytes;
    }
    return len > 0 && at == len;
}

enum dtls_state dtls_on_datagram(struct dtls *d, const uint8_t *bytes, size_t len)
{
    if (!is_well_formed(bytes, len) || d->state == DTLS_CLOSED || d->state == DTLS_FAILED)
        return d->state;
    d->datagram = bytes;
    d->datagram_bytes = len;
    advance(d);
    d->datagram = NULL;
    return d->state;
}

enum dtls_state dtls_on_timer(struct dtls *d)
{
    if (d->state != DTLS_HANDSHAKE)
        return d->state;
    ERR_clear_error();
    if (DTLSv1_handle_timeout(d->ssl) < 0)
        fail(d, take_reason());
    return d->state;
}

int64_t dtls_timeout_us(struct dtls *d)
{
    struct timeval tv;
    if (d->state != DTLS_HANDSHAKE || !DTLSv1_get_timeout(d->ssl, &tv))
        return -1;
    return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

int dtls_export_keys(struct dtls *d, struct dtls_keys *out)
{
    memset(out, 0, sizeof(*out));
    if (d->state != DTLS_ESTABLISHED)
        return -EINVAL;
    enum srtp_profile profile = selected_profile(d->ssl);
    size_t key_bytes = profiles_by_id[profile].key_bytes, salt_bytes = profiles_by_id[profile].salt_bytes;
    uint8_t material[2 * (SRTP_KEY_BYTES_MAX + SRTP_SALT_BYTES_MAX)];
    if (SSL_export_keying_material(d->ssl, material, 2 * (key_bytes + salt_bytes), EXPORT_LABEL,
                                   sizeof(EXPORT_LABEL) - 1, NULL, 0, 0) != 1)
        return -EINVAL;
    /* client key, server key, client salt, server salt */
    const uint8_t *keys = material, *salts = material + 2 * key_bytes;
    size_t tx = d->active ? 0 : 1, rx = 1 - tx;
    out->profile = profile;
    memcpy(out->rx_key, keys + rx * key_bytes, key_bytes);
    memcpy(out->tx_key, keys + tx * key_bytes, key_bytes);
    memcpy(out->rx_salt, salts + rx * salt_bytes, salt_bytes);
    memcpy(out->tx_salt, salts + tx * salt_bytes, salt_bytes);
    OPENSSL_cleanse(material, sizeof(material));
    return 0;
}

const char *dtls_error(const struct dtls *d)
{
    return d->mismatch ? ERROR_FINGERPRINT_TEXT : ERROR_TEXT;
}

const char *dtls_reason(const struct dtls *d)
{
    return d->reason ? d->reason : "none";
}
