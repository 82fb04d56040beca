/* SPDX-License-Identifier: MIT */
/* Names of recordings, from a template and what people call themselves and their streams: pure, total, and always such
 * as rec_file_name_ok takes.
 *
 * What a file system, a URL or a shell would take for something else becomes '_': of ASCII only letters, digits and
 * "-_.,+=@" stay, of the rest all but control, space and invisible formatting characters; '.' and '-' do not lead. A
 * name that is too long loses the end of its text between two characters, never its extension. */
#ifndef ROOMLINE_CONTROLPLANE_RECORD_NAME_H
#define ROOMLINE_CONTROLPLANE_RECORD_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rec_proto.h"

#define RECORD_NAME_ROOM "room-{room}-{startTime}" /* template of a whole room's */

/* Tokens of a template. id, what stands between the braces, known only at the end? */
#define RECORD_TOKEN_LIST(X)                       \
    X(STREAM_NAME, "streamName", false)            \
    X(ROOM, "room", false)                         \
    X(LOGIN, "login", false)                       \
    X(SESSION_ID, "sessionId", false)              \
    X(MEDIA_SESSION_ID, "mediaSessionId", false)   \
    X(AUDIO_CODEC, "audioCodec", false)            \
    X(VIDEO_CODEC, "videoCodec", false)            \
    X(START_TIME, "startTime", false)              \
    X(START_TIME_MILLIS, "startTimeMillis", false) \
    X(END_TIME, "endTime", true)                   \
    X(END_TIME_MILLIS, "endTimeMillis", true)      \
    X(DURATION, "duration", true)

/* What the tokens stand for; NULL: "none". Times are microseconds since 1970, written as 2026-01-31T12-00-00Z (UTC) or,
 * Millis and duration, as milliseconds. */
struct record_facts {
    const char *stream, *room, *login, *session_id, *media_session_id;
    enum codec audio, video;
    int64_t start_unix_us;
    int64_t end_unix_us; /* 0: it has not ended, and tokens of the end are "open" */
};

bool record_name_needs_end(const char *template);

/* extension: ".mp4". n: 1, or the number of the attempt if the name before was taken, which makes it end in "-n". */
void record_name_write(char out[REC_FILE_BYTES], const char *template, const struct record_facts *facts,
                       const char *extension, unsigned n);

#endif
