/* SPDX-License-Identifier: MIT */
/* One DTLS association of a session (RFC 6347, RFC 5764), over memory: datagrams in, datagrams out, keys at the end.
 * Knows neither sockets nor clocks: bytes arrive through dtls_on_datagram, leave through the send callback one datagram
 * at a time (at most DTLS_MTU bytes), and the owner calls dtls_on_timer when dtls_timeout_us says so.
 *
 * The peer's certificate fingerprint is compared with the SDP before keys are exported. */
#ifndef ROOMLINE_CONTROLPLANE_DTLS_H
#define ROOMLINE_CONTROLPLANE_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

#define DTLS_MTU 1200 /* bytes of UDP payload */

struct dtls;
struct dtls_ctx; /* certificate, key, profiles: one per process */

enum dtls_state { DTLS_HANDSHAKE, DTLS_ESTABLISHED, DTLS_CLOSED, DTLS_FAILED };

struct dtls_keys { /* master keys and salts (RFC 5764 4.2) from our point of view; cleansed by the owner */
    enum srtp_profile profile;
    uint8_t rx_key[SRTP_KEY_BYTES_MAX], rx_salt[SRTP_SALT_BYTES_MAX];
    uint8_t tx_key[SRTP_KEY_BYTES_MAX], tx_salt[SRTP_SALT_BYTES_MAX];
};

/* cert_pem, key_pem: EC P-256, see cert.h. profiles: in order of preference, zero-terminated. NULL on error, logged. */
struct dtls_ctx *dtls_ctx_create(const char *cert_pem, const char *key_pem, const enum srtp_profile *profiles);
void dtls_ctx_destroy(struct dtls_ctx *ctx);
const char *dtls_ctx_fingerprint(const struct dtls_ctx *ctx); /* SHA-256, "AB:CD:..." */

struct dtls_conf {
    bool active;                  /* we are the DTLS client (a=setup:passive was offered) */
    const char *fingerprint_hash; /* of the peer, from its SDP */
    const uint8_t *fingerprint;
    size_t fingerprint_bytes;
    void (*send)(void *arg, const uint8_t *datagram, size_t len); /* must not call back into the association */
    void *arg;
};

struct dtls *dtls_create(struct dtls_ctx *ctx, const struct dtls_conf *conf);
void dtls_destroy(struct dtls *d); /* sends close_notify if established */

/* Each returns the state after the call. Input is hostile; an ill datagram is ignored. */
enum dtls_state dtls_start(struct dtls *d); /* active role: sends the ClientHello; passive: nothing */
enum dtls_state dtls_on_datagram(struct dtls *d, const uint8_t *bytes, size_t len);
enum dtls_state dtls_on_timer(struct dtls *d); /* retransmits */

/* Microseconds until dtls_on_timer is due; -1: no timer runs. */
int64_t dtls_timeout_us(struct dtls *d);

/* Only when DTLS_ESTABLISHED: 0 or -errno. */
int dtls_export_keys(struct dtls *d, struct dtls_keys *out);

/* Why DTLS_FAILED, as the status text owed to the client: "Failed by DTLS fingerprint error" or "Failed by DTLS error".
 */
const char *dtls_error(const struct dtls *d);

#endif
