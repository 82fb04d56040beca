/* SPDX-License-Identifier: MIT */
/* Keeps a sum of voices below full scale: what is loud is turned down smoothly just before it comes, what is not stays
 * as it is to the bit. */
#ifndef ROOMLINE_RECORDER_MIX_LIMITER_H
#define ROOMLINE_RECORDER_MIX_LIMITER_H

#define LIMITER_BLOCK    240 /* samples: 5 ms of 48 kHz */
#define LIMITER_CHANNELS 2
#define LIMITER_CEILING  0.944f /* -0.5 dB of full scale */

struct limiter { /* zeroed: ready */
    float waiting[LIMITER_CHANNELS][LIMITER_BLOCK];
    float need; /* the gain that the waiting block bears, as 1 - gain */
    float gain; /* that the block before it ended with, as 1 - gain */
};

/* Takes a block in and gives the one before it out, in place. The first that comes out is silence. */
void limiter_step(struct limiter *l, float *channels[LIMITER_CHANNELS]);

#endif
