/* SPDX-License-Identifier: MIT */
/* look: libavformat and libavcodec, then slates. */
#include "tests/film/look.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "tests/film/slate.h"

#define LOUD           0.1f
#define QUIET_US       200000 /* before a tone can begin */
#define TONE_LISTEN_US 20000

struct ear {         /* one track of sound */
    int64_t loud_us; /* last loud sample */
    float *heard;    /* since the onset of a tone that is still listened to */
    size_t n_heard, want;
};

static void check(int err, const char *what)
{
    if (err >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, av_err2str(err));
    exit(1);
}

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static enum codec codec_of(enum AVCodecID id)
{
    return id == AV_CODEC_ID_OPUS        ? CODEC_OPUS
           : id == AV_CODEC_ID_PCM_MULAW ? CODEC_PCMU
           : id == AV_CODEC_ID_PCM_ALAW  ? CODEC_PCMA
           : id == AV_CODEC_ID_H264      ? CODEC_H264
           : id == AV_CODEC_ID_VP8       ? CODEC_VP8
                                         : CODEC_NONE;
}

static void add_tone(struct look_track *t, int64_t at_us)
{
    t->tones = must(realloc(t->tones, (t->n_tones + 1) * sizeof(*t->tones)));
    t->tones[t->n_tones++] = (struct look_tone){at_us, -1};
}

static void hear(struct look_track *t, struct ear *ear, int64_t at_us, float sample, int rate)
{
    bool loud = fabsf(sample) > LOUD;
    if (loud && at_us - ear->loud_us > QUIET_US) {
        add_tone(t, at_us);
        ear->n_heard = 0;
        ear->want = (size_t)((int64_t)rate * TONE_LISTEN_US / 1000000);
        ear->heard = must(realloc(ear->heard, ear->want * sizeof(float)));
    }
    if (loud)
        ear->loud_us = at_us;
    if (ear->n_heard == ear->want)
        return;
    ear->heard[ear->n_heard++] = sample;
    if (ear->n_heard == ear->want)
        t->tones[t->n_tones - 1].tone = slate_tone(ear->heard, ear->want, rate);
}

static float sample_of(const AVFrame *f, int i)
{
    int channels = f->ch_layout.nb_channels;
    switch (f->format) {
    case AV_SAMPLE_FMT_FLTP:
        return ((float *)f->data[0])[i];
    case AV_SAMPLE_FMT_FLT:
        return ((float *)f->data[0])[i * channels];
    case AV_SAMPLE_FMT_S16P:
        return (float)((int16_t *)f->data[0])[i] / 32768;
    case AV_SAMPLE_FMT_S16:
        return (float)((int16_t *)f->data[0])[i * channels] / 32768;
    }
    check(AVERROR_INVALIDDATA, "sample format");
    return 0;
}

static void see(struct look_track *t, const AVFrame *f, int64_t at_us)
{
    if ((t->n_pictures & (t->n_pictures - 1)) == 0) /* a power of two: full */
        t->pictures = must(realloc(t->pictures, MAX(1, 2 * t->n_pictures) * sizeof(*t->pictures)));
    t->pictures[t->n_pictures++] =
        (struct look_picture){at_us, slate_read(f->data[0], f->linesize[0], f->width, f->height), f->width, f->height};
}

static void take_frame(struct look_track *t, struct ear *ear, const AVFrame *f, AVRational base)
{
    int64_t at_us = av_rescale_q(f->pts, base, AV_TIME_BASE_Q), end_us = at_us;
    if (t->kind == MEDIA_VIDEO) {
        see(t, f, at_us);
    } else {
        for (int i = 0; i < f->nb_samples; i++)
            hear(t, ear, at_us + (int64_t)i * 1000000 / f->sample_rate, sample_of(f, i), f->sample_rate);
        end_us += (int64_t)f->nb_samples * 1000000 / f->sample_rate;
    }
    t->start_us = MIN(t->start_us, at_us);
    t->end_us = MAX(t->end_us, end_us);
}

static AVCodecContext *open_decoder(const AVStream *stream)
{
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    if (stream->codecpar->codec_id == AV_CODEC_ID_OPUS)
        codec = avcodec_find_decoder_by_name("libopus");
    AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        check(AVERROR_DECODER_NOT_FOUND, avcodec_get_name(stream->codecpar->codec_id));
    check(avcodec_parameters_to_context(c, stream->codecpar), "parameters");
    c->pkt_timebase = stream->time_base;
    c->thread_count = 1;
    check(avcodec_open2(c, codec, NULL), "decoder");
    return c;
}

static char *join_tags(const AVDictionary *tags)
{
    char *text = must(strdup(""));
    for (const AVDictionaryEntry *e = NULL; (e = av_dict_get(tags, "", e, AV_DICT_IGNORE_SUFFIX));) {
        size_t len = strlen(text), more = strlen(e->key) + strlen(e->value) + 3;
        text = must(realloc(text, len + more));
        snprintf(text + len, more, "%s=%s\n", e->key, e->value);
    }
    return text;
}

static void decode(struct look_track *t, struct ear *ear, AVCodecContext *c, AVFrame *frame, const AVPacket *packet)
{
    if (avcodec_send_packet(c, packet) < 0)
        t->errors++;
    while (avcodec_receive_frame(c, frame) >= 0)
        take_frame(t, ear, frame, c->pkt_timebase);
}

void look_open(struct look *look, const char *path)
{
    AVFormatContext *in = NULL;
    av_log_set_level(AV_LOG_FATAL); /* what is damaged is counted */
    AVFrame *frame = must(av_frame_alloc());
    AVPacket *packet = must(av_packet_alloc());
    check(avformat_open_input(&in, path, NULL, NULL), path);
    check(avformat_find_stream_info(in, NULL), path);
    size_t n = in->nb_streams;
    AVCodecContext **decoders = must(calloc(n + 1, sizeof(AVCodecContext *)));
    struct ear *ears = must(calloc(n + 1, sizeof(*ears)));
    *look = (struct look){.duration_us = in->duration > 0 ? in->duration : 0,
                          .tracks = must(calloc(n + 1, sizeof(*look->tracks))),
                          .n_tracks = n};
    for (size_t i = 0; i < n; i++) {
        const AVStream *stream = in->streams[i];
        bool video = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
        look->tracks[i] = (struct look_track){.kind = video ? MEDIA_VIDEO : MEDIA_AUDIO,
                                              .codec = codec_of(stream->codecpar->codec_id),
                                              .start_us = INT64_MAX,
                                              .end_us = INT64_MIN,
                                              .tags = join_tags(stream->metadata)};
        ears[i].loud_us = INT64_MIN / 2;
        decoders[i] = open_decoder(stream);
    }
    while (av_read_frame(in, packet) >= 0) {
        size_t i = (size_t)packet->stream_index;
        decode(&look->tracks[i], &ears[i], decoders[i], frame, packet);
        av_packet_unref(packet);
    }
    for (size_t i = 0; i < n; i++) {
        decode(&look->tracks[i], &ears[i], decoders[i], frame, NULL);
        avcodec_free_context(&decoders[i]);
        free(ears[i].heard);
    }
    free(decoders);
    free(ears);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avformat_close_input(&in);
}

void look_close(struct look *look)
{
    for (size_t i = 0; i < look->n_tracks; i++) {
        free(look->tracks[i].pictures);
        free(look->tracks[i].tones);
        free(look->tracks[i].tags);
    }
    free(look->tracks);
    *look = (struct look){0};
}

const struct look_track *look_track(const struct look *look, enum media_kind kind, size_t n)
{
    for (size_t i = 0; i < look->n_tracks; i++)
        if (look->tracks[i].kind == kind && n-- == 0)
            return &look->tracks[i];
    return NULL;
}

void look_tag(const struct look_track *track, const char *key, char *out, size_t size)
{
    size_t len = strlen(key);
    const char *line = track->tags;
    while (*line && (strncmp(line, key, len) != 0 || line[len] != '=')) {
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    line += *line ? len + 1 : 0;
    snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
}

bool look_find(const struct look_track *video, int32_t number, int64_t *at_us)
{
    for (size_t i = 0; i < video->n_pictures; i++)
        if (video->pictures[i].number == number) {
            *at_us = video->pictures[i].at_us;
            return true;
        }
    return false;
}

/* The number of the picture shown at this time; -1: none can be read. */
static int32_t number_at(const struct look_track *video, int64_t at_us)
{
    int32_t number = -1;
    for (size_t i = 0; i < video->n_pictures && video->pictures[i].at_us <= at_us; i++)
        number = video->pictures[i].number;
    return number;
}

size_t look_offsets(const struct look_track *video, const struct look_track *audio, int fps, int64_t *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < audio->n_tones && n < max; i++) {
        const struct look_tone *tone = &audio->tones[i];
        int32_t number = number_at(video, tone->at_us);
        int64_t picture_us;
        if (number < 0 || tone->tone < 0)
            continue;
        int32_t second = (number + fps / 2) / fps, off = (tone->tone - second) % SLATE_TONES;
        off = off > SLATE_TONES / 2 ? off - SLATE_TONES : off < -SLATE_TONES / 2 ? off + SLATE_TONES : off;
        if (look_find(video, (second + off) * fps, &picture_us))
            out[n++] = tone->at_us - picture_us;
    }
    return n;
}

static int compare(const void *a, const void *b)
{
    int64_t x = llabs(*(const int64_t *)a), y = llabs(*(const int64_t *)b);
    return x < y ? -1 : x > y;
}

int64_t look_percentile(int64_t *offsets, size_t n, double share)
{
    if (!n)
        return INT64_MAX;
    qsort(offsets, n, sizeof(*offsets), compare);
    return llabs(offsets[(size_t)((double)(n - 1) * share)]);
}
