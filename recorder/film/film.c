/* SPDX-License-Identifier: MIT */
/* The merge of feeds into a file. */
#include <errno.h>
#include <stdlib.h>

#include "common/util.h"
#include "recorder/film/film.h"
#include "recorder/film/mux.h"

struct lane { /* of one feed */
    AVPacket *now, *ahead;
    bool has_now, has_ahead;
};

struct merge {
    const struct film *film;
    struct mux *mux;
    struct lane *lanes;
};

/* Draws the packet after the next; a picture stands until the one behind it, whatever its feed knows of that. */
static int draw(const struct merge *m, unsigned i)
{
    struct lane *l = &m->lanes[i];
    struct feed *f = m->film->feeds[i];
    AVPacket *spare = l->now;
    l->now = l->ahead;
    l->ahead = spare;
    l->has_now = l->has_ahead;
    int r = f->next(f, l->ahead);
    if (r < 0)
        return r;
    l->has_ahead = r > 0;
    if (l->has_now && f->par->codec_type == AVMEDIA_TYPE_VIDEO) {
        int64_t end = l->has_ahead ? l->ahead->pts : av_rescale_q(m->film->length_us, us_base(), f->time_base);
        l->now->duration = MAX(end - l->now->pts, 1);
    }
    return 0;
}

/* The lane whose packet comes first; n when all are at their end. */
static unsigned first_lane(const struct merge *m)
{
    unsigned first = m->film->n;
    for (unsigned i = 0; i < m->film->n; i++) {
        if (!m->lanes[i].has_now)
            continue;
        if (first == m->film->n || av_compare_ts(m->lanes[i].now->dts, m->film->feeds[i]->time_base,
                                                 m->lanes[first].now->dts, m->film->feeds[first]->time_base) < 0)
            first = i;
    }
    return first;
}

static int merge(struct merge *m)
{
    unsigned i;
    while ((i = first_lane(m)) < m->film->n) {
        int64_t at_us = av_rescale_q(m->lanes[i].now->dts, m->film->feeds[i]->time_base, us_base());
        int r = mux_write(m->mux, i, m->lanes[i].now);
        if (!r)
            r = draw(m, i);
        if (r)
            return r;
        progress_say(m->film->progress, at_us, m->film->length_us);
    }
    return 0;
}

static int fill_lanes(struct merge *m)
{
    m->lanes = calloc(m->film->n, sizeof(*m->lanes));
    if (!m->lanes)
        return -ENOMEM;
    for (unsigned i = 0; i < m->film->n; i++) {
        struct lane *l = &m->lanes[i];
        l->now = av_packet_alloc();
        l->ahead = av_packet_alloc();
        if (!l->now || !l->ahead)
            return -ENOMEM;
        int r = draw(m, i); /* the first one ahead, */
        if (!r)
            r = draw(m, i); /* then now */
        if (r)
            return r;
    }
    return 0;
}

static void empty_lanes(struct merge *m)
{
    for (unsigned i = 0; m->lanes && i < m->film->n; i++) {
        av_packet_free(&m->lanes[i].now);
        av_packet_free(&m->lanes[i].ahead);
    }
    free(m->lanes);
}

int film_write(const struct film *film, uint64_t *bytes)
{
    struct merge m = {.film = film};
    int r = fill_lanes(&m);
    if (!r)
        r = mux_open(&m.mux, film->dir, film->name, film->feeds, film->n, film->length_us, film->tags);
    if (!r)
        r = merge(&m);
    if (!r)
        r = mux_finish(m.mux, bytes);
    mux_destroy(m.mux);
    empty_lanes(&m);
    return r;
}
