/* SPDX-License-Identifier: MIT */
/* DTLS associations against each other and against plain OpenSSL clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/util.h"
#include "dtls_net.h"

static void test_profiles(void **state)
{
    static const struct {
        const char *name;
        enum srtp_profile server[4], client[4], expected;
    } cases[] = {
        {"AES-CM alone", {CM}, {CM}, CM},
        {"GCM 128 alone", {GCM128}, {GCM128}, GCM128},
        {"GCM 256 alone", {GCM256}, {GCM256}, GCM256},
        {"the server's order decides", {GCM128, CM, GCM256}, {CM, GCM256, GCM128}, GCM128},
        {"and again", {CM, GCM128}, {GCM128, CM}, CM},
        {"the common one", {GCM128, CM}, {GCM256, CM}, CM},
        {"none in common", {GCM128}, {CM}, SRTP_PROFILE_NONE},
    };
    struct net *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("profiles: %s\n", cases[i].name);
        net_make_pair(f, cases[i].server, cases[i].client);
        net_start(&f->client);
        net_run(&f->server, &f->client, net_carry_all, 0);
        struct dtls_keys server, client;
        if (cases[i].expected == SRTP_PROFILE_NONE) {
            net_assert_failed(f->server.dtls, "Failed by DTLS error");
            assert_int_not_equal(net_state_of(f->client.dtls), DTLS_ESTABLISHED);
        } else {
            net_assert_established(f);
            assert_int_equal(dtls_export_keys(f->server.dtls, &server), 0);
            assert_int_equal(dtls_export_keys(f->client.dtls, &client), 0);
            assert_int_equal(server.profile, cases[i].expected);
            assert_int_equal(client.profile, cases[i].expected);
            assert_memory_equal(server.rx_key, client.tx_key, sizeof(server.rx_key));
            assert_memory_equal(server.tx_key, client.rx_key, sizeof(server.rx_key));
            assert_memory_equal(server.rx_salt, client.tx_salt, sizeof(server.rx_salt));
            assert_memory_equal(server.tx_salt, client.rx_salt, sizeof(server.rx_salt));
            assert_memory_not_equal(server.rx_key, server.tx_key, 16);
        }
        net_clear_ends(f);
    }
}

/* The layout of RFC 5764 4.2, taken from the peer's own export. */
static void test_keys_of_a_plain_client(void **state)
{
    static const struct {
        const char *name;
        enum srtp_profile profile;
        size_t key, salt;
    } cases[] = {
        {"SRTP_AES128_CM_SHA1_80", CM, 16, 14},
        {"SRTP_AEAD_AES_128_GCM", GCM128, 16, 12},
        {"SRTP_AEAD_AES_256_GCM", GCM256, 32, 12},
        {"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", GCM128, 16, 12},
    };
    struct net *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct dtls_keys keys;
        uint8_t m[2 * (SRTP_KEY_BYTES_MAX + SRTP_SALT_BYTES_MAX)];
        size_t key = cases[i].key, salt = cases[i].salt;
        net_make_raw_pair(f, &(struct raw_conf){.srtp = cases[i].name});
        assert_int_equal(dtls_export_keys(f->server.dtls, &keys), -EINVAL);
        net_start(&f->client);
        net_run(&f->server, &f->client, net_carry_all, 0);
        net_assert_established(f);
        assert_int_equal(dtls_export_keys(f->server.dtls, &keys), 0);
        assert_int_equal(keys.profile, cases[i].profile);
        assert_int_equal(
            SSL_export_keying_material(f->client.raw, m, 2 * (key + salt), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0), 1);
        assert_memory_equal(keys.rx_key, m, key);
        assert_memory_equal(keys.tx_key, m + key, key);
        assert_memory_equal(keys.rx_salt, m + 2 * key, salt);
        assert_memory_equal(keys.tx_salt, m + 2 * key + salt, salt);
        net_clear_ends(f);
    }
}

static void test_fingerprints(void **state)
{
    static const struct {
        const char *name;
        const EVP_MD *(*hash)(void);
        bool ok;
    } cases[] = {
        {"sha-256", EVP_sha256, true},  {"SHA-256", EVP_sha256, true},  {"sha-384", EVP_sha384, true},
        {"sha-512", EVP_sha512, true},  {"sha-224", EVP_sha224, true},  {"sha-1", EVP_sha1, false},
        {"md5", EVP_md5, false},        {"", EVP_sha256, false},        {NULL, EVP_sha256, false},
        {"sha-256", EVP_sha512, false}, {"sha-512", EVP_sha256, false}, {"sha-256", EVP_sha3_256, false},
    };
    struct net *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
        bool at_client = i & 1, ok = cases[i / 2].ok;
        net_make_pair(f, net_all_profiles, net_all_profiles);
        struct end *end = at_client ? &f->client : &f->server, *other = at_client ? &f->server : &f->client;
        dtls_destroy(end->dtls);
        end->dtls = net_make_end(f, end, at_client, cases[i / 2].name, cases[i / 2].hash());
        net_start(&f->client);
        net_run(&f->server, &f->client, net_carry_all, 0);
        if (ok) {
            net_assert_established(f);
        } else {
            net_assert_failed(end->dtls, "Failed by DTLS fingerprint error");
            net_assert_failed(other->dtls, "Failed by DTLS error"); /* it got our alert */
        }
        net_clear_ends(f);
    }
}

/* Every datagram of the handshake is lost once, the server's last flight included. */
static void test_one_lost(void **state)
{
    struct net *f = *state;
    size_t n = 1;
    for (size_t lost = 0; lost <= n; lost++) {
        net_make_pair(f, net_all_profiles, net_all_profiles);
        net_start(&f->client);
        int64_t began_us = net_now_us;
        size_t carried = net_run(&f->server, &f->client, net_carry_but_one, lost ? lost - 1 : SIZE_MAX);
        net_assert_established(f);
        if (lost == 0) {
            n = carried;
            assert_true(n >= 4);
            assert_true(net_now_us == began_us);
        } else {
            assert_true(carried > n);
            assert_in_range(net_now_us - began_us, 100000, 300000);
        }
        net_clear_ends(f);
    }
}

static void test_last_flight_again(void **state)
{
    struct net *f = *state;
    net_make_pair(f, net_all_profiles, net_all_profiles);
    net_start(&f->client);
    while (net_state_of(f->server.dtls) == DTLS_HANDSHAKE) {
        struct end *from = f->client.n_out ? &f->client : &f->server;
        struct datagram datagram = net_pop(from);
        net_feed(from == &f->client ? &f->server : &f->client, datagram.bytes, datagram.len);
    }
    assert_int_equal(net_state_of(f->client.dtls), DTLS_HANDSHAKE);
    assert_int_equal(dtls_timeout_us(f->server.dtls), -1);
    f->server.n_out = 0; /* lost */
    assert_int_equal(dtls_timeout_us(f->client.dtls), 100000);
    net_run(&f->server, &f->client, net_carry_all, 0);
    net_assert_established(f);
}

static void test_back_off(void **state)
{
    struct net *f = *state;
    net_make_pair(f, net_all_profiles, net_all_profiles);
    assert_int_equal(dtls_start(f->server.dtls), DTLS_HANDSHAKE);
    assert_int_equal(dtls_timeout_us(f->server.dtls), -1);
    assert_int_equal(f->server.n_out, 0);
    dtls_start(f->client.dtls);
    int64_t expected_us = 100000;
    size_t n_sent = f->client.n_sent;
    while (net_state_of(f->client.dtls) == DTLS_HANDSHAKE) {
        assert_int_equal(dtls_timeout_us(f->client.dtls), expected_us);
        net_now_us += expected_us / 2;
        dtls_on_timer(f->client.dtls); /* too early: nothing */
        assert_int_equal(f->client.n_sent, n_sent);
        net_now_us += expected_us - expected_us / 2;
        dtls_on_timer(f->client.dtls);
        if (net_state_of(f->client.dtls) == DTLS_HANDSHAKE)
            assert_true(f->client.n_sent > n_sent);
        n_sent = f->client.n_sent;
        f->client.n_out = 0;
        expected_us = MIN(expected_us * 2, 3000000);
    }
    net_assert_failed(f->client.dtls, "Failed by DTLS error");
    assert_in_range(net_now_us, 20000000, HANDSHAKE_S * 1000000);
    assert_int_equal(dtls_timeout_us(f->client.dtls), -1);
}

/* Current browsers: a ClientHello above one datagram, its fragments in any order and more than once. */
static void test_fragmented_client_hello(void **state)
{
    static const struct {
        const char *name;
        size_t padding_bytes, n, order[8];
    } cases[] = {
        {"in order", 1200, 2, {0, 1}},
        {"reversed", 1200, 2, {1, 0}},
        {"duplicated", 1200, 4, {0, 0, 1, 1}},
        {"reversed and duplicated", 1200, 4, {1, 1, 0, 0}},
        {"three, shuffled", 2400, 5, {2, 0, 2, 0, 1}},
    };
    struct net *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("ClientHello: %s\n", cases[i].name);
        struct raw_conf conf = {.padding_bytes = cases[i].padding_bytes};
        net_make_raw_pair(f, &conf);
        net_start(&f->client);
        struct datagram hello[8];
        size_t n_hello = f->client.n_out;
        assert_int_equal(n_hello, 1 + cases[i].padding_bytes / 1100);
        memcpy(hello, f->client.out, n_hello * sizeof(hello[0]));
        f->client.n_out = 0;
        for (size_t j = 0; j < cases[i].n; j++) {
            assert_true(cases[i].order[j] < n_hello);
            net_feed(&f->server, hello[cases[i].order[j]].bytes, hello[cases[i].order[j]].len);
        }
        assert_true(f->server.n_out > 0);
        int64_t began_us = net_now_us;
        net_run(&f->server, &f->client, net_carry_all, 0);
        net_assert_established(f);
        assert_true(net_now_us == began_us); /* no retransmission was needed */
        net_clear_ends(f);
    }
}

static void test_garbage(void **state)
{
    struct net *f = *state;
    net_make_pair(f, net_all_profiles, net_all_profiles);
    net_start(&f->client);
    net_run(&f->server, &f->client, net_carry_amid_garbage, 0);
    net_assert_established(f);
}

/* Every flight in many datagrams, the newest first: ChangeCipherSpec and Finished overtake the certificate. */
static void test_reversed_flights(void **state)
{
    struct net *f = *state;
    net_make_raw_pair(f, &(struct raw_conf){.padding_bytes = 1200});
    SSL_set_mtu(f->client.raw, 300);
    f->client.newest_first = f->server.newest_first = true;
    net_start(&f->client);
    assert_true(f->client.n_out > 4);
    net_run(&f->server, &f->client, net_carry_all, 0);
    net_assert_established(f);
}

static void test_clients(void **state)
{
    static const struct {
        const char *name;
        struct raw_conf conf;
        bool ok;
    } cases[] = {
        {"plain", {.version = DTLS1_2_VERSION}, true},
        {"CHACHA20", {.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"}, true},
        {"AES-128-CBC", {.ciphers = "ECDHE-ECDSA-AES128-SHA"}, true},
        {"RSA ciphers only", {.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"}, false},
        {"DTLS 1.0 only", {.version = DTLS1_VERSION, .ciphers = "ALL:@SECLEVEL=0"}, false},
        {"no use_srtp", {.no_srtp = true}, false},
        {"an SRTP profile too weak", {.srtp = "SRTP_AES128_CM_SHA1_32"}, false},
        {"no certificate", {.no_cert = true}, false},
    };
    struct net *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("client: %s\n", cases[i].name);
        net_make_raw_pair(f, &cases[i].conf);
        net_start(&f->client);
        net_run(&f->server, &f->client, net_carry_all, 0);
        if (cases[i].ok)
            net_assert_established(f);
        else
            net_assert_failed(f->server.dtls, "Failed by DTLS error");
        net_clear_ends(f);
    }
}

static void test_no_resumption(void **state)
{
    struct net *f = *state;
    net_make_raw_pair(f, &(struct raw_conf){0});
    net_start(&f->client);
    net_run(&f->server, &f->client, net_carry_all, 0);
    net_assert_established(f);
    SSL_SESSION *session = SSL_get1_session(f->client.raw);
    assert_false(SSL_SESSION_has_ticket(session));
    unsigned int id_bytes;
    SSL_SESSION_get_id(session, &id_bytes);
    assert_int_equal(id_bytes, 0);
    SSL_SESSION_free(session);
}

static void test_no_renegotiation(void **state)
{
    struct net *f = *state;
    net_make_raw_pair(f, &(struct raw_conf){0});
    net_start(&f->client);
    net_run(&f->server, &f->client, net_carry_all, 0);
    net_assert_established(f);
    size_t n_sent = f->server.n_sent;
    assert_int_equal(SSL_renegotiate(f->client.raw), 1);
    SSL_do_handshake(f->client.raw);
    net_collect_raw(&f->client);
    assert_true(f->client.n_out > 0);
    while (f->client.n_out) {
        struct datagram datagram = net_pop(&f->client);
        net_feed(&f->server, datagram.bytes, datagram.len);
    }
    assert_true(f->server.n_sent <= n_sent + 1); /* at most the alert no_renegotiation */
    assert_int_equal(net_state_of(f->server.dtls), DTLS_ESTABLISHED);
}

static void test_close(void **state)
{
    struct net *f = *state;
    for (int i = 0; i < 2; i++) {
        net_make_pair(f, net_all_profiles, net_all_profiles);
        net_start(&f->client);
        net_run(&f->server, &f->client, net_carry_all, 0);
        net_assert_established(f);
        struct end *first = i ? &f->server : &f->client, *second = i ? &f->client : &f->server;
        dtls_destroy(first->dtls);
        first->dtls = NULL;
        assert_int_equal(first->n_out, 1);
        struct datagram notify = net_pop(first);
        net_feed(second, notify.bytes, notify.len);
        assert_int_equal(net_state_of(second->dtls), DTLS_CLOSED);
        assert_int_equal(second->n_out, 1); /* its own close_notify */
        net_feed(second, notify.bytes, notify.len);
        assert_int_equal(dtls_on_timer(second->dtls), DTLS_CLOSED);
        assert_int_equal(dtls_timeout_us(second->dtls), -1);
        assert_int_equal(second->n_out, 1);
        net_clear_ends(f);
    }
}

static void test_destroy_in_handshake(void **state)
{
    struct net *f = *state;
    net_make_pair(f, net_all_profiles, net_all_profiles);
    net_start(&f->client);
    struct datagram hello = net_pop(&f->client);
    net_feed(&f->server, hello.bytes, hello.len);
    size_t n_sent = f->server.n_sent;
    dtls_destroy(f->server.dtls);
    f->server.dtls = NULL;
    assert_int_equal(f->server.n_sent, n_sent);
}

static void test_fingerprint_text(void **state)
{
    struct net *f = *state;
    uint8_t md[EVP_MAX_MD_SIZE];
    char text[256] = "";
    size_t n = net_digest(f->server_cert, EVP_sha256(), md);
    for (size_t i = 0; i < n; i++)
        snprintf(text + i * 3, 4, "%02X%s", md[i], i + 1 < n ? ":" : "");
    net_make_pair(f, net_all_profiles, net_all_profiles);
    assert_string_equal(dtls_ctx_fingerprint(f->server_ctx), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)
        T(test_profiles),
        T(test_keys_of_a_plain_client),
        T(test_fingerprints),
        T(test_one_lost),
        T(test_last_flight_again),
        T(test_back_off),
        T(test_fragmented_client_hello),
        T(test_garbage),
        T(test_reversed_flights),
        T(test_clients),
        T(test_no_resumption),
        T(test_no_renegotiation),
        T(test_close),
        T(test_destroy_in_handshake),
        T(test_fingerprint_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
