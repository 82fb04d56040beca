/* SPDX-License-Identifier: MIT */
/* Which tile stands where on the canvas. */
#include "recorder/mix/layout.h"

#include <stdint.h>

#include "common/util.h"

#define ASPECT_W    16 /* of a tile */
#define ASPECT_H    9
#define GAP_PART    90 /* of the canvas' shorter side, between tiles and at its borders */
#define STRIP_PART  5  /* of the canvas' longer side, for the small tiles */
#define SMALLEST_PX 2
#define SLACK       80 /* a picture may be stretched by this part of it rather than have a narrow border */

static int even(int v)
{
    return MAX(v & ~1, SMALLEST_PX);
}

static int gap_of(int width, int height)
{
    return even(MIN(width, height) / GAP_PART);
}

/* The size of one of cols x rows tiles that fill the area as far as their aspect lets them. */
static struct rect tile_size(struct rect area, int cols, int rows, int gap)
{
    int w = (area.w - gap * (cols - 1)) / cols, h = (area.h - gap * (rows - 1)) / rows;
    if (w * ASPECT_H > h * ASPECT_W)
        w = h * ASPECT_W / ASPECT_H;
    else
        h = w * ASPECT_H / ASPECT_W;
    return (struct rect){.w = even(w), .h = even(h)};
}

/* n tiles in the middle of the area, in reading order. */
static void pack(struct rect area, size_t n, int gap, struct rect *out)
{
    int count = (int)n, cols = 1;
    struct rect best = {0};
    for (int c = 1; c <= count; c++) {
        struct rect size = tile_size(area, c, (count + c - 1) / c, gap);
        if (size.w > best.w) {
            best = size;
            cols = c;
        }
    }
    int rows = (count + cols - 1) / cols;
    int top = area.y + (area.h - rows * best.h - (rows - 1) * gap) / 2;
    for (int i = 0; i < count; i++) {
        int in_row = MIN(cols, count - i / cols * cols);
        int left = area.x + (area.w - in_row * best.w - (in_row - 1) * gap) / 2;
        out[i] = (struct rect){
            .x = MAX(left + i % cols * (best.w + gap), 0) & ~1,
            .y = MAX(top + i / cols * (best.h + gap), 0) & ~1,
            .w = best.w,
            .h = best.h,
        };
    }
}

void layout_grid(int width, int height, size_t n, struct rect *out)
{
    int gap = gap_of(width, height);
    if (n == 1)
        *out = (struct rect){.w = width, .h = height};
    else if (n > 1)
        pack((struct rect){gap, gap, width - 2 * gap, height - 2 * gap}, n, gap, out);
}

void layout_feature(int width, int height, size_t n, size_t large, struct rect *out)
{
    int gap = gap_of(width, height);
    if (n < 2) {
        layout_grid(width, height, n, out);
        return;
    }
    struct rect main = {gap, gap, width - 2 * gap, height - 2 * gap}, strip = main;
    if (width >= height) {
        strip.w = even(width / STRIP_PART);
        main.w = even(main.w - strip.w - gap);
        strip.x = main.x + main.w + gap;
    } else {
        strip.h = even(height / STRIP_PART);
        main.h = even(main.h - strip.h - gap);
        strip.y = main.y + main.h + gap;
    }
    pack(strip, n - 1, gap, out);
    for (size_t i = n - 1; i > large; i--)
        out[i] = out[i - 1];
    out[large] = main;
}

struct rect layout_fit(struct rect cell, int w, int h)
{
    struct rect r = cell;
    if (w <= 0 || h <= 0)
        return r;
    int64_t across = (int64_t)w * cell.h, along = (int64_t)h * cell.w;
    if (across > along + along / SLACK)
        r.h = MIN(even((int)(along / w)), cell.h);
    else if (along > across + across / SLACK)
        r.w = MIN(even((int)(across / h)), cell.w);
    r.x = cell.x + ((cell.w - r.w) / 2 & ~1);
    r.y = cell.y + ((cell.h - r.h) / 2 & ~1);
    return r;
}
