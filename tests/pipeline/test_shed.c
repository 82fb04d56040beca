/* SPDX-License-Identifier: MIT */
/* What an overloaded worker lets go of, and how it comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/util.h"
#include "dataplane/shed.h"
#include "media.h"

#define CM      SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80
#define TURN_US 500

struct room {
    struct media *media;
    struct client *talker, *camera, *player;
    struct stream audio, video;
    struct subscription audio_sub, video_sub;
    int64_t video_at;
    uint16_t audio_at;
};

static void levels(void **state)
{
    static const struct {
        const char *what;
        uint32_t level;
        bool backlog;
        uint32_t idle_permille, next;
    } cases[] = {
        {"nothing to do", 0, false, 900, 0},
        {"busy, but it keeps up", 0, false, 10, 0},
        {"a burst while there is time to spare", 0, true, 400, 0},
        {"a quarter of the streams", 0, true, 20, 16},
        {"a quarter of those that are left", 16, true, 0, 28},
        {"the last of them", 63, true, 0, 64},
        {"no video is left: audio", 64, true, 0, 65},
        {"more of it", 65, true, 0, 80},
        {"nothing is left", 128, true, 0, 128},
        {"all of it fits as it is", 32, false, 100, 32},
        {"half of the time is idle: a quarter of what is missing", 32, false, 500, 24},
        {"it could be more, but not so much", 6, false, 300, 4},
        {"near the limit a step", 32, false, 200, 30},
        {"two at the most", 16, false, 240, 14},
        {"none of it fits", 32, false, 0, 32},
        {"the load is over, or makes a pause", 60, false, 990, 45},
        {"the last ones", 2, false, 990, 0},
        {"from all to one", 64, false, 990, 63},
        {"one stream tries", 64, false, 300, 63},
        {"one more", 63, false, 300, 62},
        {"not one", 63, false, 200, 63},
        {"audio comes back", 128, false, 300, 127},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t next = shed_next(cases[i].level, cases[i].backlog, cases[i].idle_permille);
        if (next != cases[i].next)
            fail_msg("%s: %u", cases[i].what, next);
    }
}

static void queues_that_will_run_over(void **state)
{
    static const struct {
        const char *what;
        int before, now;
        bool overflows;
    } cases[] = {
        {"empty", 0, 0, false},
        {"there is room for more than four windows of this", 0, 150, false},
        {"not for this", 0, 200, true},
        {"half full, and slowly more", 480, 500, false},
        {"nearly full", 890, 915, true},
        {"nearly full, but it gets shorter", 990, 960, false},
        {"full, and it stays so", 1000, 1000, true},
        {"full after a stall", 1000, 940, false},
        {"half full, for ever", 500, 500, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (shed_overflows(cases[i].before, cases[i].now) != cases[i].overflows)
            fail_msg("%s", cases[i].what);
}

static void ranks_are_spread_and_audio_is_above(void **state)
{
    uint32_t counts[SHED_LEVEL_MAX] = {0};

    for (uint64_t id = 1; id <= 64 * SHED_VIDEO; id++) {
        struct stream video = {.id = id << 1, .kind = MEDIA_VIDEO}, audio = {.id = id, .kind = MEDIA_AUDIO};
        counts[shed_rank(&video)]++;
        counts[shed_rank(&audio)]++;
    }
    for (uint32_t rank = 0; rank < SHED_LEVEL_MAX; rank++)
        assert_in_range(counts[rank], 48, 80); /* 64 on average */
}

static int open_room(void **state)
{
    struct room *r = calloc(1, sizeof(*r));

    r->media = media_create();
    r->talker = media_client(r->media, CM);
    r->camera = media_client(r->media, CM);
    r->player = media_client(r->media, CM);
    r->player->deaf = true;
    r->audio = media_audio();
    r->audio.id = 1;
    media_publish(r->talker, &r->audio);
    r->audio_sub = media_sub(0x100);
    media_play(r->player, &r->audio_sub, &r->audio);
    r->video = media_video();
    while (shed_rank(&r->video) > SHED_VIDEO / 8) /* among the first to go */
        r->video.id++;
    media_publish(r->camera, &r->video);
    r->video_sub = media_sub(0);
    media_play(r->player, &r->video_sub, &r->video);
    *state = r;
    return 0;
}

static int close_room(void **state)
{
    struct room *r = *state;

    media_destroy(r->media);
    history_finish(&r->video.history);
    free(r);
    return 0;
}

static void send_audio(struct room *r)
{
    uint8_t packet[64];
    uint16_t seq = r->audio_at++;
    size_t len = media_rtp(packet, 111, seq, seq * 960u, 0x2000, (const uint8_t *)"opus", 4);
    media_send_rtp(r->talker, packet, len);
}

static void send_video(struct room *r)
{
    media_send_video(r->camera, r->video_at, r->video_at == 0);
    r->video_at++;
}

/* For so many turns the port has a full burst each time: one packet of audio, the rest video. The worker finds no time
 * between. */
static void overload(struct room *r, uint32_t turns, uint32_t waited)
{
    struct media *media = r->media;
    struct worker *w = &media->worker;

    for (uint32_t i = 0; i < turns * PKT_BURST; i++)
        if (i % PKT_BURST == 0)
            send_audio(r);
        else
            send_video(r);
    meter_enter(&w->meter, STAGE_POLL); /* the time that making them took is not the worker's */
    w->shed = (struct shed){.level = w->shed.level,
                            .waited = waited,
                            .full = 1,
                            .began_us = media->now_us,
                            .began_tsc = w->meter.mark,
                            .began_idle = w->meter.cycles[STAGE_POLL]};
    while (media->rx_at < media->rx_n)
        worker_turn(w, media->now_us += TURN_US);
}

static void video_goes_audio_stays_and_all_comes_back(void **state)
{
    struct room *r = *state;
    struct worker *w = &r->media->worker;

    send_video(r); /* so that it runs */
    media_turn(r->media, 1000);
    overload(r, 31, SHED_PATIENCE);
    uint64_t shed = media_drops(r->media, DROP_OVERLOAD);
    assert_true(w->shed.level > r->video.shed_rank && w->shed.level <= SHED_VIDEO);
    assert_in_range(shed, PKT_BURST, 30 * PKT_BURST);
    assert_int_equal(subscription_leg(&r->audio_sub)->packets, 31);
    assert_true(r->video.shed);
    uint64_t asked = w->stats.plis_sent;

    media_ticks(r->media, 100000); /* no load */
    assert_int_equal(w->shed.level, 0);
    uint32_t before = subscription_leg(&r->video_sub)->packets;
    uint64_t nacks = w->stats.nacks_sent;
    send_video(r);
    media_turn(r->media, 1000);
    media_ticks(r->media, 1000000);
    assert_int_equal(media_drops(r->media, DROP_OVERLOAD), shed);
    assert_int_equal(subscription_leg(&r->video_sub)->packets, before + 1);
    assert_true(w->stats.plis_sent > asked);      /* the picture must start anew */
    assert_int_equal(w->stats.nacks_sent, nacks); /* what was shed is not asked for */
}

/* Wraps pass while it is shed, and it is nevertheless there again when it may. */
static void a_stream_shed_for_long_keeps_count(void **state)
{
    struct room *r = *state;
    struct worker *w = &r->media->worker;

    send_video(r);
    media_turn(r->media, 1000);
    for (int64_t end = 3 * 0x10000 + 100; r->video_at < end;) {
        for (uint32_t i = 0; i < PKT_BURST; i++)
            send_video(r);
        w->shed = (struct shed){.level = SHED_VIDEO, .began_us = r->media->now_us}; /* it does not end meanwhile */
        worker_turn(w, r->media->now_us += 10);
    }
    assert_int_equal(media_drops(r->media, DROP_OVERLOAD), r->video_at - 1);
    w->shed.level = 0;
    uint32_t before = subscription_leg(&r->video_sub)->packets;
    send_video(r);
    send_video(r);
    media_turn(r->media, 1000);
    assert_int_equal(media_drops(r->media, DROP_AUTH), 0);
    assert_int_equal(subscription_leg(&r->video_sub)->packets, before + 2);
    assert_int_equal(r->video.primary.replay.highest, r->video_at - 1);
}

/* A burst that fits is none of this. */
static void bursts_of_a_worker_with_time_are_taken(void **state)
{
    struct room *r = *state;

    for (uint32_t round = 0; round < 4; round++) {
        overload(r, 2, SHED_PATIENCE);
        media_ticks(r->media, 20000);
    }
    assert_int_equal(media_drops(r->media, DROP_OVERLOAD), 0);
}

/* Full bursts, one behind the other, are what a worker finds that its machine did not let run for a while. */
static void what_a_stall_left_behind_is_taken(void **state)
{
    struct room *r = *state;

    overload(r, 31, 0);
    assert_int_equal(media_drops(r->media, DROP_OVERLOAD), 0);
    assert_int_equal(r->media->worker.shed.level, 0);
    media_ticks(r->media, 20000);
    assert_int_equal(r->media->worker.shed.waited, 0);
}

/* A turn of a worker without time to spare finds so many new packets, one in 64 audio. */
static void busy_turn(struct room *r, uint32_t packets)
{
    struct media *media = r->media;
    struct worker *w = &media->worker;

    for (uint32_t i = 0; i < packets; i++)
        if (r->video_at % PKT_BURST == 0 && i == 0)
            send_audio(r);
        else
            send_video(r);
    meter_enter(&w->meter, STAGE_POLL);
    w->shed.began_idle = w->meter.cycles[STAGE_POLL]; /* making them took none of the worker's time */
    worker_turn(w, media->now_us += TURN_US);
}

static uint32_t waiting(const struct room *r)
{
    return r->media->rx_n - r->media->rx_at;
}

/* Where the queue can be seen nobody waits for it to run over. */
static void a_queue_that_gets_longer_is_overload(void **state)
{
    struct room *r = *state;
    struct worker *w = &r->media->worker;
    uint32_t most = 0;

    r->media->rx_room = 1600;
    send_video(r);
    media_turn(r->media, 1000);
    for (uint32_t turn = 0; turn < 100; turn++) { /* with patience alone nothing would be shed so early */
        busy_turn(r, w->shed.level == 0 ? 2 * PKT_BURST : PKT_BURST / 2);
        most = MAX(most, waiting(r));
    }
    assert_true(media_drops(r->media, DROP_OVERLOAD) > 0);
    assert_in_range(most, r->media->rx_room / 4, r->media->rx_room - 1); /* it never ran over */
    media_ticks(r->media, 100000);
    assert_int_equal(w->shed.level, 0);
    r->media->rx_n = r->media->rx_at = 0;
}

/* Longer than patience lasts: but it gets shorter all the time. */
static void a_queue_that_gets_shorter_is_what_a_stall_left_behind(void **state)
{
    struct room *r = *state;
    uint32_t turns = 0;

    r->media->rx_room = 1600;
    for (uint32_t i = 0; i < r->media->rx_room; i++)
        send_video(r);
    for (; waiting(r) > PKT_BURST; turns++) {
        busy_turn(r, PKT_BURST - 6);
        assert_int_equal(r->media->worker.shed.level, 0);
    }
    assert_true(turns > 8 * SHED_PATIENCE); /* turns of a window */
    assert_int_equal(media_drops(r->media, DROP_OVERLOAD), 0);
    media_ticks(r->media, 20000);
}

/* The port takes nothing for a while: frames wait for it, within bounds, and go in order. */
static void what_the_port_does_not_take(void **state)
{
    struct room *r = *state;
    struct worker *w = &r->media->worker;
    const uint32_t most = 255 / 2, most_video = most - most / 8; /* of the tests' pool */

    send_video(r);
    send_audio(r);
    media_turn(r->media, 1000);
    r->player->deaf = false;
    r->player->rtp.n = 0;
    r->media->tx_blocked = 100000;
    for (uint32_t i = 0; i < most; i++)
        send_video(r);
    media_turn(r->media, 100);
    assert_int_equal(w->ports[0].backlog.n, most_video);
    assert_int_equal(media_drops(r->media, DROP_TX_FULL), most - most_video);
    for (uint32_t i = 0; i < most; i++)
        send_audio(r);
    media_turn(r->media, 100);
    assert_int_equal(w->ports[0].backlog.n, most); /* audio has places that video has not */
    assert_int_equal(media_drops(r->media, DROP_TX_FULL), most);
    uint64_t noted = w->meter.latency[TRAFFIC_VIDEO].count;

    r->media->tx_blocked = 0;
    media_turn(r->media, 100);
    assert_int_equal(r->player->rtp.n, most);
    for (uint32_t i = 0; i < most; i++) {
        struct rtp_view v;
        const struct packet *packet = inbox_at(&r->player->rtp, i);
        assert_int_equal(rtp_parse(&v, packet->bytes, packet->len), 0);
        assert_int_equal(v.pt, 100);
        assert_int_equal(v.ssrc, i < most_video ? 0x5000 : 0x5100);
    }
    assert_int_equal(w->meter.latency[TRAFFIC_VIDEO].count, noted + most_video); /* each when it went */
    assert_false(w->ports[0].backlog.n);
    r->media->tx_blocked = 10; /* what still waits at the end is freed */
    send_audio(r);
    media_turn(r->media, 0);
    r->player->deaf = true;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),
        cmocka_unit_test(queues_that_will_run_over),
        cmocka_unit_test(ranks_are_spread_and_audio_is_above),
        TEST(video_goes_audio_stays_and_all_comes_back),
        TEST(a_stream_shed_for_long_keeps_count),
        TEST(bursts_of_a_worker_with_time_are_taken),
        TEST(what_a_stall_left_behind_is_taken),
        TEST(a_queue_that_gets_longer_is_overload),
        TEST(a_queue_that_gets_shorter_is_what_a_stall_left_behind),
        TEST(what_the_port_does_not_take),
    };
    return cmocka_run_group_tests(tests, media_global_init, media_global_finish);
}
