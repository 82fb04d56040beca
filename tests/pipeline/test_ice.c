/* SPDX-License-Identifier: MIT */
/* ICE-lite through the packet path: who is answered, and where media may be sent. */
#include "fixture.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "common/util.h"

static void settle(struct fixture *f)
{
    for (int i = 0; i < 5; i++)
        fixture_turn(f);
}

static uint32_t responses(struct fixture *f, const struct peer *p)
{
    struct datagram d;
    uint32_t n = 0;

    settle(f);
    while (fixture_receive(f, &d))
        n += peer_is_response(p, &d);
    return n;
}

static bool is_sent_to(struct fixture *f, const struct peer *p)
{
    const struct tuple *t = session_send_tuple(fixture_session(f, p->session));
    return t && memcmp(t->key.remote_ip, p->addr.ip, 16) == 0 && rte_be_to_cpu_16(t->key.remote_port) == p->addr.port;
}

/* The same peer behind another UDP port. */
static struct peer elsewhere(const struct peer *p, uint16_t port)
{
    struct peer other = *p;
    other.addr.port = port;
    other.next_tid = (uint8_t)port;
    return other;
}

static void send_audio(struct fixture *f, struct peer *p, uint16_t seq)
{
    uint8_t rtp[12 + 20] = {0x80, 111, (uint8_t)(seq >> 8), (uint8_t)seq, [8] = 0, 0, 0x10, 1};
    peer_send_srtp(f, p, rtp, sizeof(rtp));
}

static void publish_audio(struct fixture *f, const struct peer *p, uint64_t id)
{
    struct dp_stream_put put = {.kind = MEDIA_AUDIO,
                                .codec = CODEC_OPUS,
                                .id = id,
                                .session = p->session,
                                .clock_hz = 48000,
                                .rtp = {.ssrc = 0x1001, .pt = 111, .rtx_pt = DP_PT_NONE}};
    assert_int_equal(fixture_put(f, DP_STREAM_PUT, &put), 0);
}

/* Answered once the table knows the address pair, and told to the controlplane; IPv4 and IPv6. */
static void test_answer(void **state)
{
    struct fixture *f = fixture_create();

    for (uint32_t n = 1; n <= 2; n++) {
        struct peer p;
        peer_init(f, &p, n, 0, n == 2);
        peer_send_binding(f, &p, true);
        worker_turn(f->workers[0], f->now_us);
        assert_int_equal(fixture_discard(f), 0); /* ctl has not entered it yet */
        assert_int_equal(responses(f, &p), 1);
        assert_int_equal(fixture_event_bits(f, p.session), DP_SESSION_ICE);
        assert_memory_equal(&f->events[f->n_events - 1].remote, &p.addr, sizeof(p.addr));
        peer_send_binding(f, &p, false);
        worker_turn(f->workers[0], f->now_us);
        assert_int_equal(responses(f, &p), 1); /* known now: at once */
    }
    fixture_destroy(f);
}

/* What a stranger sends is neither answered nor remembered, and the reason is counted. */
static void test_strangers(void **state)
{
    static const struct {
        const char *our_ufrag, *our_pwd, *ufrag; /* NULL: the right one */
        enum drop why;
    } cases[] = {
        {.our_pwd = "password-of-somebody-else", .why = DROP_STUN_INTEGRITY},
        {.ufrag = "theirs2", .why = DROP_STUN_INTEGRITY},
        {.ufrag = "theirs", .why = DROP_STUN_INTEGRITY},
        {.ufrag = "theirs1x", .why = DROP_STUN_INTEGRITY},
        {.our_ufrag = "nobody", .why = DROP_STUN_NO_SESSION},
        {.our_ufrag = "ours1-and-more", .why = DROP_STUN_NO_SESSION},
        {.our_ufrag = "ours1-and-more:", .why = DROP_STUN_NO_SESSION},
        {.our_ufrag = "", .why = DROP_STUN_NO_SESSION},
    };
    struct fixture *f = fixture_create();
    struct peer p;

    peer_init(f, &p, 1, 0, false);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct peer stranger = p;
        uint64_t before = fixture_drops(f, cases[i].why);
        if (cases[i].our_ufrag)
            snprintf(stranger.our_ufrag, sizeof(stranger.our_ufrag), "%s", cases[i].our_ufrag);
        if (cases[i].our_pwd)
            snprintf(stranger.our_pwd, sizeof(stranger.our_pwd), "%s", cases[i].our_pwd);
        if (cases[i].ufrag)
            snprintf(stranger.ufrag, sizeof(stranger.ufrag), "%s", cases[i].ufrag);
        peer_send_binding(f, &stranger, true);
        settle(f);
        assert_int_equal(fixture_discard(f), 0);
        assert_int_equal(fixture_drops(f, cases[i].why), before + 1);
    }
    assert_false(fixture_session(f, p.session)->ice.tuples[0].used);
    assert_int_equal(f->n_events, 0);
    fixture_destroy(f);
}

static void test_not_requests(void **state)
{
    static const struct {
        const char *what;
        uint8_t bytes[24];
        size_t len;
        enum drop why;
    } cases[] = {
        {"indication", {0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 20, DROP_STUN_NOT_REQUEST},
        {"no user name", {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 20, DROP_STUN_MALFORMED},
        {"short", {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 19, DROP_STUN_MALFORMED},
        {"cookie", {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43}, 20, DROP_STUN_MALFORMED},
        {"TURN channel", {0x40}, 20, DROP_DEMUX},
        {"ZRTP", {0x10}, 20, DROP_DEMUX},
        {"nothing", {0}, 0, DROP_DEMUX},
        {"DTLS of a stranger", {22}, 20, DROP_NO_SESSION},
        {"RTP of a stranger", {0x80}, 20, DROP_NO_SESSION},
    };
    struct fixture *f = fixture_create();
    struct peer p;

    peer_init(f, &p, 1, 0, false);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t before = fixture_drops(f, cases[i].why);
        peer_send(f, &p, cases[i].bytes, cases[i].len);
        settle(f);
        assert_int_equal(fixture_discard(f), 0);
        if (fixture_drops(f, cases[i].why) != before + 1)
            fail_msg("%s", cases[i].what);
    }
    fixture_destroy(f);
}

/* Trailers, by OpenSSL's HMAC and a CRC of the book: what the reader under test must agree with. */
static size_t sign(uint8_t *msg, size_t len, const char *pwd)
{
    uint32_t crc = ~0u;

    put_be16(msg + 2, (uint16_t)(len - 20 + 24));
    put_be32(msg + len, 0x00080014);
    HMAC(EVP_sha1(), pwd, (int)strlen(pwd), msg, len, msg + len + 4, NULL);
    len += 24;
    put_be16(msg + 2, (uint16_t)(len - 20 + 8));
    for (size_t i = 0; i < len; i++) {
        crc ^= msg[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    put_be32(msg + len, 0x80280004);
    put_be32(msg + len + 4, ~crc ^ 0x5354554eu);
    return len + 8;
}

/* RFC 8489 6.3.1: a comprehension-required attribute that we do not know is answered 420, signed, and nothing else. */
static void test_unknown_attribute(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;
    struct datagram d;
    struct stun_view view;
    struct stun_key key;
    uint8_t msg[128] = {0,   1,   0,   0,   0x21, 0x12, 0xa4, 0x42, [20] = 0, 6,   0,           13,   'o', 'u', 'r',
                        's', '1', ':', 't', 'h',  'e',  'i',  'r',  's',      '1', [40] = 0x7a, 0xbc, 0,   0};

    peer_init(f, &p, 1, 0, false);
    stun_key_init(&key, p.our_pwd, strlen(p.our_pwd));
    peer_send(f, &p, msg, sign(msg, 44, p.our_pwd));
    settle(f);
    assert_true(fixture_receive(f, &d));
    assert_true(peer_is_to(&p, &d));
    assert_int_equal(stun_parse(&view, d.bytes, d.len), 0);
    assert_int_equal(view.type, STUN_BINDING_ERROR);
    assert_int_equal(view.error, STUN_UNKNOWN_ATTRIBUTE);
    assert_true(stun_check_integrity(&view, &key));
    assert_int_equal(fixture_drops(f, DROP_STUN_UNKNOWN_ATTRIBUTE), 1);
    assert_false(fixture_session(f, p.session)->ice.tuples[0].used);
    assert_int_equal(f->n_events, 0);
    peer_send(f, &p, msg, sign(msg, 44, "password-of-somebody-else"));
    settle(f);
    assert_false(fixture_receive(f, &d)); /* not to strangers */
    fixture_destroy(f);
}

/* A valid Binding from a spoofed source, nominated even, does not redirect media; an authenticated packet from there
 * does (the peer has really moved). */
static void test_spoofed_source(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    peer_keys(f, &p, SRTP_PROFILE_AEAD_AES_128_GCM);
    publish_audio(f, &p, 7);
    send_audio(f, &p, 1);
    settle(f);
    struct peer moved = elsewhere(&p, 50000);
    peer_send_binding(f, &moved, true);
    assert_int_equal(responses(f, &moved), 1); /* checks are answered where they come from */
    assert_true(is_sent_to(f, &p));
    uint8_t junk[60] = {0x80, 111, 0, 2, [8] = 0, 0, 0x10, 1};
    peer_send(f, &moved, junk, sizeof(junk)); /* RTP that does not authenticate */
    settle(f);
    assert_int_equal(fixture_drops(f, DROP_AUTH), 1);
    assert_true(is_sent_to(f, &p));
    send_audio(f, &moved, 2);
    settle(f);
    assert_true(is_sent_to(f, &moved));
    peer_finish(&p);
    fixture_destroy(f);
}

/* An address that has fallen silent is left for a nominated one with fresh checks; an address merely checked is not. */
static void test_silent_address(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    struct peer other = elsewhere(&p, 50000);
    peer_send_binding(f, &other, true);
    assert_int_equal(responses(f, &other), 1);
    fixture_run(f, 4900000);
    peer_send_binding(f, &other, true);
    assert_int_equal(responses(f, &other), 1);
    assert_true(is_sent_to(f, &p)); /* not yet 5 s */
    f->now_us += 200000;
    struct peer third = elsewhere(&p, 50001);
    peer_send_binding(f, &third, false);
    assert_int_equal(responses(f, &third), 1);
    assert_true(is_sent_to(f, &p)); /* never nominated */
    peer_send_binding(f, &other, true);
    assert_int_equal(responses(f, &other), 1);
    assert_true(is_sent_to(f, &other));
    fixture_destroy(f);
}

static void test_consent(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    fixture_clear(f);
    f->now_us += 29900000;
    fixture_run(f, 20000);
    assert_true(is_sent_to(f, &p));
    f->now_us += 100000;
    fixture_run(f, 20000);
    assert_null(session_send_tuple(fixture_session(f, p.session))); /* nothing is sent any more */
    assert_int_equal(fixture_event_bits(f, p.session), DP_SESSION_CONSENT);
    fixture_clear(f);
    peer_send_binding(f, &p, false);
    assert_int_equal(responses(f, &p), 1);
    assert_true(is_sent_to(f, &p));
    assert_int_equal(fixture_event_bits(f, p.session), DP_SESSION_ICE); /* it came back */
    fixture_destroy(f);
}

/* The ninth address pair takes the place of the one least recently checked, never of the one media goes to. */
static void test_eviction(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p, others[SESSION_TUPLES_MAX];
    struct datagram d;

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    for (uint16_t i = 0; i < SESSION_TUPLES_MAX; i++) { /* 7 fill it up, the 8th evicts the first of them */
        others[i] = elsewhere(&p, (uint16_t)(50000 + i));
        peer_send_binding(f, &others[i], false);
        assert_int_equal(responses(f, &others[i]), 1);
    }
    static const uint8_t dtls[20] = {22};
    for (uint16_t i = 0; i < SESSION_TUPLES_MAX; i++) {
        fixture_clear(f);
        peer_send(f, &others[i], dtls, sizeof(dtls));
        settle(f);
        assert_int_equal(f->n_punts, i == 0 ? 0 : 1);
    }
    assert_int_equal(fixture_drops(f, DROP_NO_SESSION), 1);
    assert_true(is_sent_to(f, &p));
    peer_send_binding(f, &others[0], false); /* an evicted pair may come again */
    assert_int_equal(responses(f, &others[0]), 1);
    assert_false(fixture_receive(f, &d));
    fixture_destroy(f);
}

/* Churn of address pairs is limited per session; what is known is answered all the same. */
static void test_tuple_rate(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p;
    uint32_t answered = 0;

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    for (uint16_t i = 0; i < 100; i++) {
        struct peer other = elsewhere(&p, (uint16_t)(50000 + i));
        peer_send_binding(f, &other, false);
        answered += responses(f, &other);
    }
    assert_in_range(answered, 20, 40);
    assert_int_equal(fixture_drops(f, DROP_STUN_RATE), 100 - answered);
    peer_send_binding(f, &p, false);
    assert_int_equal(responses(f, &p), 1);
    fixture_destroy(f);
}

/* With credentials of one's own and a spoofed source nobody takes the address pair of a live session; that of a dead
 * one is free. */
static void test_foreign_pair(void **state)
{
    struct fixture *f = fixture_create();
    struct peer victim, attacker;
    static const uint8_t dtls[20] = {22};

    peer_init(f, &victim, 1, 0, false);
    peer_init(f, &attacker, 2, 0, false);
    peer_connect(f, &victim);
    attacker.addr = victim.addr;
    peer_send_binding(f, &attacker, true);
    assert_int_equal(responses(f, &attacker), 0);
    assert_int_equal(fixture_drops(f, DROP_STUN_REFUSED), 1);
    peer_send(f, &victim, dtls, sizeof(dtls));
    settle(f);
    assert_int_equal(f->n_punts, 1);
    assert_int_equal(f->punts[0].session, victim.session);
    f->now_us += 31000000;
    fixture_run(f, 20000); /* the victim's consent has ended */
    peer_send_binding(f, &attacker, true);
    assert_int_equal(responses(f, &attacker), 1);
    peer_send(f, &victim, dtls, sizeof(dtls));
    settle(f);
    assert_int_equal(f->punts[1].session, attacker.session);
    assert_int_equal(fixture_del(f, DP_SESSION_DEL, victim.session), 0); /* takes only its own from the table */
    peer_send(f, &attacker, dtls, sizeof(dtls));
    settle(f);
    assert_int_equal(f->n_punts, 3);
    fixture_destroy(f);
}

/* A pair that lost its place to one that was refused may come again, in whatever place, and stays known. */
static void test_refused_takes_no_place(void **state)
{
    struct fixture *f = fixture_create();
    struct peer p, others[SESSION_TUPLES_MAX - 1], strangers[2];
    static const uint8_t dtls[20] = {22};

    peer_init(f, &p, 1, 0, false);
    peer_connect(f, &p);
    for (uint16_t i = 0; i < SESSION_TUPLES_MAX - 1; i++) {
        others[i] = elsewhere(&p, (uint16_t)(50000 + i));
        peer_send_binding(f, &others[i], false);
        assert_int_equal(responses(f, &others[i]), 1);
    }
    for (uint32_t i = 0; i < 2; i++) {
        peer_init(f, &strangers[i], 2 + i, 0, false);
        peer_connect(f, &strangers[i]);
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct peer spoofed = elsewhere(&p, 0);
        spoofed.addr = strangers[i].addr;
        peer_send_binding(f, &spoofed, false); /* the places of others[0] and others[1] */
    }
    settle(f);
    assert_int_equal(fixture_drops(f, DROP_STUN_REFUSED), 2);
    for (int i = 1; i >= 0; i--) { /* the other way round */
        peer_send_binding(f, &others[i], false);
        assert_int_equal(responses(f, &others[i]), 1);
    }
    for (uint32_t i = 0; i < 2; i++) {
        fixture_clear(f);
        peer_send(f, &others[i], dtls, sizeof(dtls));
        settle(f);
        assert_int_equal(f->n_punts, 1);
    }
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_not_requests),
        cmocka_unit_test(test_unknown_attribute),
        cmocka_unit_test(test_spoofed_source),
        cmocka_unit_test(test_silent_address),
        cmocka_unit_test(test_consent),
        cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_tuple_rate),
        cmocka_unit_test(test_foreign_pair),
        cmocka_unit_test(test_refused_takes_no_place),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
