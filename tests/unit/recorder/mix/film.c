/* SPDX-License-Identifier: MIT */
/* A film, decoded into memory. */
#include "film.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <math.h>

#include "common/util.h"

#define RATE 48000

static AVCodecContext *open_decoder(const AVStream *stream)
{
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    assert_non_null(codec);
    AVCodecContext *d = avcodec_alloc_context3(codec);
    assert_non_null(d);
    d->thread_count = 1;
    d->pkt_timebase = stream->time_base;
    assert_true(avcodec_parameters_to_context(d, stream->codecpar) >= 0);
    assert_int_equal(avcodec_open2(d, codec, NULL), 0);
    return d;
}

static void keep_picture(struct film *film, AVFrame *f)
{
    assert_true(film->n < FILM_FRAMES_MAX);
    film->frames[film->n] = av_frame_clone(f);
    assert_non_null(film->frames[film->n++]);
}

static void keep_sound(struct film *film, const AVFrame *f)
{
    assert_int_equal(f->sample_rate, RATE);
    assert_int_equal(f->format, AV_SAMPLE_FMT_FLTP);
    int64_t at = av_rescale(f->pts, RATE, 1000000);
    if (at < 0)
        return;
    size_t end = (size_t)(at + f->nb_samples);
    if (end > film->samples) {
        film->left = realloc(film->left, end * sizeof(float));
        assert_non_null(film->left);
        memset(film->left + film->samples, 0, (end - film->samples) * sizeof(float));
        film->samples = end;
    }
    memcpy(film->left + at, f->data[0], (size_t)f->nb_samples * sizeof(float));
}

static void decode(struct film *film, AVCodecContext *d, const AVPacket *packet, AVFrame *f)
{
    assert_int_equal(avcodec_send_packet(d, packet), 0);
    while (avcodec_receive_frame(d, f) == 0) {
        f->pts = av_rescale_q(f->best_effort_timestamp, d->pkt_timebase, (AVRational){1, 1000000});
        if (d->codec_type == AVMEDIA_TYPE_VIDEO)
            keep_picture(film, f);
        else
            keep_sound(film, f);
    }
}

static void describe(struct film *film, const AVStream *s)
{
    const char *name = avcodec_get_name(s->codecpar->codec_id);
    if (s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) {
        film->audio_codec = name;
        return;
    }
    film->video_codec = name;
    film->width = s->codecpar->width;
    film->height = s->codecpar->height;
}

void film_read(struct film *film, const char *path)
{
    AVFormatContext *file = NULL;
    AVCodecContext *decoders[2] = {0};
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    *film = (struct film){0};
    assert_non_null(packet);
    assert_non_null(frame);
    assert_int_equal(avformat_open_input(&file, path, NULL, NULL), 0);
    assert_in_range(file->nb_streams, 1, 2);
    for (unsigned i = 0; i < file->nb_streams; i++) {
        decoders[i] = open_decoder(file->streams[i]);
        describe(film, file->streams[i]);
    }
    film->duration_s = (double)file->duration / AV_TIME_BASE;
    while (av_read_frame(file, packet) >= 0) {
        decode(film, decoders[packet->stream_index], packet, frame);
        av_packet_unref(packet);
    }
    for (unsigned i = 0; i < file->nb_streams; i++) {
        decode(film, decoders[i], NULL, frame);
        avcodec_free_context(&decoders[i]);
    }
    avformat_close_input(&file);
    av_packet_free(&packet);
    av_frame_free(&frame);
}

void film_finish(struct film *film)
{
    for (size_t i = 0; i < film->n; i++)
        av_frame_free(&film->frames[i]);
    free(film->left);
}

static const AVFrame *frame_at(const struct film *film, int at_ms)
{
    const AVFrame *shown = NULL;
    for (size_t i = 0; i < film->n && film->frames[i]->pts <= at_ms * INT64_C(1000); i++)
        shown = film->frames[i];
    assert_non_null(shown);
    return shown;
}

static int pixel(const AVFrame *f, int plane, int x, int y)
{
    return f->data[plane][(y >> (plane > 0)) * f->linesize[plane] + (x >> (plane > 0))];
}

struct film_colour film_at(const struct film *film, int at_ms, int x, int y)
{
    const AVFrame *f = frame_at(film, at_ms);
    return (struct film_colour){pixel(f, 0, x, y), pixel(f, 1, x, y), pixel(f, 2, x, y)};
}

int film_contrast(const struct film *film, int at_ms, int x, int y, int w, int h)
{
    const AVFrame *f = frame_at(film, at_ms);
    int least = 255, most = 0;
    for (int row = y; row < y + h; row++) {
        for (int column = x; column < x + w; column++) {
            least = MIN(least, pixel(f, 0, column, row));
            most = MAX(most, pixel(f, 0, column, row));
        }
    }
    return most - least;
}

float film_loudness(const struct film *film, int from_ms, int to_ms)
{
    double sum = 0;
    size_t from = (size_t)from_ms * RATE / 1000, to = (size_t)to_ms * RATE / 1000;
    assert_true(to <= film->samples);
    for (size_t i = from; i < to; i++)
        sum += (double)film->left[i] * (double)film->left[i];
    return (float)sqrt(sum / (double)(to - from));
}

size_t film_longest_silence(const struct film *film, int from_ms, int to_ms, float level)
{
    size_t longest = 0, length = 0, to = (size_t)to_ms * RATE / 1000;
    assert_true(to <= film->samples);
    for (size_t i = (size_t)from_ms * RATE / 1000; i < to; i++) {
        length = fabsf(film->left[i]) > level ? 0 : length + 1;
        longest = MAX(longest, length);
    }
    return longest;
}

int64_t film_first_bright_us(const struct film *film, int x, int y, int level)
{
    for (size_t i = 0; i < film->n; i++)
        if (pixel(film->frames[i], 0, x, y) > level)
            return film->frames[i]->pts;
    return -1;
}

int64_t film_first_loud_us(const struct film *film, float level)
{
    for (size_t i = 0; i < film->samples; i++)
        if (fabsf(film->left[i]) > level)
            return (int64_t)i * 1000000 / RATE;
    return -1;
}
