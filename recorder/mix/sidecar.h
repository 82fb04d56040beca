/* SPDX-License-Identifier: MIT */
/* NAME.json beside a mixed file NAME: what the page of the recordings shows of it. */
#ifndef ROOMLINE_RECORDER_MIX_SIDECAR_H
#define ROOMLINE_RECORDER_MIX_SIDECAR_H

#include <stdint.h>

#include "recorder/mix/scene.h"

struct sidecar {
    const char *path; /* of the mixed file */
    const char *room;
    int64_t start_unix_ms; /* 0: unknown */
    int64_t duration_ms;
    int64_t bytes; /* below 0: it is not ready */
};

/* 0 or -errno. Whoever reads sees the old one or the new one, never half of one. */
int sidecar_write(const struct sidecar *sidecar, const struct scene *scene);
void sidecar_remove(const char *path);

#endif
