/* SPDX-License-Identifier: MIT */
/* Who speaks. */
#include "recorder/mix/speaker.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SMOOTH_US   (INT64_C(400) * 1000)
#define TAKEOVER_US (INT64_C(1000) * 1000) /* louder for so long */
#define HOLD_US     (INT64_C(2000) * 1000) /* and the one before for so long */
#define LOUDER      4.0f                   /* 6 dB */
#define FLOOR       1e-5f                  /* -50 dB of full scale: nobody speaks */

int speaker_init(struct speaker *s, size_t n)
{
    *s = (struct speaker){.n = n, .power = calloc(n ? n : 1, sizeof(float)), .now = SPEAKER_NONE, .next = SPEAKER_NONE};
    return s->power ? 0 : -ENOMEM;
}

void speaker_finish(struct speaker *s)
{
    free(s->power);
    s->power = NULL;
}

static size_t find_loudest(struct speaker *s, const float *power, float keep)
{
    size_t loudest = SPEAKER_NONE;
    for (size_t i = 0; i < s->n; i++) {
        s->power[i] = power[i] < 0 ? 0 : s->power[i] * keep + power[i] * (1 - keep);
        if (s->power[i] > FLOOR && (loudest == SPEAKER_NONE || s->power[i] > s->power[loudest]))
            loudest = i;
    }
    return loudest;
}

size_t speaker_update(struct speaker *s, int64_t at_us, const float *power)
{
    size_t loudest = find_loudest(s, power, expf(-(float)(at_us - s->at_us) / (float)SMOOTH_US));
    s->at_us = at_us;
    if (s->now != SPEAKER_NONE && power[s->now] < 0)
        s->now = SPEAKER_NONE; /* is gone */
    if (s->now == SPEAKER_NONE) {
        s->now = s->next = loudest;
        s->now_since_us = at_us;
        return s->now;
    }
    if (loudest == SPEAKER_NONE || loudest == s->now || s->power[loudest] < s->power[s->now] * LOUDER) {
        s->next = SPEAKER_NONE;
    } else if (loudest != s->next) {
        s->next = loudest;
        s->next_since_us = at_us;
    }
    if (s->next != SPEAKER_NONE && at_us - s->next_since_us >= TAKEOVER_US && at_us - s->now_since_us >= HOLD_US) {
        s->now = s->next;
        s->now_since_us = at_us;
        s->next = SPEAKER_NONE;
    }
    return s->now;
}
