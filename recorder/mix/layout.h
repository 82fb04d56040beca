/* SPDX-License-Identifier: MIT */
/* Which tile stands where on the canvas. Pure; all numbers are pixels and even, as pictures with halved colour need. */
#ifndef ROOMLINE_RECORDER_MIX_LAYOUT_H
#define ROOMLINE_RECORDER_MIX_LAYOUT_H

#include <stddef.h>

struct rect {
    int x, y, w, h;
};

/* n equal tiles of 16:9, as large as they can be, in rows of which the last one is centred; one alone has all of the
 * canvas. out has room for n. */
void layout_grid(int width, int height, size_t n, struct rect *out);

/* Tile number `large` takes most of the canvas; the others stand small in a strip, at the right or, on a canvas that is
 * higher than wide, below. */
void layout_feature(int width, int height, size_t n, size_t large, struct rect *out);

/* Where a picture of w x h goes within a cell: whole, its aspect kept (to about 1 %), centred. */
struct rect layout_fit(struct rect cell, int w, int h);

#endif
