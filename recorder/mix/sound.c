/* SPDX-License-Identifier: MIT */
/* The sound of the room. */
#include "recorder/mix/sound.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct sound {
    struct voice **voices; /* of each person; NULL: has none */
    float *power;          /* of each person, summed over blocks */
    size_t n, blocks;
    struct limiter limiter;
    int64_t at; /* samples summed so far; a block more than were given out */
};

struct sound *sound_create(struct source *source, const struct scene *scene)
{
    struct sound *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->n = scene_people(scene);
    s->voices = calloc(s->n, sizeof(*s->voices));
    s->power = calloc(s->n, sizeof(*s->power));
    bool ok = s->voices && s->power;
    for (size_t i = 0; ok && i < s->n; i++) {
        size_t track = scene_person(scene, i)->audio;
        if (track == SCENE_NONE)
            continue;
        s->voices[i] = voice_create(source, track);
        ok = s->voices[i];
    }
    if (!ok) {
        sound_destroy(s);
        return NULL;
    }
    return s;
}

void sound_destroy(struct sound *s)
{
    if (!s)
        return;
    for (size_t i = 0; s->voices && i < s->n; i++)
        voice_destroy(s->voices[i]);
    free(s->voices);
    free(s->power);
    free(s);
}

static void step(struct sound *s, float *channels[VOICE_CHANNELS])
{
    for (int c = 0; c < VOICE_CHANNELS; c++)
        memset(channels[c], 0, SOUND_BLOCK * sizeof(float));
    for (size_t i = 0; i < s->n; i++)
        if (s->voices[i])
            s->power[i] += voice_add(s->voices[i], s->at, SOUND_BLOCK, channels);
    s->at += SOUND_BLOCK;
    s->blocks++;
    limiter_step(&s->limiter, channels);
}

void sound_read(struct sound *s, float *channels[VOICE_CHANNELS])
{
    if (s->at == 0)
        step(s, channels); /* what the limiter had: nothing */
    step(s, channels);
}

void sound_power(struct sound *s, float *power)
{
    for (size_t i = 0; i < s->n; i++) {
        power[i] = s->blocks ? s->power[i] / (float)s->blocks : 0;
        s->power[i] = 0;
    }
    s->blocks = 0;
}
