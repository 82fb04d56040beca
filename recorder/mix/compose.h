/* SPDX-License-Identifier: MIT */
/* The canvas: scaled pictures, their captions and the background, drawn anew only where something changed. */
#ifndef ROOMLINE_RECORDER_MIX_COMPOSE_H
#define ROOMLINE_RECORDER_MIX_COMPOSE_H

#include <libavutil/frame.h>
#include <stddef.h>

#include "recorder/mix/config.h"
#include "recorder/mix/scene.h"

struct compose;

/* NULL: out of memory. The scene must outlive it. */
struct compose *compose_create(const struct config *config, const struct scene *scene);
void compose_destroy(struct compose *c);

/* The tiles from now on. A person who has none loses the last picture. */
void compose_arrange(struct compose *c, const struct scene_tile *tiles, size_t n);

/* This person's picture from now on, of any size and format; the frame's reference is moved. */
void compose_picture(struct compose *c, size_t person, AVFrame *frame);

/* The canvas as it now is (PAINT_FORMAT), valid until the next call; NULL: out of memory. */
const AVFrame *compose_draw(struct compose *c);

#endif
