/* SPDX-License-Identifier: MIT */
/* clock: the lower envelope of arrival over timestamp. */
#include "recorder/film/clock.h"

#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "recorder/film/envelope.h"

#define BUCKET_US     1e6
#define REPORT_FAR_US 10e6
#define DELAY_RUNS    256 /* that one stall can make */

struct sample {
    double media_us, delay_us;
};

struct run {           /* packets without a jump between them */
    int64_t start;     /* lowest index */
    int64_t before;    /* highest index of the run before */
    int64_t ts, rx_us; /* of the first packet that was seen */
    int64_t last_ts, last_rx_us;
    double delay_us;
    double level_us; /* once it settles: least delay about its start */
    size_t first, n; /* samples */
    uint32_t line;
};

struct line { /* runs that stand on one line */
    struct envelope envelope;
    double level_us;                        /* least delay about its end, so far */
    int64_t ts, rx_us, last_ts, last_rx_us; /* of its first packet and its last one, so far */
};

struct clock {
    double us_per_tick, ticks_per_us;
    struct sample *samples;
    struct run *runs;
    struct line *lines;
    size_t n_samples, samples_size, n_runs, runs_size, n_lines, lines_size;
    /* While packets are seen: */
    struct clock_hand last;
    int64_t highest;
    double delay_us, bucket;
};

struct clock *clock_create(uint32_t clock_hz)
{
    struct clock *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    c->us_per_tick = 1e6 / clock_hz;
    c->ticks_per_us = clock_hz / 1e6;
    return c;
}

void clock_destroy(struct clock *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_lines; i++)
        envelope_finish(&c->lines[i].envelope);
    free(c->lines);
    free(c->runs);
    free(c->samples);
    free(c);
}

/* One more element of what holds n of them; zeroed. */
static void *grow(void *array, size_t *n, size_t *size, size_t bytes)
{
    if (*n == *size) {
        *size = MAX(16, 2 * *size);
        array = realloc(array, *size * bytes);
        if (!array)
            abort();
    }
    memset((char *)array + (*n)++ * bytes, 0, bytes);
    return array;
}

/* The unwrapped timestamp nearest to what the time since the last packet lets expect. */
static int64_t unwrap(const struct clock *c, const struct clock_hand *hand, uint32_t ts, int64_t rx_us)
{
    int64_t expected = hand->ts + (int64_t)((double)(rx_us - hand->rx_us) * c->ticks_per_us);
    return expected + (int32_t)(ts - (uint32_t)expected);
}

static void start_run(struct clock *c, int64_t index, int64_t ts, int64_t rx_us, double delay_us)
{
    c->runs = grow(c->runs, &c->n_runs, &c->runs_size, sizeof(*c->runs));
    c->runs[c->n_runs - 1] = (struct run){
        .start = index, .before = c->highest, .ts = ts, .rx_us = rx_us, .delay_us = delay_us, .first = c->n_samples};
    c->bucket = -1;
}

static void sample(struct clock *c, double media_us, double delay_us)
{
    struct run *run = &c->runs[c->n_runs - 1];
    double bucket = (double)(int64_t)((media_us - (double)run->ts * c->us_per_tick) / BUCKET_US);
    struct sample *last = run->n ? &c->samples[c->n_samples - 1] : NULL;
    if (last && bucket <= c->bucket) {
        if (bucket == c->bucket && delay_us < last->delay_us)
            *last = (struct sample){media_us, delay_us};
        return;
    }
    c->samples = grow(c->samples, &c->n_samples, &c->samples_size, sizeof(*c->samples));
    c->samples[c->n_samples - 1] = (struct sample){media_us, delay_us};
    c->bucket = bucket;
    run->n++;
}

/* One that others overtook has nothing to say of the least delay; but it may be the first one of the new run. */
static void see_late(struct clock *c, int64_t index, uint32_t ts, int64_t rx_us)
{
    struct run *run = &c->runs[c->n_runs - 1];
    if (index <= run->before || index >= run->start)
        return;
    double delay_us = (double)rx_us - (double)unwrap(c, &c->last, ts, rx_us) * c->us_per_tick;
    if (delay_us - run->delay_us < CLOCK_JUMP_US && run->delay_us - delay_us < CLOCK_JUMP_US)
        run->start = index;
}

void clock_see(struct clock *c, int64_t index, uint32_t ts, int64_t rx_us)
{
    if (c->n_runs && index <= c->highest) {
        see_late(c, index, ts, rx_us);
        return;
    }
    if (!c->n_runs)
        c->last = (struct clock_hand){.ts = ts, .rx_us = rx_us};
    rx_us = MAX(rx_us, c->last.rx_us);
    int64_t wide = unwrap(c, &c->last, ts, rx_us);
    double media_us = (double)wide * c->us_per_tick, delay_us = (double)rx_us - media_us;
    double jump = delay_us - c->delay_us;
    if (!c->n_runs || jump > CLOCK_JUMP_US || jump < -CLOCK_JUMP_US)
        start_run(c, index, wide, rx_us, delay_us);
    c->last.ts = wide;
    c->last.rx_us = rx_us;
    c->delay_us = delay_us;
    c->highest = index;
    c->runs[c->n_runs - 1].last_ts = wide;
    c->runs[c->n_runs - 1].last_rx_us = rx_us;
    sample(c, media_us, delay_us);
}

/* ---- Settling ---- */

/* Least delay of a run within CLOCK_LEVEL_US of its start, or of its end. */
static double level_of(const struct clock *c, const struct run *run, bool end)
{
    const struct sample *s = c->samples + run->first, *edge = end ? s + run->n - 1 : s;
    double level = edge->delay_us;
    for (size_t i = 0; i < run->n; i++) {
        const struct sample *at = end ? edge - i : edge + i;
        double far = at->media_us - edge->media_us;
        if (far > CLOCK_LEVEL_US || far < -CLOCK_LEVEL_US)
            break;
        level = MIN(level, at->delay_us);
    }
    return level;
}

static bool is_near(double a, double b)
{
    return a - b < CLOCK_JOIN_US && b - a < CLOCK_JOIN_US;
}

/* Is a run that came later than its line would have it but a delay, after which another one soon is on time again? */
static bool is_delay(const struct clock *c, size_t i, double line_level)
{
    if (c->runs[i].level_us < line_level)
        return false;
    for (size_t k = i + 1; k < c->n_runs && k - i <= DELAY_RUNS; k++) {
        if ((double)(c->runs[k].rx_us - c->runs[i].rx_us) > CLOCK_LEVEL_US)
            break;
        if (is_near(c->runs[k].level_us, line_level))
            return true;
    }
    return false;
}

/* Was all of a line but a delay that ends with this run? Then more came in less time than it took to send. */
static bool was_delay(const struct clock *c, const struct line *line, const struct run *run)
{
    double less_us = line->level_us - run->level_us;
    double took_us = (double)(line->last_rx_us - line->rx_us);
    double held_us = (double)(line->last_ts - line->ts) * c->us_per_tick;
    return less_us > 0 && less_us < CLOCK_LEVEL_US && 2 * took_us <= held_us;
}

/* How many lines before the next one the run belongs to; 0: to a new one. *late: it is but a delay. */
static size_t find_line(const struct clock *c, size_t i, bool *late)
{
    if (!c->n_lines)
        return 0;
    for (size_t back = 1; back <= 2 && back <= c->n_lines; back++)
        if (is_near(c->runs[i].level_us, c->lines[c->n_lines - back].level_us))
            return back;
    const struct line *line = &c->lines[c->n_lines - 1];
    *late = is_delay(c, i, line->level_us);
    return *late || was_delay(c, line, &c->runs[i]) ? 1 : 0;
}

static void give_line(struct clock *c, size_t run_number)
{
    struct run *run = &c->runs[run_number];
    bool late = false;
    size_t back = find_line(c, run_number, &late);
    if (!back) {
        c->lines = grow(c->lines, &c->n_lines, &c->lines_size, sizeof(*c->lines));
        back = 1;
        c->lines[c->n_lines - 1].ts = run->ts;
        c->lines[c->n_lines - 1].rx_us = run->rx_us;
    }
    run->line = (uint32_t)(c->n_lines - back);
    struct line *line = &c->lines[run->line];
    line->last_ts = run->last_ts;
    line->last_rx_us = run->last_rx_us;
    if (!late)
        line->level_us = level_of(c, run, true);
    for (size_t i = 0; i < run->n; i++)
        envelope_add(&line->envelope, c->samples[run->first + i].media_us, c->samples[run->first + i].delay_us);
}

void clock_settle(struct clock *c)
{
    for (size_t i = 0; i < c->n_runs; i++)
        c->runs[i].level_us = level_of(c, &c->runs[i], false);
    for (size_t i = 0; i < c->n_runs; i++)
        give_line(c, i);
    for (size_t i = 0; i < c->n_lines; i++)
        envelope_settle(&c->lines[i].envelope);
    free(c->samples);
    c->samples = NULL;
}

/* ---- Reading ---- */

int64_t clock_at(const struct clock *c, struct clock_hand *hand, int64_t index, uint32_t ts, int64_t rx_us)
{
    if (!c->n_runs)
        return rx_us;
    while (hand->run + 1 < c->n_runs && index >= c->runs[hand->run + 1].start) {
        hand->run++;
        hand->moved = false;
    }
    const struct run *run = &c->runs[hand->run];
    if (!hand->moved)
        *hand = (struct clock_hand){.run = hand->run, .moved = true, .ts = run->ts, .rx_us = run->rx_us};
    hand->ts = unwrap(c, hand, ts, rx_us);
    hand->rx_us = rx_us;
    return (int64_t)envelope_at(&c->lines[run->line].envelope, (double)hand->ts * c->us_per_tick);
}

bool clock_at_report(const struct clock *c, uint32_t ts, int64_t rx_us, double *at_us)
{
    size_t low = 0, high = c->n_runs;
    if (!high)
        return false;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (c->runs[middle].rx_us <= rx_us)
            low = middle;
        else
            high = middle;
    }
    const struct run *run = &c->runs[low];
    struct clock_hand hand = {.ts = run->ts, .rx_us = run->rx_us};
    *at_us = envelope_at(&c->lines[run->line].envelope, (double)unwrap(c, &hand, ts, rx_us) * c->us_per_tick);
    double far = *at_us - (double)rx_us;
    return far < REPORT_FAR_US && far > -REPORT_FAR_US;
}

double clock_ppm(const struct clock *c)
{
    const struct envelope *longest = NULL;
    for (size_t i = 0; i < c->n_lines; i++)
        if (!longest || c->lines[i].envelope.n > longest->n)
            longest = &c->lines[i].envelope;
    return longest ? 1e6 * (1 / (1 + longest->slope) - 1) : 0;
}
