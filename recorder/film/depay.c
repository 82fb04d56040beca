/* SPDX-License-Identifier: MIT */
/* depay: where pictures begin and end, which of them are whole, and what a lost one spoils. */
#include "recorder/film/depay.h"

#include <assert.h>
#include <string.h>

bool depay_init(struct depay *d, enum codec codec, uint32_t clock_hz, uint8_t channels)
{
    memset(d, 0, sizeof(*d));
    d->codec = codec;
    d->clock_hz = clock_hz;
    d->channels = channels;
    d->broken = true;
    return codec == CODEC_OPUS || codec == CODEC_PCMU || codec == CODEC_PCMA || codec == CODEC_H264 ||
           codec == CODEC_VP8;
}

static struct picture *picture_of(struct depay *d)
{
    return d->codec == CODEC_H264 ? &d->h264.picture : &d->vp8.picture;
}

void depay_finish(struct depay *d)
{
    if (d->codec == CODEC_H264 || d->codec == CODEC_VP8)
        picture_finish(picture_of(d));
    memset(d, 0, sizeof(*d));
}

void depay_put(struct depay *d, const struct packet *p)
{
    assert(!d->has_packet);
    d->lost |= p->after_loss;
    d->packet = *p;
    d->has_packet = p->bytes > 0;
}

static void start_frame(struct depay *d)
{
    const struct packet *p = &d->packet;
    d->unit = (struct unit){.at_us = p->at_us};
    d->ts = p->ts;
    d->lost_before = d->lost;
    d->lost = false;
}

/* ---- Sound: a packet is a frame ---- */

static bool get_sound(struct depay *d, struct unit *u)
{
    const struct packet *p = &d->packet;
    if (!d->has_packet)
        return false;
    d->has_packet = false;
    int64_t us = d->codec == CODEC_OPUS ? depay_audio_opus_us(p->payload, p->bytes)
                                        : depay_audio_pcm_us(p->bytes, d->channels, d->clock_hz);
    if (!us) {
        d->left_out++;
        d->lost = true;
        return false;
    }
    start_frame(d);
    *u = d->unit;
    u->data = p->payload;
    u->bytes = p->bytes;
    u->duration_us = us;
    u->flags = d->lost_before ? UNIT_AFTER_GAP : 0;
    return true;
}

/* ---- Video ---- */

static void add(struct depay *d)
{
    const struct packet *p = &d->packet;
    if (!d->open) {
        start_frame(d);
        d->open = true;
        if (d->codec == CODEC_H264)
            depay_h264_begin(&d->h264);
        else
            depay_vp8_begin(&d->vp8);
        d->lost = d->lost_before;
    }
    if (d->codec == CODEC_H264)
        depay_h264_add(&d->h264, p->payload, p->bytes, d->lost);
    else
        depay_vp8_add(&d->vp8, p->payload, p->bytes, d->lost);
    d->lost = false;
    d->ended = p->marker;
    d->has_packet = false;
}

/* The picture that is open has all of its packets that came; behind it some are missing if lost. */
static bool end(struct depay *d, struct unit *u)
{
    struct picture *p = picture_of(d);
    bool h264 = d->codec == CODEC_H264;
    d->open = false;
    p->cut = d->lost && !d->ended;
    bool usable = h264 ? depay_h264_end(&d->h264, d->lost_before) : depay_vp8_end(&d->vp8);
    if (d->lost_before && (h264 || !depay_vp8_follows(&d->vp8)))
        d->broken = true;
    if (!usable) {
        bool picture = !h264 || p->torn;
        d->broken |= picture;
        d->left_out += picture;
        d->lost |= d->lost_before || picture;
        return false;
    }
    bool key = p->key && !p->cut;
    d->broken = (d->broken && !key) || p->cut || (h264 && d->h264.sets_lost);
    *u = d->unit;
    u->data = p->data;
    u->bytes = p->bytes;
    u->flags = (key ? UNIT_KEY : 0u) | (d->broken ? UNIT_BROKEN : 0u) | (d->lost_before ? UNIT_AFTER_GAP : 0u);
    u->width = h264 ? d->h264.width : d->vp8.width;
    u->height = h264 ? d->h264.height : d->vp8.height;
    return true;
}

static bool get_picture(struct depay *d, bool ended, struct unit *u)
{
    if (d->open && d->has_packet && d->packet.ts != d->ts && end(d, u))
        return true;
    if (d->has_packet)
        add(d);
    return ended && d->open && end(d, u);
}

bool depay_get(struct depay *d, bool ended, struct unit *u)
{
    return d->codec == CODEC_H264 || d->codec == CODEC_VP8 ? get_picture(d, ended, u) : get_sound(d, u);
}
