/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/stun.h"

/* RFC 5769 2: test vectors, password "VOkJxbRl1RmTxUk/WvJxBt". */
static const char rfc_password[] = "VOkJxbRl1RmTxUk/WvJxBt";
#define RFC_TID 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae

static const uint8_t rfc_request[] = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, RFC_TID, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e,
    0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c, 0x69,    0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e,
    0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f,    0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06,
    0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36,    0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00,
    0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56,    0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5,    0x7a, 0x3b, 0xcf,
};

static const uint8_t rfc_response_v4[] = {
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, RFC_TID, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20,
    0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20,    0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6,
    0x43, 0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99,    0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9, 0x2a,
    0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28,    0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};

static const uint8_t rfc_response_v6[] = {
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, RFC_TID, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74,
    0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00,    0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01,
    0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25,    0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08,
    0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b,    0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2,
    0x75, 0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04,    0xc8, 0xfb, 0x0b, 0x4c,
};

static const struct dp_addr addr_v4 = {.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}, .port = 32853};
static const struct dp_addr addr_v6 = {
    .ip = {0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77},
    .port = 32853};

static struct stun_key rfc_key(void)
{
    struct stun_key key;
    stun_key_init(&key, rfc_password, strlen(rfc_password));
    return key;
}

static void test_rfc5769_request(void **state)
{
    struct stun_key key = rfc_key();
    struct stun_view v;
    assert_int_equal(stun_parse(&v, rfc_request, sizeof(rfc_request)), 0);
    assert_int_equal(v.type, STUN_BINDING_REQUEST);
    assert_memory_equal(v.tid, rfc_request + 8, STUN_TID_BYTES);
    assert_int_equal(v.username_bytes, 9);
    assert_memory_equal(v.username, "evtj:h6vY", 9);
    assert_true(v.has_priority);
    assert_int_equal(v.priority, 0x6e0001ff);
    assert_int_equal(v.role, STUN_ROLE_CONTROLLED);
    assert_true(v.tie_breaker == UINT64_C(0x932ff9b151263b36));
    assert_false(v.use_candidate);
    assert_int_equal(v.n_unknown, 0);
    assert_true(stun_check_fingerprint(&v));
    assert_true(stun_check_integrity(&v, &key));
}

static void test_rfc5769_responses(void **state)
{
    struct stun_key key = rfc_key();
    struct stun_view v;
    assert_int_equal(stun_parse(&v, rfc_response_v4, sizeof(rfc_response_v4)), 0);
    assert_int_equal(v.type, STUN_BINDING_SUCCESS);
    assert_true(v.has_mapped);
    assert_memory_equal(v.mapped.ip, addr_v4.ip, 16);
    assert_int_equal(v.mapped.port, addr_v4.port);
    assert_true(stun_check_fingerprint(&v));
    assert_true(stun_check_integrity(&v, &key));

    assert_int_equal(stun_parse(&v, rfc_response_v6, sizeof(rfc_response_v6)), 0);
    assert_memory_equal(v.mapped.ip, addr_v6.ip, 16);
    assert_int_equal(v.mapped.port, addr_v6.port);
    assert_true(stun_check_fingerprint(&v));
    assert_true(stun_check_integrity(&v, &key));
}

/* Any flipped bit before FINGERPRINT breaks one of the two checks or the parse; nothing passes. */
static void test_every_bit_matters(void **state)
{
    struct stun_key key = rfc_key();
    for (size_t bit = 0; bit < 8 * sizeof(rfc_request); bit++) {
        uint8_t msg[sizeof(rfc_request)];
        struct stun_view v;
        memcpy(msg, rfc_request, sizeof(msg));
        msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (stun_parse(&v, msg, sizeof(msg)) == 0)
            assert_false(stun_check_fingerprint(&v) && stun_check_integrity(&v, &key));
    }
}

static void test_wrong_key(void **state)
{
    struct stun_key key;
    struct stun_view v;
    stun_key_init(&key, "VOkJxbRl1RmTxUk/WvJxBs", 22);
    assert_int_equal(stun_parse(&v, rfc_request, sizeof(rfc_request)), 0);
    assert_false(stun_check_integrity(&v, &key));
}

/* RFC 2202 3, case 6: a key longer than a block is hashed first. Ours is checked through a message of our own. */
static void test_long_password(void **state)
{
    char password[200], same[200];
    memset(password, 'a', sizeof(password));
    memcpy(same, password, sizeof(same));
    same[150] = 'b';
    struct stun_key key, other;
    stun_key_init(&key, password, sizeof(password));
    stun_key_init(&other, same, sizeof(same));
    struct stun_request req = {.username = "a:b", .priority = 1};
    uint8_t out[128];
    struct stun_view v;
    int n = stun_write_request(out, sizeof(out), &req, &key);
    assert_true(n > 0);
    assert_int_equal(stun_parse(&v, out, (size_t)n), 0);
    assert_true(stun_check_integrity(&v, &key));
    assert_false(stun_check_integrity(&v, &other));
    stun_key_finish(&key);
    assert_false(stun_check_integrity(&v, &key));
}

#define HEAD(len)  0x00, 0x01, 0x00, len, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
#define BYTES(...) .bytes = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})
#define MI         0x00, 0x08, 0x00, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define FP         0x80, 0x28, 0x00, 0x04, 0, 0, 0, 0

static const struct {
    const char *what;
    uint8_t bytes[80];
    size_t len;
    int err;
} parse_cases[] = {
    {"no attributes", BYTES(HEAD(0)), 0},
    {"19 bytes", {0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42}, 19, -EBADMSG},
    {"first bits set", BYTES(0x40, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
     -EBADMSG},
    {"no magic cookie", BYTES(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), -EBADMSG},
    {"length too small", BYTES(HEAD(0), 0x00, 0x25, 0, 0), -EBADMSG},
    {"length too large", BYTES(HEAD(8), 0x00, 0x25, 0, 0), -EBADMSG},
    {"length not a multiple of 4", BYTES(HEAD(5), 0x00, 0x25, 0, 1, 0), -EBADMSG},
    {"value beyond the end", BYTES(HEAD(4), 0x00, 0x06, 0, 1), -EBADMSG},
    {"value of 65535", BYTES(HEAD(8), 0x00, 0x06, 0xff, 0xff, 0, 0, 0, 0), -EBADMSG},
    {"padding missing is impossible, value padded", BYTES(HEAD(8), 0x00, 0x06, 0, 1, 'a', 0, 0, 0), 0},
    {"use-candidate with a value", BYTES(HEAD(8), 0x00, 0x25, 0, 4, 0, 0, 0, 0), -EBADMSG},
    {"short priority", BYTES(HEAD(8), 0x00, 0x24, 0, 3, 0, 0, 0, 0), -EBADMSG},
    {"short tie-breaker", BYTES(HEAD(8), 0x80, 0x2a, 0, 4, 0, 0, 0, 0), -EBADMSG},
    {"integrity of 16", BYTES(HEAD(20), 0, 8, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), -EBADMSG},
    {"fingerprint of 0", BYTES(HEAD(4), 0x80, 0x28, 0, 0), -EBADMSG},
    {"attribute after fingerprint", BYTES(HEAD(12), FP, 0x00, 0x25, 0, 0), -EBADMSG},
    {"integrity after fingerprint", BYTES(HEAD(32), FP, MI), -EBADMSG},
    {"two fingerprints", BYTES(HEAD(16), FP, FP), -EBADMSG},
    {"bad attribute after integrity is ignored", BYTES(HEAD(32), MI, 0x00, 0x25, 0, 4, 0, 0, 0, 0), 0},
    {"address of family 3", BYTES(HEAD(12), 0x00, 0x20, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0), -EBADMSG},
    {"v6 family, v4 length", BYTES(HEAD(12), 0x00, 0x20, 0, 8, 0, 2, 0, 0, 0, 0, 0, 0), -EBADMSG},
    {"short error code", BYTES(HEAD(8), 0x00, 0x09, 0, 2, 0, 4, 0, 0), -EBADMSG},
};

static void test_parse(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++) {
        struct stun_view v;
        print_message("  %s\n", parse_cases[i].what);
        assert_int_equal(stun_parse(&v, parse_cases[i].bytes, parse_cases[i].len), parse_cases[i].err);
    }
}

static void test_attributes_after_integrity(void **state)
{
    static const uint8_t msg[] = {HEAD(44), MI, 0x00, 0x25, 0, 0, 0x00, 0x24, 0, 4, 0, 0, 0, 9, FP};
    struct stun_view v;
    assert_int_equal(stun_parse(&v, msg, sizeof(msg)), 0);
    assert_false(v.use_candidate);
    assert_false(v.has_priority);
    assert_int_equal(v.integrity, 20);
    assert_int_equal(v.fingerprint, 56);
}

static void test_first_of_repeated_attributes(void **state)
{
    static const uint8_t msg[] = {HEAD(32), 0, 0x24, 0, 4,   0, 0, 0, 1, 0, 0x24, 0, 4,   0, 0, 0, 2,
                                  0,        6, 0,    1, 'a', 0, 0, 0, 0, 6, 0,    1, 'b', 0, 0, 0};
    struct stun_view v;
    assert_int_equal(stun_parse(&v, msg, sizeof(msg)), 0);
    assert_int_equal(v.priority, 1);
    assert_int_equal(v.username[0], 'a');
}

static void test_unknown_attributes(void **state)
{
    /* 0x001c is comprehension-required, 0xc057 is not, 0x0030 is tolerated */
    static const uint8_t msg[] = {HEAD(24), 0,    0x1c, 0, 0,    0xc0, 0x57, 0, 4,    0,    0, 0, 0,
                                  0,        0x30, 0,    0, 0x7f, 0xff, 0,    0, 0x80, 0x00, 0, 0};
    struct stun_view v;
    assert_int_equal(stun_parse(&v, msg, sizeof(msg)), 0);
    assert_int_equal(v.n_unknown, 2);
    assert_int_equal(v.unknown[0], 0x001c);
    assert_int_equal(v.unknown[1], 0x7fff);

    uint8_t many[STUN_HEADER_BYTES + 4 * 20] = {HEAD(80)};
    for (size_t at = STUN_HEADER_BYTES; at < sizeof(many); at += 4)
        put_be16(many + at, 0x7000);
    assert_int_equal(stun_parse(&v, many, sizeof(many)), 0);
    assert_int_equal(v.n_unknown, STUN_UNKNOWN_MAX);
}

static void test_missing_trailers(void **state)
{
    static const uint8_t msg[] = {HEAD(0)};
    struct stun_key key = rfc_key();
    struct stun_view v;
    assert_int_equal(stun_parse(&v, msg, sizeof(msg)), 0);
    assert_false(stun_check_fingerprint(&v));
    assert_false(stun_check_integrity(&v, &key));
}

static const uint8_t tid[STUN_TID_BYTES] = {RFC_TID};

static void test_write_success(void **state)
{
    struct stun_key key = rfc_key();
    const struct dp_addr *addrs[] = {&addr_v4, &addr_v6};
    for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
        uint8_t out[STUN_RESPONSE_MAX];
        struct stun_view v;
        int n = stun_write_success(out, sizeof(out), tid, addrs[i], &key);
        assert_true(n > 0);
        assert_int_equal(stun_parse(&v, out, (size_t)n), 0);
        assert_int_equal(v.type, STUN_BINDING_SUCCESS);
        assert_memory_equal(v.tid, tid, sizeof(tid));
        assert_memory_equal(v.mapped.ip, addrs[i]->ip, 16);
        assert_int_equal(v.mapped.port, addrs[i]->port);
        assert_true(stun_check_fingerprint(&v));
        assert_true(stun_check_integrity(&v, &key));
        for (int size = 0; size < n; size++)
            assert_int_equal(stun_write_success(out, (size_t)size, tid, addrs[i], &key), -ENOSPC);
    }
    /* the XOR-MAPPED-ADDRESS bytes are those of the RFC's own message */
    uint8_t out[STUN_RESPONSE_MAX];
    assert_true(stun_write_success(out, sizeof(out), tid, &addr_v4, &key) > 0);
    assert_memory_equal(out + STUN_HEADER_BYTES, rfc_response_v4 + 36, 12);
}

static void test_write_error(void **state)
{
    struct stun_key key = rfc_key();
    const uint16_t unknown[STUN_UNKNOWN_MAX] = {0x001c, 0x7fff, 0x001d};
    static const struct {
        enum stun_error error;
        size_t n_unknown;
        bool keyed;
    } cases[] = {
        {STUN_BAD_REQUEST, 0, false},      {STUN_UNAUTHENTICATED, 0, false},
        {STUN_UNKNOWN_ATTRIBUTE, 3, true}, {STUN_UNKNOWN_ATTRIBUTE, STUN_UNKNOWN_MAX, true},
        {STUN_ROLE_CONFLICT, 0, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t out[STUN_RESPONSE_MAX];
        struct stun_view v;
        int n = stun_write_error(out, sizeof(out), tid, cases[i].error, unknown, cases[i].n_unknown,
                                 cases[i].keyed ? &key : NULL);
        assert_true(n > 0);
        assert_int_equal(stun_parse(&v, out, (size_t)n), 0);
        assert_int_equal(v.type, STUN_BINDING_ERROR);
        assert_int_equal(v.error, cases[i].error);
        assert_true(stun_check_fingerprint(&v));
        assert_int_equal(stun_check_integrity(&v, &key), cases[i].keyed);
    }
    uint8_t out[STUN_RESPONSE_MAX];
    assert_true(stun_write_error(out, sizeof(out), tid, STUN_UNKNOWN_ATTRIBUTE, unknown, 3, NULL) > 0);
    static const uint8_t want[] = {0x00, 0x0a, 0x00, 0x06, 0x00, 0x1c, 0x7f, 0xff, 0x00, 0x1d, 0, 0};
    assert_memory_equal(out + STUN_HEADER_BYTES + 4 + 4 + 20, want, sizeof(want));
}

static void test_write_request(void **state)
{
    struct stun_key key = rfc_key();
    struct stun_request req = {.tid = {RFC_TID},
                               .username = "evtj:h6vY",
                               .priority = 0x6e0001ff,
                               .role = STUN_ROLE_CONTROLLING,
                               .tie_breaker = UINT64_C(0x932ff9b151263b36),
                               .use_candidate = true};
    uint8_t out[128];
    struct stun_view v;
    int n = stun_write_request(out, sizeof(out), &req, &key);
    assert_true(n > 0);
    assert_int_equal(stun_parse(&v, out, (size_t)n), 0);
    assert_int_equal(v.type, STUN_BINDING_REQUEST);
    assert_int_equal(v.username_bytes, 9);
    assert_memory_equal(v.username, "evtj:h6vY", 9);
    assert_int_equal(v.priority, req.priority);
    assert_int_equal(v.role, STUN_ROLE_CONTROLLING);
    assert_true(v.tie_breaker == req.tie_breaker);
    assert_true(v.use_candidate);
    assert_true(stun_check_fingerprint(&v));
    assert_true(stun_check_integrity(&v, &key));
    for (int size = 0; size < n; size++)
        assert_int_equal(stun_write_request(out, (size_t)size, &req, &key), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc5769_request),
        cmocka_unit_test(test_rfc5769_responses),
        cmocka_unit_test(test_every_bit_matters),
        cmocka_unit_test(test_wrong_key),
        cmocka_unit_test(test_long_password),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_attributes_after_integrity),
        cmocka_unit_test(test_first_of_repeated_attributes),
        cmocka_unit_test(test_unknown_attributes),
        cmocka_unit_test(test_missing_trailers),
        cmocka_unit_test(test_write_success),
        cmocka_unit_test(test_write_error),
        cmocka_unit_test(test_write_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
