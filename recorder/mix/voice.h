/* SPDX-License-Identifier: MIT */
/* One track's sound as samples that stand where they belong on the room's timeline: gaps are silence, a clock that
 * drifts is followed by resampling, so that it stays in step without clicks. */
#ifndef ROOMLINE_RECORDER_MIX_VOICE_H
#define ROOMLINE_RECORDER_MIX_VOICE_H

#include <stddef.h>
#include <stdint.h>

#include "recorder/mix/source.h"

#define VOICE_RATE     48000
#define VOICE_CHANNELS 2

struct voice;

struct voice *voice_create(struct source *source, size_t track); /* NULL: out of memory */
void voice_destroy(struct voice *v);

/* Adds the samples [at, at + n) of the timeline to sum; at is where the call before ended. Returns their mean square.
 * What cannot be decoded or does not fit in memory is silence. */
float voice_add(struct voice *v, int64_t at, size_t n, float *sum[VOICE_CHANNELS]);

#endif
