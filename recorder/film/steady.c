/* SPDX-License-Identifier: MIT */
/* Black, the take, black. */
#include <errno.h>
#include <stdlib.h>

#include "common/util.h"
#include "recorder/film/copy.h"
#include "recorder/film/rescale.h"
#include "recorder/film/sets.h"
#include "recorder/film/steady.h"

#define BLACK_TICKS (PAINT_CLOCK_HZ / PAINT_BLACK_FPS)

struct steady {
    struct feed feed;  /* first */
    struct feed *take; /* its pictures as they came; NULL: none, or no more */
    AVPacket *ahead;   /* the take's next one */
    struct paint_form form;
    struct paint_black black;
    struct rescale rescale;
    bool shown;                  /* the take's first picture */
    bool scaling;                /* its pictures are of another size at the moment */
    int64_t black_from, n_black; /* of this stretch: its start, and pictures of it that were shown */
    int64_t end, length;         /* of the take and of the film, as packets' times */
    int64_t last;                /* time of the newest packet */
};

static int64_t ticks_of(int64_t us)
{
    return av_rescale(us, PAINT_CLOCK_HZ, 1000000);
}

/* The take's next picture into ahead; after its last one it is black again. */
static int look_ahead(struct steady *s)
{
    int r = s->take->next(s->take, s->ahead);
    if (r > 0)
        return 0;
    s->feed.sets_changed |= s->take->sets_changed;
    feed_destroy(s->take);
    s->take = NULL;
    s->black_from = MAX(s->end, s->last + BLACK_TICKS);
    s->n_black = 0;
    return r;
}

/* None that would not stand for its time: tools that count pictures by a rate would have two in one place. */
static bool show_black(struct steady *s, int64_t until, AVPacket *pkt, int *err)
{
    int64_t at = s->black_from + s->n_black * BLACK_TICKS;
    if (at + BLACK_TICKS > until)
        return false;
    *err = av_packet_ref(pkt, s->black.packets[s->n_black % PAINT_BLACKS]);
    pkt->pts = at;
    s->n_black++;
    return true;
}

/* A key frame begins a stretch of a size. */
static int choose_way(struct steady *s)
{
    int width, height;
    if (!(s->ahead->flags & AV_PKT_FLAG_KEY))
        return 0;
    copy_size(s->take, &width, &height);
    s->scaling = width != s->form.width || height != s->form.height;
    return s->scaling ? rescale_begin(&s->rescale, &s->form) : 0;
}

/* The take's picture ahead: 0, AVERROR(EAGAIN) when it cannot be had, or what is wrong. */
static int show_take(struct steady *s, AVPacket *pkt)
{
    s->shown = true;
    int shown = choose_way(s);
    if (shown)
        return shown;
    if (s->scaling)
        shown = rescale_packet(&s->rescale, s->ahead, pkt);
    else
        av_packet_move_ref(pkt, s->ahead);
    int r = look_ahead(s);
    return r ? r : shown;
}

static int next_packet(struct feed *f, AVPacket *pkt)
{
    struct steady *s = (struct steady *)f;
    int r = 0;
    do {
        int64_t until = !s->take ? s->length : s->shown ? 0 : s->ahead->pts;
        if (!show_black(s, until, pkt, &r)) {
            if (!s->take)
                return 0;
            r = show_take(s, pkt);
        }
    } while (r == AVERROR(EAGAIN));
    if (r)
        return r;
    pkt->pts = MAX(pkt->pts, s->last + 1);
    s->last = pkt->dts = pkt->pts;
    return 1;
}

static void destroy(struct feed *f)
{
    struct steady *s = (struct steady *)f;
    feed_destroy(s->take);
    av_packet_free(&s->ahead);
    paint_black_finish(&s->black);
    rescale_finish(&s->rescale);
    feed_finish(f);
    free(s);
}

static int open_take(struct steady *s, struct take *t, int64_t zero_us)
{
    int r = copy_create(t, MEDIA_VIDEO, zero_us, &s->take);
    if (r || !s->take)
        return r;
    const AVCodecParameters *par = s->take->par;
    s->form = (struct paint_form){par->codec_id, par->width, par->height, AVCOL_RANGE_UNSPECIFIED};
    r = look_ahead(s);
    if (!r && s->form.codec == AV_CODEC_ID_H264)
        s->form.range = rescale_range(s->form.codec, s->ahead);
    return r;
}

/* The parameters are those of the first picture: players set up their decoders with them. */
static int describe(struct steady *s)
{
    s->feed.par->width = s->form.width;
    s->feed.par->height = s->form.height;
    s->feed.par->format = AV_PIX_FMT_YUV420P;
    if (s->form.codec != AV_CODEC_ID_H264)
        return 0;
    const AVPacket *first = s->take && s->ahead->pts < BLACK_TICKS ? s->ahead : s->black.packets[0];
    struct sets sets = {0};
    int r = sets_learn(&sets, first->data, (size_t)first->size);
    if (!r)
        r = sets_to_par(&sets, s->feed.par);
    sets_finish(&sets);
    s->feed.sets_changed = s->take; /* black and the take are never of one encoder */
    return r;
}

static int init(struct steady *s, struct take *t, int64_t zero_us)
{
    s->ahead = av_packet_alloc();
    int r = s->ahead ? open_take(s, t, zero_us) : -ENOMEM;
    if (!r)
        r = feed_init(&s->feed, AVMEDIA_TYPE_VIDEO, s->form.codec, (AVRational){1, PAINT_CLOCK_HZ});
    if (!r)
        r = paint_black_init(&s->black, &s->form);
    return r ? r : describe(s);
}

int steady_create(struct take *t, const struct steady_span *span, enum AVCodecID codec, struct feed **out)
{
    struct steady *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    *s = (struct steady){.feed = {.next = next_packet, .destroy = destroy},
                         .form = {codec, STEADY_WIDTH, STEADY_HEIGHT, AVCOL_RANGE_UNSPECIFIED},
                         .end = ticks_of(span->end_us),
                         .length = ticks_of(span->length_us),
                         .last = -1};
    int r = init(s, t, span->zero_us);
    if (r) {
        destroy(&s->feed);
        return r;
    }
    *out = &s->feed;
    return 0;
}
