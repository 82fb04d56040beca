/* SPDX-License-Identifier: MIT */
/* The two texts of a capture file: META says whose take it is and what its RTP streams are, END how it ended
 * (common/capture.h). Total on any bytes; a member that is missing or of another type is empty. */
#ifndef ROOMLINE_RECORDER_FILM_META_H
#define ROOMLINE_RECORDER_FILM_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media.h"

struct meta_track { /* zeroed: none of this kind */
    enum codec codec;
    uint32_t clock_hz;
    uint8_t channels, pt;
    uint64_t stream;
};

struct meta { /* owns its texts, which are never NULL */
    char *room, *login, *stream_name, *media_session_id, *file;
    uint64_t id, room_id;
    bool own_file, whole, step;
    struct meta_track tracks[MEDIA_KINDS];
};

struct meta_end {
    char *file, *why; /* never NULL */
};

/* 0 or -EBADMSG: no JSON object; nothing is owned then. Of a kind named twice the first holds. A track whose codec is
 * not of its kind, or whose clock is none (1 to 192 kHz), is left out. */
int meta_parse(struct meta *meta, const char *text, size_t len);
void meta_finish(struct meta *meta);

int meta_end_parse(struct meta_end *end, const char *text, size_t len);
void meta_end_finish(struct meta_end *end);

#endif
