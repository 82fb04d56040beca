/* SPDX-License-Identifier: MIT */
/* NAME.part grows, NAME is there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/util.h"
#include "recorder/film/disk.h"
#include "recorder/film/faststart.h"
#include "recorder/film/mux.h"

#define CUE_BYTES  32   /* of one entry of Matroska's index, rounded up */
#define CUES_BYTES 1024 /* of its head and then some */
#define CUE_EACH_US                                                                                     \
    INT64_C(1000000)   /* key frames come less often; when they do not, the index is moved to the front \
                        */
#define INDEX_SPARE 16 /* that part of the estimate is added */
#define CUES_MAX    (INT64_C(64) << 20)

struct mux_track {
    int64_t dts, step;      /* of the newest packet, and from the one before */
    unsigned chunk, before; /* samples in the newest chunk, and in the one before */
};

struct mux {
    AVFormatContext *ctx;
    struct feed *const *feeds;
    unsigned n;
    bool mp4, named;
    uint64_t packets;
    uint64_t index_bytes; /* mp4: what they take in the index */
    unsigned last_track;  /* of the newest packet */
    struct mux_track *tracks;
    int64_t length_us;
    int64_t flushed_us; /* up to where what was written is in the file's hands */
    char *dir, *name;
    char *part, *last; /* paths: the growing file, and that of an mp4 with its index in front */
};

struct container {
    const char *suffix, *format;
    const enum AVCodecID *codecs;
};

static const enum AVCodecID mp4_codecs[] = {AV_CODEC_ID_H264, AV_CODEC_ID_AAC, AV_CODEC_ID_NONE};
static const enum AVCodecID webm_codecs[] = {AV_CODEC_ID_VP8, AV_CODEC_ID_OPUS, AV_CODEC_ID_NONE};
static const enum AVCodecID mkv_codecs[] = {AV_CODEC_ID_H264, AV_CODEC_ID_AAC,       AV_CODEC_ID_VP8,
                                            AV_CODEC_ID_OPUS, AV_CODEC_ID_PCM_MULAW, AV_CODEC_ID_PCM_ALAW,
                                            AV_CODEC_ID_NONE};

static const struct container containers[] = {
    {".mp4", "mp4", mp4_codecs},
    {".webm", "webm", webm_codecs},
    {".mkv", "matroska", mkv_codecs},
};

static const struct container *container_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < ARRAY_SIZE(containers); i++) {
        if (!strcmp(dot, containers[i].suffix))
            return &containers[i];
    }
    return NULL;
}

bool mux_takes(const char *name, enum AVCodecID codec)
{
    const struct container *c = container_of(name);
    for (const enum AVCodecID *id = c ? c->codecs : NULL; id && *id != AV_CODEC_ID_NONE; id++) {
        if (*id == codec)
            return true;
    }
    return false;
}

static int add_tracks(struct mux *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        AVStream *st = avformat_new_stream(m->ctx, NULL);
        if (!st)
            return -ENOMEM;
        st->time_base = m->feeds[i]->time_base;
        int r = avcodec_parameters_copy(st->codecpar, m->feeds[i]->par);
        if (!r)
            r = av_dict_copy(&st->metadata, m->feeds[i]->tags, 0);
        if (r < 0)
            return r;
    }
    return 0;
}

static int write_head(struct mux *m)
{
    AVDictionary *options = NULL;
    m->ctx->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED; /* an encoder's priming stands before zero */
    if (m->mp4) {
        av_dict_set(&options, "movflags", "delay_moov", 0); /* the edit lists hold the first packets' times */
        av_dict_set_int(&options, "frag_duration", MUX_SECOND, 0);
    } else {
        int64_t cues = CUES_BYTES + CUE_BYTES * (m->length_us / CUE_EACH_US);
        av_dict_set_int(&options, "reserve_index_space", MIN(cues, CUES_MAX), 0);
        av_dict_set_int(&options, "cues_to_front", 1, 0);
        av_dict_set_int(&options, "cluster_time_limit", MUX_SECOND / 1000, 0);
    }
    int r = avformat_write_header(m->ctx, &options);
    av_dict_free(&options);
    return MIN(r, 0);
}

static int open_part(struct mux *m, const struct container *c, const AVDictionary *tags)
{
    char *url = disk_url(m->part); /* by which Matroska's writer opens it once more */
    int r = url ? avformat_alloc_output_context2(&m->ctx, NULL, c->format, url) : -ENOMEM;
    free(url);
    if (r >= 0)
        r = av_dict_copy(&m->ctx->metadata, tags, 0);
    if (r >= 0)
        r = add_tracks(m);
    if (r < 0)
        return r;
    unlink(m->part); /* what a killed predecessor left, or a link that somebody put there */
    r = disk_open(&m->ctx->pb, m->part);
    return r ? r : write_head(m);
}

int mux_open(struct mux **out, const char *dir, const char *name, struct feed *const *feeds, unsigned n,
             int64_t length_us, const AVDictionary *tags)
{
    const struct container *c = container_of(name);
    struct mux *m = *out = c ? calloc(1, sizeof(*m)) : NULL;
    if (!m)
        return c ? -ENOMEM : -EINVAL;
    *m = (struct mux){.feeds = feeds,
                      .n = n,
                      .length_us = length_us,
                      .mp4 = c == containers,
                      .dir = strdup(dir),
                      .name = strdup(name),
                      .part = disk_path(dir, name, MUX_PART),
                      .last = disk_path(dir, name, ".last")};
    m->tracks = calloc(n, sizeof(*m->tracks));
    if (!m->dir || !m->name || !m->part || !m->last || !m->tracks)
        return -ENOMEM;
    return open_part(m, c, tags);
}

/* Priming stands before zero in packets, as mp4 has it; Matroska counts from its first sample and takes CodecDelay off,
 * which FFmpeg's reader does and its writer does not know. */
static void count_priming(const struct mux *m, const struct feed *f, AVPacket *pkt)
{
    if (m->mp4 || f->par->codec_id != AV_CODEC_ID_OPUS)
        return;
    pkt->pts += f->par->initial_padding;
    pkt->dts += f->par->initial_padding;
}

/* ISO/IEC 14496-12: a sample takes 4 bytes in stsz; 8 in stts where the step between two is another; 4 in stss when it
 * can be entered. A chunk, which begins after samples of another track, takes 8 in co64, and 12 in stsc when it has
 * other than as many samples as the one before. */
static void count_sample(struct mux *m, unsigned i, const AVPacket *pkt)
{
    struct mux_track *t = &m->tracks[i];
    int64_t step = pkt->dts - t->dts;
    bool entry = m->feeds[i]->par->codec_type == AVMEDIA_TYPE_VIDEO && pkt->flags & AV_PKT_FLAG_KEY;
    m->index_bytes += 4u + (step != t->step ? 8 : 0) + (entry ? 4 : 0);
    if (i != m->last_track || !m->packets) {
        m->index_bytes += 8u + (t->chunk != t->before ? 12 : 0);
        t->before = t->chunk;
        t->chunk = 0;
    }
    t->chunk++;
    t->dts = pkt->dts;
    t->step = step;
    m->last_track = i;
    m->packets++;
}

int mux_write(struct mux *m, unsigned i, AVPacket *pkt)
{
    AVStream *st = m->ctx->streams[i];
    int64_t at_us = av_rescale_q(pkt->dts, m->feeds[i]->time_base, us_base());
    pkt->stream_index = (int)i;
    count_priming(m, m->feeds[i], pkt);
    av_packet_rescale_ts(pkt, m->feeds[i]->time_base, st->time_base);
    count_sample(m, i, pkt);
    int r = av_write_frame(m->ctx, pkt);
    av_packet_unref(pkt);
    if (r >= 0 && at_us - m->flushed_us >= MUX_SECOND) {
        m->flushed_us = at_us;
        avio_flush(m->ctx->pb);
    }
    return MIN(r < 0 ? r : m->ctx->pb->error, 0);
}

static bool any_changed_sets(const struct mux *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        if (m->feeds[i]->sets_changed)
            return true;
    }
    return false;
}

int mux_finish(struct mux *m, uint64_t *bytes)
{
    int r = av_write_trailer(m->ctx);
    int closed = disk_close(&m->ctx->pb);
    r = r < 0 ? r : closed;
    const char *whole = m->part;
    if (r >= 0 && m->mp4) {
        whole = m->last;
        r = faststart_write(m->part, m->last,
                            &(struct faststart){m->index_bytes + m->index_bytes / INDEX_SPARE, m->packets, m->length_us,
                                                any_changed_sets(m)});
    }
    if (r >= 0)
        r = disk_settle(whole, m->dir, m->name, bytes);
    m->named = r >= 0;
    return r;
}

void mux_destroy(struct mux *m)
{
    if (!m)
        return;
    if (m->ctx) {
        disk_close(&m->ctx->pb);
        avformat_free_context(m->ctx);
    }
    if (m->part && (m->mp4 || !m->named))
        unlink(m->part);
    if (m->last && !m->named)
        unlink(m->last);
    free(m->tracks);
    free(m->dir);
    free(m->name);
    free(m->part);
    free(m->last);
    free(m);
}
