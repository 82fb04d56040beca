/* SPDX-License-Identifier: MIT */
/* SRTP and SRTCP of one peer, both directions, by libsrtp (RFC 3711, RFC 7714). */
#ifndef ROOMLINE_TESTS_PEER_CRYPT_H
#define ROOMLINE_TESTS_PEER_CRYPT_H

#include <stdint.h>

#include "controlplane/dtls.h"

#define CRYPT_TRAILER_MAX 24 /* bytes that protecting adds at most */

struct crypt;

int crypt_global_init(void); /* once in a process: libsrtp's own. 0 or -EIO */
void crypt_global_finish(void);

struct crypt *crypt_create(const struct dtls_keys *keys); /* NULL: no memory, or a profile libsrtp lacks */
void crypt_destroy(struct crypt *crypt);

/* In place; bytes has room for the trailer. The new length, or -EBADMSG, -EALREADY (replayed) or -EIO. */
int crypt_protect_rtp(struct crypt *crypt, uint8_t *bytes, size_t len);
int crypt_protect_rtcp(struct crypt *crypt, uint8_t *bytes, size_t len);
int crypt_unprotect_rtp(struct crypt *crypt, uint8_t *bytes, size_t len);
int crypt_unprotect_rtcp(struct crypt *crypt, uint8_t *bytes, size_t len);

#endif
