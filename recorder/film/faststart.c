/* SPDX-License-Identifier: MIT */
/* Room for the index is kept at the front, so that nothing is moved later. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <libavformat/avformat.h>

#include "common/util.h"
#include "recorder/film/disk.h"
#include "recorder/film/faststart.h"
#include "recorder/film/feed.h"

/* ISO/IEC 14496-12: at the worst each sample has an entry of its own in stts (8 bytes), stsz (4), stss (4), and is a
 * chunk of its own in stsc (12) and co64 (8). */
#define SAMPLE_BYTES 36
#define TRACK_BYTES  4096 /* heads, sample entry with parameter sets, edit list */

struct job {
    AVFormatContext *in, *out;
    AVPacket *pkt;
};

static int open_in(struct job *j, const char *from)
{
    char *url = disk_url(from);
    int r = url ? avformat_open_input(&j->in, url, av_find_input_format("mp4"), NULL) : -ENOMEM;
    free(url);
    return r;
}

static int add_tracks(struct job *j, bool sets_in_band)
{
    for (unsigned i = 0; i < j->in->nb_streams; i++) {
        AVStream *from = j->in->streams[i], *to = avformat_new_stream(j->out, NULL);
        if (!to)
            return -ENOMEM;
        to->time_base = from->time_base;
        int r = avcodec_parameters_copy(to->codecpar, from->codecpar);
        if (r < 0)
            return r;
        bool avc3 = sets_in_band && to->codecpar->codec_id == AV_CODEC_ID_H264;
        to->codecpar->codec_tag = avc3 ? MKTAG('a', 'v', 'c', '3') : 0;
    }
    return 0;
}

static int write_head(struct job *j, uint64_t index_bytes)
{
    uint64_t bytes = index_bytes + (j->out->nb_streams + 1) * (uint64_t)TRACK_BYTES;
    AVDictionary *options = NULL;
    j->out->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
    av_dict_set_int(&options, "moov_size", (int64_t)MIN(bytes, (uint64_t)INT_MAX), 0);
    int r = avformat_write_header(j->out, &options);
    av_dict_free(&options);
    return MIN(r, 0);
}

/* Of the last packet of a fragmented track the reader guesses the duration, and for all others the writer looks at the
 * next one's time: so each may say that it lasts until the end. */
static void end_with_film(AVPacket *pkt, const AVStream *st, int64_t length_us)
{
    pkt->duration = MAX(av_rescale_q(length_us, us_base(), st->time_base) - pkt->pts, 1);
}

static int copy_packets(struct job *j, int64_t length_us)
{
    int r;
    while ((r = av_read_frame(j->in, j->pkt)) >= 0) {
        AVStream *from = j->in->streams[j->pkt->stream_index], *to = j->out->streams[j->pkt->stream_index];
        av_packet_rescale_ts(j->pkt, from->time_base, to->time_base);
        end_with_film(j->pkt, to, length_us);
        r = av_interleaved_write_frame(j->out, j->pkt);
        if (r >= 0)
            r = j->out->pb->error;
        if (r < 0)
            return r;
    }
    return r == AVERROR_EOF ? av_write_trailer(j->out) : r;
}

static int run(struct job *j, const char *from, const char *to, const struct faststart *about, uint64_t index_bytes)
{
    j->pkt = av_packet_alloc();
    int r = j->pkt ? open_in(j, from) : -ENOMEM;
    if (r >= 0)
        r = avformat_alloc_output_context2(&j->out, NULL, "mp4", NULL);
    if (r >= 0)
        r = add_tracks(j, about->sets_in_band);
    unlink(to);
    if (r >= 0)
        r = disk_open(&j->out->pb, to);
    if (r >= 0)
        r = write_head(j, index_bytes);
    return r < 0 ? r : copy_packets(j, about->length_us);
}

static int write_film(const char *from, const char *to, const struct faststart *about, uint64_t index_bytes)
{
    struct job j = {0};
    int r = run(&j, from, to, about, index_bytes);
    if (j.out) {
        int closed = disk_close(&j.out->pb);
        r = r < 0 ? r : closed;
        avformat_free_context(j.out);
    }
    avformat_close_input(&j.in);
    av_packet_free(&j.pkt);
    return MIN(r, 0);
}

int faststart_write(const char *from, const char *to, const struct faststart *about)
{
    int r = write_film(from, to, about, about->index_bytes);
    if (r == AVERROR(EINVAL)) /* what the writer says when the room is too small */
        r = write_film(from, to, about, about->samples * SAMPLE_BYTES);
    return r;
}
