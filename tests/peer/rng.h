/* SPDX-License-Identifier: MIT */
/* Repeatable randomness (splitmix64): one seed in, everything else follows. Header only. */
#ifndef ROOMLINE_TESTS_PEER_RNG_H
#define ROOMLINE_TESTS_PEER_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* size - 1 letters and digits and a NUL. */
static inline void rng_text(struct rng *rng, char *out, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t i = 0; i + 1 < size; i++)
        out[i] = letters[rng_next(rng) % (sizeof(letters) - 1)];
    out[size - 1] = '\0';
}

#endif
