/* SPDX-License-Identifier: MIT */
/* Mixes the recording of a room into one file: the loop that lets time run. */
#ifndef ROOMLINE_RECORDER_MIX_MIX_H
#define ROOMLINE_RECORDER_MIX_MIX_H

#include <signal.h>
#include <stdint.h>

#include "recorder/mix/config.h"
#include "recorder/mix/progress.h"

#define MIX_ERR_BYTES  512
#define MIX_PATH_BYTES 4096

struct mix_job {
    const char *file; /* the room's recording */
    const char *out;  /* NULL: FILE-mixed.mp4 beside it */
    const struct config *config;
    enum progress_kind progress;
    const volatile sig_atomic_t *stop; /* not 0: give up */
};

struct mix_result {
    char path[MIX_PATH_BYTES];
    int64_t bytes, duration_ms;
    int64_t start_unix_ms; /* 0: unknown */
};

/* 0, or -errno with the reason in err (MIX_ERR_BYTES). While it works the mix is PATH.part, and playable, and its
 * side-car says "finishing"; then it is PATH. After a failure there is neither. */
int mix_run(const struct mix_job *job, struct mix_result *result, char *err);

#endif
