/* SPDX-License-Identifier: MIT */
/* Who is there when, and where their tiles stand. A person of the scene is one take: somebody's camera and microphone,
 * sound alone, or a shared screen; it has one tile from its start to its end, whether its picture moves or not. */
#ifndef ROOMLINE_RECORDER_MIX_SCENE_H
#define ROOMLINE_RECORDER_MIX_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/mix/config.h"
#include "recorder/mix/layout.h"
#include "recorder/mix/source.h"

#define SCENE_NONE SIZE_MAX

struct scene_person { /* texts are the source's */
    const char *login, *stream_name, *media_session_id;
    bool screen;
    int64_t start_us, end_us;
    size_t video, audio; /* tracks; SCENE_NONE: has none */
};

struct scene_tile {
    size_t person;
    struct rect rect;
};

struct scene;

struct scene *scene_create(const struct config *config, size_t tracks); /* tracks: at most; NULL: out of memory */
void scene_destroy(struct scene *scene);

/* Before the first scene_at. The track's texts must outlive the scene; index: what it is called in scene_person. */
void scene_add(struct scene *scene, const struct source_track *track, size_t index);

size_t scene_people(const struct scene *scene);
const struct scene_person *scene_person(const struct scene *scene, size_t i); /* in the order of their start */

/* The tiles at this time, in the order of their people. speaker: who speaks, or SCENE_NONE. *changed: they are not
 * those of the call before. The tiles are the scene's, until the next call. */
const struct scene_tile *scene_at(struct scene *scene, int64_t at_us, size_t speaker, size_t *n, bool *changed);

#endif
