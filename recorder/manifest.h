/* SPDX-License-Identifier: MIT */
/* index.json in the records folder: all recordings that there are, by their side-car files, and what is being recorded
 * and finished now. An array of {name, kind, state, room, stream, bytes, duration_ms, start_unix_ms}, the newest first;
 * "progress" (0..1000) in one that is being finished. Written anew when something has changed, here or in the folder,
 * at most once each MANIFEST_US, by a hand. */
#ifndef ROOMLINE_RECORDER_MANIFEST_H
#define ROOMLINE_RECORDER_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "recorder/hand.h"
#include "recorder/loop.h"

#define MANIFEST_FILE      "index.json"
#define MANIFEST_US        INT64_C(1000000)
#define MANIFEST_CAR_BYTES (1u << 20) /* longest side-car that is read */

struct manifest_entry {
    const char *name, *kind, *state, *room, *stream;
    uint64_t bytes;
    int64_t duration_ms, start_unix_ms;
    int32_t progress; /* -1: none */
};

struct manifest {
    struct hand_job job; /* first */
    struct loop *loop;
    struct hand *hand;
    const char *records;
    struct watch watch; /* inotify */
    bool dirty, writing;
    int64_t due_us;
    json_t *live; /* while writing: the hand's */
    /* The hand's: */
    struct car *cars; /* side-cars that were read, by name (uthash) */
    char *written;    /* what stands in the file; NULL: unknown */
};

int manifest_init(struct manifest *m, struct loop *loop, struct hand *hand, const char *records); /* 0 or -errno */
void manifest_finish(struct manifest *m); /* after the hand's end */

void manifest_touch(struct manifest *m); /* what lives has changed */

/* Writes when it is due. fill calls manifest_add for each recording that lives. */
void manifest_tick(struct manifest *m, int64_t now_us, void (*fill)(void *arg, struct manifest *m), void *arg);
void manifest_add(struct manifest *m, const struct manifest_entry *e);

/* The entry of the recording name after the text of its side-car. NULL: it is none. Total. */
json_t *manifest_parse_car(const char *name, const char *text, size_t len);

/* live and cars, one entry a name: what lives is the truth while it is recorded, and comes first. To be freed. */
char *manifest_text(const json_t *live, const json_t *cars);

#endif
