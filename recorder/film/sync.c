/* SPDX-License-Identifier: MIT */
/* sync: what sender reports say of sound against picture. */
#include "recorder/film/sync.h"

#include <stdlib.h>
#include <string.h>

#include "common/util.h"

#define REACH_US   30e6 /* beyond the first or last report of an epoch its neighbour's word is taken so far */
#define WINDOW_MAX 101  /* differences that a median is made of */

struct report {
    enum media_kind kind;
    uint32_t ts;
    uint32_t epoch; /* 0: nonsense */
    int64_t rx_us;
    double ntp_us, at_us;
};

struct knot {
    double at_us, late_us; /* picture against sound */
};

struct sync {
    struct report *reports;
    struct knot *knots;
    size_t n, size, n_knots;
};

struct sync *sync_create(void)
{
    struct sync *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    return s;
}

void sync_destroy(struct sync *s)
{
    if (!s)
        return;
    free(s->reports);
    free(s->knots);
    free(s);
}

void sync_see(struct sync *s, enum media_kind kind, const struct tap_sr *sr, int64_t rx_us)
{
    if (s->n == s->size) {
        s->size = MAX(64, 2 * s->size);
        s->reports = realloc(s->reports, s->size * sizeof(*s->reports));
        if (!s->reports)
            abort();
    }
    if (sr->ntp)
        s->reports[s->n++] = (struct report){
            .kind = kind, .ts = sr->rtp_ts, .rx_us = rx_us, .ntp_us = (double)sr->ntp / 4294967296.0 * 1e6};
}

/* ---- Epochs ---- */

static double offset(const struct report *r)
{
    return r->ntp_us - (double)r->rx_us;
}

static bool agree(const struct report *a, const struct report *b)
{
    double far = offset(a) - offset(b);
    return far < SYNC_STEP_US && far > -SYNC_STEP_US;
}

/* Drops what no clock can place, in order that the rest lies side by side. */
static void place_all(struct sync *s, struct clock *const clocks[MEDIA_KINDS])
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct report r = s->reports[i];
        if (clocks[r.kind] && clock_at_report(clocks[r.kind], r.ts, r.rx_us, &r.at_us))
            s->reports[n++] = r;
    }
    s->n = n;
}

/* Those that wait agree with each other: first..i, not yet of an epoch. */
static void find_epochs(struct sync *s)
{
    uint32_t epoch = 0;
    const struct report *last = NULL; /* of the epoch */
    size_t first = 0, waiting = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct report *r = &s->reports[i];
        if (last && agree(r, last)) {
            r->epoch = epoch;
            last = r;
            waiting = 0;
            continue;
        }
        if (!waiting || !agree(r, &s->reports[first])) {
            first = i;
            waiting = 0;
        }
        bool only_these = !last && i + 1 == s->n;
        if (++waiting < SYNC_AGREE && !only_these)
            continue;
        epoch++;
        for (size_t k = first; k <= i; k++)
            s->reports[k].epoch = epoch;
        last = r;
        waiting = 0;
    }
}

/* ---- Differences ---- */

/* Place minus NTP time of the other stream at the moment of r. near: the nearest reports of that stream before and
 * after r in the same epoch, NULL where there is none. */
static bool other_side(const struct report *r, const struct report *before, const struct report *after, double *us)
{
    if (before && r->ntp_us - before->ntp_us > REACH_US)
        before = after ? before : NULL;
    if (after && after->ntp_us - r->ntp_us > REACH_US)
        after = before ? after : NULL;
    if (!before && !after)
        return false;
    if (!before || !after || after->ntp_us <= before->ntp_us) {
        const struct report *near = before ? before : after;
        *us = near->at_us - near->ntp_us;
        return true;
    }
    double a = before->at_us - before->ntp_us, b = after->at_us - after->ntp_us;
    *us = a + (b - a) * (r->ntp_us - before->ntp_us) / (after->ntp_us - before->ntp_us);
    return true;
}

static void add_knot(struct sync *s, const struct report *r, const struct report *before, const struct report *after)
{
    double other_us;
    if (!other_side(r, before, after, &other_us))
        return;
    double late_us = r->at_us - r->ntp_us - other_us;
    late_us = r->kind == MEDIA_VIDEO ? late_us : -late_us;
    if (late_us < SYNC_FAR_US && late_us > -SYNC_FAR_US)
        s->knots[s->n_knots++] = (struct knot){r->at_us, late_us};
}

/* Forwards each report learns which of the other stream comes before it, backwards which comes after it. */
static void compare_streams(struct sync *s)
{
    const struct report **before = calloc(s->n + 1, sizeof(*before)), *near[MEDIA_KINDS] = {0};
    s->knots = calloc(s->n + 1, sizeof(*s->knots));
    if (!before || !s->knots)
        abort();
    for (size_t i = 0; i < s->n; i++) {
        const struct report *r = &s->reports[i], *other = near[!r->kind];
        before[i] = other && other->epoch == r->epoch ? other : NULL;
        if (r->epoch)
            near[r->kind] = r;
    }
    near[0] = near[1] = NULL;
    for (size_t i = s->n; i-- > 0;) {
        const struct report *r = &s->reports[i], *other = near[!r->kind];
        if (!r->epoch)
            continue;
        add_knot(s, r, before[i], other && other->epoch == r->epoch ? other : NULL);
        near[r->kind] = r;
    }
    free(before);
}

static int by_time(const void *a, const void *b)
{
    double x = ((const struct knot *)a)->at_us, y = ((const struct knot *)b)->at_us;
    return x < y ? -1 : x > y;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(const struct knot *knots, size_t n)
{
    double late[WINDOW_MAX];
    for (size_t i = 0; i < n; i++)
        late[i] = knots[i].late_us;
    qsort(late, n, sizeof(*late), by_size);
    return n % 2 ? late[n / 2] : (late[n / 2 - 1] + late[n / 2]) / 2;
}

static void smooth(struct sync *s)
{
    struct knot *smoothed = calloc(s->n_knots + 1, sizeof(*smoothed));
    size_t from = 0, to = 0;
    if (!smoothed)
        abort();
    qsort(s->knots, s->n_knots, sizeof(*s->knots), by_time);
    for (size_t i = 0; i < s->n_knots; i++) {
        double at_us = s->knots[i].at_us;
        while (s->knots[from].at_us < at_us - SYNC_WINDOW_US || from + WINDOW_MAX / 2 < i)
            from++;
        while (to < s->n_knots && s->knots[to].at_us <= at_us + SYNC_WINDOW_US && to <= i + WINDOW_MAX / 2)
            to++;
        smoothed[i] = (struct knot){at_us, median(s->knots + from, to - from)};
    }
    free(s->knots);
    s->knots = smoothed;
}

void sync_settle(struct sync *s, struct clock *const clocks[MEDIA_KINDS])
{
    place_all(s, clocks);
    find_epochs(s);
    compare_streams(s);
    smooth(s);
}

/* ---- Reading ---- */

static double late_at(const struct sync *s, double at_us)
{
    size_t low = 0, high = s->n_knots;
    if (!high)
        return 0;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->knots[middle].at_us <= at_us)
            low = middle;
        else
            high = middle;
    }
    const struct knot *a = &s->knots[low], *b = a + 1;
    if (at_us <= a->at_us || low + 1 == s->n_knots || b->at_us <= a->at_us)
        return a->late_us;
    return a->late_us + (b->late_us - a->late_us) * (at_us - a->at_us) / (b->at_us - a->at_us);
}

int64_t sync_shift(const struct sync *s, enum media_kind kind, int64_t at_us)
{
    double late_us = late_at(s, (double)at_us);
    if (kind == MEDIA_AUDIO)
        late_us = -late_us;
    return late_us > 0 ? -(int64_t)late_us : 0;
}
