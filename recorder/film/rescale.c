/* SPDX-License-Identifier: MIT */
/* Decode, scale, pad, encode. */
#include <errno.h>

#include <libswscale/swscale.h>

#include "common/util.h"
#include "recorder/film/rescale.h"

static int open_decoder(AVCodecContext **decoder, enum AVCodecID id)
{
    const AVCodec *codec = avcodec_find_decoder(id);
    if (!codec)
        return AVERROR_DECODER_NOT_FOUND;
    AVCodecContext *d = *decoder = avcodec_alloc_context3(codec);
    if (!d)
        return -ENOMEM;
    d->flags |= AV_CODEC_FLAG_LOW_DELAY; /* browsers do not reorder pictures */
    d->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
    d->thread_count = 1;
    return avcodec_open2(d, codec, NULL);
}

int rescale_begin(struct rescale *r, const struct paint_form *form)
{
    rescale_finish(r);
    r->form = *form;
    r->in = av_frame_alloc();
    r->out = av_frame_alloc();
    if (!r->in || !r->out)
        return -ENOMEM;
    int err = open_decoder(&r->decoder, form->codec);
    if (!err)
        err = paint_open(&r->encoder, form);
    if (err)
        return err;
    r->out->format = r->encoder->pix_fmt;
    r->out->width = form->width;
    r->out->height = form->height;
    return av_frame_get_buffer(r->out, 0);
}

void rescale_finish(struct rescale *r)
{
    avcodec_free_context(&r->decoder);
    avcodec_free_context(&r->encoder);
    av_frame_free(&r->in);
    av_frame_free(&r->out);
    sws_freeContext(r->sws);
    r->sws = NULL;
}

static int even(int64_t v)
{
    return (int)MAX(v & ~INT64_C(1), 2);
}

static int scale(struct rescale *r)
{
    int64_t w = r->form.width, h = r->form.height, from_w = r->in->width, from_h = r->in->height;
    bool wide = from_w * h > from_h * w;
    int to_w = wide ? (int)w : MIN(even(from_w * h / from_h), (int)w);
    int to_h = wide ? MIN(even(from_h * w / from_w), (int)h) : (int)h;
    r->sws = sws_getCachedContext(r->sws, r->in->width, r->in->height, (enum AVPixelFormat)r->in->format, to_w, to_h,
                                  r->form.range == AVCOL_RANGE_JPEG ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P,
                                  SWS_BILINEAR, NULL, NULL, NULL);
    if (!r->sws)
        return -ENOMEM;
    int err = av_frame_make_writable(r->out);
    if (err)
        return err;
    paint_clear(r->out, &r->form);
    int x = even((w - to_w) / 2), y = even((h - to_h) / 2);
    x = w - to_w < 2 ? 0 : x;
    y = h - to_h < 2 ? 0 : y;
    uint8_t *at[4] = {0};
    for (int plane = 0; plane < 3; plane++) {
        int half = plane ? 1 : 0;
        at[plane] = r->out->data[plane] + (y >> half) * r->out->linesize[plane] + (x >> half);
    }
    sws_scale(r->sws, (const uint8_t *const *)r->in->data, r->in->linesize, 0, r->in->height, at, r->out->linesize);
    return 0;
}

int rescale_packet(struct rescale *r, AVPacket *in, AVPacket *out)
{
    int err = avcodec_send_packet(r->decoder, in);
    av_packet_unref(in);
    if (!err)
        err = avcodec_receive_frame(r->decoder, r->in);
    if (err)
        return err == -ENOMEM ? err : AVERROR(EAGAIN);
    err = scale(r);
    r->out->pts = r->in->pts;
    av_frame_unref(r->in);
    if (!err)
        err = avcodec_send_frame(r->encoder, r->out);
    return err ? err : avcodec_receive_packet(r->encoder, out);
}

enum AVColorRange rescale_range(enum AVCodecID codec, const AVPacket *key)
{
    enum AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
    AVCodecContext *d = NULL;
    AVFrame *f = av_frame_alloc();
    if (f && !open_decoder(&d, codec) && !avcodec_send_packet(d, key) && !avcodec_receive_frame(d, f))
        range = f->color_range;
    av_frame_free(&f);
    avcodec_free_context(&d);
    return range;
}
