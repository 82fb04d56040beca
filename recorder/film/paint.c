/* SPDX-License-Identifier: MIT */
/* Encoders whose pictures can follow those of a browser. */
#include <errno.h>
#include <string.h>

#include "common/util.h"
#include "recorder/film/paint.h"

#define VP8_BITS_PER_PIXEL 2 /* a second */
#define NEUTRAL            128

struct choice {
    const char *encoder, *options;
};

/* Each for live use: no look-ahead. Quality of x264 is what its veryfast gives at its usual factor. */
static const struct choice h264 = {"libx264", "preset=veryfast:tune=zerolatency:profile=baseline:crf=23"};
static const struct choice vp8 = {"libvpx", "deadline=realtime:cpu-used=6:lag-in-frames=0:auto-alt-ref=0"};

int paint_open(AVCodecContext **encoder, const struct paint_form *form)
{
    const struct choice *choice = form->codec == AV_CODEC_ID_H264 ? &h264 : &vp8;
    const AVCodec *codec = avcodec_find_encoder_by_name(choice->encoder);
    if (!codec)
        return AVERROR_ENCODER_NOT_FOUND;
    AVCodecContext *e = *encoder = avcodec_alloc_context3(codec);
    if (!e)
        return -ENOMEM;
    e->width = form->width;
    e->height = form->height;
    e->pix_fmt = AV_PIX_FMT_YUV420P;
    e->color_range = form->range;
    e->time_base = (AVRational){1, PAINT_CLOCK_HZ};
    e->framerate = (AVRational){PAINT_BLACK_FPS, 1};
    e->gop_size = PAINT_BLACKS;
    e->max_b_frames = 0;
    e->thread_count = 1;
    if (form->codec == AV_CODEC_ID_VP8)
        e->bit_rate = (int64_t)form->width * form->height * VP8_BITS_PER_PIXEL;
    AVDictionary *options = NULL;
    int r = av_dict_parse_string(&options, choice->options, "=", ":", 0);
    if (r >= 0)
        r = avcodec_open2(e, codec, &options);
    av_dict_free(&options);
    if (r < 0)
        avcodec_free_context(encoder);
    return MIN(r, 0);
}

void paint_clear(AVFrame *f, const struct paint_form *form)
{
    int black = form->range == AVCOL_RANGE_JPEG ? 0 : 16;
    for (int plane = 0; plane < 3; plane++) {
        int rows = plane ? (form->height + 1) / 2 : form->height;
        for (int y = 0; y < rows; y++)
            memset(f->data[plane] + y * f->linesize[plane], plane ? NEUTRAL : black, (size_t)f->linesize[plane]);
    }
}

static int encode_black(struct paint_black *b, AVCodecContext *e, AVFrame *f)
{
    for (int i = 0; i < PAINT_BLACKS; i++) {
        f->pts = (int64_t)i * PAINT_CLOCK_HZ / PAINT_BLACK_FPS;
        b->packets[i] = av_packet_alloc();
        int r = b->packets[i] ? avcodec_send_frame(e, f) : -ENOMEM;
        if (!r)
            r = avcodec_receive_packet(e, b->packets[i]);
        if (r)
            return r;
    }
    return 0;
}

int paint_black_init(struct paint_black *b, const struct paint_form *form)
{
    *b = (struct paint_black){0};
    AVCodecContext *e = NULL;
    AVFrame *f = av_frame_alloc();
    int r = f ? paint_open(&e, form) : -ENOMEM;
    if (!r) {
        f->format = e->pix_fmt;
        f->width = form->width;
        f->height = form->height;
        r = av_frame_get_buffer(f, 0);
    }
    if (!r) {
        paint_clear(f, form);
        r = encode_black(b, e, f);
    }
    av_frame_free(&f);
    avcodec_free_context(&e);
    return r;
}

void paint_black_finish(struct paint_black *b)
{
    for (int i = 0; i < PAINT_BLACKS; i++)
        av_packet_free(&b->packets[i]);
}
