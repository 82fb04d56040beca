/* SPDX-License-Identifier: MIT */
/* STUN Binding for ICE (RFC 8489, RFC 8445 7): a total parser, the two checks that authenticate a message, and writers
 * into the caller's buffer. Nothing allocates; a worker may call all of it.
 *
 * The order of use on a request: stun_parse, stun_check_fingerprint, find the key by username, stun_check_integrity,
 * only then believe any attribute or answer (RFC 8489 6.3, 9.1.3). */
#ifndef ROOMLINE_COMMON_STUN_H
#define ROOMLINE_COMMON_STUN_H

#include <openssl/sha.h>

#include "common/dp_proto.h"
#include "common/util.h"

#define STUN_MAGIC        0x2112a442u
#define STUN_HEADER_BYTES 20
#define STUN_TID_BYTES    12
#define STUN_USERNAME_MAX 513 /* RFC 8489 14.3: fewer than 509 bytes; RFC 8839 5.4: two ufrags of 256 and a colon */
#define STUN_RESPONSE_MAX 100 /* largest answer the writers make */
#define STUN_UNKNOWN_MAX  8   /* comprehension-required types remembered for a 420; the rest are left out */

enum stun_type {
    STUN_BINDING_REQUEST = 0x0001,
    STUN_BINDING_INDICATION = 0x0011,
    STUN_BINDING_SUCCESS = 0x0101,
    STUN_BINDING_ERROR = 0x0111,
};

enum stun_role { STUN_ROLE_NONE, STUN_ROLE_CONTROLLING, STUN_ROLE_CONTROLLED };

enum stun_error {
    STUN_BAD_REQUEST = 400,
    STUN_UNAUTHENTICATED = 401,
    STUN_UNKNOWN_ATTRIBUTE = 420,
    STUN_ROLE_CONFLICT = 487,
};

/* A HMAC-SHA1 key (RFC 2104) as the two SHA-1 states after its inner and outer block. Made once from the password. */
struct stun_key {
    SHA_CTX inner, outer;
};

void stun_key_init(struct stun_key *key, const void *password, size_t len);
void stun_key_finish(struct stun_key *key); /* cleanses */

/* Pointers lead into the message that was parsed, which must outlive the view. */
struct stun_view {
    const uint8_t *msg;
    uint16_t len;
    uint16_t type;        /* enum stun_type, or any other method and class */
    const uint8_t *tid;   /* STUN_TID_BYTES */
    const char *username; /* not terminated; NULL: none */
    uint16_t username_bytes;
    uint16_t integrity;   /* offset of the MESSAGE-INTEGRITY attribute; 0: none */
    uint16_t fingerprint; /* offset of the FINGERPRINT attribute; 0: none */
    uint16_t error;       /* of an error response; 0: none */
    uint8_t role;         /* enum stun_role of the sender */
    bool use_candidate;
    bool has_priority;
    bool has_mapped;
    uint32_t priority;
    uint64_t tie_breaker;  /* with role */
    struct dp_addr mapped; /* XOR-MAPPED-ADDRESS */
    uint16_t unknown[STUN_UNKNOWN_MAX];
    uint8_t n_unknown;
};

/* 0 or -EBADMSG: not STUN, an attribute out of bounds or of a wrong length, something after FINGERPRINT. What stands
 * between MESSAGE-INTEGRITY and FINGERPRINT is ignored (RFC 8489 14.5), and so is a repeated attribute (14). */
int stun_parse(struct stun_view *view, const uint8_t *msg, size_t len);

/* false when the attribute is missing. The second takes constant time in the value compared. */
bool stun_check_fingerprint(const struct stun_view *view);
bool stun_check_integrity(const struct stun_view *view, const struct stun_key *key);

/* The writers return the bytes written or -ENOSPC, and end with MESSAGE-INTEGRITY and FINGERPRINT. Answers are
 * at most STUN_RESPONSE_MAX. The answers to one request use the key that authenticated it; key NULL leaves
 * MESSAGE-INTEGRITY out. */
int stun_write_success(uint8_t *out, size_t size, const uint8_t *tid, const struct dp_addr *mapped,
                       const struct stun_key *key);

/* unknown: the types that a 420 names, else none. */
int stun_write_error(uint8_t *out, size_t size, const uint8_t *tid, enum stun_error error, const uint16_t *unknown,
                     size_t n_unknown, const struct stun_key *key);

/* A connectivity check as a full agent sends it (RFC 8445 7.2.2), for the load generator and tests. */
struct stun_request {
    uint8_t tid[STUN_TID_BYTES];
    const char *username; /* "theirs:ours", NUL-terminated; NULL: none */
    uint32_t priority;
    enum stun_role role;
    uint64_t tie_breaker;
    bool use_candidate;
};

int stun_write_request(uint8_t *out, size_t size, const struct stun_request *req, const struct stun_key *key);

#endif
