/* SPDX-License-Identifier: MIT */
/* Recordings of rooms, by encoding colours and tones. */
#include "room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <math.h>

#define PACKETS_MAX 20000
#define WHITE       235

struct made { /* all packets of all tracks, to be written in their order of time */
    AVFormatContext *file;
    AVPacket *packets[PACKETS_MAX];
    size_t n;
};

static void drain(struct made *m, AVCodecContext *e, int stream)
{
    for (;;) {
        AVPacket *packet = av_packet_alloc();
        assert_non_null(packet);
        if (avcodec_receive_packet(e, packet) < 0) {
            av_packet_free(&packet);
            return;
        }
        packet->stream_index = stream;
        packet->pts += e->initial_padding; /* Matroska: readers take CodecDelay off, and FFmpeg 5.1 does not add it */
        packet->dts += e->initial_padding;
        av_packet_rescale_ts(packet, e->time_base, (AVRational){1, 1000});
        assert_true(m->n < PACKETS_MAX);
        m->packets[m->n++] = packet;
    }
}

static AVCodecContext *new_encoder(const char *name)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    assert_non_null(codec);
    AVCodecContext *e = avcodec_alloc_context3(codec);
    assert_non_null(e);
    e->thread_count = 1;
    e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    return e;
}

static AVCodecContext *open_video(const struct room_take *t, int part)
{
    AVCodecContext *e = new_encoder(t->video);
    e->width = t->width / part;
    e->height = t->height / part;
    e->pix_fmt = AV_PIX_FMT_YUV420P;
    e->time_base = (AVRational){1, 1000};
    e->framerate = (AVRational){t->fps, 1};
    e->gop_size = 50;
    e->max_b_frames = 0;
    if (strcmp(t->video, "libx264") == 0) {
        av_opt_set(e->priv_data, "preset", "ultrafast", 0);
        av_opt_set(e->priv_data, "tune", "zerolatency", 0);
    } else {
        e->bit_rate = 500000;
        av_opt_set(e->priv_data, "deadline", "realtime", 0);
        av_opt_set_int(e->priv_data, "cpu-used", 8, 0);
        av_opt_set_int(e->priv_data, "lag-in-frames", 0, 0);
    }
    assert_int_equal(avcodec_open2(e, NULL, NULL), 0);
    return e;
}

static void paint(AVFrame *f, const struct room_take *t, int at_ms)
{
    bool white = t->flash_ms && at_ms >= t->flash_ms && at_ms < t->flash_ms + ROOM_FLASH_MS;
    const uint8_t colour[] = {white ? WHITE : t->y, white ? 128 : t->u, white ? 128 : t->v};
    assert_int_equal(av_frame_make_writable(f), 0);
    for (int i = 0; i < 3; i++)
        for (int y = 0; y < f->height >> (i > 0); y++)
            memset(f->data[i] + y * f->linesize[i], colour[i], (size_t)(f->width >> (i > 0)));
}

/* The pictures of [from, to). */
static void encode_video(struct made *m, AVCodecContext *e, const struct room_take *t, int stream, int from_ms,
                         int to_ms)
{
    AVFrame *f = av_frame_alloc();
    assert_non_null(f);
    f->format = e->pix_fmt;
    f->width = e->width;
    f->height = e->height;
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    for (int k = 0, at_ms; (at_ms = from_ms + k * 1000 / t->fps) < to_ms; k++) {
        paint(f, t, at_ms);
        f->pts = at_ms;
        assert_int_equal(avcodec_send_frame(e, f), 0);
        drain(m, e, stream);
    }
    avcodec_send_frame(e, NULL);
    drain(m, e, stream);
    av_frame_free(&f);
}

static AVStream *add_stream(struct made *m, const AVCodecContext *e, const struct room_take *t)
{
    AVStream *s = avformat_new_stream(m->file, NULL);
    assert_non_null(s);
    assert_int_equal(avcodec_parameters_from_context(s->codecpar, e), 0);
    s->time_base = (AVRational){1, 1000};
    av_dict_set(&s->metadata, "TITLE", t->stream_name, 0);
    av_dict_set(&s->metadata, "STREAM_NAME", t->stream_name, 0);
    av_dict_set(&s->metadata, "LOGIN", t->login, 0);
    av_dict_set(&s->metadata, "KIND", t->screen ? "screen" : "camera", 0);
    av_dict_set(&s->metadata, "MEDIA_SESSION_ID", t->stream_name, 0);
    av_dict_set_int(&s->metadata, "START_MS", t->start_ms, 0);
    av_dict_set_int(&s->metadata, "END_MS", t->end_ms, 0);
    return s;
}

static void add_video(struct made *m, const struct room_take *t)
{
    AVCodecContext *e = open_video(t, 1);
    int stream = add_stream(m, e, t)->index, end_ms = t->still_ms ? t->still_ms : t->end_ms;
    encode_video(m, e, t, stream, t->start_ms, t->resize_ms ? t->resize_ms : end_ms);
    avcodec_free_context(&e);
    if (!t->resize_ms)
        return;
    e = open_video(t, 2); /* VP8 says its size in each key frame */
    encode_video(m, e, t, stream, t->resize_ms, end_ms);
    avcodec_free_context(&e);
}

static float sample_at(const struct room_take *t, int64_t at, int rate)
{
    int64_t click = (int64_t)t->click_ms * rate / 1000;
    if (t->click_ms && (at < click || at >= click + (int64_t)ROOM_FLASH_MS * rate / 1000))
        return 0;
    return t->amplitude * sinf((float)(2 * M_PI * t->tone_hz * (double)at / rate));
}

static void fill(AVFrame *f, const struct room_take *t, int64_t at)
{
    assert_int_equal(av_frame_make_writable(f), 0);
    for (int i = 0; i < f->nb_samples; i++) {
        float v = sample_at(t, at + i, f->sample_rate);
        for (int c = 0; c < f->ch_layout.nb_channels; c++) {
            if (f->format == AV_SAMPLE_FMT_FLT)
                ((float *)f->data[0])[i * f->ch_layout.nb_channels + c] = v;
            else
                ((int16_t *)f->data[0])[i * f->ch_layout.nb_channels + c] = (int16_t)lrintf(v * 32767);
        }
    }
}

static AVCodecContext *open_audio(const struct room_take *t)
{
    AVCodecContext *e = new_encoder(t->audio);
    bool opus = strcmp(t->audio, "libopus") == 0;
    e->sample_rate = opus ? 48000 : 8000;
    e->sample_fmt = opus ? AV_SAMPLE_FMT_FLT : AV_SAMPLE_FMT_S16;
    av_channel_layout_default(&e->ch_layout, opus ? 2 : 1);
    e->time_base = (AVRational){1, e->sample_rate};
    assert_int_equal(avcodec_open2(e, NULL, NULL), 0);
    return e;
}

static void drop_muted(struct made *m, size_t first, const struct room_take *t)
{
    size_t kept = first;
    for (size_t i = first; i < m->n; i++) {
        if (m->packets[i]->pts >= t->mute_from_ms && m->packets[i]->pts < t->mute_to_ms)
            av_packet_free(&m->packets[i]);
        else
            m->packets[kept++] = m->packets[i];
    }
    m->n = kept;
}

static void add_audio(struct made *m, const struct room_take *t)
{
    AVCodecContext *e = open_audio(t);
    AVFrame *f = av_frame_alloc();
    size_t first = m->n;
    int stream = add_stream(m, e, t)->index;
    assert_non_null(f);
    f->format = e->sample_fmt;
    f->sample_rate = e->sample_rate;
    f->nb_samples = e->sample_rate / 50;
    assert_int_equal(av_channel_layout_copy(&f->ch_layout, &e->ch_layout), 0);
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    int64_t end = (int64_t)t->end_ms * e->sample_rate / 1000;
    for (int64_t at = (int64_t)t->start_ms * e->sample_rate / 1000; at < end; at += f->nb_samples) {
        fill(f, t, at);
        f->pts = at;
        assert_int_equal(avcodec_send_frame(e, f), 0);
        drain(m, e, stream);
    }
    avcodec_send_frame(e, NULL);
    drain(m, e, stream);
    for (size_t i = first; i < m->n; i++) {
        int64_t late_ms = llrint((double)(m->packets[i]->pts - t->start_ms) * t->drift);
        m->packets[i]->pts += late_ms;
        m->packets[i]->dts += late_ms;
    }
    drop_muted(m, first, t);
    av_frame_free(&f);
    avcodec_free_context(&e);
}

static int by_time(const void *a, const void *b)
{
    const AVPacket *p = *(AVPacket *const *)a, *q = *(AVPacket *const *)b;
    return p->dts != q->dts ? (p->dts < q->dts ? -1 : 1) : p->stream_index - q->stream_index;
}

void room_write(const char *path, const char *title, const char *date, const struct room_take *takes, size_t n)
{
    static struct made m;
    m = (struct made){0};
    assert_true(avformat_alloc_output_context2(&m.file, NULL, "matroska", path) >= 0);
    assert_true(avio_open(&m.file->pb, path, AVIO_FLAG_WRITE) >= 0);
    av_dict_set(&m.file->metadata, "TITLE", title, 0);
    av_dict_set(&m.file->metadata, "DATE_RECORDED", date, 0);
    for (size_t i = 0; i < n; i++) {
        if (takes[i].video)
            add_video(&m, &takes[i]);
        if (takes[i].audio)
            add_audio(&m, &takes[i]);
    }
    qsort(m.packets, m.n, sizeof(*m.packets), by_time);
    assert_true(avformat_write_header(m.file, NULL) >= 0);
    for (size_t i = 0; i < m.n; i++) {
        AVStream *s = m.file->streams[m.packets[i]->stream_index];
        av_packet_rescale_ts(m.packets[i], (AVRational){1, 1000}, s->time_base);
        assert_int_equal(av_write_frame(m.file, m.packets[i]), 0);
        av_packet_free(&m.packets[i]);
    }
    assert_int_equal(av_write_trailer(m.file), 0);
    avio_closep(&m.file->pb);
    avformat_free_context(m.file);
}
