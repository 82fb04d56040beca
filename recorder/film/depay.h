/* SPDX-License-Identifier: MIT */
/* From packets in order to frames that a decoder takes: one payload of sound, or all packets of one picture. A picture
 * ends where the timestamp changes; the marker only tells whether it was whole. What is not whole is left out, but for
 * a picture of which nothing but the end is missing. Total on any payload. */
#ifndef ROOMLINE_RECORDER_FILM_DEPAY_H
#define ROOMLINE_RECORDER_FILM_DEPAY_H

#include "common/media.h"
#include "recorder/film/depay_audio.h"
#include "recorder/film/depay_h264.h"
#include "recorder/film/depay_vp8.h"
#include "recorder/film/packet.h"
#include "recorder/film/take.h"

struct depay {
    enum codec codec;
    uint32_t clock_hz;
    uint8_t channels;
    union {
        struct depay_h264 h264;
        struct depay_vp8 vp8;
    };
    struct packet packet; /* that waits to be looked at */
    bool has_packet, lost;
    /* The picture whose packets come: */
    bool open, ended; /* ended: the last packet had the marker */
    bool lost_before; /* packets between it and the picture before */
    uint32_t ts;
    struct unit unit;  /* at_us */
    bool broken;       /* the decoder lacks something since the last key frame */
    uint64_t left_out; /* pictures of which something came, and payloads that are none */
};

/* false: a codec that cannot be read back (VP9, AV1). */
bool depay_init(struct depay *d, enum codec codec, uint32_t clock_hz, uint8_t channels);
void depay_finish(struct depay *d);

/* May only be called once depay_get has nothing more to give. The payload stays until then. */
void depay_put(struct depay *d, const struct packet *p);

/* The next unit. Its bytes are valid until the next call. ended: nothing will be put any more. */
bool depay_get(struct depay *d, bool ended, struct unit *u);

#endif
