/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#include "common/util.h"
#include "tests/unit/recorder/film/fake_take.h"

#define TAKES_MAX 8

static struct {
    char path[512];
    struct take *take;
} known[TAKES_MAX];

struct take *fake_take(const char *path, struct take_about about)
{
    for (size_t i = 0; i < TAKES_MAX; i++) {
        if (known[i].take)
            continue;
        snprintf(known[i].path, sizeof(known[i].path), "%s", path);
        known[i].take = calloc(1, sizeof(struct take));
        known[i].take->about = about;
        return known[i].take;
    }
    abort();
}

void fake_take_forget(void)
{
    for (size_t i = 0; i < TAKES_MAX; i++) {
        for (int kind = 0; known[i].take && kind < MEDIA_KINDS; kind++) {
            for (size_t u = 0; u < known[i].take->n[kind]; u++)
                free(known[i].take->units[kind][u].bytes);
            free(known[i].take->units[kind]);
        }
        free(known[i].take);
        known[i].take = NULL;
    }
}

struct take *take_open(const char *path, const char **why)
{
    for (size_t i = 0; i < TAKES_MAX; i++) {
        if (known[i].take && !strcmp(known[i].path, path)) {
            memset(known[i].take->at, 0, sizeof(known[i].take->at));
            return known[i].take;
        }
    }
    *why = "no capture";
    return NULL;
}

void take_close(struct take *t) {}

const struct take_about *take_about(const struct take *t)
{
    return &t->about;
}

const struct take_track *take_track(const struct take *t, enum media_kind kind)
{
    return &t->tracks[kind];
}

bool take_next(struct take *t, enum media_kind kind, struct unit *u)
{
    if (t->at[kind] == t->n[kind])
        return false;
    *u = t->units[kind][t->at[kind]++].unit;
    return true;
}

void take_rewind(struct take *t, enum media_kind kind)
{
    t->at[kind] = 0;
}

static void add(struct take *t, enum media_kind kind, struct unit u)
{
    struct take_track *track = &t->tracks[kind];
    struct fake_unit f = {.unit = u, .bytes = malloc(u.bytes)};
    memcpy(f.bytes, u.data, u.bytes);
    f.unit.data = f.bytes;
    t->units[kind] = realloc(t->units[kind], (t->n[kind] + 1) * sizeof(f));
    t->units[kind][t->n[kind]++] = f;
    if (!track->units++)
        track->start_us = u.at_us;
    track->end_us = u.at_us + u.duration_us;
}

static bool flashes(int64_t at_us)
{
    return at_us % 1000000 < FAKE_FLASH_US;
}

static AVCodecContext *open_encoder(const char *name, int width, int height, int fps)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    AVCodecContext *e = avcodec_alloc_context3(codec);
    AVDictionary *options = NULL;
    e->time_base = (AVRational){1, 1000000};
    e->thread_count = 1;
    if (fps) {
        e->width = width;
        e->height = height;
        e->pix_fmt = AV_PIX_FMT_YUV420P;
        e->framerate = (AVRational){fps, 1};
        e->gop_size = fps * 2;
        bool x264 = !strcmp(name, "libx264");
        const char *text = x264 ? "profile=baseline:preset=ultrafast:tune=zerolatency:x264-params=log=-1"
                                : "deadline=realtime:cpu-used=8";
        av_dict_parse_string(&options, text, "=", ":", 0);
    } else {
        bool opus = !strcmp(name, "libopus");
        e->sample_rate = opus ? 48000 : 8000;
        e->sample_fmt = AV_SAMPLE_FMT_S16;
        av_channel_layout_default(&e->ch_layout, opus ? 2 : 1);
        av_dict_set(&options, "application", "voip", 0);
    }
    int r = avcodec_open2(e, codec, &options);
    assert(r == 0);
    (void)r;
    av_dict_free(&options);
    return e;
}

static void paint(AVFrame *f, int64_t at_us)
{
    for (int y = 0; y < f->height; y++)
        memset(f->data[0] + y * f->linesize[0], flashes(at_us) ? 220 : 100, (size_t)f->width);
    for (int plane = 1; plane < 3; plane++) {
        for (int y = 0; y < (f->height + 1) / 2; y++)
            memset(f->data[plane] + y * f->linesize[plane], 128, (size_t)(f->width + 1) / 2);
    }
}

void fake_picture(struct take *t, enum codec codec, int width, int height, int fps, int64_t from_us, int64_t to_us)
{
    AVCodecContext *e = open_encoder(codec == CODEC_VP8 ? "libvpx" : "libx264", width, height, fps);
    AVFrame *f = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();
    f->width = width;
    f->height = height;
    f->format = e->pix_fmt;
    av_frame_get_buffer(f, 0);
    t->tracks[MEDIA_VIDEO].codec = codec;
    t->tracks[MEDIA_VIDEO].clock_hz = 90000;
    for (int64_t i = 0; from_us + i * 1000000 / fps < to_us; i++) {
        int64_t at_us = from_us + i * 1000000 / fps;
        av_frame_make_writable(f);
        paint(f, at_us);
        f->pts = i * 1000000 / fps;
        avcodec_send_frame(e, f);
        while (!avcodec_receive_packet(e, pkt)) {
            add(t, MEDIA_VIDEO,
                (struct unit){.at_us = from_us + pkt->pts,
                              .data = pkt->data,
                              .bytes = (size_t)pkt->size,
                              .flags = pkt->flags & AV_PKT_FLAG_KEY ? UNIT_KEY : 0,
                              .width = (uint16_t)width,
                              .height = (uint16_t)height});
            av_packet_unref(pkt);
        }
    }
    av_frame_free(&f);
    av_packet_free(&pkt);
    avcodec_free_context(&e);
}

/* What the sender samples: each of its samples lasts 1 + ppm/10^6 of ours. */
static void sample(AVFrame *f, int64_t first, double us_per_sample, int64_t from_us)
{
    int16_t *out = (int16_t *)f->data[0];
    for (int i = 0; i < f->nb_samples; i++) {
        double at_us = (double)from_us + (double)(first + i) * us_per_sample;
        int16_t v = flashes((int64_t)at_us) ? (int16_t)(12000 * sin(at_us * 2 * M_PI / 1000)) : 0;
        for (int c = 0; c < f->ch_layout.nb_channels; c++)
            *out++ = v;
    }
}

void fake_sound(struct take *t, enum codec codec, int ppm, int64_t from_us, int64_t to_us)
{
    AVCodecContext *e = open_encoder(codec == CODEC_OPUS   ? "libopus"
                                     : codec == CODEC_PCMU ? "pcm_mulaw"
                                                           : "pcm_alaw",
                                     0, 0, 0);
    AVFrame *f = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();
    f->nb_samples = e->sample_rate / 50;
    f->format = e->sample_fmt;
    av_channel_layout_copy(&f->ch_layout, &e->ch_layout);
    av_frame_get_buffer(f, 0);
    t->tracks[MEDIA_AUDIO].codec = codec;
    t->tracks[MEDIA_AUDIO].clock_hz = (uint32_t)e->sample_rate;
    t->tracks[MEDIA_AUDIO].channels = (uint8_t)e->ch_layout.nb_channels;
    double us_per_sample = 1e6 / e->sample_rate * (1 + ppm / 1e6);
    int64_t n = 0; /* packet */
    for (int64_t first = 0; (double)from_us + (double)first * us_per_sample < (double)to_us; first += f->nb_samples) {
        av_frame_make_writable(f);
        sample(f, first, us_per_sample, from_us);
        avcodec_send_frame(e, f);
        while (!avcodec_receive_packet(e, pkt)) {
            double at_us = (double)from_us + (double)(n++ * f->nb_samples) * us_per_sample;
            add(t, MEDIA_AUDIO,
                (struct unit){
                    .at_us = (int64_t)at_us, .duration_us = 20000, .data = pkt->data, .bytes = (size_t)pkt->size});
            av_packet_unref(pkt);
        }
    }
    av_frame_free(&f);
    av_packet_free(&pkt);
    avcodec_free_context(&e);
}
