/* SPDX-License-Identifier: MIT */
/* The mixed file: encoders and muxer. */
#include "recorder/mix/output.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "recorder/film/disk.h"

#define AUDIO_BITRATE  128000
#define KEY_SECONDS    2
#define FRAGMENT_US    "1000000"
#define PRESET         "veryfast"
#define QUALITY        "23"
#define BUFFER_SECONDS 2 /* over which a bit rate is kept */

struct lane { /* an encoder and its stream; encoder NULL: there is none */
    AVCodecContext *encoder;
    AVStream *stream;
    int64_t next_pts;
};

struct output {
    AVFormatContext *file;
    AVPacket *packet;
    struct lane video, audio;
    AVFrame *picture; /* the canvas, with the time it is shown at */
    AVFrame *samples; /* the audio encoder's next frame */
    int filled;       /* of it */
    uint64_t packets;
};

/* FFmpeg's errors are mostly errno; the others become EIO. */
static int errno_of(int rc)
{
    return rc >= 0 ? 0 : rc > -4096 ? rc : -EIO;
}

static AVCodecContext *new_encoder(const char *name, const AVFormatContext *file, int threads)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    AVCodecContext *e = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!e)
        return NULL;
    e->thread_count = threads;
    if (file->oformat->flags & AVFMT_GLOBALHEADER)
        e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    return e;
}

static int add_stream(struct output *o, struct lane *lane, AVDictionary **options)
{
    int rc = avcodec_open2(lane->encoder, NULL, options);
    av_dict_free(options);
    if (rc < 0)
        return rc;
    lane->stream = avformat_new_stream(o->file, NULL);
    if (!lane->stream)
        return AVERROR(ENOMEM);
    lane->stream->time_base = lane->encoder->time_base;
    return avcodec_parameters_from_context(lane->stream->codecpar, lane->encoder);
}

static int add_video(struct output *o, const struct config *config)
{
    AVCodecContext *e = o->video.encoder = new_encoder("libx264", o->file, (int)config->threads);
    AVDictionary *options = NULL;
    o->picture = av_frame_alloc();
    if (!e || !o->picture)
        return AVERROR(ENOMEM);
    e->width = (int)config->width;
    e->height = (int)config->height;
    e->pix_fmt = AV_PIX_FMT_YUV420P;
    e->framerate = (AVRational){(int)config->fps, 1};
    e->time_base = av_inv_q(e->framerate);
    e->gop_size = (int)config->fps * KEY_SECONDS;
    e->color_range = AVCOL_RANGE_MPEG;
    e->colorspace = AVCOL_SPC_SMPTE170M;
    e->color_primaries = AVCOL_PRI_SMPTE170M;
    e->color_trc = AVCOL_TRC_SMPTE170M;
    av_dict_set(&options, "preset", PRESET, 0);
    if (config->bitrate_kbps) {
        e->bit_rate = e->rc_max_rate = (int64_t)config->bitrate_kbps * 1000;
        e->rc_buffer_size = (int)MIN(e->bit_rate * BUFFER_SECONDS, INT32_MAX);
    } else {
        av_dict_set(&options, "crf", QUALITY, 0);
    }
    return add_stream(o, &o->video, &options);
}

static int add_audio(struct output *o)
{
    AVCodecContext *e = o->audio.encoder = new_encoder("aac", o->file, 1);
    AVDictionary *options = NULL;
    o->samples = av_frame_alloc();
    if (!e || !o->samples)
        return AVERROR(ENOMEM);
    e->sample_fmt = AV_SAMPLE_FMT_FLTP;
    e->sample_rate = OUTPUT_RATE;
    e->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_STEREO;
    e->time_base = (AVRational){1, OUTPUT_RATE};
    e->bit_rate = AUDIO_BITRATE;
    int rc = add_stream(o, &o->audio, &options);
    if (rc < 0)
        return rc;
    o->samples->format = e->sample_fmt;
    o->samples->nb_samples = e->frame_size;
    o->samples->sample_rate = e->sample_rate;
    rc = av_channel_layout_copy(&o->samples->ch_layout, &e->ch_layout);
    return rc < 0 ? rc : av_frame_get_buffer(o->samples, 0);
}

static int start(struct output *o, const char *path, const struct config *config, const char *title)
{
    AVDictionary *options = NULL;
    o->packet = av_packet_alloc();
    int rc = o->packet ? avformat_alloc_output_context2(&o->file, NULL, "mp4", NULL) : AVERROR(ENOMEM);
    if (rc >= 0)
        rc = disk_open(&o->file->pb, path);
    if (rc >= 0 && config->has_video)
        rc = add_video(o, config);
    if (rc >= 0 && config->has_audio)
        rc = add_audio(o);
    if (rc < 0)
        return rc;
    o->file->flush_packets = 1; /* a fragment is in the file as soon as it is whole */
    if (title)
        av_dict_set(&o->file->metadata, "title", title, 0);
    av_dict_set(&options, "movflags", "frag_keyframe+delay_moov+default_base_moof", 0);
    av_dict_set(&options, "frag_duration", FRAGMENT_US, 0);
    rc = avformat_write_header(o->file, &options);
    av_dict_free(&options);
    return rc;
}

int output_create(struct output **out, const char *path, const struct config *config, const char *title)
{
    struct output *o = *out = calloc(1, sizeof(*o));
    int rc = o ? start(o, path, config, title) : AVERROR(ENOMEM);
    if (rc < 0) {
        output_destroy(o);
        *out = NULL;
    }
    return errno_of(rc);
}

void output_destroy(struct output *o)
{
    if (!o)
        return;
    avcodec_free_context(&o->video.encoder);
    avcodec_free_context(&o->audio.encoder);
    av_frame_free(&o->picture);
    av_frame_free(&o->samples);
    av_packet_free(&o->packet);
    if (o->file)
        disk_close(&o->file->pb);
    avformat_free_context(o->file);
    free(o);
}

/* frame NULL: the encoder gives what it still has. */
static int encode(struct output *o, struct lane *lane, const AVFrame *frame)
{
    int rc = avcodec_send_frame(lane->encoder, frame);
    while (rc >= 0) {
        rc = avcodec_receive_packet(lane->encoder, o->packet);
        if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF)
            return 0;
        if (rc < 0)
            break;
        av_packet_rescale_ts(o->packet, lane->encoder->time_base, lane->stream->time_base);
        o->packet->stream_index = lane->stream->index;
        o->packets++;
        rc = av_interleaved_write_frame(o->file, o->packet);
    }
    return errno_of(rc);
}

int output_picture(struct output *o, const AVFrame *picture)
{
    int rc = av_frame_ref(o->picture, picture);
    if (rc < 0)
        return rc;
    o->picture->pts = o->video.next_pts++;
    rc = encode(o, &o->video, o->picture);
    av_frame_unref(o->picture);
    return rc;
}

static int send_samples(struct output *o, int n)
{
    o->samples->nb_samples = n;
    o->samples->pts = o->audio.next_pts;
    o->audio.next_pts += n;
    o->filled = 0;
    int rc = encode(o, &o->audio, o->samples);
    return rc ? rc : errno_of(av_frame_make_writable(o->samples));
}

int output_sound(struct output *o, float *const channels[OUTPUT_CHANNELS], size_t n)
{
    int size = o->audio.encoder->frame_size;
    for (size_t done = 0; done < n;) {
        size_t part = MIN((size_t)(size - o->filled), n - done);
        for (int c = 0; c < OUTPUT_CHANNELS; c++)
            memcpy((float *)o->samples->data[c] + o->filled, channels[c] + done, part * sizeof(float));
        o->filled += (int)part;
        done += part;
        int rc = o->filled == size ? send_samples(o, size) : 0;
        if (rc)
            return rc;
    }
    return 0;
}

int output_finish(struct output *o)
{
    int rc = o->audio.encoder && o->filled ? send_samples(o, o->filled) : 0;
    if (!rc && o->video.encoder)
        rc = encode(o, &o->video, NULL);
    if (!rc && o->audio.encoder)
        rc = encode(o, &o->audio, NULL);
    if (!rc)
        rc = errno_of(av_write_trailer(o->file));
    if (!rc)
        rc = errno_of(disk_close(&o->file->pb));
    return rc;
}

uint64_t output_packets(const struct output *o)
{
    return o->packets;
}
