/* SPDX-License-Identifier: MIT */
/* STUN Binding messages: parse, authenticate, write (RFC 8489, RFC 8445). */

/* The one-shot HMAC of OpenSSL 3 allocates and keys anew for each message. The low-level SHA-1 lets a worker start from
 * a saved state; it is deprecated, not gone. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/stun.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

enum {
    ATTR_MAPPED_ADDRESS = 0x0001,
    ATTR_USERNAME = 0x0006,
    ATTR_MESSAGE_INTEGRITY = 0x0008,
    ATTR_ERROR_CODE = 0x0009,
    ATTR_UNKNOWN_ATTRIBUTES = 0x000a,
    ATTR_REALM = 0x0014,
    ATTR_NONCE = 0x0015,
    ATTR_XOR_MAPPED_ADDRESS = 0x0020,
    ATTR_PRIORITY = 0x0024,
    ATTR_USE_CANDIDATE = 0x0025,
    ATTR_NOMINATION = 0x0030, /* draft-thatcher-ice-renomination: sent by some, never agreed by us */
    ATTR_OPTIONAL = 0x8000,   /* from here on: comprehension-optional */
    ATTR_FINGERPRINT = 0x8028,
    ATTR_ICE_CONTROLLED = 0x8029,
    ATTR_ICE_CONTROLLING = 0x802a,
};

#define ATTR_HEADER_BYTES 4
#define FINGERPRINT_XOR   0x5354554eu
#define FINGERPRINT_BYTES 4
#define SHA1_BLOCK_BYTES  SHA_CBLOCK
#define PADDED(n)         (((n) + 3) & ~(size_t)3)

/* ---- CRC-32 and HMAC-SHA1 ---- */

/* CRC-32 of ITU V.42, four bits at a time: short messages do not earn a bigger table. */
static uint32_t crc32_of(uint32_t crc, const uint8_t *p, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

void stun_key_init(struct stun_key *key, const void *password, size_t len)
{
    uint8_t block[SHA1_BLOCK_BYTES] = {0};
    if (len > sizeof(block))
        SHA1(password, len, block);
    else if (len)
        memcpy(block, password, len);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36;
    SHA1_Init(&key->inner);
    SHA1_Update(&key->inner, block, sizeof(block));
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    SHA1_Init(&key->outer);
    SHA1_Update(&key->outer, block, sizeof(block));
    OPENSSL_cleanse(block, sizeof(block));
}

void stun_key_finish(struct stun_key *key)
{
    if (key)
        OPENSSL_cleanse(key, sizeof(*key));
}

/* Both trailers are computed over the message up to themselves, with the header's length as if they ended it. */
static void patched_header(uint8_t head[4], const uint8_t *msg, size_t upto, size_t trailer_bytes)
{
    memcpy(head, msg, 2);
    put_be16(head + 2, (uint16_t)(upto - STUN_HEADER_BYTES + ATTR_HEADER_BYTES + trailer_bytes));
}

static void hmac_message(const struct stun_key *key, const uint8_t *msg, size_t upto, uint8_t mac[SHA_DIGEST_LENGTH])
{
    uint8_t head[4];
    patched_header(head, msg, upto, SHA_DIGEST_LENGTH);
    SHA_CTX sha = key->inner;
    SHA1_Update(&sha, head, sizeof(head));
    SHA1_Update(&sha, msg + sizeof(head), upto - sizeof(head));
    SHA1_Final(mac, &sha);
    sha = key->outer;
    SHA1_Update(&sha, mac, SHA_DIGEST_LENGTH);
    SHA1_Final(mac, &sha);
}

static uint32_t fingerprint_of(const uint8_t *msg, size_t upto)
{
    uint8_t head[4];
    patched_header(head, msg, upto, FINGERPRINT_BYTES);
    uint32_t crc = crc32_of(0, head, sizeof(head));
    return crc32_of(crc, msg + sizeof(head), upto - sizeof(head)) ^ FINGERPRINT_XOR;
}

bool stun_check_fingerprint(const struct stun_view *view)
{
    if (!view->fingerprint)
        return false;
    const uint8_t *value = view->msg + view->fingerprint + ATTR_HEADER_BYTES;
    return get_be32(value) == fingerprint_of(view->msg, view->fingerprint);
}

bool stun_check_integrity(const struct stun_view *view, const struct stun_key *key)
{
    uint8_t mac[SHA_DIGEST_LENGTH];
    if (!view->integrity)
        return false;
    hmac_message(key, view->msg, view->integrity, mac);
    return CRYPTO_memcmp(mac, view->msg + view->integrity + ATTR_HEADER_BYTES, sizeof(mac)) == 0;
}

/* ---- Addresses ---- */

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

/* XOR with the magic cookie and the transaction id, its own inverse (RFC 8489 14.2). */
static void xor_address(uint8_t *ip, size_t n, const uint8_t *tid)
{
    uint8_t mask[16];
    put_be32(mask, STUN_MAGIC);
    memcpy(mask + 4, tid, STUN_TID_BYTES);
    for (size_t i = 0; i < n; i++)
        ip[i] ^= mask[i];
}

static int parse_address(struct dp_addr *addr, const uint8_t *value, size_t len, const uint8_t *tid)
{
    bool v4 = len == 8 && value[1] == 1;
    if (!v4 && !(len == 20 && value[1] == 2))
        return -EBADMSG;
    addr->port = get_be16(value + 2) ^ (STUN_MAGIC >> 16);
    uint8_t *ip = v4 ? addr->ip + sizeof(v4_mapped) : addr->ip;
    if (v4)
        memcpy(addr->ip, v4_mapped, sizeof(v4_mapped));
    memcpy(ip, value + 4, len - 4);
    xor_address(ip, len - 4, tid);
    return 0;
}

/* ---- Parser ---- */

static int parse_fixed(struct stun_view *view, uint16_t type, const uint8_t *value, size_t len)
{
    if (len != (type == ATTR_USE_CANDIDATE ? 0 : type == ATTR_PRIORITY ? 4 : 8))
        return -EBADMSG;
    if (type == ATTR_USE_CANDIDATE) {
        view->use_candidate = true;
    } else if (type == ATTR_PRIORITY) {
        if (!view->has_priority)
            view->priority = get_be32(value);
        view->has_priority = true;
    } else if (view->role == STUN_ROLE_NONE) {
        view->role = type == ATTR_ICE_CONTROLLING ? STUN_ROLE_CONTROLLING : STUN_ROLE_CONTROLLED;
        view->tie_breaker = get_be64(value);
    }
    return 0;
}

static int parse_username(struct stun_view *view, const uint8_t *value, size_t len)
{
    if (len > STUN_USERNAME_MAX)
        return -EBADMSG;
    if (!view->username) {
        view->username = (const char *)value;
        view->username_bytes = (uint16_t)len;
    }
    return 0;
}

static int parse_error(struct stun_view *view, const uint8_t *value, size_t len)
{
    if (len < 4)
        return -EBADMSG;
    if (!view->error)
        view->error = (uint16_t)((value[2] & 7) * 100 + value[3]);
    return 0;
}

static int parse_mapped(struct stun_view *view, const uint8_t *value, size_t len)
{
    if (view->has_mapped)
        return 0;
    view->has_mapped = true;
    return parse_address(&view->mapped, value, len, view->tid);
}

static void note_unknown(struct stun_view *view, uint16_t type)
{
    if (type < ATTR_OPTIONAL && view->n_unknown < STUN_UNKNOWN_MAX)
        view->unknown[view->n_unknown++] = type;
}

static int parse_attr(struct stun_view *view, uint16_t type, const uint8_t *value, size_t len)
{
    switch (type) {
    case ATTR_USERNAME:
        return parse_username(view, value, len);
    case ATTR_PRIORITY:
    case ATTR_USE_CANDIDATE:
    case ATTR_ICE_CONTROLLED:
    case ATTR_ICE_CONTROLLING:
        return parse_fixed(view, type, value, len);
    case ATTR_XOR_MAPPED_ADDRESS:
        return parse_mapped(view, value, len);
    case ATTR_ERROR_CODE:
        return parse_error(view, value, len);
    case ATTR_MESSAGE_INTEGRITY:
        view->integrity = (uint16_t)(value - ATTR_HEADER_BYTES - view->msg);
        return len == SHA_DIGEST_LENGTH ? 0 : -EBADMSG;
    case ATTR_FINGERPRINT:
        view->fingerprint = (uint16_t)(value - ATTR_HEADER_BYTES - view->msg);
        return len == FINGERPRINT_BYTES ? 0 : -EBADMSG;
    case ATTR_MAPPED_ADDRESS: /* known, of no use to us */
    case ATTR_UNKNOWN_ATTRIBUTES:
    case ATTR_REALM:
    case ATTR_NONCE:
    case ATTR_NOMINATION:
        return 0;
    default:
        note_unknown(view, type);
        return 0;
    }
}

int stun_parse(struct stun_view *view, const uint8_t *msg, size_t len)
{
    if (len < STUN_HEADER_BYTES || len > UINT16_MAX || msg[0] > 3 || get_be32(msg + 4) != STUN_MAGIC || len % 4 ||
        get_be16(msg + 2) != len - STUN_HEADER_BYTES)
        return -EBADMSG;
    memset(view, 0, sizeof(*view));
    view->msg = msg;
    view->len = (uint16_t)len;
    view->type = get_be16(msg);
    view->tid = msg + 8;
    for (size_t at = STUN_HEADER_BYTES; at < len;) {
        uint16_t type = get_be16(msg + at); /* at and len are multiples of 4, so the attribute header is there */
        size_t attr_bytes = get_be16(msg + at + 2);
        const uint8_t *value = msg + at + ATTR_HEADER_BYTES;
        if (view->fingerprint || PADDED(attr_bytes) > len - at - ATTR_HEADER_BYTES)
            return -EBADMSG;
        if (!view->integrity || type == ATTR_FINGERPRINT) {
            int err = parse_attr(view, type, value, attr_bytes);
            if (err)
                return err;
        }
        at += ATTR_HEADER_BYTES + PADDED(attr_bytes);
    }
    return 0;
}

/* ---- Writers ---- */

struct writer {
    uint8_t *out;
    size_t size;
    size_t len;
    bool full;
};

static void begin(struct writer *w, uint8_t *out, size_t size, enum stun_type type, const uint8_t *tid)
{
    *w = (struct writer){.out = out, .size = size, .len = STUN_HEADER_BYTES, .full = size < STUN_HEADER_BYTES};
    if (w->full)
        return;
    put_be16(out, (uint16_t)type);
    put_be32(out + 4, STUN_MAGIC);
    memcpy(out + 8, tid, STUN_TID_BYTES);
}

/* Room for one attribute, its header and zero padding written; NULL once the buffer has been too small. */
static uint8_t *attr(struct writer *w, uint16_t type, size_t len)
{
    if (w->full || ATTR_HEADER_BYTES + PADDED(len) > w->size - w->len) {
        w->full = true;
        return NULL;
    }
    uint8_t *p = w->out + w->len;
    put_be16(p, type);
    put_be16(p + 2, (uint16_t)len);
    memset(p + ATTR_HEADER_BYTES, 0, PADDED(len));
    w->len += ATTR_HEADER_BYTES + PADDED(len);
    return p + ATTR_HEADER_BYTES;
}

static int end(struct writer *w, const struct stun_key *key)
{
    size_t upto = w->len;
    uint8_t *value = key ? attr(w, ATTR_MESSAGE_INTEGRITY, SHA_DIGEST_LENGTH) : NULL;
    if (value)
        hmac_message(key, w->out, upto, value);
    upto = w->len;
    value = attr(w, ATTR_FINGERPRINT, FINGERPRINT_BYTES);
    if (value)
        put_be32(value, fingerprint_of(w->out, upto));
    if (w->full)
        return -ENOSPC;
    put_be16(w->out + 2, (uint16_t)(w->len - STUN_HEADER_BYTES));
    return (int)w->len;
}

static void write_address(struct writer *w, const struct dp_addr *addr, const uint8_t *tid)
{
    bool v4 = memcmp(addr->ip, v4_mapped, sizeof(v4_mapped)) == 0;
    size_t n = v4 ? 4 : 16;
    uint8_t *value = attr(w, ATTR_XOR_MAPPED_ADDRESS, 4 + n);
    if (!value)
        return;
    value[1] = v4 ? 1 : 2;
    put_be16(value + 2, (uint16_t)(addr->port ^ (STUN_MAGIC >> 16)));
    memcpy(value + 4, addr->ip + 16 - n, n);
    xor_address(value + 4, n, tid);
}

int stun_write_success(uint8_t *out, size_t size, const uint8_t *tid, const struct dp_addr *mapped,
                       const struct stun_key *key)
{
    struct writer w;
    begin(&w, out, size, STUN_BINDING_SUCCESS, tid);
    write_address(&w, mapped, tid);
    return end(&w, key);
}

static const char *reason(enum stun_error error)
{
    switch (error) {
    case STUN_BAD_REQUEST:
        return "Bad Request";
    case STUN_UNAUTHENTICATED:
        return "Unauthenticated";
    case STUN_UNKNOWN_ATTRIBUTE:
        return "Unknown Attribute";
    case STUN_ROLE_CONFLICT:
        return "Role Conflict";
    }
    return "";
}

int stun_write_error(uint8_t *out, size_t size, const uint8_t *tid, enum stun_error error, const uint16_t *unknown,
                     size_t n_unknown, const struct stun_key *key)
{
    struct writer w;
    begin(&w, out, size, STUN_BINDING_ERROR, tid);
    const char *text = reason(error);
    uint8_t *value = attr(&w, ATTR_ERROR_CODE, 4 + strlen(text));
    if (value) {
        value[2] = (uint8_t)(error / 100);
        value[3] = (uint8_t)(error % 100);
        memcpy(value + 4, text, strlen(text));
    }
    value = n_unknown ? attr(&w, ATTR_UNKNOWN_ATTRIBUTES, 2 * n_unknown) : NULL;
    for (size_t i = 0; value && i < n_unknown; i++)
        put_be16(value + 2 * i, unknown[i]);
    return end(&w, key);
}

int stun_write_request(uint8_t *out, size_t size, const struct stun_request *req, const struct stun_key *key)
{
    struct writer w;
    begin(&w, out, size, STUN_BINDING_REQUEST, req->tid);
    size_t n = req->username ? strlen(req->username) : 0;
    uint8_t *value = n ? attr(&w, ATTR_USERNAME, n) : NULL;
    if (value)
        memcpy(value, req->username, n);
    value = attr(&w, ATTR_PRIORITY, 4);
    if (value)
        put_be32(value, req->priority);
    if (req->role != STUN_ROLE_NONE) {
        bool controlling = req->role == STUN_ROLE_CONTROLLING;
        value = attr(&w, controlling ? ATTR_ICE_CONTROLLING : ATTR_ICE_CONTROLLED, 8);
        if (value)
            put_be64(value, req->tie_breaker);
    }
    if (req->use_candidate)
        attr(&w, ATTR_USE_CANDIDATE, 0);
    return end(&w, key);
}
