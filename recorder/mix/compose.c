/* SPDX-License-Identifier: MIT */
/* The canvas, drawn anew only where something changed. */
#include "recorder/mix/compose.h"

#include <libswscale/swscale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "recorder/mix/caption.h"
#include "recorder/mix/paint.h"

#define SCALER        SWS_BILINEAR
#define FONT_SMALLEST 12
#define FONT_PART     14 /* a tile is so many lines high */
#define FONT_CANVAS   24 /* but the canvas at least so many */
#define FONT_CENTRE   9  /* of a tile without picture */

struct like { /* what of a picture decides how it is scaled */
    int w, h, format;
    AVRational sar;
    bool full_range;
};

struct panel { /* a person's tile */
    bool shown, dirty;
    struct rect rect;    /* of the tile */
    struct rect picture; /* within the canvas; w 0: there is none */
    AVFrame *frame;      /* the last one, as it came */
    AVFrame *scaled;
    struct SwsContext *scaler;
    struct like like; /* what the scaler was made for */
    struct caption *caption;
    int font_px, caption_w; /* that the caption was made for */
    struct rect text;       /* where it stands; w 0: nowhere */
};

struct compose {
    const struct scene *scene;
    uint32_t captions; /* enum config_caption */
    struct colour background, tile, text, box;
    AVFrame *canvas;
    struct panel *panels;
    size_t n;
    bool clear; /* the background is to be drawn */
};

/* A tile without picture is a little lighter than the background, so that it shows where it is. */
static uint32_t lighten(uint32_t rgb)
{
    uint32_t out = 0;
    for (int shift = 0; shift < 24; shift += 8)
        out |= MIN((rgb >> shift & 255) + 24, 255u) << shift;
    return out;
}

struct compose *compose_create(const struct config *config, const struct scene *scene)
{
    struct compose *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->scene = scene;
    c->captions = config->caption;
    c->background = paint_colour(config->background);
    c->tile = paint_colour(lighten(config->background));
    c->text = paint_colour(config->text);
    c->box = paint_colour(config->text_background);
    c->n = scene_people(scene);
    c->panels = calloc(c->n, sizeof(*c->panels));
    c->canvas = paint_new((int)config->width, (int)config->height);
    c->clear = true;
    if (!c->panels || !c->canvas) {
        compose_destroy(c);
        return NULL;
    }
    return c;
}

static void drop_scaler(struct panel *p)
{
    sws_freeContext(p->scaler);
    p->scaler = NULL;
    av_frame_free(&p->scaled);
}

static void drop_panel(struct panel *p)
{
    drop_scaler(p);
    av_frame_free(&p->frame);
    caption_destroy(p->caption);
    *p = (struct panel){0};
}

void compose_destroy(struct compose *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->panels && i < c->n; i++)
        drop_panel(&c->panels[i]);
    free(c->panels);
    av_frame_free(&c->canvas);
    free(c);
}

/* The caption stands at the foot of a picture, and in the middle of a tile that has none. */
static void place_caption(struct compose *c, size_t person)
{
    struct panel *p = &c->panels[person];
    const struct scene_person *who = scene_person(c->scene, person);
    const char *name = c->captions == CONFIG_CAPTION_LOGIN ? who->login : who->stream_name;
    bool centre = !p->frame;
    int px = centre ? p->rect.h / FONT_CENTRE : p->rect.h / FONT_PART;
    px = MAX(FONT_SMALLEST, MIN(px, c->canvas->height / (centre ? FONT_CENTRE * 2 : FONT_CANVAS)));
    int margin = px / 3 & ~1, width = p->rect.w - 2 * margin;
    p->text = (struct rect){0};
    if (c->captions == CONFIG_CAPTION_NONE || width < px * 2 || p->rect.h < px * 2)
        return;
    if (px != p->font_px || width != p->caption_w) {
        caption_destroy(p->caption);
        p->caption = caption_create(name, px, width);
        p->font_px = px;
        p->caption_w = width;
    }
    const struct caption *t = p->caption;
    if (!t)
        return;
    p->text = (struct rect){p->rect.x + margin, p->rect.y + p->rect.h - margin - t->h, t->w, t->h};
    if (centre) {
        p->text.x = p->rect.x + ((p->rect.w - t->w) / 2 & ~1);
        p->text.y = p->rect.y + ((p->rect.h - t->h) / 2 & ~1);
    }
    p->text.y &= ~1;
}

void compose_arrange(struct compose *c, const struct scene_tile *tiles, size_t n)
{
    for (size_t i = 0; i < c->n; i++)
        c->panels[i].shown = false;
    for (size_t i = 0; i < n; i++) {
        struct panel *p = &c->panels[tiles[i].person];
        p->shown = p->dirty = true;
        p->rect = tiles[i].rect;
        drop_scaler(p); /* the next picture is of another size */
        place_caption(c, tiles[i].person);
    }
    for (size_t i = 0; i < c->n; i++)
        if (!c->panels[i].shown)
            drop_panel(&c->panels[i]);
    c->clear = true;
}

void compose_picture(struct compose *c, size_t person, AVFrame *frame)
{
    struct panel *p = &c->panels[person];
    bool first = !p->frame;
    if (first)
        p->frame = av_frame_alloc();
    if (!p->frame)
        return;
    av_frame_unref(p->frame);
    av_frame_move_ref(p->frame, frame);
    p->dirty = true;
    if (first)
        place_caption(c, person);
}

static struct like like_of(const AVFrame *f)
{
    return (struct like){
        .w = f->width,
        .h = f->height,
        .format = f->format,
        .sar = f->sample_aspect_ratio,
        .full_range = f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P,
    };
}

static bool same(const struct like *a, const struct like *b)
{
    return a->w == b->w && a->h == b->h && a->format == b->format && a->full_range == b->full_range &&
           a->sar.num == b->sar.num && a->sar.den == b->sar.den;
}

/* A scaler for pictures like the present one, and a picture that it fills. */
static bool prepare_scaler(struct panel *p)
{
    struct like like = like_of(p->frame);
    if (p->scaler && same(&p->like, &like))
        return true;
    drop_scaler(p);
    int64_t shown_w = like.sar.num > 0 && like.sar.den > 0 ? av_rescale(like.w, like.sar.num, like.sar.den) : like.w;
    struct rect r = layout_fit(p->rect, (int)MIN(shown_w, INT32_MAX), like.h);
    p->like = like;
    p->picture = r;
    p->scaled = paint_new(r.w, r.h);
    p->scaler = sws_getContext(like.w, like.h, like.format, r.w, r.h, PAINT_FORMAT, SCALER, NULL, NULL, NULL);
    if (!p->scaled || !p->scaler)
        return false;
    const int *table = sws_getCoefficients(SWS_CS_ITU601);
    sws_setColorspaceDetails(p->scaler, table, like.full_range, table, 0, 0, 1 << 16, 1 << 16);
    return true;
}

static bool draw_picture(struct compose *c, struct panel *p)
{
    const AVFrame *f = p->frame;
    if (!f || !prepare_scaler(p) ||
        sws_scale(p->scaler, (const uint8_t *const *)f->data, f->linesize, 0, f->height, p->scaled->data,
                  p->scaled->linesize) < 0)
        return false;
    if (p->picture.w != p->rect.w || p->picture.h != p->rect.h)
        paint_fill(c->canvas, p->rect, c->tile);
    paint_copy(c->canvas, p->picture, p->scaled);
    return true;
}

/* A picture that cannot be scaled leaves its tile empty. */
static void draw_panel(struct compose *c, struct panel *p)
{
    if (!draw_picture(c, p))
        paint_fill(c->canvas, p->rect, c->tile);
    if (p->text.w)
        paint_text(c->canvas, p->text, p->caption, c->text, c->box);
    p->dirty = false;
}

const AVFrame *compose_draw(struct compose *c)
{
    bool changed = c->clear;
    for (size_t i = 0; i < c->n; i++)
        changed |= c->panels[i].shown && c->panels[i].dirty;
    if (changed && av_frame_make_writable(c->canvas) < 0)
        return NULL;
    if (c->clear)
        paint_fill(c->canvas, (struct rect){0, 0, c->canvas->width, c->canvas->height}, c->background);
    c->clear = false;
    for (size_t i = 0; i < c->n; i++) {
        struct panel *p = &c->panels[i];
        if (p->shown && p->dirty)
            draw_panel(c, p);
    }
    return c->canvas;
}
