/* SPDX-License-Identifier: MIT */
/* Keeps a sum of voices below full scale. */
#include "recorder/mix/limiter.h"

#include <math.h>
#include <string.h>

#include "common/util.h"

#define RELEASE 0.02f /* of full gain a block: back within 250 ms */

static float reduction(float *const channels[LIMITER_CHANNELS])
{
    float peak = 0;
    for (int c = 0; c < LIMITER_CHANNELS; c++)
        for (int i = 0; i < LIMITER_BLOCK; i++)
            peak = MAX(peak, fabsf(channels[c][i]));
    return peak > LIMITER_CEILING ? 1 - LIMITER_CEILING / peak : 0;
}

/* Each block's gain runs from what its predecessor ended with to what both it and its successor bear, so it is never
 * above what the block bears. */
void limiter_step(struct limiter *l, float *channels[LIMITER_CHANNELS])
{
    float need = reduction(channels);
    float from = l->gain, to = MAX(MAX(need, l->need), from - RELEASE);
    for (int c = 0; c < LIMITER_CHANNELS; c++) {
        float fresh[LIMITER_BLOCK];
        memcpy(fresh, channels[c], sizeof(fresh));
        for (int i = 0; i < LIMITER_BLOCK; i++)
            channels[c][i] = l->waiting[c][i] * (1 - (from + (to - from) * (float)(i + 1) / LIMITER_BLOCK));
        memcpy(l->waiting[c], fresh, sizeof(fresh));
    }
    l->need = need;
    l->gain = to;
}
