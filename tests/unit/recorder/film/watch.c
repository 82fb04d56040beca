/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>

#include "tests/unit/recorder/film/watch.h"

#define WHITE 160             /* luma above */
#define LOUD  0.05            /* of full scale above */
#define PAUSE (WATCH_HZ / 20) /* so much silence before a tone */

struct reader {
    AVFormatContext *in;
    AVCodecContext *decoders[2];
    int streams[2];
    AVPacket *pkt;
    AVFrame *frame;
};

static int open_stream(struct reader *r, int slot, enum AVMediaType type, unsigned nth, char **name)
{
    r->streams[slot] = -1;
    for (unsigned i = 0; i < r->in->nb_streams; i++) {
        AVCodecParameters *par = r->in->streams[i]->codecpar;
        if (par->codec_type != type || nth--)
            continue;
        const AVCodec *codec = par->codec_id == AV_CODEC_ID_OPUS ? avcodec_find_decoder_by_name("libopus")
                                                                 : avcodec_find_decoder(par->codec_id);
        AVCodecContext *d = r->decoders[slot] = avcodec_alloc_context3(codec);
        r->streams[slot] = (int)i;
        *name = strdup(avcodec_get_name(par->codec_id));
        avcodec_parameters_to_context(d, par);
        d->pkt_timebase = r->in->streams[i]->time_base;
        d->thread_count = 1;
        return avcodec_open2(d, codec, NULL);
    }
    return 0;
}

static void see(struct watch *w, const AVFrame *f, AVRational base)
{
    w->frames = realloc(w->frames, (w->n_frames + 1) * sizeof(*w->frames));
    w->frames[w->n_frames++] = (struct watch_frame){.at_us = av_rescale_q(f->pts, base, (AVRational){1, 1000000}),
                                                    .width = f->width,
                                                    .height = f->height,
                                                    .luma = f->data[0][f->height / 2 * f->linesize[0] + f->width / 2]};
}

static void hear(struct watch *w, AVFrame *f, AVRational base)
{
    int64_t at_us = av_rescale_q(f->pts, base, (AVRational){1, 1000000});
    struct SwrContext *swr = NULL;
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
    swr_alloc_set_opts2(&swr, &mono, AV_SAMPLE_FMT_FLT, f->sample_rate, &f->ch_layout, (enum AVSampleFormat)f->format,
                        f->sample_rate, 0, NULL);
    swr_init(swr);
    float *in = calloc((size_t)f->nb_samples, sizeof(*in));
    uint8_t *planes[] = {(uint8_t *)in};
    swr_convert(swr, planes, f->nb_samples, (const uint8_t **)f->extended_data, f->nb_samples);
    int each = WATCH_HZ / f->sample_rate;
    if (!w->n_samples)
        w->sound_at_us = at_us;
    int64_t first = av_rescale(at_us - w->sound_at_us, WATCH_HZ, 1000000);
    int64_t end = first + (int64_t)f->nb_samples * each;
    if (first >= 0 && end > (int64_t)w->n_samples) {
        w->sound = realloc(w->sound, (size_t)end * sizeof(float));
        memset(w->sound + w->n_samples, 0, ((size_t)end - w->n_samples) * sizeof(float));
        w->n_samples = (size_t)end;
    }
    for (int i = 0; first >= 0 && i < f->nb_samples * each; i++)
        w->sound[first + i] = in[i / each];
    free(in);
    swr_free(&swr);
}

static void drain(struct reader *r, struct watch *w, int slot)
{
    while (!avcodec_receive_frame(r->decoders[slot], r->frame)) {
        AVRational base = r->in->streams[r->streams[slot]]->time_base;
        if (slot == 0)
            see(w, r->frame, base);
        else
            hear(w, r->frame, base);
        av_frame_unref(r->frame);
    }
}

int watch_film(struct watch *w, const char *path, unsigned video, unsigned audio)
{
    struct reader r = {.pkt = av_packet_alloc(), .frame = av_frame_alloc()};
    *w = (struct watch){0};
    int err = avformat_open_input(&r.in, path, NULL, NULL);
    if (!err)
        err = avformat_find_stream_info(r.in, NULL);
    if (err >= 0)
        err = open_stream(&r, 0, AVMEDIA_TYPE_VIDEO, video, &w->video);
    if (err >= 0)
        err = open_stream(&r, 1, AVMEDIA_TYPE_AUDIO, audio, &w->audio);
    while (err >= 0 && av_read_frame(r.in, r.pkt) >= 0) {
        for (int slot = 0; slot < 2; slot++) {
            if (r.streams[slot] != r.pkt->stream_index)
                continue;
            w->errors += avcodec_send_packet(r.decoders[slot], r.pkt) < 0;
            drain(&r, w, slot);
        }
        av_packet_unref(r.pkt);
    }
    for (int slot = 0; err >= 0 && slot < 2; slot++) {
        if (!r.decoders[slot])
            continue;
        avcodec_send_packet(r.decoders[slot], NULL);
        drain(&r, w, slot);
    }
    w->duration_us = r.in ? r.in->duration : 0;
    avcodec_free_context(&r.decoders[0]);
    avcodec_free_context(&r.decoders[1]);
    avformat_close_input(&r.in);
    av_packet_free(&r.pkt);
    av_frame_free(&r.frame);
    return err < 0 ? err : 0;
}

void watch_finish(struct watch *w)
{
    free(w->video);
    free(w->audio);
    free(w->frames);
    free(w->sound);
    *w = (struct watch){0};
}

int64_t watch_tone_us(const struct watch *w, size_t i)
{
    size_t quiet = PAUSE;
    for (size_t s = 0; s < w->n_samples; s++) {
        if (fabsf(w->sound[s]) < (float)LOUD) {
            quiet++;
            continue;
        }
        if (quiet >= PAUSE && i-- == 0)
            return w->sound_at_us + (int64_t)s * 1000000 / WATCH_HZ;
        quiet = 0;
    }
    return -1;
}

int64_t watch_flash_us(const struct watch *w, size_t i)
{
    for (size_t f = 0; f < w->n_frames; f++) {
        if (w->frames[f].luma > WHITE && (f == 0 || w->frames[f - 1].luma <= WHITE) && i-- == 0)
            return w->frames[f].at_us;
    }
    return -1;
}
