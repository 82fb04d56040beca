/* SPDX-License-Identifier: MIT */
/* The recording of a room, demultiplexed and decoded on demand. */
#include "recorder/mix/source.h"

#include <errno.h>
#include <inttypes.h>
#include <libavcodec/avcodec.h>
#include <libavutil/avstring.h>
#include <libavutil/parseutils.h>
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "recorder/mix/packets.h"

#define AHEAD_US   (INT64_C(2) * 1000 * 1000)          /* how far tracks may be out of step in the file */
#define REORDER_US (INT64_C(1) * 1000 * 1000)          /* how far ahead B frames make the decoder look */
#define LONGEST_US (INT64_C(31) * 24 * 3600 * 1000000) /* of a room; a time beyond is broken */
#define TRACKS_MAX 1000
#define FORMATS    "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2"
#define MICROSECONDS \
    (AVRational)     \
    {                \
        1, 1000000   \
    }
#define MS_TO_US(ms)   ((ms)*INT64_C(1000))
#define PICTURE_MAX_PX (INT64_C(8192) * 8192)

struct track {
    struct source_track about;
    AVCodecContext *decoder; /* NULL: there is none for its codec */
    struct packets waiting;  /* times in us */
    AVFrame *held;           /* decoded, later than was asked for */
    bool holds, drained, ignored;
    int stream; /* index of its AVStream */
};

struct source {
    AVFormatContext *file;
    AVPacket *packet;
    struct track *tracks;
    size_t n;
    int *by_stream; /* AVStream index -> track, or -1 */
    int64_t read_us;
    bool at_end;
};

static const char *text_tag(const AVDictionary *tags, const char *key)
{
    const AVDictionaryEntry *e = av_dict_get(tags, key, NULL, 0);
    return e ? e->value : "";
}

static int64_t time_tag(const AVDictionary *tags, const char *key, int64_t otherwise_us)
{
    const char *text = text_tag(tags, key);
    char *end;
    errno = 0;
    long long ms = strtoll(text, &end, 10);
    return end == text || *end || errno || ms < 0 || ms > LONGEST_US / 1000 ? otherwise_us : MS_TO_US(ms);
}

/* DURATION is what the muxer wrote of each track: HH:MM:SS.nnnnnnnnn. */
static int64_t duration_tag(const AVDictionary *tags, int64_t otherwise_us)
{
    int64_t us;
    return av_parse_time(&us, text_tag(tags, "DURATION"), 1) < 0 || us <= 0 || us > LONGEST_US ? otherwise_us : us;
}

static void describe(struct source_track *about, const AVFormatContext *file, const AVStream *stream)
{
    const AVDictionary *tags = stream->metadata;
    int64_t duration_us = MAX(MIN(file->duration, LONGEST_US), 0);
    *about = (struct source_track){
        .kind = stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO ? MEDIA_AUDIO : MEDIA_VIDEO,
        .login = text_tag(tags, "LOGIN"),
        .stream_name = text_tag(tags, "STREAM_NAME"),
        .media_session_id = text_tag(tags, "MEDIA_SESSION_ID"),
        .screen = strcmp(text_tag(tags, "KIND"), "screen") == 0,
        .start_us = time_tag(tags, "START_MS", 0),
        .par = stream->codecpar,
        .time_base = stream->time_base,
    };
    if (!about->stream_name[0])
        about->stream_name = text_tag(tags, "TITLE");
    about->end_us = MAX(time_tag(tags, "END_MS", duration_tag(tags, duration_us)), about->start_us);
}

static AVCodecContext *open_decoder(const AVStream *stream, int threads)
{
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c)
        return NULL;
    c->thread_count = threads;
    c->pkt_timebase = MICROSECONDS;
    c->max_pixels = PICTURE_MAX_PX;
    if (avcodec_parameters_to_context(c, stream->codecpar) < 0 || avcodec_open2(c, codec, NULL) < 0)
        avcodec_free_context(&c);
    return c;
}

static int add_track(struct source *s, const AVStream *stream, int threads)
{
    struct track *t = &s->tracks[s->n];
    packets_init(&t->waiting);
    t->held = av_frame_alloc();
    if (!t->held)
        return -ENOMEM;
    s->by_stream[stream->index] = (int)s->n++;
    t->stream = stream->index;
    describe(&t->about, s->file, stream);
    t->decoder = open_decoder(stream, threads);
    return 0;
}

static int add_tracks(struct source *s, int threads)
{
    unsigned streams = s->file->nb_streams;
    s->tracks = calloc(streams, sizeof(*s->tracks));
    s->by_stream = calloc(streams, sizeof(*s->by_stream));
    if (!s->tracks || !s->by_stream)
        return -ENOMEM;
    for (unsigned i = 0; i < streams; i++) {
        AVStream *stream = s->file->streams[i];
        enum AVMediaType type = stream->codecpar->codec_type;
        s->by_stream[i] = -1;
        if (type != AVMEDIA_TYPE_AUDIO && type != AVMEDIA_TYPE_VIDEO)
            stream->discard = AVDISCARD_ALL;
        else if (add_track(s, stream, threads))
            return -ENOMEM;
    }
    return s->n ? 0 : -ENODATA;
}

/* The name is a path, whatever it looks like, and nothing in the file makes us open another. */
static int open_file(struct source *s, const char *path)
{
    AVDictionary *options = NULL;
    char *url = av_asprintf("file:%s", path);
    if (!url)
        return AVERROR(ENOMEM);
    av_dict_set(&options, "format_whitelist", FORMATS, 0);
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    av_dict_set_int(&options, "max_streams", TRACKS_MAX, 0);
    int rc = avformat_open_input(&s->file, url, NULL, &options);
    av_dict_free(&options);
    av_free(url);
    return rc;
}

struct source *source_open(const char *path, int threads, char err[SOURCE_ERR_BYTES])
{
    struct source *s = calloc(1, sizeof(*s));
    int rc = s ? open_file(s, path) : AVERROR(ENOMEM);
    if (!rc) {
        s->packet = av_packet_alloc();
        s->read_us = INT64_MIN;
        rc = s->packet ? add_tracks(s, threads) : -ENOMEM;
    }
    if (!rc)
        return s;
    if (rc == -ENODATA)
        snprintf(err, SOURCE_ERR_BYTES, "it has neither sound nor pictures");
    else
        av_strerror(rc, err, SOURCE_ERR_BYTES);
    source_close(s);
    return NULL;
}

void source_close(struct source *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++) {
        packets_finish(&s->tracks[i].waiting);
        av_frame_free(&s->tracks[i].held);
        avcodec_free_context(&s->tracks[i].decoder);
    }
    av_packet_free(&s->packet);
    avformat_close_input(&s->file);
    free(s->tracks);
    free(s->by_stream);
    free(s);
}

size_t source_tracks(const struct source *s)
{
    return s->n;
}

const struct source_track *source_track(const struct source *s, size_t i)
{
    return &s->tracks[i].about;
}

const char *source_tag(const struct source *s, const char *key)
{
    const AVDictionaryEntry *e = av_dict_get(s->file->metadata, key, NULL, 0);
    return e ? e->value : NULL;
}

int64_t source_duration_us(const struct source *s)
{
    int64_t end_us = 0;
    for (size_t i = 0; i < s->n; i++)
        end_us = MAX(end_us, s->tracks[i].about.end_us);
    return end_us;
}

void source_ignore(struct source *s, size_t track)
{
    struct track *t = &s->tracks[track];
    s->file->streams[t->stream]->discard = AVDISCARD_ALL;
    t->ignored = true;
    packets_finish(&t->waiting);
    avcodec_free_context(&t->decoder);
}

static bool is_sane(int64_t us)
{
    return us == AV_NOPTS_VALUE || (us > -LONGEST_US && us < LONGEST_US);
}

/* Its times in us; false: in a broken file they are beyond all measure. */
static bool take_times(AVPacket *packet, const struct track *t)
{
    av_packet_rescale_ts(packet, t->about.time_base, MICROSECONDS);
    return is_sane(packet->pts) && is_sane(packet->dts) && is_sane(packet->duration);
}

int source_packet(struct source *s, AVPacket *packet, size_t *track)
{
    for (;;) {
        int rc = av_read_frame(s->file, packet);
        if (rc < 0)
            return rc == AVERROR_EOF ? 0 : rc;
        int t = s->by_stream[packet->stream_index];
        if (t >= 0 && !s->tracks[t].ignored && take_times(packet, &s->tracks[t])) {
            *track = (size_t)t;
            return 1;
        }
        av_packet_unref(packet);
    }
}

static int64_t time_of(const AVPacket *packet)
{
    return packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
}

/* Reads on until the track has a packet that waits, or until the file is past that time. A file that cannot be read on
 * has ended there: what came before is worth having. */
static void read_ahead(struct source *s, const struct track *t, int64_t until_us)
{
    while (!s->at_end && packets_empty(&t->waiting) && s->read_us < until_us + AHEAD_US) {
        size_t i;
        s->at_end = source_packet(s, s->packet, &i) != 1;
        if (s->at_end)
            return;
        s->read_us = MAX(s->read_us, time_of(s->packet)); /* AV_NOPTS_VALUE is the least */
        if (s->tracks[i].decoder && time_of(s->packet) != AV_NOPTS_VALUE)
            packets_put(&s->tracks[i].waiting, s->packet);
        else
            av_packet_unref(s->packet);
    }
}

/* Gives the decoder its next packet: false when it has to wait for a later time. What it cannot decode is passed over.
 */
static bool feed(struct source *s, struct track *t, int64_t until_us)
{
    read_ahead(s, t, until_us);
    if (packets_empty(&t->waiting)) {
        if (!s->at_end || t->drained)
            return false;
        t->drained = true;
        avcodec_send_packet(t->decoder, NULL);
        return true;
    }
    int64_t reorder_us = t->decoder->has_b_frames ? REORDER_US : 0;
    if (time_of(packets_first(&t->waiting)) > until_us + reorder_us)
        return false;
    AVPacket *packet = packets_get(&t->waiting);
    avcodec_send_packet(t->decoder, packet);
    av_packet_free(&packet);
    return true;
}

static bool decode(struct source *s, struct track *t, int64_t until_us)
{
    while (!t->holds) {
        if (avcodec_receive_frame(t->decoder, t->held) == 0) {
            t->held->pts = t->held->best_effort_timestamp;
            t->holds = t->held->pts > -LONGEST_US; /* AV_NOPTS_VALUE is the least */
        } else if (!feed(s, t, until_us)) {
            return false;
        }
    }
    return true;
}

bool source_next(struct source *s, size_t track, int64_t until_us, AVFrame *frame)
{
    struct track *t = &s->tracks[track];
    if (!t->decoder || !decode(s, t, until_us) || t->held->pts > until_us)
        return false;
    av_frame_unref(frame);
    av_frame_move_ref(frame, t->held);
    t->holds = false;
    return true;
}
