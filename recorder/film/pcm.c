/* SPDX-License-Identifier: MIT */
/* Sound without gaps, by the resampler's own means to follow timestamps. */
#include <errno.h>
#include <stdlib.h>

#include <libavutil/opt.h>
#include <libswresample/swresample.h>

#include "common/util.h"
#include "recorder/film/pcm.h"

#define HOP_US INT64_C(20000) /* of silence at a time */

/* A sender's clock is off by 300 ppm at the most, 6 us a packet; it is followed by up to 0.2 %, a change of pitch that
 * nobody hears. What differs by more than OVERLAP_US is no clock. */
#define OVERLAP_US  INT64_C(5000)
#define SOFT_S      0.0001
#define SOFT_RATE   0.002
#define SOFT_OVER_S 1.0
#define NEVER_S     1e9
#define ROUNDING    64 /* samples that a piece may bring more than its length says */
#define FIRST_FIFO  4096

static int set_options(struct SwrContext *swr)
{
    int r = av_opt_set(swr, "flags", "res", 0); /* a resampler from the start, also from 48 kHz to 48 kHz */
    if (!r)
        r = av_opt_set_double(swr, "min_comp", SOFT_S, 0);
    if (!r)
        r = av_opt_set_double(swr, "min_hard_comp", NEVER_S, 0);
    if (!r)
        r = av_opt_set_double(swr, "comp_duration", SOFT_OVER_S, 0);
    return r ? r : av_opt_set_double(swr, "max_soft_comp", SOFT_RATE, 0);
}

static int open_swr(struct pcm *p)
{
    static const double both[] = {1, 1}; /* by itself it would take 3 dB off */
    AVChannelLayout in, out;
    av_channel_layout_default(&in, p->in.channels);
    av_channel_layout_default(&out, p->channels);
    int r = swr_alloc_set_opts2(&p->swr, &out, p->format, PCM_HZ, &in, p->in.format, p->in.rate_hz, 0, NULL);
    if (!r && p->in.channels == 1 && p->channels == 2)
        r = swr_set_matrix(p->swr, both, 1);
    if (!r)
        r = set_options(p->swr);
    return r ? r : swr_init(p->swr);
}

static int make_silence(struct pcm *p)
{
    int samples = (int)av_rescale(HOP_US, p->in.rate_hz, 1000000) + 1;
    int bytes = av_samples_get_buffer_size(NULL, p->in.channels, samples, p->in.format, 1);
    p->silence = bytes > 0 ? av_malloc((size_t)bytes) : NULL;
    if (!p->silence)
        return -ENOMEM;
    uint8_t *planes[AV_NUM_DATA_POINTERS];
    av_samples_fill_arrays(planes, NULL, p->silence, p->in.channels, samples, p->in.format, 1);
    return av_samples_set_silence(planes, 0, samples, p->in.channels, p->in.format);
}

int pcm_init(struct pcm *p, const struct pcm_form *in, int channels, enum AVSampleFormat format)
{
    *p = (struct pcm){.in = *in, .channels = channels, .format = format};
    int r = open_swr(p);
    if (!r)
        r = make_silence(p);
    if (r)
        return r;
    p->ready = av_audio_fifo_alloc(format, channels, FIRST_FIFO);
    swr_next_pts(p->swr, 0); /* what comes out starts at 0 */
    return p->ready ? 0 : -ENOMEM;
}

void pcm_finish(struct pcm *p)
{
    swr_free(&p->swr);
    av_audio_fifo_free(p->ready);
    av_freep(&p->silence);
    *p = (struct pcm){0};
}

/* data NULL: what the resampler still holds. */
static int convert(struct pcm *p, const uint8_t **data, int samples)
{
    int room = swr_get_out_samples(p->swr, samples) + ROUNDING;
    uint8_t *planes[AV_NUM_DATA_POINTERS];
    int r = av_samples_alloc(planes, NULL, p->channels, room, p->format, 0);
    if (r < 0)
        return r;
    r = swr_convert(p->swr, planes, room, data, samples);
    if (r > 0)
        r = av_audio_fifo_write(p->ready, (void **)planes, r);
    av_freep(&planes[0]);
    return MIN(r, 0);
}

static int append(struct pcm *p, const uint8_t **data, int samples, int64_t at_us)
{
    swr_next_pts(p->swr, av_rescale(at_us, (int64_t)p->in.rate_hz * PCM_HZ, 1000000));
    p->end_us = at_us + av_rescale(samples, 1000000, p->in.rate_hz);
    return convert(p, data, samples);
}

int pcm_fill(struct pcm *p, int64_t until_us)
{
    until_us = MIN(until_us, p->end_us + PCM_FILL_US);
    const uint8_t *planes[AV_NUM_DATA_POINTERS];
    int r = 0;
    while (r >= 0 && p->end_us < until_us) {
        int samples = (int)av_rescale_rnd(MIN(until_us - p->end_us, HOP_US), p->in.rate_hz, 1000000, AV_ROUND_UP);
        av_samples_fill_arrays((uint8_t **)planes, NULL, p->silence, p->in.channels, samples, p->in.format, 1);
        r = append(p, planes, samples, p->end_us);
    }
    return r;
}

int pcm_add(struct pcm *p, const AVFrame *piece, int64_t at_us)
{
    const uint8_t *planes[AV_NUM_DATA_POINTERS];
    int skip = 0; /* samples, of a time that others have filled */
    if (p->end_us - at_us > OVERLAP_US) {
        skip = (int)MIN(av_rescale(p->end_us - at_us, p->in.rate_hz, 1000000), piece->nb_samples);
        at_us = p->end_us;
    }
    int step = av_get_bytes_per_sample(p->in.format) * (av_sample_fmt_is_planar(p->in.format) ? 1 : p->in.channels);
    for (int i = 0; i < AV_NUM_DATA_POINTERS; i++)
        planes[i] = piece->data[i] ? piece->data[i] + skip * step : NULL;
    return skip == piece->nb_samples ? 0 : append(p, planes, piece->nb_samples - skip, at_us);
}

int pcm_flush(struct pcm *p)
{
    return convert(p, NULL, 0);
}
