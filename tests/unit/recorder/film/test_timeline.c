/* SPDX-License-Identifier: MIT */
/* How exactly units stand in time: takes of an hour over bad networks and by wrong clocks, in virtual time. Payloads
 * carry the scene time at which they were captured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/film/take.h"
#include "tests/film/wire.h"

#define S         INT64_C(1000000)
#define SOUND_US  20000
#define VIDEO_US  40000
#define ENCODE_US 45000 /* of video: so much more than sound it is delayed at least */
#define QUEUE_US  250000

struct span {
    int64_t from_us, to_us;
};

struct timeline_case {
    const char *what;
    int64_t seconds;
    struct wire_options wire;
    struct span mute;                   /* nothing is sent, timestamps go on */
    struct span pause;                  /* nothing is sent, timestamps stand still */
    struct span stall;                  /* what is sent meanwhile arrives at its end */
    struct span queue;                  /* what is sent meanwhile is delayed by QUEUE_US more */
    int64_t restart_us;                 /* video's timestamps jump */
    int64_t sound_every_us;             /* DTX; 0: no */
    int64_t sync_p99_us, sync_max_us;   /* sound against picture */
    int64_t place_p99_us, place_max_us; /* sound against the scene, beyond the constant delay */
    int64_t step_us;                    /* by which sound that was evenly spaced is not */
};

#define NETWORK                                                                                      \
    .loss = 0.02, .delay_us = 10000, .jitter_us = 60000, .duplicate = 0.01, .ntp_offset_us = -7 * S, \
    .first_ts = {0xfff00000, 0xffe00000}, .first_index = {65000, 64000}
#define REPORTS .report_period_us = 3 * S, .report_jitter_us = 5000
#define PLACE   .place_p99_us = 20000, .place_max_us = 30000, .step_us = 100
#define LIMITS  .sync_p99_us = 20000, .sync_max_us = 30000, PLACE

static const struct timeline_case cases[] = {
    {"an hour, 200 ppm", 3600, {.seed = 1, NETWORK, REPORTS, .sender_ppm = 200}, LIMITS},
    {"an hour, -500 ppm, a sound card of its own",
     3600,
     {.seed = 2, NETWORK, REPORTS, .sender_ppm = -500, .sound_ppm = 100},
     LIMITS},
    {"a clock that gets warm",
     3600,
     {.seed = 15, NETWORK, REPORTS, .sender_ppm = -60, .bend_us = 1500 * S, .bend_ppm = 60},
     LIMITS},
    {"no sender reports",
     1200,
     {.seed = 3, NETWORK, .sender_ppm = 200},
     PLACE,
     .sync_p99_us = ENCODE_US + 20000,
     .sync_max_us = ENCODE_US + 30000},
    {"the first report after 5 s", 300, {.seed = 4, NETWORK, REPORTS, .report_first_us = 5 * S}, LIMITS},
    {"a take of 12 s", 12, {.seed = 5, NETWORK, REPORTS, .sender_ppm = 200}, LIMITS},
    {"the sender's clock goes forward by an hour",
     600,
     {.seed = 6, NETWORK, REPORTS, .ntp_step_at_us = 300 * S, .ntp_step_us = 3600 * S},
     LIMITS},
    {"the sender's clock goes back by 3 s",
     600,
     {.seed = 7, NETWORK, REPORTS, .ntp_step_at_us = 300 * S, .ntp_step_us = -3 * S},
     LIMITS},
    {"a report in five is nonsense",
     600,
     {.seed = 8, NETWORK, REPORTS, .report_wrong = 0.2, .sender_ppm = 100},
     LIMITS},
    {"muted for 30 s", 300, {.seed = 9, NETWORK, REPORTS, .sender_ppm = 200}, LIMITS, .mute = {100 * S, 130 * S}},
    {"muted for longer than a timestamp tells",
     32400,
     {.seed = 14, NETWORK, REPORTS, .sender_ppm = 200},
     LIMITS,
     .mute = {300 * S, 32000 * S}},
    {"paused for 30 s", 300, {.seed = 10, NETWORK, REPORTS, .sender_ppm = 200}, LIMITS, .pause = {100 * S, 130 * S}},
    {"DTX", 1200, {.seed = 11, NETWORK, REPORTS, .sender_ppm = 200}, LIMITS, .sound_every_us = 400000},
    {"the network stalls for 3 s", 300, {.seed = 12, NETWORK, REPORTS}, LIMITS, .stall = {100 * S, 103 * S}},
    {"the network stalls at the start", 300, {.seed = 17, NETWORK, REPORTS}, LIMITS, .stall = {0, 3 * S}},
    {"a queue for a minute", 300, {.seed = 16, NETWORK, REPORTS}, LIMITS, .queue = {100 * S, 160 * S}},
    {"the encoder starts anew", 300, {.seed = 13, NETWORK, REPORTS}, LIMITS, .restart_us = 100 * S},
};

struct shot {
    struct wire wire;
    const struct timeline_case *c;
};

static bool within(const struct span *span, int64_t at_us)
{
    return at_us >= span->from_us && at_us < span->to_us;
}

static void send(struct shot *s, enum media_kind kind, int64_t at_us, int64_t sent_us, int64_t ticks, bool marker,
                 uint8_t *payload, size_t bytes)
{
    if (within(&s->c->stall, sent_us))
        sent_us = s->c->stall.to_us;
    if (within(&s->c->queue, sent_us))
        sent_us += QUEUE_US;
    put_be64(payload + bytes - 8, (uint64_t)at_us);
    wire_send(&s->wire, kind, sent_us, ticks, marker, payload, bytes);
}

/* Returns whether nothing is sent; what became of the timestamps until now. */
static bool is_silent(struct shot *s, enum media_kind kind, int64_t at_us, bool *paused)
{
    const struct timeline_case *c = s->c;
    if (within(&c->pause, at_us)) {
        *paused = true;
        return true;
    }
    if (*paused)
        wire_shift(&s->wire, kind, -wire_ticks(&s->wire, kind, (double)(c->pause.to_us - c->pause.from_us)));
    *paused = false;
    return within(&c->mute, at_us);
}

static void shoot_sound(struct shot *s)
{
    bool paused = false;
    for (int64_t ticks = 0;; ticks += 48 * SOUND_US / 1000) {
        uint8_t payload[11] = {0x78}; /* one frame of 20 ms */
        int64_t at_us = (int64_t)wire_us(&s->wire, MEDIA_AUDIO, ticks);
        if (at_us > s->c->seconds * S)
            break;
        if (is_silent(s, MEDIA_AUDIO, at_us, &paused) ||
            (s->c->sound_every_us && ticks * 1000 / 48 % s->c->sound_every_us))
            continue;
        send(s, MEDIA_AUDIO, at_us, at_us + SOUND_US, ticks, false, payload, sizeof(payload));
    }
}

static void shoot_video(struct shot *s)
{
    bool paused = false;
    for (int64_t n = 0, at_us = 0; at_us < s->c->seconds * S; n++, at_us = n * VIDEO_US) {
        uint8_t first[24] = {0x90, 0x80, (uint8_t)(0x80 | (n >> 8 & 0x7f)), (uint8_t)n, 0x11, 0, 0},
                second[12] = {0x80, 0x80, first[2], first[3]};
        if (is_silent(s, MEDIA_VIDEO, at_us, &paused))
            continue;
        if (at_us == s->c->restart_us && n)
            wire_shift(&s->wire, MEDIA_VIDEO, 0x12345678);
        int64_t ticks = wire_ticks(&s->wire, MEDIA_VIDEO, (double)at_us);
        send(s, MEDIA_VIDEO, at_us, at_us + SOUND_US + ENCODE_US, ticks, false, first, sizeof(first));
        send(s, MEDIA_VIDEO, at_us, at_us + SOUND_US + ENCODE_US + 2000, ticks, true, second, sizeof(second));
    }
}

static struct take *shoot(const struct timeline_case *c)
{
    static const struct reel_name name = {.take = 1};
    char path[] = "/tmp/test_timeline.XXXXXX";
    const char *why;
    struct shot s = {.c = c};
    struct reel *reel = reel_create(&name, CODEC_OPUS, CODEC_VP8);
    reel_clock(reel, WIRE_EPOCH_US, WIRE_UNIX_US);
    wire_init(&s.wire, &c->wire, reel, CODEC_OPUS, CODEC_VP8);
    shoot_sound(&s);
    shoot_video(&s);
    close(mkstemp(path));
    reel_save(reel, path);
    reel_destroy(reel);
    struct take *t = take_open(path, &why);
    unlink(path);
    assert_non_null(t);
    return t;
}

/* Where units stand against the scene time that they carry. */
struct errors {
    int64_t *us, *at_us;
    size_t n;
    int64_t worst_step_us;
};

static struct errors measure(struct take *t, enum media_kind kind)
{
    struct errors e = {.us = malloc(take_track(t, kind)->units * 8), .at_us = malloc(take_track(t, kind)->units * 8)};
    struct unit u;
    while (take_next(t, kind, &u)) {
        int64_t at_us = (int64_t)get_be64(u.data + u.bytes - 8);
        e.at_us[e.n] = at_us;
        e.us[e.n] = u.at_us - WIRE_EPOCH_US - at_us - SOUND_US - 10000;
        if (e.n && at_us - e.at_us[e.n - 1] < 100000) /* one talk spurt */
            e.worst_step_us = MAX(e.worst_step_us, llabs(e.us[e.n] - e.us[e.n - 1]));
        e.n++;
    }
    return e;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = llabs(*(const int64_t *)a), y = llabs(*(const int64_t *)b);
    return x < y ? -1 : x > y;
}

static void judge(const char *what, const char *of, int64_t *us, size_t n, int64_t p99_us, int64_t max_us)
{
    assert_true(n > 0);
    qsort(us, n, sizeof(*us), by_size);
    int64_t p50 = llabs(us[n / 2]), p99 = llabs(us[(n - 1) * 99 / 100]), max = llabs(us[n - 1]);
    print_message("%-46s %-8s p50 %6.1f  p99 %6.1f  max %6.1f ms\n", what, of, (double)p50 / 1e3, (double)p99 / 1e3,
                  (double)max / 1e3);
    if (p99 > p99_us || max > max_us)
        fail_msg("%s: %s is off", what, of);
}

static void check(const struct timeline_case *c)
{
    struct take *t = shoot(c);
    struct errors sound = measure(t, MEDIA_AUDIO), video = measure(t, MEDIA_VIDEO);
    int64_t *sync = malloc(video.n * sizeof(*sync));
    size_t n = 0;
    for (size_t i = 0, k = 0; i < video.n; i++) {
        while (k + 1 < sound.n && sound.at_us[k + 1] <= video.at_us[i])
            k++;
        if (video.at_us[i] - sound.at_us[k] < S)
            sync[n++] = video.us[i] - sound.us[k];
    }
    judge(c->what, "sync", sync, n, c->sync_p99_us, c->sync_max_us);
    judge(c->what, "place", sound.us, sound.n, c->place_p99_us, c->place_max_us);
    if (sound.worst_step_us > c->step_us)
        fail_msg("%s: sound steps by %lld us", c->what, (long long)sound.worst_step_us);
    free(sound.us);
    free(sound.at_us);
    free(video.us);
    free(video.at_us);
    free(sync);
    take_close(t);
}

static void test_timeline(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_timeline)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
