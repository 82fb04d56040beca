/* SPDX-License-Identifier: MIT */
/* Sound without gaps: pieces of samples with the times at which they belong go in, in order; samples at 48 kHz come
 * out, one after the other from time 0 on. */
#ifndef ROOMLINE_RECORDER_FILM_PCM_H
#define ROOMLINE_RECORDER_FILM_PCM_H

#include <stdint.h>

#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
#include <libavutil/samplefmt.h>

#define PCM_HZ 48000

struct pcm_form { /* of what comes in */
    int rate_hz, channels;
    enum AVSampleFormat format;
};

struct pcm {
    struct SwrContext *swr;
    AVAudioFifo *ready; /* for the caller to read: PCM_HZ, channels and format as below */
    struct pcm_form in;
    int channels;
    enum AVSampleFormat format;
    int64_t end_us;   /* of the newest piece */
    uint8_t *silence; /* some, in the form of what comes in */
};

/* One channel becomes two that are alike. 0 or a negative AVERROR; pcm_finish in every case. */
int pcm_init(struct pcm *p, const struct pcm_form *in, int channels, enum AVSampleFormat format);
void pcm_finish(struct pcm *p);

/* A piece that belongs a little later or earlier than the one before it ends is evened out by resampling, as what
 * clocks do; what overlaps by more is left out. Gaps are to be filled before. 0 or a negative AVERROR. */
int pcm_add(struct pcm *p, const AVFrame *piece, int64_t at_us);
int pcm_fill(struct pcm *p, int64_t until_us); /* with silence; at most PCM_FILL_US in one call: call again */
int pcm_flush(struct pcm *p);                  /* what the resampler still holds */

#define PCM_FILL_US INT64_C(1000000)

#endif
