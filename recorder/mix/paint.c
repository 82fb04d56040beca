/* SPDX-License-Identifier: MIT */
/* Rectangles of colour, pictures and text. */
#include "recorder/mix/paint.h"

#include <libavutil/imgutils.h>
#include <string.h>

#include "common/util.h"

#define BOX_SHARE 180 /* of 256: how much the box behind a text covers */

static uint8_t clip(int v)
{
    return (uint8_t)MAX(0, MIN(v, 255));
}

struct colour paint_colour(uint32_t rgb)
{
    int r = rgb >> 16 & 255, g = rgb >> 8 & 255, b = rgb & 255;
    return (struct colour){{clip((66 * r + 129 * g + 25 * b + 128) / 256 + 16),
                            clip((-38 * r - 74 * g + 112 * b + 128) / 256 + 128),
                            clip((112 * r - 94 * g - 18 * b + 128) / 256 + 128)}};
}

AVFrame *paint_new(int w, int h)
{
    AVFrame *f = av_frame_alloc();
    if (!f)
        return NULL;
    f->format = PAINT_FORMAT;
    f->width = w;
    f->height = h;
    f->color_range = AVCOL_RANGE_MPEG;
    f->colorspace = AVCOL_SPC_SMPTE170M;
    if (av_frame_get_buffer(f, 0) < 0)
        av_frame_free(&f);
    return f;
}

void paint_fill(AVFrame *f, struct rect r, struct colour colour)
{
    for (int i = 0; i < PAINT_PLANES; i++) {
        int shift = i > 0;
        for (int y = r.y >> shift; y < (r.y + r.h) >> shift; y++)
            memset(f->data[i] + y * f->linesize[i] + (r.x >> shift), colour.c[i], (size_t)(r.w >> shift));
    }
}

void paint_copy(AVFrame *to, struct rect r, const AVFrame *from)
{
    for (int i = 0; i < PAINT_PLANES; i++) {
        int shift = i > 0;
        av_image_copy_plane(to->data[i] + (r.y >> shift) * to->linesize[i] + (r.x >> shift), to->linesize[i],
                            from->data[i], from->linesize[i], r.w >> shift, r.h >> shift);
    }
}

static uint8_t blend(uint8_t below, uint8_t box, uint8_t text, int cover)
{
    int under = (below * (256 - BOX_SHARE) + box * BOX_SHARE) >> 8;
    return (uint8_t)(under + (text - under) * cover / 255);
}

void paint_text(AVFrame *f, struct rect r, const struct caption *t, struct colour text, struct colour box)
{
    for (int y = 0; y < r.h; y++) {
        uint8_t *line = f->data[0] + (r.y + y) * f->linesize[0] + r.x;
        for (int x = 0; x < r.w; x++)
            line[x] = blend(line[x], box.c[0], text.c[0], t->cover[y * t->w + x]);
    }
    for (int i = 1; i < PAINT_PLANES; i++) {
        for (int y = 0; y < r.h / 2; y++) {
            uint8_t *line = f->data[i] + (r.y / 2 + y) * f->linesize[i] + r.x / 2;
            const uint8_t *cover = &t->cover[2 * y * t->w];
            for (int x = 0; x < r.w / 2; x++) {
                int sum = cover[2 * x] + cover[2 * x + 1] + cover[t->w + 2 * x] + cover[t->w + 2 * x + 1];
                line[x] = blend(line[x], box.c[i], text.c[i], sum / 4);
            }
        }
    }
}
