/* SPDX-License-Identifier: MIT */
/* One DTLS association of a session (RFC 6347, RFC 5764), over memory: datagrams in, datagrams out, keys at the end.
 * Knows no sockets: bytes arrive through dtls_on_datagram, leave through the send callback one datagram at a time (at
 * most DTLS_MTU bytes), and the owner calls dtls_on_timer when dtls_timeout_us says so. The one clock behind it is
 * OpenSSL's own (gettimeofday), which tests replace.
 *
 * The peer's certificate is compared with the fingerprint of its SDP inside the handshake: a wrong one is answered by
 * an alert and no keys are ever derived. Only DTLS 1.2, no resumption, no renegotiation. */
#ifndef ROOMLINE_CONTROLPLANE_DTLS_H
#define ROOMLINE_CONTROLPLANE_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

#define DTLS_MTU 1200 /* bytes of UDP payload */

struct cert; /* cert.h */
struct dtls;
struct dtls_ctx; /* certificate, key, profiles: one per process */

enum dtls_state { DTLS_HANDSHAKE, DTLS_ESTABLISHED, DTLS_CLOSED, DTLS_FAILED };

struct dtls_keys { /* master keys and salts (RFC 5764 4.2) from our point of view; cleansed by the owner */
    enum srtp_profile profile;
    uint8_t rx_key[SRTP_KEY_BYTES_MAX], rx_salt[SRTP_SALT_BYTES_MAX];
    uint8_t tx_key[SRTP_KEY_BYTES_MAX], tx_salt[SRTP_SALT_BYTES_MAX];
};

/* Borrows cert for the call only. profiles: in order of preference, ends at SRTP_PROFILE_NONE; ours decides, in both
 * roles as far as the peer lets us. NULL on error, logged. Must outlive its associations. */
struct dtls_ctx *dtls_ctx_create(const struct cert *cert, const enum srtp_profile *profiles);
void dtls_ctx_destroy(struct dtls_ctx *ctx);
const char *dtls_ctx_fingerprint(const struct dtls_ctx *ctx); /* SHA-256, "AB:CD:..." */

struct dtls_conf {
    bool active;                  /* we are the DTLS client (a=setup:passive was offered) */
    const char *fingerprint_hash; /* of the peer, from its SDP: "sha-256", ... (RFC 8122 5), any case; copied */
    const uint8_t *fingerprint;
    size_t fingerprint_bytes;
    void (*send)(void *arg, const uint8_t *datagram, size_t len); /* must not call back into the association */
    void *arg;
};

/* NULL: no memory. A fingerprint that cannot match (unknown or too weak hash, wrong length) fails in the handshake. */
struct dtls *dtls_create(struct dtls_ctx *ctx, const struct dtls_conf *conf);
void dtls_destroy(struct dtls *d); /* sends close_notify if established */

/* Each returns the state after the call. Input is hostile; what is no DTLS record is ignored. CLOSED and FAILED are
 * final: nothing is sent or read any more. Feed datagrams after ESTABLISHED too: a peer that lost our last flight has
 * it sent again, and close_notify is heard. */
enum dtls_state dtls_start(struct dtls *d); /* active role: sends the ClientHello; passive: nothing */
enum dtls_state dtls_on_datagram(struct dtls *d, const uint8_t *bytes, size_t len);
enum dtls_state dtls_on_timer(struct dtls *d); /* retransmits */

/* Microseconds until dtls_on_timer is due; -1: no timer runs. */
int64_t dtls_timeout_us(struct dtls *d);

/* RFC 5764 4.2. 0, or -EINVAL when not ESTABLISHED. */
int dtls_export_keys(struct dtls *d, struct dtls_keys *out);

/* Why DTLS_FAILED. The first is the status text owed to the client: "Failed by DTLS fingerprint error" or "Failed by
 * DTLS error"; the second a word or two for the log. */
const char *dtls_error(const struct dtls *d);
const char *dtls_reason(const struct dtls *d);

#endif
