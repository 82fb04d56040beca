/* SPDX-License-Identifier: MIT */
/* Writes a capture file (common/capture.h) for tests: records in whatever order, which saving puts in that of arrival.
 */
#ifndef ROOMLINE_TESTS_FILM_REEL_H
#define ROOMLINE_TESTS_FILM_REEL_H

#include <stdbool.h>

#include "common/capture.h"
#include "common/media.h"

#define REEL_AUDIO_STREAM UINT64_C(0x100000001) /* tap_record.stream of a reel's sound and picture */
#define REEL_VIDEO_STREAM UINT64_C(0x100000002)
#define REEL_AUDIO_PT     111
#define REEL_VIDEO_PT     96
#define REEL_AUDIO_SSRC   0xa0a0a0a0u
#define REEL_VIDEO_SSRC   0xf0f0f0f0u

struct reel_name { /* for META; NULL: "" */
    uint64_t take, room_id;
    const char *room, *login, *stream, *media_session_id, *file;
    bool own_file, whole, step;
};

struct reel; /* on the heap */

/* audio, video: CODEC_NONE: none. */
struct reel *reel_create(const struct reel_name *name, enum codec audio, enum codec video);
void reel_destroy(struct reel *r);

/* Behind META, at the arrival of the first record; at the same times later too. */
void reel_clock(struct reel *r, int64_t monotonic_us, int64_t unix_us);
void reel_rtp(struct reel *r, enum media_kind kind, int64_t rx_us, int64_t index, uint32_t ts, bool marker,
              const uint8_t *payload, size_t bytes);
void reel_sr(struct reel *r, enum media_kind kind, int64_t rx_us, uint64_t ntp, uint32_t rtp_ts);
void reel_lost(struct reel *r, int64_t rx_us, uint64_t records);
/* Last, whatever comes later in time. */
void reel_end(struct reel *r, const char *file, const char *why);

/* Everything, once: bytes of the file as it would be on disk (the reel's), or into a file. Exits the process when it
 * cannot. */
const uint8_t *reel_bytes(struct reel *r, size_t *len);
void reel_save(struct reel *r, const char *path);

#endif
