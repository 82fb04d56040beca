/* SPDX-License-Identifier: MIT */
/* One track's sound on the room's timeline. */
#include "recorder/mix/voice.h"

#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"

#define AHEAD   (VOICE_RATE / 20)  /* decoded before it is due, for what the resampler keeps to itself */
#define STEP    (VOICE_RATE / 500) /* 2 ms out of step: resampled back into it, within SPAN */
#define SPAN    VOICE_RATE
#define JUMP    (VOICE_RATE / 20)  /* 50 ms: a gap or an overlap */
#define HOLE_US 8000               /* between two frames: something is missing, or came twice */
#define FADE    (VOICE_RATE / 200) /* at both sides of a hole, so that it does not click */
#define MAX_OUT (VOICE_RATE * 4)   /* samples that one frame may become */

struct like { /* what of a frame decides how it is resampled */
    int rate, format, channels;
};

struct voice {
    struct source *source;
    size_t track;
    AVFrame *frame;
    struct SwrContext *swr;
    struct like like;
    float *samples[VOICE_CHANNELS]; /* of [start, start + n) of the timeline */
    size_t n, room;
    int64_t start;
    int64_t overlap; /* samples still to be dropped: their time is taken */
    int64_t next_us; /* where the last frame ended */
    int fade;        /* samples still to be faded in */
};

struct voice *voice_create(struct source *source, size_t track)
{
    struct voice *v = calloc(1, sizeof(*v));
    if (!v)
        return NULL;
    v->source = source;
    v->track = track;
    v->frame = av_frame_alloc();
    if (!v->frame) {
        voice_destroy(v);
        return NULL;
    }
    return v;
}

void voice_destroy(struct voice *v)
{
    if (!v)
        return;
    for (int c = 0; c < VOICE_CHANNELS; c++)
        free(v->samples[c]);
    swr_free(&v->swr);
    av_frame_free(&v->frame);
    free(v);
}

static bool make_room(struct voice *v, size_t more)
{
    size_t room = MAX(v->room, (size_t)AHEAD);
    while (room < v->n + more)
        room *= 2;
    for (int c = 0; c < VOICE_CHANNELS && room > v->room; c++) {
        float *grown = realloc(v->samples[c], room * sizeof(float));
        if (!grown)
            return false;
        v->samples[c] = grown;
    }
    v->room = room;
    return true;
}

static bool add_silence(struct voice *v, size_t n)
{
    if (!make_room(v, n))
        return false;
    for (int c = 0; c < VOICE_CHANNELS; c++)
        memset(v->samples[c] + v->n, 0, n * sizeof(float));
    v->n += n;
    return true;
}

static void drop_first(struct voice *v, size_t n)
{
    for (int c = 0; c < VOICE_CHANNELS && v->n > n; c++)
        memmove(v->samples[c], v->samples[c] + n, (v->n - n) * sizeof(float));
    v->n -= MIN(n, v->n);
    v->start += (int64_t)n;
}

/* Mono is as loud on both sides as it was in the middle; more than two channels are folded by their layout. */
static bool make_resampler(struct voice *v, const AVFrame *f)
{
    static const double both[VOICE_CHANNELS] = {1, 1};
    AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO, in = {0};
    swr_free(&v->swr);
    if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&in, f->ch_layout.nb_channels);
    else if (av_channel_layout_copy(&in, &f->ch_layout) < 0)
        return false;
    int rc =
        swr_alloc_set_opts2(&v->swr, &stereo, AV_SAMPLE_FMT_FLTP, VOICE_RATE, &in, f->format, f->sample_rate, 0, NULL);
    if (!rc && in.nb_channels == 1)
        rc = swr_set_matrix(v->swr, both, 1);
    if (!rc)
        rc = av_opt_set_int(v->swr, "flags", SWR_FLAG_RESAMPLE, 0); /* compensation needs it at equal rates too */
    av_channel_layout_uninit(&in);
    return !rc && swr_init(v->swr) >= 0;
}

/* The end of what is there, into the hole that follows. */
static void fade_out(struct voice *v)
{
    size_t n = MIN(v->n, (size_t)FADE);
    for (int c = 0; c < VOICE_CHANNELS; c++)
        for (size_t i = 0; i < n; i++)
            v->samples[c][v->n - 1 - i] *= (float)i / FADE;
}

/* The last n samples, as far as they are what follows a hole. */
static void fade_in(struct voice *v, size_t n)
{
    for (size_t i = 0; i < n && v->fade > 0; i++, v->fade--)
        for (int c = 0; c < VOICE_CHANNELS; c++)
            v->samples[c][v->n - n + i] *= (float)(FADE - v->fade) / FADE;
}

/* Lets the resampler take n samples in and appends what it gives. NULL: what it still has. */
static bool resample(struct voice *v, const uint8_t **in, int n)
{
    int64_t most = swr_get_out_samples(v->swr, n);
    if (most < 0 || most > MAX_OUT || !make_room(v, (size_t)most))
        return false;
    uint8_t *out[VOICE_CHANNELS];
    for (int c = 0; c < VOICE_CHANNELS; c++)
        out[c] = (uint8_t *)(v->samples[c] + v->n);
    int got = swr_convert(v->swr, out, (int)most, in, n);
    if (got < 0)
        return false;
    int64_t dropped = MIN(v->overlap, got);
    for (int c = 0; c < VOICE_CHANNELS && dropped; c++)
        memmove(v->samples[c] + v->n, v->samples[c] + v->n + dropped, (size_t)(got - dropped) * sizeof(float));
    v->overlap -= dropped;
    v->n += (size_t)(got - dropped);
    fade_in(v, (size_t)(got - dropped));
    return true;
}

static bool is_like(const struct like *like, const AVFrame *f)
{
    return like->rate == f->sample_rate && like->format == f->format && like->channels == f->ch_layout.nb_channels;
}

/* How many samples later the frame stands than where the next sample would be written. */
static int64_t distance(const struct voice *v, const AVFrame *f)
{
    int64_t at = av_rescale(f->pts, VOICE_RATE, 1000000);
    return at - (v->swr ? swr_get_delay(v->swr, VOICE_RATE) : 0) - v->start - (int64_t)v->n + v->overlap;
}

/* Puts the end of what is written to where the frame begins; the resampler starts anew. */
static bool jump(struct voice *v, const AVFrame *f)
{
    if (v->swr && !resample(v, NULL, 0))
        return false;
    v->like = (struct like){f->sample_rate, f->format, f->ch_layout.nb_channels};
    if (!make_resampler(v, f))
        return false;
    v->overlap = 0;
    int64_t off = distance(v, f);
    v->overlap = MAX(-off, 0);
    if (off <= 0)
        return true;
    fade_out(v);
    v->fade = FADE;
    return add_silence(v, (size_t)off);
}

static bool follows(const struct voice *v, const AVFrame *f)
{
    return v->swr && is_like(&v->like, f) && llabs(f->pts - v->next_us) <= HOLE_US;
}

static void place(struct voice *v, const AVFrame *f)
{
    int64_t off = follows(v, f) ? distance(v, f) : INT64_MAX;
    v->next_us = f->pts + av_rescale(f->nb_samples, 1000000, f->sample_rate);
    if (off > JUMP || off < -JUMP) {
        if (!jump(v, f)) {
            swr_free(&v->swr);
            return;
        }
    } else if (off > STEP || off < -STEP) {
        swr_set_compensation(v->swr, (int)off, SPAN);
    }
    resample(v, (const uint8_t **)f->extended_data, f->nb_samples);
}

float voice_add(struct voice *v, int64_t at, size_t n, float *sum[VOICE_CHANNELS])
{
    int64_t until_us = av_rescale(at + (int64_t)n + AHEAD, 1000000, VOICE_RATE);
    while (v->start + (int64_t)v->n < at + (int64_t)n + AHEAD && source_next(v->source, v->track, until_us, v->frame)) {
        place(v, v->frame);
        av_frame_unref(v->frame);
    }
    size_t have = MIN(v->n, n);
    float power = 0;
    for (int c = 0; c < VOICE_CHANNELS; c++) {
        for (size_t i = 0; i < have; i++) {
            sum[c][i] += v->samples[c][i];
            power += v->samples[c][i] * v->samples[c][i];
        }
    }
    drop_first(v, n);
    return power / (float)(n * VOICE_CHANNELS);
}
