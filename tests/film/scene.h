/* SPDX-License-Identifier: MIT */
/* Captures of takes that never were: pictures that carry their number (slate.h) and a tone on every second are really
 * encoded, cut into packets and sent over a wire (wire.h), all in virtual time. The picture of scene time t has the
 * number t * fps, in every take; so what was in front of all cameras at one moment can be found again in any film. */
#ifndef ROOMLINE_TESTS_FILM_SCENE_H
#define ROOMLINE_TESTS_FILM_SCENE_H

#include "tests/film/wire.h"

struct scene_span {
    int64_t from_us, to_us; /* scene time; equal: never */
};

struct scene_take {
    struct reel_name name;
    enum codec audio, video;      /* CODEC_NONE: none. Opus, PCMU, PCMA; H264, VP8 */
    struct scene_span span;       /* from publish to end */
    int width, height, fps, kbps; /* 0: 320x240, 25, 300 */
    int grain;                    /* of slate_grain; 0: none */
    int64_t key_every_us;         /* 0: 4 s. After a loss the next key frame comes 200 ms later */
    int64_t encode_us;            /* from a picture to its packets */
    bool sets_once;               /* H.264: parameter sets only with the first key frame of each size */
    bool dtx;                     /* Opus: a packet each 400 ms of silence, once it has lasted for 200 ms */
    struct scene_span mute;       /* nothing is sent; timestamps go on */
    bool mute_sound_only;
    struct scene_span pause; /* nothing is sent; timestamps stand still meanwhile */
    int64_t resize_us;       /* scene time from which pictures are of another size; 0: never */
    int resize_width, resize_height;
    int64_t restart_us; /* timestamps of both jump somewhere else, and video begins with a key frame; 0: never */
    const char *why;    /* of END; NULL: the capture has none */
    struct wire_options wire;
};

struct scene_sent {
    struct wire_sent wire[MEDIA_KINDS];
    uint64_t pictures, pictures_hurt; /* hurt: of which a packet was lost for good */
    uint32_t first_number, last_number;
};

/* Writes the capture to path. sent may be NULL. A failure ends the process. */
void scene_shoot(const struct scene_take *take, const char *path, struct scene_sent *sent);

/* The same without writing it: the caller's to destroy. */
struct reel *scene_reel(const struct scene_take *take, struct scene_sent *sent);

#endif
