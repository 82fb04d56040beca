/* SPDX-License-Identifier: MIT */
/* The recording of a room, opened: who its tracks are, and their decoded frames in order, as they are asked for.
 *
 * The file is read once from front to back, a little ahead of the time that is asked for; what waits in memory is that
 * little and not the file. A track of which nothing comes (a mute, a picture that stands still) holds up nobody. */
#ifndef ROOMLINE_RECORDER_MIX_SOURCE_H
#define ROOMLINE_RECORDER_MIX_SOURCE_H

#include <libavformat/avformat.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

#define SOURCE_ERR_BYTES 256

struct source_track { /* texts are the source's; "" where the file does not say */
    enum media_kind kind;
    const char *login, *stream_name, *media_session_id;
    bool screen;
    int64_t start_us, end_us; /* when its take began and ended, on the room's timeline */
    const AVCodecParameters *par;
    AVRational time_base;
};

struct source;

/* Tracks of other kinds than sound and picture are left out. NULL: err says why. */
struct source *source_open(const char *path, int threads, char err[SOURCE_ERR_BYTES]);
void source_close(struct source *s);

size_t source_tracks(const struct source *s);
const struct source_track *source_track(const struct source *s, size_t i);
const char *source_tag(const struct source *s, const char *key); /* of the file; NULL: it has none */
int64_t source_duration_us(const struct source *s);              /* until the last track's end */

/* This track is not wanted from now on: nothing of it is kept. */
void source_ignore(struct source *s, size_t track);

/* The track's next frame, if it begins no later than until_us: true, and frame holds it (pts in us) in place of what it
 * held. until_us may not fall from call to call, nor differ much between tracks. */
bool source_next(struct source *s, size_t track, int64_t until_us, AVFrame *frame);

/* For those who want packets instead of frames: the next of any track, its times in us. 1, 0 at the end, or -errno. */
int source_packet(struct source *s, AVPacket *packet, size_t *track);

#endif
