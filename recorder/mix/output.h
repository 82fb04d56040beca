/* SPDX-License-Identifier: MIT */
/* The mixed file: H.264 and AAC in mp4. While it grows it is made of fragments, so that it plays up to where it is;
 * when it is whole it is copied into one with its index in front. */
#ifndef ROOMLINE_RECORDER_MIX_OUTPUT_H
#define ROOMLINE_RECORDER_MIX_OUTPUT_H

#include <libavutil/frame.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/mix/config.h"

#define OUTPUT_RATE     48000
#define OUTPUT_CHANNELS 2

struct output;

/* 0 or -errno of making the file or starting an encoder. */
int output_create(struct output **out, const char *path, const struct config *config, const char *title);

/* Both may be NULL; what was not finished is left as it is. */
void output_destroy(struct output *o);

/* The next picture of the configured size, the n-th of the configured rate: its reference is taken, not moved. */
int output_picture(struct output *o, const AVFrame *picture);

/* The next samples of each channel. */
int output_sound(struct output *o, float *const channels[OUTPUT_CHANNELS], size_t n);

/* Writes what the encoders still have, and the end of the file. */
int output_finish(struct output *o);

uint64_t output_packets(const struct output *o); /* that were written so far */

#endif
