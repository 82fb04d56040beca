/* SPDX-License-Identifier: MIT */
/* mux: libavformat fed with units. */
#include "tests/unit/recorder/film/mux.h"

#include <libavformat/avformat.h>
#include <stdlib.h>
#include <string.h>

#include "tests/film/wire.h"

static void check(int err)
{
    if (err >= 0)
        return;
    fprintf(stderr, "mux: %s\n", av_err2str(err));
    exit(1);
}

static void set_extra(AVCodecParameters *p, const uint8_t *data, size_t bytes)
{
    p->extradata = av_mallocz(bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    p->extradata_size = (int)bytes;
    memcpy(p->extradata, data, bytes);
}

static void add_stream(AVFormatContext *out, const struct take_track *track, const struct unit *first)
{
    static const enum AVCodecID ids[CODEC_COUNT] = {
        [CODEC_OPUS] = AV_CODEC_ID_OPUS, [CODEC_PCMU] = AV_CODEC_ID_PCM_MULAW, [CODEC_PCMA] = AV_CODEC_ID_PCM_ALAW,
        [CODEC_H264] = AV_CODEC_ID_H264, [CODEC_VP8] = AV_CODEC_ID_VP8,
    };
    static const uint8_t opus_head[] = {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0};
    AVCodecParameters *p = avformat_new_stream(out, NULL)->codecpar;
    bool video = first->width > 0;
    p->codec_type = video ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO;
    p->codec_id = ids[track->codec];
    p->width = first->width;
    p->height = first->height;
    if (track->codec == CODEC_H264) /* its parameter sets; the rest is passed over */
        set_extra(p, first->data, first->bytes);
    if (video)
        return;
    p->sample_rate = (int)track->clock_hz;
    p->bits_per_coded_sample = 8;
    av_channel_layout_default(&p->ch_layout, 1);
    if (track->codec == CODEC_OPUS)
        set_extra(p, opus_head, sizeof(opus_head));
}

/* The first one of a picture is a key frame. */
static bool next(struct take *take, enum media_kind kind, bool started, struct unit *u)
{
    while (take_next(take, kind, u))
        if (kind == MEDIA_AUDIO || started || (u->flags & UNIT_KEY))
            return true;
    return false;
}

static void write_unit(AVFormatContext *out, int stream, const struct unit *u)
{
    AVPacket *packet = av_packet_alloc();
    check(av_new_packet(packet, (int)u->bytes));
    memcpy(packet->data, u->data, u->bytes);
    packet->stream_index = stream;
    packet->flags = u->flags & UNIT_KEY || !u->width ? AV_PKT_FLAG_KEY : 0;
    packet->pts = packet->dts = u->at_us - WIRE_EPOCH_US;
    av_packet_rescale_ts(packet, AV_TIME_BASE_Q, out->streams[stream]->time_base);
    check(av_interleaved_write_frame(out, packet));
    av_packet_free(&packet);
}

void mux_take(struct take *take, const char *path)
{
    AVFormatContext *out;
    struct unit u[MEDIA_KINDS];
    bool has[MEDIA_KINDS];
    int streams[MEDIA_KINDS];
    check(avformat_alloc_output_context2(&out, NULL, "matroska", path));
    for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++)
        if ((has[kind] = next(take, kind, false, &u[kind]))) {
            streams[kind] = (int)out->nb_streams;
            add_stream(out, take_track(take, kind), &u[kind]);
        }
    check(avio_open(&out->pb, path, AVIO_FLAG_WRITE));
    check(avformat_write_header(out, NULL));
    while (has[MEDIA_AUDIO] || has[MEDIA_VIDEO]) {
        enum media_kind kind = has[MEDIA_VIDEO] && (!has[MEDIA_AUDIO] || u[MEDIA_VIDEO].at_us < u[MEDIA_AUDIO].at_us);
        write_unit(out, streams[kind], &u[kind]);
        has[kind] = next(take, kind, true, &u[kind]);
    }
    check(av_write_trailer(out));
    check(avio_closep(&out->pb));
    avformat_free_context(out);
}
