/* SPDX-License-Identifier: MIT */
/* Units as they came, made packets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/channel_layout.h>
#include <libavutil/intreadwrite.h>

#include "recorder/film/copy.h"
#include "recorder/film/sets.h"

#define VIDEO_CLOCK_HZ  90000
#define OPUS_CLOCK_HZ   48000
#define OPUS_HEAD_BYTES 19 /* RFC 7845 5.1, channel mapping family 0 */
#define OPUS_PREROLL    3840

struct copy {
    struct feed feed; /* first */
    struct take *take;
    enum media_kind kind;
    int64_t zero_us;
    struct unit ahead; /* the first one, looked at for the parameters */
    bool has_ahead;
    int64_t last;      /* time of the newest packet, */
    int width, height; /* size of its picture */
    struct sets sets;
};

static int packet_of(struct copy *c, const struct unit *u, AVPacket *pkt)
{
    bool h264 = c->feed.par->codec_id == AV_CODEC_ID_H264;
    int r = h264 ? sets_learn(&c->sets, u->data, u->bytes) : 0;
    c->feed.sets_changed = c->sets.changed;
    if (!r)
        r = sets_packet(&c->sets, u->data, u->bytes, h264 && u->flags & UNIT_KEY, pkt);
    if (r)
        return r;
    int64_t at = av_rescale_q(u->at_us - c->zero_us, us_base(), c->feed.time_base) - c->feed.par->initial_padding;
    if (c->last != AV_NOPTS_VALUE && at <= c->last)
        at = c->last + 1;
    c->last = pkt->pts = pkt->dts = at;
    c->width = u->width;
    c->height = u->height;
    pkt->duration = av_rescale_q(u->duration_us, us_base(), c->feed.time_base);
    if (c->kind == MEDIA_AUDIO || u->flags & UNIT_KEY)
        pkt->flags |= AV_PKT_FLAG_KEY;
    return 1;
}

static int next_packet(struct feed *f, AVPacket *pkt)
{
    struct copy *c = (struct copy *)f;
    struct unit u = c->ahead;
    if (!c->has_ahead && !take_next(c->take, c->kind, &u))
        return 0;
    c->has_ahead = false;
    return packet_of(c, &u, pkt);
}

static void destroy(struct feed *f)
{
    struct copy *c = (struct copy *)f;
    sets_finish(&c->sets);
    feed_finish(f);
    free(c);
}

/* Can decoding start at the unit ahead? Sets that came before it count. */
static bool is_entry(const struct copy *c)
{
    return c->kind == MEDIA_AUDIO || (c->ahead.flags & UNIT_KEY && c->ahead.width && c->ahead.height &&
                                      (c->feed.par->codec_id != AV_CODEC_ID_H264 || sets_known(&c->sets)));
}

/* Up to the first such unit, if there is one. 0 or -errno. */
static int look_ahead(struct copy *c)
{
    while (!c->has_ahead && take_next(c->take, c->kind, &c->ahead)) {
        int r = c->feed.par->codec_id == AV_CODEC_ID_H264 ? sets_learn(&c->sets, c->ahead.data, c->ahead.bytes) : 0;
        if (r)
            return r;
        c->has_ahead = is_entry(c);
    }
    c->sets.changed = false;
    return 0;
}

static int describe_picture(struct copy *c)
{
    c->feed.par->width = c->ahead.width;
    c->feed.par->height = c->ahead.height;
    c->feed.par->format = AV_PIX_FMT_YUV420P;
    return c->feed.par->codec_id == AV_CODEC_ID_H264 ? sets_to_par(&c->sets, c->feed.par) : 0;
}

static int describe_opus(AVCodecParameters *par)
{
    par->extradata = av_mallocz(OPUS_HEAD_BYTES + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!par->extradata)
        return -ENOMEM;
    par->extradata_size = OPUS_HEAD_BYTES;
    memcpy(par->extradata, "OpusHead\1", 9);
    par->extradata[9] = (uint8_t)par->ch_layout.nb_channels;
    AV_WL16(par->extradata + 10, OPUS_DELAY_SAMPLES);
    AV_WL32(par->extradata + 12, OPUS_CLOCK_HZ);
    par->initial_padding = OPUS_DELAY_SAMPLES;
    par->seek_preroll = OPUS_PREROLL;
    return 0;
}

static int describe_sound(struct copy *c, const struct take_track *track)
{
    AVCodecParameters *par = c->feed.par;
    av_channel_layout_default(&par->ch_layout, track->channels);
    par->sample_rate = (int)track->clock_hz;
    if (par->codec_id == AV_CODEC_ID_OPUS)
        return describe_opus(par);
    par->bits_per_coded_sample = 8;
    par->block_align = track->channels;
    return 0;
}

int copy_create(struct take *t, enum media_kind kind, int64_t zero_us, struct feed **out)
{
    const struct take_track *track = take_track(t, kind);
    enum AVCodecID id = feed_codec(track->codec);
    *out = NULL;
    if (id == AV_CODEC_ID_NONE)
        return 0;
    struct copy *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    *c = (struct copy){.feed = {.next = next_packet, .destroy = destroy},
                       .take = t,
                       .kind = kind,
                       .zero_us = zero_us,
                       .last = AV_NOPTS_VALUE};
    bool sound = kind == MEDIA_AUDIO;
    int r = feed_init(&c->feed, sound ? AVMEDIA_TYPE_AUDIO : AVMEDIA_TYPE_VIDEO, id,
                      (AVRational){1, sound ? (int)track->clock_hz : VIDEO_CLOCK_HZ});
    if (!r)
        r = look_ahead(c);
    if (!r && c->has_ahead)
        r = sound ? describe_sound(c, track) : describe_picture(c);
    if (r < 0 || !c->has_ahead) {
        destroy(&c->feed);
        return r;
    }
    *out = &c->feed;
    return 0;
}

void copy_size(const struct feed *f, int *width, int *height)
{
    const struct copy *c = (const struct copy *)f;
    *width = c->width;
    *height = c->height;
}
