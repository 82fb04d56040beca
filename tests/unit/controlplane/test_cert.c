/* SPDX-License-Identifier: MIT */
/* Certificates, made and loaded in a directory of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "controlplane/cert.h"

#define NOW_S ((int64_t)1700000000)
#define DAY_S ((int64_t)24 * 60 * 60)

struct fixture {
    char dir[64], state_dir[128], path[192], key_path[192];
    char last_log[LOG_LINE_BYTES];
};

static void on_log(void *arg, const char *line, size_t len)
{
    struct fixture *f = arg;
    snprintf(f->last_log, sizeof(f->last_log), "%s", line);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    snprintf(f->dir, sizeof(f->dir), "/tmp/test_cert.XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->state_dir, sizeof(f->state_dir), "%s/state", f->dir);
    snprintf(f->path, sizeof(f->path), "%s/%s", f->state_dir, CERT_DTLS_FILE);
    snprintf(f->key_path, sizeof(f->key_path), "%s/key.pem", f->state_dir);
    log_set_sink(on_log, f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    log_set_sink(NULL, NULL);
    unlink(f->path);
    rmdir(f->path);
    unlink(f->key_path);
    rmdir(f->state_dir);
    int rc = rmdir(f->dir); /* fails if anything unexpected was left there */
    free(f);
    return rc;
}

static struct cert *load_or_make(struct fixture *f, int64_t now_s)
{
    return cert_load_or_make(f->state_dir, CERT_DTLS_FILE, NULL, now_s);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static size_t count_files(const char *dir)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void test_make(void **state)
{
    const char *hosts[] = {"localhost", "127.0.0.1", "::1", "relay,CA:TRUE.example", NULL};
    struct cert *cert = cert_make(hosts, NOW_S);
    assert_non_null(cert);
    X509 *x = cert_x509(cert);
    char group[32];
    size_t len;
    assert_int_equal(EVP_PKEY_get_group_name(cert_key(cert), group, sizeof(group), &len), 1);
    assert_string_equal(group, "prime256v1");
    assert_int_equal(X509_verify(x, cert_key(cert)), 1);
    assert_int_equal(X509_check_host(x, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(x, "elsewhere", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(x, "::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(x, "127.0.0.2", 0), 0);
    assert_int_equal(X509_get_extension_flags(x) & EXFLAG_CA, 0);
    time_t first = NOW_S - DAY_S + 1, before = NOW_S - DAY_S - 1, last = NOW_S + CERT_DAYS * DAY_S - 1;
    assert_true(X509_cmp_time(X509_get0_notBefore(x), &first) < 0);
    assert_true(X509_cmp_time(X509_get0_notBefore(x), &before) > 0);
    assert_true(X509_cmp_time(X509_get0_notAfter(x), &last) > 0);
    assert_int_equal(strlen(cert_fingerprint(cert)), 95);
    assert_int_equal(strspn(cert_fingerprint(cert), "0123456789ABCDEF:"), 95);
    struct cert *other = cert_make(hosts, NOW_S);
    assert_string_not_equal(cert_fingerprint(cert), cert_fingerprint(other));
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(x), X509_get0_serialNumber(cert_x509(other))), 0);
    cert_destroy(cert);
    cert_destroy(other);
    cert_destroy(NULL);
}

static void test_kept(void **state)
{
    struct fixture *f = *state;
    umask(0); /* must not matter */
    struct cert *first = load_or_make(f, NOW_S);
    assert_non_null(first);
    assert_int_equal(mode_of(f->state_dir), 0700);
    assert_int_equal(mode_of(f->path), 0600);
    assert_int_equal(count_files(f->state_dir), 1);
    assert_string_equal(cert_path(first), f->path);
    assert_string_equal(cert_key_path(first), f->path);
    static const struct {
        int64_t now_s;
        bool kept;
    } cases[] = {
        {NOW_S, true},
        {NOW_S - 100 * DAY_S, true}, /* a clock set back */
        {NOW_S + (CERT_DAYS - CERT_RENEW_DAYS) * DAY_S - 60, true},
        {NOW_S + (CERT_DAYS - CERT_RENEW_DAYS) * DAY_S + 60, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cert *next = load_or_make(f, cases[i].now_s);
        assert_non_null(next);
        assert_int_equal(strcmp(cert_fingerprint(first), cert_fingerprint(next)) == 0, cases[i].kept);
        assert_int_equal(count_files(f->state_dir), 1);
        assert_int_equal(mode_of(f->path), 0600);
        cert_destroy(next);
    }
    cert_destroy(first);
}

static void test_damaged_is_not_overwritten(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdir(f->state_dir, 0700), 0);
    write_file(f->path, "operator's notes");
    assert_null(load_or_make(f, NOW_S));
    assert_non_null(strstr(f->last_log, f->path));
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, strlen("operator's notes"));
    unlink(f->path);
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_null(load_or_make(f, NOW_S));
}

static void test_no_directory(void **state)
{
    struct fixture *f = *state;
    char path[256];
    snprintf(path, sizeof(path), "%s/missing/state", f->dir);
    assert_null(cert_load_or_make(path, CERT_TLS_FILE, NULL, NOW_S));
    assert_non_null(strstr(f->last_log, path));
    write_file(f->state_dir, ""); /* a file where the directory should be */
    assert_null(load_or_make(f, NOW_S));
    unlink(f->state_dir);
}

/* The operator's pair, in two files. */
static void write_pair(struct fixture *f, X509 *x509, EVP_PKEY *key, const char *password)
{
    mkdir(f->state_dir, 0700);
    FILE *file = fopen(f->path, "w");
    assert_int_equal(PEM_write_X509(file, x509), 1);
    fclose(file);
    file = fopen(f->key_path, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, password ? EVP_aes_128_cbc() : NULL, (const uint8_t *)password,
                                          password ? (int)strlen(password) : 0, NULL, NULL),
                     1);
    fclose(file);
}

static void test_load(void **state)
{
    struct fixture *f = *state;
    struct cert *made = cert_make(NULL, NOW_S), *other = cert_make(NULL, NOW_S);
    write_pair(f, cert_x509(made), cert_key(made), NULL);
    struct cert *cert = cert_load(f->path, f->key_path, NOW_S);
    assert_non_null(cert);
    assert_string_equal(cert_fingerprint(cert), cert_fingerprint(made));
    assert_string_equal(cert_path(cert), f->path);
    assert_string_equal(cert_key_path(cert), f->key_path);
    cert_destroy(cert);

    static const struct {
        int64_t now_s;
        const char *log;
    } dates[] = {{NOW_S - 2 * DAY_S, "not valid yet"}, {NOW_S + (CERT_DAYS + 1) * DAY_S, "expired"}};
    for (size_t i = 0; i < ARRAY_SIZE(dates); i++) {
        assert_null(cert_load(f->path, f->key_path, dates[i].now_s));
        assert_non_null(strstr(f->last_log, dates[i].log));
        assert_non_null(strstr(f->last_log, f->path));
    }

    write_pair(f, cert_x509(made), cert_key(other), NULL);
    assert_null(cert_load(f->path, f->key_path, NOW_S));
    assert_non_null(strstr(f->last_log, "not the certificate's"));

    write_pair(f, cert_x509(made), cert_key(made), "password");
    assert_null(cert_load(f->path, f->key_path, NOW_S));
    assert_non_null(strstr(f->last_log, "unencrypted"));

    write_file(f->key_path, "");
    assert_null(cert_load(f->path, f->key_path, NOW_S));
    assert_non_null(strstr(f->last_log, f->key_path));

    assert_null(cert_load(f->key_path, f->key_path, NOW_S));
    assert_non_null(strstr(f->last_log, "no PEM certificate"));

    unlink(f->path);
    assert_null(cert_load(f->path, f->key_path, NOW_S));
    assert_non_null(strstr(f->last_log, "cannot read"));
    cert_destroy(made);
    cert_destroy(other);
}

static void test_load_rsa(void **state)
{
    struct fixture *f = *state;
    struct cert *made = cert_make(NULL, NOW_S);
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *x509 = X509_dup(cert_x509(made));
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    write_pair(f, x509, key, NULL);
    struct cert *cert = cert_load(f->path, f->key_path, NOW_S);
    assert_non_null(cert);
    cert_destroy(cert);
    cert_destroy(made);
    X509_free(x509);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(test_make),         T(test_kept), T(test_damaged_is_not_overwritten),
        T(test_no_directory), T(test_load), T(test_load_rsa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
