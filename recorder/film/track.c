/* SPDX-License-Identifier: MIT */
/* track: capture → order → clock → depay, pulled from the end. */
#include "recorder/film/track.h"

#include <stdlib.h>

struct track *track_create(const struct capture_read *capture, const struct meta_track *meta, enum media_kind kind)
{
    struct track *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    t->capture = capture;
    t->kind = kind;
    t->about = (struct take_track){.codec = meta->codec,
                                   .clock_hz = meta->clock_hz,
                                   .channels = meta->channels,
                                   .pt = meta->pt,
                                   .stream = meta->stream};
    if (depay_init(&t->depay, meta->codec, meta->clock_hz, meta->channels))
        t->clock = clock_create(meta->clock_hz);
    else
        t->about = (struct take_track){0};
    return t;
}

void track_destroy(struct track *t)
{
    if (!t)
        return;
    depay_finish(&t->depay);
    clock_destroy(t->clock);
    free(t);
}

/* false: no RTP packet of this stream's one SSRC. What has another payload type has no bytes. */
static bool read_rtp(struct track *t, const struct tap_record *r, struct packet *p)
{
    struct rtp_view v;
    const uint8_t *bytes = (const uint8_t *)(r + 1);
    if (r->type != TAP_RTP || r->stream != t->about.stream || rtp_parse(&v, bytes, r->body_bytes) < 0)
        return false;
    if (!t->about.packets)
        t->about.ssrc = v.ssrc;
    *p = (struct packet){.index = r->index,
                         .rx_us = r->rx_us,
                         .ts = v.ts,
                         .marker = v.marker,
                         .payload = bytes + v.payload,
                         .bytes = v.pt == t->about.pt ? v.payload_bytes : 0};
    return v.ssrc == t->about.ssrc;
}

void track_see(struct track *t, const struct tap_record *r)
{
    struct packet p;
    if (!t->clock || !read_rtp(t, r, &p))
        return;
    t->about.packets++;
    if (p.bytes)
        clock_see(t->clock, p.index, p.ts, p.rx_us);
}

/* Where a packet stands; of what has no timestamp of ours, where the one before it stands. */
static void put_in_time(struct track *t, struct packet *p)
{
    p->at_us = t->packet_us;
    if (p->bytes) {
        p->at_us = clock_at(t->clock, &t->hand, p->index, p->ts, p->rx_us);
        p->at_us += sync_shift(t->sync, t->kind, p->at_us);
    }
    if (p->after_loss && t->packet_us && p->at_us - t->packet_us > TAKE_GAP_US)
        t->gaps++;
    t->packet_us = p->at_us;
}

static bool read_packet(struct track *t, struct packet *p)
{
    const struct tap_record *r;
    while ((r = capture_read_next(t->capture, &t->at)))
        if (read_rtp(t, r, p))
            return true;
    return false;
}

bool track_next(struct track *t, struct unit *u)
{
    struct packet p;
    if (!t->about.codec)
        return false;
    while (!depay_get(&t->depay, t->ended, u)) {
        if (t->ended)
            return false;
        if (order_get(&t->order, t->read_all, &p)) {
            put_in_time(t, &p);
            depay_put(&t->depay, &p);
        } else if (t->read_all) {
            t->ended = true;
        } else if (read_packet(t, &p)) {
            order_put(&t->order, &p);
        } else {
            t->read_all = true;
        }
    }
    u->at_us = t->unit_us = t->unit_us ? MAX(u->at_us, t->unit_us + 1) : u->at_us;
    return true;
}

void track_rewind(struct track *t)
{
    depay_finish(&t->depay);
    depay_init(&t->depay, t->about.codec, t->about.clock_hz, t->about.channels);
    order_init(&t->order);
    t->at = 0;
    t->hand = (struct clock_hand){0};
    t->packet_us = t->unit_us = 0;
    t->gaps = 0;
    t->read_all = t->ended = false;
}

void track_settle(struct track *t, const struct sync *sync)
{
    struct take_track *about = &t->about;
    struct unit u;
    if (!t->clock)
        return;
    t->sync = sync;
    while (track_next(t, &u)) {
        if (!about->units++)
            about->start_us = u.at_us;
        about->end_us = MAX(about->end_us, u.at_us + u.duration_us);
        about->units_broken += u.flags & UNIT_BROKEN ? 1 : 0;
    }
    about->units_left_out = t->depay.left_out;
    about->packets_lost = t->order.lost;
    about->packets_duplicate = t->order.duplicate;
    about->packets_late = t->order.late;
    about->gaps = t->gaps;
    about->clock_ppm = clock_ppm(t->clock);
    if (!about->units)
        *about = (struct take_track){0};
    track_rewind(t);
}
