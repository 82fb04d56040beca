/* SPDX-License-Identifier: MIT */
/* The two SRTP backends side by side on random bursts: the same bytes, the same verdicts, and each opens what the other
 * has sealed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/util.h"
#include "dataplane/srtcp_replay.h"
#include "dataplane/srtp_backend.h"

#define BURST_MAX 64
#define KEYS      24 /* of each: its own SSRC, and indices that only grow */
#define ROUNDS    300
#define PAYLOAD   1400
#define ROOM      (12 + 15 * 4 + 4 + 32 + PAYLOAD + SRTP_TRAILER_MAX)
#define CANARY    0x5c

enum side { REF, MB, SIDES };

struct peer {
    enum srtp_profile profile;
    uint32_t ssrc, rtcp_index;
    uint64_t index;
    struct srtp_ctx *tx[SIDES], *rx[SIDES];
};

static const struct srtp_backend *const sides[SIDES] = {&srtp_ref, &srtp_mb};
static struct srtp_engine *engines[SIDES];
static struct peer peers[KEYS];
static uint64_t random_state = 88172645463325252u;

static uint32_t below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16) % n;
}

static void fill(uint8_t *p, size_t len)
{
    while (len--)
        *p++ = (uint8_t)below(256);
}

/* One packet of a burst, before, and after each side. */
struct packet {
    struct peer *peer;
    bool in_place;
    uint16_t hdr_len, len; /* of the payload */
    uint64_t index;
    uint8_t clear[ROOM], out[SIDES][ROOM];
};

static struct packet packets[BURST_MAX];

/* Any header: CSRCs, an extension of up to 7 words. */
static uint16_t write_header(uint8_t *p, uint32_t ssrc, uint64_t index)
{
    uint8_t n_csrcs = below(3) ? 0 : (uint8_t)below(16);
    uint16_t len = 12 + 4 * n_csrcs;

    p[0] = 0x80 | n_csrcs;
    p[1] = (uint8_t)below(128);
    put_be16(p + 2, (uint16_t)index);
    put_be32(p + 8, ssrc);
    if (below(2)) {
        uint16_t words = (uint16_t)below(8);
        p[0] |= 0x10;
        put_be32(p + len, 0xbede0000u | words);
        len += 4 + 4 * words;
    }
    return len;
}

static uint16_t any_len(void)
{
    static const uint16_t edges[] = {0, 1, 15, 16, 17, 63, 64, 160, 1200, PAYLOAD};

    return below(2) ? (uint16_t)below(PAYLOAD + 1) : edges[below(ARRAY_SIZE(edges))];
}

static void make_packet(struct packet *p, bool rtcp)
{
    p->peer = &peers[below(KEYS)];
    p->in_place = below(4) == 0;
    p->len = any_len();
    fill(p->clear, sizeof(p->clear));
    if (rtcp) {
        p->index = ++p->peer->rtcp_index;
        p->hdr_len = 8;
        p->len &= (uint16_t)~3u;
        put_be32(p->clear, 0x80c80000u | (p->len / 4 + 1));
        put_be32(p->clear + 4, p->peer->ssrc);
    } else {
        p->index = p->peer->index += 1 + (below(8) ? 0 : below(40000)); /* over many a wrap */
        p->hdr_len = write_header(p->clear, p->peer->ssrc, p->index);
    }
    for (int side = 0; side < SIDES; side++) {
        memset(p->out[side], CANARY, ROOM);
        memcpy(p->out[side], p->clear, p->hdr_len + (p->in_place ? p->len : 0));
    }
}

static void seal(uint32_t n, bool rtcp)
{
    struct srtp_job jobs[SIDES][BURST_MAX];

    for (int side = 0; side < SIDES; side++) {
        for (uint32_t i = 0; i < n; i++) {
            struct packet *p = &packets[i];
            bool behind = p->in_place && i % 2; /* src says so itself, or is NULL */
            jobs[side][i] = (struct srtp_job){.ctx = p->peer->tx[side],
                                              .src = behind        ? p->out[side] + p->hdr_len
                                                     : p->in_place ? NULL
                                                                   : p->clear + p->hdr_len,
                                              .dst = p->out[side],
                                              .hdr_len = p->hdr_len,
                                              .len = p->len,
                                              .index = p->index};
        }
        (rtcp ? sides[side]->protect_rtcp : sides[side]->protect)(engines[side], jobs[side], n);
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct packet *p = &packets[i];
        const struct srtp_ctx *tx = p->peer->tx[MB];
        uint16_t want = p->hdr_len + p->len + (rtcp ? tx->rtcp_overhead : tx->overhead);
        assert_int_equal(jobs[REF][i].error, 0);
        assert_int_equal(jobs[MB][i].error, 0);
        assert_int_equal(jobs[REF][i].len, want);
        assert_int_equal(jobs[MB][i].len, want);
        assert_memory_equal(p->out[REF], p->out[MB], want);
        for (size_t at = want; at < ROOM; at++)
            assert_int_equal(p->out[MB][at], CANARY); /* nothing is written behind the packet */
    }
}

/* What either side has sealed (they are the same) opens on both; what was spoiled on neither. */
static void open(uint32_t n, bool rtcp)
{
    struct srtp_job jobs[SIDES][BURST_MAX];
    bool spoiled[BURST_MAX];

    for (uint32_t i = 0; i < n; i++) {
        struct packet *p = &packets[i];
        const struct srtp_ctx *tx = p->peer->tx[MB];
        uint16_t len = p->hdr_len + p->len + (rtcp ? tx->rtcp_overhead : tx->overhead);
        uint16_t at = rtcp ? 8 + (uint16_t)below(len - 12) : 12 + (uint16_t)below(len - 12);
        spoiled[i] = below(4) == 0 && (rtcp ? tx->overhead == 16 && at < len - 4 : at >= p->hdr_len);
        for (int side = 0; side < SIDES; side++) {
            if (spoiled[i])
                p->out[side][at] ^= 1u << (at & 7);
            jobs[side][i] = (struct srtp_job){
                .ctx = p->peer->rx[side], .dst = p->out[side], .hdr_len = p->hdr_len, .len = len, .index = p->index};
        }
    }
    for (int side = 0; side < SIDES; side++)
        (rtcp ? sides[side]->unprotect_rtcp : sides[side]->unprotect)(engines[side], jobs[side], n);
    for (uint32_t i = 0; i < n; i++)
        for (int side = 0; side < SIDES; side++) {
            const struct packet *p = &packets[i];
            assert_int_equal(jobs[side][i].error, spoiled[i] ? -EBADMSG : 0);
            if (spoiled[i])
                continue;
            assert_int_equal(jobs[side][i].len, p->hdr_len + p->len);
            assert_memory_equal(p->out[side], p->clear, p->hdr_len + p->len);
        }
}

static void random_bursts(bool rtcp)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t n = 1 + below(BURST_MAX);
        for (uint32_t i = 0; i < n; i++)
            make_packet(&packets[i], rtcp);
        seal(n, rtcp);
        open(n, rtcp);
    }
}

static void rtp_is_the_same(void **state)
{
    random_bursts(false);
}

static void rtcp_is_the_same(void **state)
{
    random_bursts(true);
}

/* Every number of CM jobs: whole rounds of lanes, and rests that go elsewhere. */
static void every_burst_length_of_cm(void **state)
{
    struct peer *cm = &peers[0];

    assert_int_equal(cm->profile, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
    for (uint32_t n = 1; n <= BURST_MAX; n++) {
        for (uint32_t i = 0; i < n; i++) {
            make_packet(&packets[i], false);
            packets[i].peer = cm;
            packets[i].index = ++cm->index;
            put_be16(packets[i].clear + 2, (uint16_t)cm->index);
            put_be32(packets[i].clear + 8, cm->ssrc);
            for (int side = 0; side < SIDES; side++)
                memcpy(packets[i].out[side], packets[i].clear, 12);
        }
        seal(n, false);
        open(n, false);
    }
}

/* More jobs than the backend gathers at a time. */
static void a_burst_of_two_hundred(void **state)
{
    enum { N = 200 };
    static uint8_t out[SIDES][N][128], clear[64];
    struct srtp_job jobs[SIDES][N];

    for (int side = 0; side < SIDES; side++) {
        for (uint32_t i = 0; i < N; i++) {
            struct peer *p = &peers[i % KEYS];
            uint64_t index = p->index + 1 + i / KEYS;
            memset(out[side][i], 0, 12);
            out[side][i][0] = 0x80;
            put_be16(out[side][i] + 2, (uint16_t)index);
            put_be32(out[side][i] + 8, p->ssrc);
            jobs[side][i] = (struct srtp_job){
                .ctx = p->tx[side], .src = clear, .dst = out[side][i], .hdr_len = 12, .len = 64, .index = index};
        }
        sides[side]->protect(engines[side], jobs[side], N);
    }
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(jobs[MB][i].len, jobs[REF][i].len);
        assert_memory_equal(out[MB][i], out[REF][i], jobs[REF][i].len);
    }
    for (int i = 0; i < KEYS; i++)
        peers[i].index += N / KEYS + 1;
}

/* ---- Replay of SRTCP ---- */

static void one_packet_twice_in_a_burst(void **state)
{
    for (int i = 0; i < KEYS; i++) {
        struct peer *p = &peers[i];
        uint8_t packet[2][64] = {{0x80, 0xc8, 0, 1}};
        put_be32(packet[0] + 4, p->ssrc);
        struct srtp_job jobs[2] = {{.ctx = p->tx[MB], .dst = packet[0], .hdr_len = 8, .index = ++p->rtcp_index}};
        srtp_mb.protect_rtcp(engines[MB], jobs, 1);
        memcpy(packet[1], packet[0], jobs[0].len);
        uint16_t len = jobs[0].len;
        for (int k = 0; k < 2; k++)
            jobs[k] = (struct srtp_job){.ctx = p->rx[MB], .dst = packet[k], .hdr_len = 8, .len = len};
        srtp_mb.unprotect_rtcp(engines[MB], jobs, 2);
        assert_int_equal(jobs[0].error, 0);
        assert_int_equal(jobs[1].error, -EALREADY);
    }
}

static void srtcp_windows(void **state)
{
    static const struct {
        uint32_t ssrc, index;
        int16_t error;
    } cases[] = {
        {1, 100, 0},        {1, 100, -EALREADY}, {1, 37, 0},          {1, 37, -EALREADY}, {1, 36, -EALREADY},
        {2, 36, 0},         {1, 163, 0},         {1, 99, -EALREADY}, /* fell out */
        {1, 101, 0},        {1, 0x7fffffff, 0},  {1, 164, -EALREADY}, {1, 0x7ffffffe, 0}, {1, 0x7ffffffe, -EALREADY},
        {1, 0x7fffffc0, 0},
    };
    struct srtcp_replay r = {0};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(srtcp_replay_take(&r, cases[i].ssrc, cases[i].index), cases[i].error);
    for (uint32_t ssrc = 3; ssrc <= SRTCP_SENDERS_MAX; ssrc++)
        assert_int_equal(srtcp_replay_take(&r, ssrc, 1), 0);
    assert_int_equal(srtcp_replay_take(&r, SRTCP_SENDERS_MAX + 1, 1), -EINVAL);
    assert_int_equal(srtcp_replay_take(&r, 2, 37), 0); /* those it knows go on */
}

static void clear_srtcp_is_refused(void **state)
{
    for (int i = 0; i < KEYS; i++) {
        uint8_t packet[64] = {0x80, 0xc8, 0, 1};
        struct srtp_job job = {.ctx = peers[i].rx[MB], .dst = packet, .hdr_len = 8, .len = 40}; /* no E bit */
        srtp_mb.unprotect_rtcp(engines[MB], &job, 1);
        assert_int_equal(job.error, -EBADMSG);
    }
}

/* ---- Life ---- */

static void make_peer(struct peer *p, int i)
{
    uint8_t key[SRTP_KEY_BYTES_MAX], salt[SRTP_SALT_BYTES_MAX];

    fill(key, sizeof(key));
    fill(salt, sizeof(salt));
    p->profile = (enum srtp_profile)(i % (SRTP_PROFILE_COUNT - 1) + 1);
    p->ssrc = 0x80000000u + below(0x7fffffff);
    p->index = below(0x20000);
    for (int side = 0; side < SIDES; side++) {
        p->tx[side] = sides[side]->ctx_create(p->profile, key, salt, true);
        p->rx[side] = sides[side]->ctx_create(p->profile, key, salt, false);
        assert_true(p->tx[side] && p->rx[side]);
    }
}

static int set_up(void **state)
{
    for (int side = 0; side < SIDES; side++) {
        if (sides[side]->init() != 0 || !(engines[side] = sides[side]->engine_create()))
            return -1;
    }
    for (int i = 0; i < KEYS; i++)
        make_peer(&peers[i], i);
    return 0;
}

static int tear_down(void **state)
{
    for (int side = 0; side < SIDES; side++) {
        for (int i = 0; i < KEYS; i++) {
            sides[side]->ctx_destroy(peers[i].tx[side]);
            sides[side]->ctx_destroy(peers[i].rx[side]);
        }
        sides[side]->engine_destroy(engines[side]);
        sides[side]->finish();
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rtp_is_the_same),
        cmocka_unit_test(rtcp_is_the_same),
        cmocka_unit_test(every_burst_length_of_cm),
        cmocka_unit_test(a_burst_of_two_hundred),
        cmocka_unit_test(one_packet_twice_in_a_burst),
        cmocka_unit_test(srtcp_windows),
        cmocka_unit_test(clear_srtcp_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
