/* SPDX-License-Identifier: MIT */
/* The lower envelope of points (media time, delay): where a stretch of media stands on our timeline, by the packets
 * that were delayed least. How it is found is told in clock.h, steps 3 and 4. */
#ifndef ROOMLINE_RECORDER_FILM_ENVELOPE_H
#define ROOMLINE_RECORDER_FILM_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#define ENVELOPE_BEND_PPM 200.0

struct envelope_point {
    double media_us;
    double us; /* delay, and once it has settled: place on the timeline */
};

struct envelope { /* zeroed: empty */
    struct envelope_point *points;
    size_t n, size;
    double slope; /* how much more than media time passes; once it has settled */
};

/* Media time must rise; a point that does not is passed over. */
void envelope_add(struct envelope *e, double media_us, double delay_us);
void envelope_settle(struct envelope *e);
void envelope_finish(struct envelope *e);

/* Place of a media time, also before the first point and behind the last one. Settled, with one point at least. */
double envelope_at(const struct envelope *e, double media_us);

#endif
