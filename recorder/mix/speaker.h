/* SPDX-License-Identifier: MIT */
/* Who speaks: the loudest, but not by a cough. Somebody takes over who was clearly louder than the present speaker for
 * a while, and not before that one had a while. */
#ifndef ROOMLINE_RECORDER_MIX_SPEAKER_H
#define ROOMLINE_RECORDER_MIX_SPEAKER_H

#include <stddef.h>
#include <stdint.h>

#define SPEAKER_NONE SIZE_MAX

struct speaker {
    size_t n;
    float *power; /* smoothed mean square of each */
    int64_t at_us;
    size_t now, next;
    int64_t now_since_us, next_since_us;
};

int speaker_init(struct speaker *s, size_t n); /* 0 or -ENOMEM */
void speaker_finish(struct speaker *s);

/* power: mean square (full scale: 1) of each one's sound since the call before; below 0: is not there. Returns who
 * speaks, or SPEAKER_NONE before the first did. */
size_t speaker_update(struct speaker *s, int64_t at_us, const float *power);

#endif
