/* SPDX-License-Identifier: MIT */
/* A take, read back from its capture file: for each kind of media the access units in order of decoding, on the one
 * timeline that all takes of a machine share (CLOCK_MONOTONIC, us). Opening reads the whole file once (who, which
 * packets, every clock fact); the units are then pulled one by one, in memory bounded by a window of packets.
 *
 * Where a unit stands in time follows from its RTP timestamp and the sender reports, related to our clock by the
 * packets that were delayed least; never from counts, so loss, mute, DTX and a clock that drifts neither shorten nor
 * shift. */
#ifndef ROOMLINE_RECORDER_FILM_TAKE_H
#define ROOMLINE_RECORDER_FILM_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

struct take;

struct take_about { /* texts are the take's; never NULL */
    const char *room, *login, *stream_name, *media_session_id, *file;
    uint64_t id, room_id;
    bool own_file, whole, step;
    int64_t start_us, end_us; /* from the first to the last record that came; start_us: of the take's timeline */
    int64_t unix_offset_us;   /* to be added to a time of the timeline; of the file's first clock record */
    bool closed;              /* the file has its END */
    const char *why;          /* of END; "salvaged" without one */
    uint64_t lost_records;    /* copies that a full ring did not take, of all streams of that worker */
};

struct take_track { /* zeroed, codec CODEC_NONE: the take has none, nothing came, or VP9 or AV1, which are not read */
    enum codec codec;
    uint32_t clock_hz;
    uint8_t channels, pt;
    uint32_t ssrc;
    uint64_t stream;
    int64_t start_us, end_us; /* of the first unit's begin and the last one's end */
    uint64_t packets, packets_lost, packets_duplicate, packets_late; /* late: by more than the window */
    uint64_t units, units_broken, units_left_out;                    /* left out: of which something came */
    uint32_t sender_reports;
    double clock_ppm; /* how much faster than ours the sender's clock ran; 0: unknown */
    /* Sound and video alike: */
    uint32_t gaps; /* pieces of time of more than TAKE_GAP_US without a packet though some were lost */
};

#define TAKE_GAP_US INT64_C(500000)

enum unit_flag {
    UNIT_KEY = 1 << 0,       /* video: decoding can start here */
    UNIT_BROKEN = 1 << 1,    /* video: something that it needs was lost; shows as it can, until the next key */
    UNIT_AFTER_GAP = 1 << 2, /* packets were lost just before it */
};

struct unit {
    int64_t at_us;       /* when it is shown or begins to sound; rises from unit to unit */
    int64_t duration_us; /* sound: what it holds; video: 0 */
    const uint8_t *data; /* valid until the next call for this track. Sound: one payload. VP8: one frame. H.264: NAL
                            units, each behind a start code 00 00 00 01, with the parameter sets that came with it */
    size_t bytes;
    uint32_t flags;         /* enum unit_flag */
    uint16_t width, height; /* video: as the newest key frame or SPS says; 0 before one */
};

/* NULL: unreadable, or no capture file; *why (never freed) says what is wrong. A file cut off anywhere is no error, nor
 * is a take of which nothing came. The file is mapped as long as the take is open. */
struct take *take_open(const char *path, const char **why);
void take_close(struct take *t);

const struct take_about *take_about(const struct take *t);
const struct take_track *take_track(const struct take *t, enum media_kind kind); /* complete from the start */

/* The next unit; false at the end. Units that are not whole are left out for VP8 and H.264
 * (counted) unless nothing but their end is missing. */
bool take_next(struct take *t, enum media_kind kind, struct unit *u);
void take_rewind(struct take *t, enum media_kind kind);

#endif
