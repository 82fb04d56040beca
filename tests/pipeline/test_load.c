/* SPDX-License-Identifier: MIT */
/* What ctl reports of the workers' load: busy share, rates, and whose packets they were. */
#include "fixture.h"

#include "common/util.h"
#include "dataplane/load.h"

#define STREAM_ID(n) (1000 + (n))
#define CYCLES       3000000000u /* between two reports, which are a second apart */

static void publish(struct fixture *f, struct peer *p, uint32_t n, uint32_t worker)
{
    struct dp_stream_put put = {.kind = MEDIA_AUDIO,
                                .codec = CODEC_OPUS,
                                .id = STREAM_ID(n),
                                .clock_hz = 48000,
                                .rtp = {.ssrc = n, .pt = 111, .rtx_pt = DP_PT_NONE}};
    peer_init(f, p, n, worker, false);
    put.session = p->session;
    assert_int_equal(fixture_put(f, DP_STREAM_PUT, &put), 0);
}

static void play(struct fixture *f, struct peer *p, uint32_t n, uint32_t of, uint32_t worker)
{
    struct dp_subscription_put put = {
        .id = n, .stream = STREAM_ID(of), .rtp = {.ssrc = n, .pt = 96, .rtx_pt = DP_PT_NONE}, .cname = "room"};
    peer_init(f, p, n, worker, false);
    put.session = p->session;
    assert_int_equal(fixture_put(f, DP_SUBSCRIPTION_PUT, &put), 0);
}

static void busy(struct fixture *f, uint32_t worker, enum stage stage, uint32_t permille)
{
    f->workers[worker]->meter.cycles[stage] += (uint64_t)CYCLES / 1000 * permille;
}

static void relay(struct fixture *f, const struct peer *p, uint64_t rx, uint64_t tx)
{
    fixture_session(f, p->session)->rx_packets += rx;
    fixture_session(f, p->session)->path.tx_packets += tx;
}

static void next(struct load *l, struct fixture *f, struct dp_load *report)
{
    load_report(l, &f->objects, l->since_us + 1000000, l->since_tsc + CYCLES, report);
    assert_int_equal(dp_msg_check(report, sizeof(*report)), 0);
}

/* Polling is no work; a report tells of its own time only. */
static void test_workers(void **state)
{
    struct fixture *f = fixture_create();
    struct load l;
    struct dp_load report;

    busy(f, 0, STAGE_FORWARD, 5000);
    f->workers[0]->stats.rx_packets = 77;
    load_start(&l, &f->objects, f->now_us, CYCLES);
    busy(f, 0, STAGE_POLL, 900);
    busy(f, 0, STAGE_FORWARD, 30);
    busy(f, 0, STAGE_TX, 70);
    busy(f, 1, STAGE_PROTECT, 1200);
    f->workers[0]->stats.rx_packets += 1000;
    f->workers[0]->stats.tx_packets += 9000;
    next(&l, f, &report);
    assert_int_equal(report.n_workers, FIXTURE_WORKERS);
    assert_int_equal(report.workers[0].busy_permille, 100);
    assert_int_equal(report.workers[0].rx_pps, 1000);
    assert_int_equal(report.workers[0].tx_pps, 9000);
    assert_int_equal(report.workers[1].busy_permille, 1000); /* not more, whatever the clocks say */
    assert_int_equal(report.busiest, 1);
    assert_int_equal(report.n_heaviest, 0);
    f->workers[1]->meter = (struct meter){0}; /* its thread starts */
    next(&l, f, &report);
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++)
        assert_int_equal(report.workers[i].busy_permille + report.workers[i].rx_pps + report.workers[i].tx_pps, 0);
    fixture_destroy(f);
}

/* A publisher answers for what is sent to its players, and only the busiest worker's publishers are told. */
static void test_publishers(void **state)
{
    struct fixture *f = fixture_create();
    struct peer a, b, c, to_a, to_b[2];
    struct load l;
    struct dp_load report;

    publish(f, &a, 1, 0);
    publish(f, &b, 2, 0);
    publish(f, &c, 3, 1);
    play(f, &to_a, 4, 1, 0);
    play(f, &to_b[0], 5, 2, 0);
    play(f, &to_b[1], 6, 2, 0);
    relay(f, &a, 100000, 0);
    load_start(&l, &f->objects, f->now_us, CYCLES);
    busy(f, 0, STAGE_FORWARD, 600);
    busy(f, 1, STAGE_FORWARD, 500);
    relay(f, &a, 100, 0);
    relay(f, &to_a, 0, 100);
    relay(f, &b, 100, 0);
    relay(f, &to_b[0], 0, 150);
    relay(f, &to_b[1], 0, 150);
    relay(f, &c, 9000, 0);
    next(&l, f, &report);
    assert_int_equal(report.workers[0].sessions, 5);
    assert_int_equal(report.workers[1].sessions, 1);
    assert_int_equal(report.busiest, 0);
    assert_int_equal(report.n_heaviest, 2);
    assert_int_equal(report.heaviest[0].session, b.session);
    assert_int_equal(report.heaviest[0].busy_permille, 400);
    assert_int_equal(report.heaviest[1].session, a.session);
    assert_int_equal(report.heaviest[1].busy_permille, 200);
    assert_int_equal(fixture_move(f, b.session, 1), 0);
    busy(f, 1, STAGE_FORWARD, 900);
    relay(f, &to_b[1], 0, 1);
    next(&l, f, &report);
    assert_int_equal(report.workers[1].sessions, 4);
    assert_int_equal(report.n_heaviest, 2);
    assert_int_equal(report.heaviest[0].session, b.session);
    assert_int_equal(report.heaviest[0].busy_permille, 900);
    assert_int_equal(report.heaviest[1].session, c.session);
    assert_int_equal(report.heaviest[1].busy_permille, 0);
    fixture_destroy(f);
}

/* The heaviest of many, in whatever order they come. */
static void test_heaviest(void **state)
{
    struct fixture *f = fixture_create();
    enum { PUBLISHERS = DP_HEAVIEST_MAX + 7 };
    struct peer p[PUBLISHERS];
    struct load l;
    struct dp_load report;

    for (uint32_t i = 0; i < PUBLISHERS; i++)
        publish(f, &p[i], 1 + i, 0);
    load_start(&l, &f->objects, f->now_us, CYCLES);
    busy(f, 0, STAGE_FORWARD, 1000);
    for (uint32_t i = 0; i < PUBLISHERS; i++)
        relay(f, &p[i], 1000 * (i * 7 % PUBLISHERS), 0);
    next(&l, f, &report);
    assert_int_equal(report.n_heaviest, DP_HEAVIEST_MAX);
    for (uint32_t i = 0; i < DP_HEAVIEST_MAX; i++) {
        uint32_t rank = PUBLISHERS - 1 - i;
        assert_int_equal(report.heaviest[i].busy_permille, 1000 * rank / (PUBLISHERS * (PUBLISHERS - 1) / 2));
        for (uint32_t j = 0; j < PUBLISHERS; j++)
            if (j * 7 % PUBLISHERS == rank)
                assert_int_equal(report.heaviest[i].session, p[j].session);
    }
    fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_publishers),
        cmocka_unit_test(test_heaviest),
    };
    return cmocka_run_group_tests(tests, fixture_start_eal, NULL);
}
