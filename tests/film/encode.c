/* SPDX-License-Identifier: MIT */
/* encode: libx264, libvpx, libopus and G.711 by libavcodec. */
#include "tests/film/encode.h"

#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/film/slate.h"

struct encode {
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
    int grain;
};

static void check(int err, const char *what)
{
    if (err >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, av_err2str(err));
    exit(1);
}

static struct encode *create(const char *name)
{
    struct encode *e = calloc(1, sizeof(*e));
    av_log_set_level(AV_LOG_ERROR); /* a failure ends us; the rest is chat */
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    if (!e || !codec || !(e->context = avcodec_alloc_context3(codec)) || !(e->frame = av_frame_alloc()) ||
        !(e->packet = av_packet_alloc()))
        check(AVERROR_ENCODER_NOT_FOUND, name);
    e->context->thread_count = 1;
    return e;
}

static void option(struct encode *e, const char *name, const char *value)
{
    check(av_opt_set(e->context->priv_data, name, value, 0), name);
}

struct encode *encode_video(enum codec codec, int width, int height, int fps, int kbps, int grain)
{
    struct encode *e = create(codec == CODEC_H264 ? "libx264" : "libvpx");
    AVCodecContext *c = e->context;
    c->width = width;
    c->height = height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){1, fps};
    c->framerate = (AVRational){fps, 1};
    c->gop_size = INT32_MAX / 2; /* key frames are asked for */
    c->max_b_frames = 0;
    c->bit_rate = kbps * 1000;
    e->grain = grain;
    if (codec == CODEC_H264) {
        option(e, "preset", "ultrafast");
        option(e, "tune", "zerolatency");
        option(e, "profile", "baseline");
        option(e, "forced-idr", "1");
    } else {
        option(e, "deadline", "realtime");
        option(e, "cpu-used", "8");
        option(e, "lag-in-frames", "0");
        option(e, "error-resilient", "default");
    }
    check(avcodec_open2(c, NULL, NULL), "video encoder");
    e->frame->width = width;
    e->frame->height = height;
    e->frame->format = c->pix_fmt;
    check(av_frame_get_buffer(e->frame, 0), "picture");
    for (int plane = 1; plane < 3; plane++)
        memset(e->frame->data[plane], 128, (size_t)e->frame->linesize[plane] * (size_t)((height + 1) / 2));
    return e;
}

struct encode *encode_audio(enum codec codec, int samples)
{
    struct encode *e = create(codec == CODEC_OPUS ? "libopus" : codec == CODEC_PCMU ? "pcm_mulaw" : "pcm_alaw");
    AVCodecContext *c = e->context;
    c->sample_rate = codec == CODEC_OPUS ? 48000 : 8000;
    c->sample_fmt = codec == CODEC_OPUS ? AV_SAMPLE_FMT_FLT : AV_SAMPLE_FMT_S16;
    c->time_base = (AVRational){1, c->sample_rate};
    c->bit_rate = codec == CODEC_OPUS ? 40000 : 64000;
    av_channel_layout_default(&c->ch_layout, 1);
    if (codec == CODEC_OPUS)
        option(e, "application", "voip");
    check(avcodec_open2(c, NULL, NULL), "audio encoder");
    e->frame->nb_samples = samples;
    e->frame->sample_rate = c->sample_rate;
    e->frame->format = c->sample_fmt;
    check(av_channel_layout_copy(&e->frame->ch_layout, &c->ch_layout), "channels");
    check(av_frame_get_buffer(e->frame, 0), "sound");
    e->frame->pts = -samples;
    return e;
}

void encode_destroy(struct encode *e)
{
    if (!e)
        return;
    avcodec_free_context(&e->context);
    av_frame_free(&e->frame);
    av_packet_free(&e->packet);
    free(e);
}

static const uint8_t *encode(struct encode *e, size_t *bytes)
{
    av_packet_unref(e->packet);
    check(avcodec_send_frame(e->context, e->frame), "encoding");
    check(avcodec_receive_packet(e->context, e->packet), "encoded");
    *bytes = (size_t)e->packet->size;
    return e->packet->data;
}

const uint8_t *encode_picture(struct encode *e, uint32_t number, bool key, size_t *bytes, bool *is_key)
{
    check(av_frame_make_writable(e->frame), "picture");
    for (int plane = 1; plane < 3; plane++)
        memset(e->frame->data[plane], 128, (size_t)e->frame->linesize[plane] * (size_t)((e->frame->height + 1) / 2));
    slate_draw(e->frame->data[0], e->frame->linesize[0], e->frame->width, e->frame->height, number);
    if (e->grain)
        slate_grain(e->frame->data[0], e->frame->linesize[0], e->frame->width, e->frame->height, number, e->grain);
    e->frame->pts = number;
    e->frame->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    const uint8_t *data = encode(e, bytes);
    *is_key = e->packet->flags & AV_PKT_FLAG_KEY;
    return data;
}

const uint8_t *encode_sound(struct encode *e, const float *samples, size_t *bytes)
{
    check(av_frame_make_writable(e->frame), "sound");
    e->frame->pts += e->frame->nb_samples;
    for (int i = 0; i < e->frame->nb_samples; i++)
        if (e->frame->format == AV_SAMPLE_FMT_FLT)
            ((float *)e->frame->data[0])[i] = samples[i];
        else
            ((int16_t *)e->frame->data[0])[i] = (int16_t)(samples[i] * 32767);
    return encode(e, bytes);
}
