/* SPDX-License-Identifier: MIT */
/* Rectangles of colour, pictures and text on a picture of YUV 4:2:0 in BT.601, limited range: what browsers make of a
 * camera's picture. All rectangles are even and within the picture. */
#ifndef ROOMLINE_RECORDER_MIX_PAINT_H
#define ROOMLINE_RECORDER_MIX_PAINT_H

#include <libavutil/frame.h>
#include <stdint.h>

#include "recorder/mix/caption.h"
#include "recorder/mix/layout.h"

#define PAINT_FORMAT AV_PIX_FMT_YUV420P
#define PAINT_PLANES 3

struct colour {
    uint8_t c[PAINT_PLANES]; /* Y, U, V */
};

struct colour paint_colour(uint32_t rgb); /* 0xRRGGBB */

AVFrame *paint_new(int w, int h); /* NULL: out of memory */

void paint_fill(AVFrame *f, struct rect r, struct colour colour);
void paint_copy(AVFrame *to, struct rect r, const AVFrame *from); /* from: at least as large as r */

/* The caption, which is as large as r, in its box that lets what is below shine through a little. */
void paint_text(AVFrame *f, struct rect r, const struct caption *caption, struct colour text, struct colour box);

#endif
