/* SPDX-License-Identifier: MIT */
/* A fragmented mp4 written once more with one index, which stands before the media. */
#ifndef ROOMLINE_RECORDER_FILM_FASTSTART_H
#define ROOMLINE_RECORDER_FILM_FASTSTART_H

#include <stdbool.h>
#include <stdint.h>

struct faststart {
    uint64_t index_bytes; /* room to keep for the index: an estimate */
    uint64_t samples;     /* packets in the file: what the index takes at the most follows from them */
    int64_t length_us;    /* of the film: the last picture stands until then */
    bool sets_in_band;    /* H.264 key frames bring other parameter sets than the index: the sample entry is then avc3,
                             which says so, instead of avc1 (ISO/IEC 14496-15 5.3.3) */
};

/* 0 or a negative AVERROR; the file to may then be there in part. */
int faststart_write(const char *from, const char *to, const struct faststart *about);

#endif
