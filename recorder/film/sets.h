/* SPDX-License-Identifier: MIT */
/* H.264 parameter sets (ITU-T H.264 7.3.2.1, 7.3.2.2) of a stream of access units whose NAL units stand behind start
 * codes 00 00 00 01. A film can be entered at each of its key frames and spliced before it, so each carries the sets
 * that hold there: those that it brought, or else the last that came. */
#ifndef ROOMLINE_RECORDER_FILM_SETS_H
#define ROOMLINE_RECORDER_FILM_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavcodec/codec_par.h>
#include <libavcodec/packet.h>

struct sets_text { /* NAL units of one type with their start codes */
    uint8_t *data;
    size_t bytes;
};

struct sets {
    struct sets_text sps, pps;
    bool changed; /* since the first ones came whole */
};

void sets_finish(struct sets *s);

/* Remembers the sets of an access unit that are other than those known. 0 or -ENOMEM. */
int sets_learn(struct sets *s, const uint8_t *unit, size_t bytes);
bool sets_known(const struct sets *s); /* both kinds */

int sets_to_par(const struct sets *s, AVCodecParameters *par); /* as its extradata; 0 or -ENOMEM */

/* A packet of the unit: of a key frame with all known sets at its head. 0 or -ENOMEM. */
int sets_packet(const struct sets *s, const uint8_t *unit, size_t bytes, bool key, AVPacket *pkt);

#endif
