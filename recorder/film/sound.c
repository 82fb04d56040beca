/* SPDX-License-Identifier: MIT */
/* Decode, lay out without gaps, encode. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "common/util.h"
#include "recorder/film/copy.h"
#include "recorder/film/pcm.h"
#include "recorder/film/sound.h"

#define GAP_US           INT64_C(5000) /* less is the jitter of times, which the resampler evens out */
#define CHANNELS_MAX     2
#define OPUS_STEREO      0x04 /* in the first byte of a packet */
#define AAC_CHANNEL_BPS  64000
#define OPUS_CHANNEL_BPS 40000

struct sound {
    struct feed feed; /* first */
    struct take *take;
    AVCodecContext *decoder, *encoder;
    AVFrame *decoded, *piece;
    AVPacket *coded;
    struct pcm pcm;
    int64_t zero_us, length_us, delay_us; /* delay: by which decoded sound is late */
    int64_t at_us;                        /* of the unit that is in decoded */
    bool waits;                           /* decoded is still to be added */
    bool over;                            /* nothing will be added any more */
    int64_t sent, total;                  /* samples given to the encoder, and of the whole film */
};

/* Browsers say that Opus has two channels and send one (RFC 7587 4.1, RFC 6716 3.1): two if any packet has. */
static int channels_sent(struct take *t)
{
    const struct take_track *track = take_track(t, MEDIA_AUDIO);
    int channels = track->codec == CODEC_OPUS ? 1 : MIN(MAX(track->channels, 1), CHANNELS_MAX);
    struct unit u;
    while (channels == 1 && track->codec == CODEC_OPUS && take_next(t, MEDIA_AUDIO, &u))
        channels += u.bytes > 0 && u.data[0] & OPUS_STEREO;
    take_rewind(t, MEDIA_AUDIO);
    return channels;
}

static int open_decoder(struct sound *s, int channels, enum AVSampleFormat wanted)
{
    const struct take_track *track = take_track(s->take, MEDIA_AUDIO);
    bool opus = track->codec == CODEC_OPUS;
    const AVCodec *codec =
        opus ? avcodec_find_decoder_by_name("libopus") : avcodec_find_decoder(feed_codec(track->codec));
    if (!codec)
        return AVERROR_DECODER_NOT_FOUND;
    s->decoder = avcodec_alloc_context3(codec);
    if (!s->decoder)
        return -ENOMEM;
    s->decoder->sample_rate = (int)track->clock_hz;
    int sent = channels_sent(s->take);
    av_channel_layout_default(&s->decoder->ch_layout, sent);
    s->delay_us = opus ? av_rescale(OPUS_DELAY_SAMPLES, 1000000, PCM_HZ) : 0;
    int r = avcodec_open2(s->decoder, codec, NULL);
    return r ? r
             : pcm_init(&s->pcm, &(struct pcm_form){s->decoder->sample_rate, sent, s->decoder->sample_fmt},
                        channels ? channels : sent, wanted);
}

static int open_encoder(struct sound *s, enum AVCodecID id)
{
    bool aac = id == AV_CODEC_ID_AAC;
    const AVCodec *codec = aac ? avcodec_find_encoder_by_name("aac") : avcodec_find_encoder_by_name("libopus");
    if (!codec)
        return AVERROR_ENCODER_NOT_FOUND;
    AVCodecContext *e = s->encoder = avcodec_alloc_context3(codec);
    if (!e)
        return -ENOMEM;
    e->sample_rate = PCM_HZ;
    e->sample_fmt = s->pcm.format;
    e->time_base = (AVRational){1, PCM_HZ};
    e->bit_rate = (int64_t)s->pcm.channels * (aac ? AAC_CHANNEL_BPS : OPUS_CHANNEL_BPS);
    e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&e->ch_layout, s->pcm.channels);
    int r = avcodec_open2(e, codec, NULL);
    return r ? r : avcodec_parameters_from_context(s->feed.par, e);
}

/* The next unit that can be decoded, into decoded: 1, 0 at the end, or an error. */
static int decode_next(struct sound *s)
{
    struct unit u;
    while (take_next(s->take, MEDIA_AUDIO, &u)) {
        if (av_new_packet(s->coded, (int)u.bytes))
            return -ENOMEM;
        memcpy(s->coded->data, u.data, u.bytes);
        int r = avcodec_send_packet(s->decoder, s->coded);
        av_packet_unref(s->coded);
        if (!r)
            r = avcodec_receive_frame(s->decoder, s->decoded);
        s->at_us = u.at_us - s->zero_us - s->delay_us;
        if (!r && s->decoded->ch_layout.nb_channels == s->pcm.in.channels)
            return 1; /* what cannot be decoded becomes a gap */
    }
    return 0;
}

/* Makes some more sound, or says that it is over. */
static int make_more(struct sound *s)
{
    if (!s->waits) {
        int r = s->decoder ? decode_next(s) : 0;
        if (r < 0)
            return r;
        s->waits = r > 0;
    }
    int64_t until_us = s->waits ? s->at_us : s->length_us;
    if (s->pcm.end_us + (s->waits ? GAP_US : 0) < until_us)
        return pcm_fill(&s->pcm, until_us);
    if (s->waits) {
        s->waits = false;
        return pcm_add(&s->pcm, s->decoded, s->at_us);
    }
    s->over = true;
    return pcm_flush(&s->pcm);
}

/* One frame to the encoder, or the word that there are no more. */
static int encode_next(struct sound *s)
{
    int want = (int)MIN(s->encoder->frame_size, s->total - s->sent);
    while (!s->over && av_audio_fifo_size(s->pcm.ready) < want) {
        int r = make_more(s);
        if (r < 0)
            return r;
    }
    want = MIN(want, av_audio_fifo_size(s->pcm.ready));
    if (!want)
        return avcodec_send_frame(s->encoder, NULL);
    s->piece->nb_samples = want;
    s->piece->format = s->encoder->sample_fmt;
    s->piece->pts = s->sent;
    int r = av_channel_layout_copy(&s->piece->ch_layout, &s->encoder->ch_layout);
    if (!r)
        r = av_frame_get_buffer(s->piece, 0);
    if (!r && av_audio_fifo_read(s->pcm.ready, (void **)s->piece->data, want) != want)
        r = -ENOMEM;
    if (!r)
        r = avcodec_send_frame(s->encoder, s->piece);
    s->sent += want;
    av_frame_unref(s->piece);
    return r;
}

static int next_packet(struct feed *f, AVPacket *pkt)
{
    struct sound *s = (struct sound *)f;
    for (;;) {
        int r = avcodec_receive_packet(s->encoder, pkt);
        if (!r)
            return 1;
        if (r != AVERROR(EAGAIN))
            return r == AVERROR_EOF ? 0 : r;
        r = encode_next(s);
        if (r < 0)
            return r;
    }
}

static void destroy(struct feed *f)
{
    struct sound *s = (struct sound *)f;
    avcodec_free_context(&s->decoder);
    avcodec_free_context(&s->encoder);
    av_frame_free(&s->decoded);
    av_frame_free(&s->piece);
    av_packet_free(&s->coded);
    pcm_finish(&s->pcm);
    feed_finish(f);
    free(s);
}

static int init(struct sound *s, enum AVCodecID codec, int channels)
{
    int r = feed_init(&s->feed, AVMEDIA_TYPE_AUDIO, codec, (AVRational){1, PCM_HZ});
    if (r)
        return r;
    s->decoded = av_frame_alloc();
    s->piece = av_frame_alloc();
    s->coded = av_packet_alloc();
    if (!s->decoded || !s->piece || !s->coded)
        return -ENOMEM;
    enum AVSampleFormat wanted = codec == AV_CODEC_ID_AAC ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_FLT; /* encoders' */
    const struct take_track *track = s->take ? take_track(s->take, MEDIA_AUDIO) : NULL;
    if (track && track->codec != CODEC_NONE)
        r = open_decoder(s, channels, wanted);
    else
        r = pcm_init(&s->pcm, &(struct pcm_form){PCM_HZ, 1, wanted}, channels ? channels : 1, wanted);
    return r ? r : open_encoder(s, codec);
}

int sound_create(struct take *t, int64_t zero_us, int64_t length_us, enum AVCodecID codec, int channels,
                 struct feed **out)
{
    struct sound *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    *s = (struct sound){.feed = {.next = next_packet, .destroy = destroy},
                        .take = t,
                        .zero_us = zero_us,
                        .length_us = length_us,
                        .total = av_rescale(length_us, PCM_HZ, 1000000)};
    int r = init(s, codec, channels);
    if (r) {
        destroy(&s->feed);
        return r;
    }
    *out = &s->feed;
    return 0;
}
