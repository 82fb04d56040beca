/* SPDX-License-Identifier: MIT */
/* A certificate with its private key: the operator's PEM files, or a self-signed EC P-256 one made at first start and
 * kept in one PEM file under the state directory, so that fingerprints and browser exceptions outlive a restart.
 *
 * Time comes in as seconds since 1970. Every constructor logs its error with the file's name and returns NULL. */
#ifndef ROOMLINE_CONTROLPLANE_CERT_H
#define ROOMLINE_CONTROLPLANE_CERT_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

#define CERT_DTLS_FILE "dtls.pem" /* in conf state_dir */
#define CERT_TLS_FILE  "tls.pem"

#define CERT_DAYS       730 /* a self-made certificate is valid for */
#define CERT_RENEW_DAYS 30  /* and is made anew at a start that finds less than this left */

#define CERT_FINGERPRINT_SIZE (32 * 3) /* "AB:CD:..." of SHA-256 and NUL */

struct cert;

/* The operator's files; they may be the same file. Refused: unreadable, not PEM, a key of another certificate, a
 * certificate that is not valid at now_s. The key may be of any type that TLS takes. */
struct cert *cert_load(const char *cert_path, const char *key_path, int64_t now_s);

/* state_dir/file, made if it is missing or about to expire. The directory is created with mode 0700 if need be (its
 * parent must exist), the file has mode 0600 and appears whole or not at all. host_names: NULL-terminated subject
 * alternative names (DNS names or IP addresses), or NULL for none. A file that is there but damaged is an error, never
 * overwritten. */
struct cert *cert_load_or_make(const char *state_dir, const char *file, const char *const *host_names, int64_t now_s);

/* The same without a file: for tests. */
struct cert *cert_make(const char *const *host_names, int64_t now_s);

void cert_destroy(struct cert *cert);

/* Borrowed: valid as long as cert. The paths are those of the PEM files ("" if made without a file). */
X509 *cert_x509(const struct cert *cert);
EVP_PKEY *cert_key(const struct cert *cert);
const char *cert_path(const struct cert *cert);
const char *cert_key_path(const struct cert *cert);
const char *cert_fingerprint(const struct cert *cert); /* SHA-256, RFC 8122 5: "AB:CD:..." */

#endif
