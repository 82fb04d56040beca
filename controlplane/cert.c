/* SPDX-License-Identifier: MIT */
/* Certificates: loading, checking, making. */
#include "controlplane/cert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"

#define DAY_S        (24 * 60 * 60)
#define SERIAL_BYTES 16
#define SUBJECT      "Roomline"

struct cert {
    X509 *x509;
    EVP_PKEY *key;
    char path[PATH_MAX];
    char key_path[PATH_MAX];
    char fingerprint[CERT_FINGERPRINT_SIZE];
};

static const char *ssl_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "unknown";
}

static bool write_fingerprint(struct cert *cert)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (!X509_digest(cert->x509, EVP_sha256(), md, &n) || n * 3 != sizeof(cert->fingerprint))
        return false;
    for (unsigned int i = 0; i < n; i++) {
        cert->fingerprint[i * 3] = "0123456789ABCDEF"[md[i] >> 4];
        cert->fingerprint[i * 3 + 1] = "0123456789ABCDEF"[md[i] & 15];
        cert->fingerprint[i * 3 + 2] = i + 1 < n ? ':' : '\0';
    }
    return true;
}

/* An encrypted key would make OpenSSL ask the terminal. */
static int no_password(char *buf, int size, int writing, void *arg)
{
    return -1;
}

/* Both readers open the file themselves, so that the log tells a missing file from a damaged one. */
static FILE *open_pem(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f)
        LOG_ERROR(CERT, "cannot read file=%s error=%s", path, strerror(errno));
    return f;
}

static X509 *read_x509(const char *path)
{
    FILE *f = open_pem(path);
    if (!f)
        return NULL;
    X509 *x509 = PEM_read_X509(f, NULL, no_password, NULL);
    fclose(f);
    if (!x509)
        LOG_ERROR(CERT, "no PEM certificate in file=%s reason=%s", path, ssl_reason());
    return x509;
}

static EVP_PKEY *read_key(const char *path)
{
    FILE *f = open_pem(path);
    if (!f)
        return NULL;
    EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, no_password, NULL);
    fclose(f);
    if (!key)
        LOG_ERROR(CERT, "no unencrypted PEM private key in file=%s reason=%s", path, ssl_reason());
    return key;
}

/* Validity at now_s + margin: -1 not yet, 0 valid, 1 over. A date that cannot be read counts as over. */
static int compare_validity(const X509 *x509, int64_t at_s)
{
    time_t at = (time_t)at_s;
    if (X509_cmp_time(X509_get0_notBefore(x509), &at) > 0)
        return -1;
    return X509_cmp_time(X509_get0_notAfter(x509), &at) > 0 ? 0 : 1;
}

static struct cert *load(const char *path, const char *key_path)
{
    ERR_clear_error();
    struct cert *cert = calloc(1, sizeof(*cert));
    if (!cert)
        return NULL;
    snprintf(cert->path, sizeof(cert->path), "%s", path);
    snprintf(cert->key_path, sizeof(cert->key_path), "%s", key_path);
    cert->x509 = read_x509(path);
    if (!cert->x509)
        goto destroy;
    cert->key = read_key(key_path);
    if (!cert->key)
        goto destroy;
    if (X509_check_private_key(cert->x509, cert->key) != 1) {
        LOG_ERROR(CERT, "private key is not the certificate's file=%s key=%s", path, key_path);
        goto destroy;
    }
    if (!write_fingerprint(cert))
        goto destroy;
    return cert;

destroy:
    ERR_clear_error();
    cert_destroy(cert);
    return NULL;
}

struct cert *cert_load(const char *cert_path, const char *key_path, int64_t now_s)
{
    struct cert *cert = load(cert_path, key_path);
    if (!cert)
        return NULL;
    int validity = compare_validity(cert->x509, now_s);
    if (validity == 0)
        return cert;
    if (validity < 0)
        LOG_ERROR(CERT, "certificate is not valid yet file=%s", cert_path);
    else
        LOG_ERROR(CERT, "certificate has expired file=%s", cert_path);
    cert_destroy(cert);
    return NULL;
}

static bool add_extension(X509 *x509, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x509, x509, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = ext && X509_add_ext(x509, ext, -1);
    X509_EXTENSION_free(ext);
    return ok;
}

/* Built name by name and not as configuration text, in which a comma in the host name would be syntax. */
static GENERAL_NAME *make_name(const char *host)
{
    uint8_t ip[sizeof(struct in6_addr)];
    int ip_bytes = inet_pton(AF_INET, host, ip) == 1 ? 4 : inet_pton(AF_INET6, host, ip) == 1 ? 16 : 0;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(ip_bytes ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    if (!name || !value || !ASN1_STRING_set(value, ip_bytes ? (const void *)ip : host, ip_bytes ? ip_bytes : -1)) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(name);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, ip_bytes ? GEN_IPADD : GEN_DNS, value);
    return name;
}

static bool add_host_names(X509 *x509, const char *const *hosts)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool ok = names != NULL;
    for (; ok && *hosts; hosts++) {
        GENERAL_NAME *name = make_name(*hosts);
        ok = name && sk_GENERAL_NAME_push(names, name);
        if (!ok)
            GENERAL_NAME_free(name);
    }
    ok = ok && X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    return ok;
}

static bool set_serial(X509 *x509)
{
    uint8_t bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive and of full length (RFC 5280 4.1.2.2) */
    BIGNUM *n = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x509));
    BN_free(n);
    return ok;
}

static bool set_names_and_dates(X509 *x509, int64_t now_s)
{
    X509_NAME *name = X509_get_subject_name(x509);
    time_t now = (time_t)now_s;
    /* One day of grace for clients whose clock is behind. */
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)SUBJECT, -1, -1, 0) &&
           X509_set_issuer_name(x509, name) && X509_time_adj_ex(X509_getm_notBefore(x509), -1, 0, &now) &&
           X509_time_adj_ex(X509_getm_notAfter(x509), CERT_DAYS, 0, &now);
}

static bool fill_x509(X509 *x509, EVP_PKEY *key, const char *const *host_names, int64_t now_s)
{
    return X509_set_version(x509, X509_VERSION_3) && set_serial(x509) && set_names_and_dates(x509, now_s) &&
           X509_set_pubkey(x509, key) && add_extension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x509, NID_key_usage, "critical,digitalSignature") &&
           (!host_names ||
            (add_extension(x509, NID_ext_key_usage, "serverAuth") && add_host_names(x509, host_names))) &&
           X509_sign(x509, key, EVP_sha256());
}

struct cert *cert_make(const char *const *host_names, int64_t now_s)
{
    ERR_clear_error();
    struct cert *cert = calloc(1, sizeof(*cert));
    if (!cert)
        return NULL;
    cert->key = EVP_EC_gen("P-256");
    cert->x509 = X509_new();
    if (cert->key && cert->x509 && fill_x509(cert->x509, cert->key, host_names, now_s) && write_fingerprint(cert))
        return cert;
    LOG_ERROR(CERT, "cannot make a certificate reason=%s", ssl_reason());
    ERR_clear_error();
    cert_destroy(cert);
    return NULL;
}

static bool write_pem(int fd, const struct cert *cert)
{
    FILE *f = fdopen(fd, "w");
    if (!f) {
        close(fd);
        return false;
    }
    bool ok = PEM_write_PrivateKey(f, cert->key, NULL, NULL, 0, NULL, NULL) && PEM_write_X509(f, cert->x509);
    ok = fflush(f) == 0 && fsync(fd) == 0 && ok;
    return fclose(f) == 0 && ok;
}

/* Under a temporary name first (mkstemp: mode 0600), then renamed, so that a crash leaves no half a file. */
static int save(struct cert *cert, const char *path)
{
    char temp[PATH_MAX];
    if ((size_t)snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >= sizeof(temp))
        return -ENAMETOOLONG;
    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    errno = EIO; /* what OpenSSL's writers leave unsaid */
    if (!write_pem(fd, cert) || rename(temp, path) < 0) {
        int error = -errno;
        unlink(temp);
        return error;
    }
    snprintf(cert->path, sizeof(cert->path), "%s", path);
    snprintf(cert->key_path, sizeof(cert->key_path), "%s", path);
    return 0;
}

static struct cert *make_file(const char *path, const char *const *host_names, int64_t now_s)
{
    struct cert *cert = cert_make(host_names, now_s);
    if (!cert)
        return NULL;
    int error = save(cert, path);
    if (error < 0) {
        LOG_ERROR(CERT, "cannot write file=%s error=%s", path, strerror(-error));
        cert_destroy(cert);
        return NULL;
    }
    LOG_INFO(CERT, "made a self-signed certificate file=%s fingerprint=%s", path, cert->fingerprint);
    return cert;
}

struct cert *cert_load_or_make(const char *state_dir, const char *file, const char *const *host_names, int64_t now_s)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", state_dir, file) >= sizeof(path)) {
        LOG_ERROR(CERT, "name too long directory=%s", state_dir);
        return NULL;
    }
    if (mkdir(state_dir, 0700) < 0 && errno != EEXIST) {
        LOG_ERROR(CERT, "cannot make directory=%s error=%s", state_dir, strerror(errno));
        return NULL;
    }
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return make_file(path, host_names, now_s);
    struct cert *cert = load(path, path);
    if (!cert || compare_validity(cert->x509, now_s + CERT_RENEW_DAYS * (int64_t)DAY_S) <= 0)
        return cert;
    LOG_WARN(CERT, "certificate is about to expire and is made anew file=%s", path);
    cert_destroy(cert);
    return make_file(path, host_names, now_s);
}

void cert_destroy(struct cert *cert)
{
    if (!cert)
        return;
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
    free(cert);
}

X509 *cert_x509(const struct cert *cert)
{
    return cert->x509;
}

EVP_PKEY *cert_key(const struct cert *cert)
{
    return cert->key;
}

const char *cert_path(const struct cert *cert)
{
    return cert->path;
}

const char *cert_key_path(const struct cert *cert)
{
    return cert->key_path;
}

const char *cert_fingerprint(const struct cert *cert)
{
    return cert->fingerprint;
}
