/* SPDX-License-Identifier: MIT */
/* A name as a picture, by FFmpeg's ass filter. */
#include "recorder/mix/caption.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/utf8.h"
#include "common/util.h"

#define WORD_JOINER                                                                                  \
    "\xe2\x81\xa0" /* U+2060: shows nothing, and parts a backslash from what would make it a command \
                    */
#define ELLIPSIS "\xe2\x80\xa6"
#define INK_MIN  24 /* of 255: what counts as ink when a line is measured */

/* A script with the name cut at each length: length k stands at second k, so that one renderer tries them all. */
struct stage {
    AVFilterGraph *graph;
    AVFilterContext *in, *out;
    AVFrame *frame;
    int w, h;
};

static bool is_shown(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool turns = (code >= 0x200e && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
                 (code >= 0x2066 && code <= 0x2069) || code == 0x061c;
    bool breaks = code == 0x2028 || code == 0x2029 || code == 0xfeff;
    return !control && !turns && !breaks;
}

static bool joins_the_one_before(uint32_t code)
{
    return (code >= 0x300 && code <= 0x36f) || (code >= 0xfe00 && code <= 0xfe0f) || code == 0x200d ||
           (code >= 0x1ab0 && code <= 0x1aff) || (code >= 0x20d0 && code <= 0x20ff);
}

/* The next character that shows; its bytes in *at. 0: the name ends. A line break shows as a space. */
static size_t next_char(const char **name, const char **at, uint32_t *code)
{
    for (;;) {
        size_t len = strnlen(*name, 4);
        if (!len)
            return 0;
        size_t n = utf8_decode((const uint8_t *)*name, len, code);
        *at = *name;
        *name += n ? n : 1;
        if (n && (*code == '\n' || *code == '\t')) {
            *at = " ";
            *code = ' ';
            return 1;
        }
        if (n && is_shown(*code))
            return n;
    }
}

size_t caption_chars(const char *name)
{
    const char *at;
    uint32_t code;
    size_t n = 0;
    while (n < CAPTION_CHARS_MAX && next_char(&name, &at, &code))
        n += n == 0 || !joins_the_one_before(code);
    return n;
}

static size_t append(char *out, size_t len, const char *bytes, size_t n)
{
    memcpy(out + len, bytes, n);
    return len + n;
}

size_t caption_escape(const char *name, size_t chars, char *out, size_t size)
{
    const char *at;
    uint32_t code = 0;
    size_t len = 0;
    for (size_t n, shown = 0; (n = next_char(&name, &at, &code)) > 0;) {
        shown += shown == 0 || !joins_the_one_before(code);
        if (shown > chars || len + n + sizeof(WORD_JOINER ELLIPSIS) >= size) {
            len = append(out, len, ELLIPSIS, strlen(ELLIPSIS));
            break;
        }
        if (code == '{')
            len = append(out, len, "\\", 1);
        len = append(out, len, at, n);
        if (code == '\\')
            len = append(out, len, WORD_JOINER, strlen(WORD_JOINER));
    }
    out[len] = '\0';
    return len;
}

static void write_script(FILE *f, const char *name, size_t chars, int font_px, int w, int h)
{
    char text[CAPTION_TEXT_BYTES];
    fprintf(
        f,
        "[Script Info]\nScriptType: v4.00+\nPlayResX: %d\nPlayResY: %d\nWrapStyle: 2\n"
        "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
        "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, "
        "Alignment, MarginL, MarginR, MarginV, Encoding\n"
        "Style: name,DejaVu Sans,%d,&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,"
        "0,0,0,0,100,100,0,0,1,0,0,4,%d,0,0,-1\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n",
        w, h, font_px, font_px / 4);
    for (size_t k = 1; k <= chars; k++) {
        caption_escape(name, k, text, sizeof(text));
        fprintf(f, "Dialogue: 0,0:%02zu:%02zu.00,0:%02zu:%02zu.99,name,,0,0,0,,%s\n", k / 60, k % 60, k / 60, k % 60,
                text);
    }
}

/* A file in memory; -1: there is none. */
static int make_script(const char *name, size_t chars, int font_px, int w, int h)
{
    int fd = memfd_create("caption", MFD_CLOEXEC);
    int copy = fd < 0 ? -1 : dup(fd);
    FILE *f = copy < 0 ? NULL : fdopen(copy, "w");
    if (f) {
        write_script(f, name, chars, font_px, w, h);
        if (fclose(f) == 0)
            return fd;
    } else if (copy >= 0) {
        close(copy);
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool add_filter(struct stage *s, const char *name, AVFilterContext **ctx)
{
    *ctx = avfilter_graph_alloc_filter(s->graph, avfilter_get_by_name(name), name);
    return *ctx;
}

static bool build(struct stage *s, const char *script_path)
{
    AVFilterContext *ass = NULL;
    s->graph = avfilter_graph_alloc();
    s->frame = av_frame_alloc();
    if (!s->graph || !s->frame || !add_filter(s, "buffer", &s->in) || !add_filter(s, "ass", &ass) ||
        !add_filter(s, "buffersink", &s->out))
        return false;
    s->graph->nb_threads = 1;
    AVBufferSrcParameters *par = av_buffersrc_parameters_alloc();
    if (!par)
        return false;
    par->format = AV_PIX_FMT_RGB24;
    par->width = s->w;
    par->height = s->h;
    par->time_base = (AVRational){1, 1};
    int rc = av_buffersrc_parameters_set(s->in, par);
    av_free(par);
    return rc == 0 && av_opt_set(ass->priv, "filename", script_path, 0) == 0 && avfilter_init_str(s->in, NULL) == 0 &&
           avfilter_init_str(ass, NULL) == 0 && avfilter_init_str(s->out, NULL) == 0 &&
           avfilter_link(s->in, 0, ass, 0) == 0 && avfilter_link(ass, 0, s->out, 0) == 0 &&
           avfilter_graph_config(s->graph, NULL) >= 0;
}

static void tear_down(struct stage *s)
{
    av_frame_free(&s->frame);
    avfilter_graph_free(&s->graph);
}

/* The name cut after k characters, in s->frame. */
static bool render(struct stage *s, size_t k)
{
    AVFrame *f = s->frame;
    av_frame_unref(f);
    f->format = AV_PIX_FMT_RGB24;
    f->width = s->w;
    f->height = s->h;
    f->pts = (int64_t)k;
    if (av_frame_get_buffer(f, 0) < 0)
        return false;
    for (int y = 0; y < s->h; y++)
        memset(f->data[0] + y * f->linesize[0], 0, (size_t)s->w * 3);
    if (av_buffersrc_add_frame(s->in, f) < 0)
        return false;
    av_frame_unref(f);
    return av_buffersink_get_frame(s->out, f) >= 0;
}

/* One more than the rightmost column with ink. */
static int ink_width(const struct stage *s)
{
    int w = 0;
    for (int y = 0; y < s->h; y++) {
        const uint8_t *line = s->frame->data[0] + y * s->frame->linesize[0];
        for (int x = s->w - 1; x >= w; x--)
            if (line[x * 3] >= INK_MIN)
                w = x + 1;
    }
    return w;
}

/* The longest cut that fits; it is what s->frame then holds. Width grows with length, but for ligatures and the
 * ellipsis, which the last step minds. */
static bool render_fitting(struct stage *s, size_t chars, int room)
{
    if (!render(s, chars))
        return false;
    if (ink_width(s) <= room)
        return true;
    size_t fits = 0, too_long = chars;
    while (too_long - fits > 1) {
        size_t k = (fits + too_long) / 2;
        if (!render(s, k))
            return false;
        if (ink_width(s) <= room)
            fits = k;
        else
            too_long = k;
    }
    return render(s, MAX(fits, 1));
}

static struct caption *copy_out(const struct stage *s, int font_px, int max_w)
{
    int w = MIN((ink_width(s) + font_px / 4 + 1) & ~1, max_w & ~1);
    if (w <= font_px / 4 + 1)
        return NULL; /* no ink */
    struct caption *c = malloc(sizeof(*c));
    if (!c)
        return NULL;
    *c = (struct caption){.w = w, .h = s->h, .cover = malloc((size_t)w * (size_t)s->h)};
    for (int y = 0; c->cover && y < c->h; y++)
        for (int x = 0; x < w; x++)
            c->cover[y * w + x] = s->frame->data[0][y * s->frame->linesize[0] + x * 3];
    if (!c->cover) {
        free(c);
        return NULL;
    }
    return c;
}

struct caption *caption_create(const char *name, int font_px, int max_w)
{
    /* A little more than fits, so that what is too long can be seen to be. */
    struct stage s = {.w = (max_w + 2 * font_px) & ~1, .h = (font_px + font_px / 3) & ~1};
    size_t chars = caption_chars(name);
    char path[64];
    struct caption *c = NULL;
    int fd = chars ? make_script(name, chars, font_px, s.w, s.h) : -1;
    if (fd < 0)
        return NULL;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (build(&s, path) && render_fitting(&s, chars, max_w - font_px / 4))
        c = copy_out(&s, font_px, max_w);
    tear_down(&s);
    close(fd);
    return c;
}

void caption_destroy(struct caption *c)
{
    if (!c)
        return;
    free(c->cover);
    free(c);
}
