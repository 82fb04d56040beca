/* SPDX-License-Identifier: MIT */
/* NAME.json beside a film: what it is, and per track what is known of its stream and its clock. */
#ifndef ROOMLINE_RECORDER_FILM_SIDECAR_H
#define ROOMLINE_RECORDER_FILM_SIDECAR_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder/film/take.h"

#define SIDECAR_LIST(X)       \
    X(FINISHING, "finishing") \
    X(READY, "ready")

enum sidecar_state {
#define X(id, name) SIDECAR_##id,
    SIDECAR_LIST(X)
#undef X
};

struct sidecar_take {
    struct take *take;
    int64_t zero_us; /* of the take's timeline: the film's start */
};

struct sidecar {
    const char *name, *room;
    bool of_room; /* kind "room", else "stream": of the one take */
    const struct sidecar_take *takes;
    unsigned n;
    uint64_t bytes;
    int64_t start_unix_us, length_us;
};

/* Into dir/name.json, by way of a .part. 0 or -errno. */
int sidecar_write(const char *dir, const struct sidecar *s, enum sidecar_state state);

#endif
