/* SPDX-License-Identifier: MIT */
/* The sound of the room: the sum of all voices, as loud as each is, limited. */
#ifndef ROOMLINE_RECORDER_MIX_SOUND_H
#define ROOMLINE_RECORDER_MIX_SOUND_H

#include <stdint.h>

#include "recorder/mix/limiter.h"
#include "recorder/mix/scene.h"
#include "recorder/mix/source.h"
#include "recorder/mix/voice.h"

#define SOUND_BLOCK LIMITER_BLOCK

struct sound;

struct sound *sound_create(struct source *source, const struct scene *scene); /* NULL: out of memory */
void sound_destroy(struct sound *s);

/* The next SOUND_BLOCK samples of each channel, from the timeline's begin on. */
void sound_read(struct sound *s, float *channels[VOICE_CHANNELS]);

/* power: for each person of the scene the mean square of what was read since the call before. */
void sound_power(struct sound *s, float *power);

#endif
