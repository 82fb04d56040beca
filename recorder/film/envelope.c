/* SPDX-License-Identifier: MIT */
/* envelope: a convex hull for the slope, cones for the rest. */
#include "recorder/film/envelope.h"

#include <stdlib.h>

#include "common/util.h"

#define SLOPE_MAX  1e-3 /* what is steeper is no clock */
#define SLOPE_SPAN 20e6 /* us of media time that tell one */

void envelope_add(struct envelope *e, double media_us, double delay_us)
{
    if (e->n && media_us <= e->points[e->n - 1].media_us)
        return;
    if (e->n == e->size) {
        e->size = MAX(16, 2 * e->size);
        e->points = realloc(e->points, e->size * sizeof(*e->points));
        if (!e->points)
            abort();
    }
    e->points[e->n++] = (struct envelope_point){media_us, delay_us};
}

void envelope_finish(struct envelope *e)
{
    free(e->points);
    *e = (struct envelope){0};
}

/* Is b on or above the straight line from a to c? */
static bool is_above(const struct envelope_point *a, const struct envelope_point *b, const struct envelope_point *c)
{
    return (b->us - a->us) * (c->media_us - a->media_us) >= (c->us - a->us) * (b->media_us - a->media_us);
}

/* Slope of the edge of the lower convex hull above the points' mean. */
static double slope_of(const struct envelope *e)
{
    const struct envelope_point *p = e->points;
    if (p[e->n - 1].media_us - p[0].media_us < SLOPE_SPAN)
        return 0;
    size_t *hull = malloc(e->n * sizeof(*hull)), n = 0, edge = 1;
    double mean = 0;
    if (!hull)
        abort();
    for (size_t i = 0; i < e->n; i++) {
        while (n > 1 && is_above(&p[hull[n - 2]], &p[hull[n - 1]], &p[i]))
            n--;
        hull[n++] = i;
        mean += p[i].media_us / (double)e->n;
    }
    while (edge + 1 < n && p[hull[edge]].media_us < mean)
        edge++;
    const struct envelope_point *a = &p[hull[edge - 1]], *b = &p[hull[edge]];
    double slope = (b->us - a->us) / (b->media_us - a->media_us);
    free(hull);
    return MAX(-SLOPE_MAX, MIN(SLOPE_MAX, slope));
}

/* Without the slope; then no point stands higher than the cones of the others let it; then as places. */
void envelope_settle(struct envelope *e)
{
    struct envelope_point *p = e->points;
    double bend = ENVELOPE_BEND_PPM / 1e6, start = p[0].media_us;
    e->slope = slope_of(e);
    for (size_t i = 0; i < e->n; i++)
        p[i].us -= e->slope * (p[i].media_us - start);
    for (size_t i = 1; i < e->n; i++)
        p[i].us = MIN(p[i].us, p[i - 1].us + bend * (p[i].media_us - p[i - 1].media_us));
    for (size_t i = e->n - 1; i > 0; i--)
        p[i - 1].us = MIN(p[i - 1].us, p[i].us + bend * (p[i].media_us - p[i - 1].media_us));
    for (size_t i = 0; i < e->n; i++)
        p[i].us += p[i].media_us + e->slope * (p[i].media_us - start);
}

double envelope_at(const struct envelope *e, double media_us)
{
    const struct envelope_point *p = e->points;
    size_t low = 0, high = e->n; /* low: the last point not after media_us, or the first one */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (p[middle].media_us <= media_us)
            low = middle;
        else
            high = middle;
    }
    double rate = 1 + e->slope;
    if (low + 1 < e->n && media_us >= p[low].media_us)
        rate = (p[low + 1].us - p[low].us) / (p[low + 1].media_us - p[low].media_us);
    return p[low].us + rate * (media_us - p[low].media_us);
}
