/* SPDX-License-Identifier: MIT */
/* One RTP stream of a take: packets out of the capture, in order, at their place in time, and as units. */
#ifndef ROOMLINE_RECORDER_FILM_TRACK_H
#define ROOMLINE_RECORDER_FILM_TRACK_H

#include "common/rtp.h"
#include "recorder/film/capture_read.h"
#include "recorder/film/clock.h"
#include "recorder/film/depay.h"
#include "recorder/film/meta.h"
#include "recorder/film/order.h"
#include "recorder/film/sync.h"
#include "recorder/film/take.h"

struct track {
    struct take_track about;
    enum media_kind kind;
    const struct capture_read *capture; /* not owned */
    struct clock *clock;
    const struct sync *sync; /* not owned */
    struct order order;
    struct depay depay;
    size_t at; /* in the capture */
    struct clock_hand hand;
    int64_t packet_us, unit_us; /* where the last one stands */
    uint32_t gaps;
    bool read_all, ended;
};

/* capture and everything in it outlives it. A stream that cannot be read back (VP9, AV1) or is none is CODEC_NONE. */
struct track *track_create(const struct capture_read *capture, const struct meta_track *meta, enum media_kind kind);
void track_destroy(struct track *t);

/* First every record of RTP, in the order of the file. */
void track_see(struct track *t, const struct tap_record *r);
/* Then once: the clock has settled, and so has sync, which outlives it. Counts what there is. */
void track_settle(struct track *t, const struct sync *sync);

/* Then units, as take_next has them. */
bool track_next(struct track *t, struct unit *u);
void track_rewind(struct track *t);

#endif
