/* SPDX-License-Identifier: MIT */
/* From when to when. */
#include "recorder/film/span.h"
#include "common/util.h"

struct span span_of_units(const struct take *t)
{
    struct span all = {0};
    for (int kind = 0; kind < MEDIA_KINDS; kind++) {
        const struct take_track *track = take_track(t, kind);
        if (track->codec == CODEC_NONE || !track->units)
            continue;
        bool first = all.end_us == all.start_us;
        all.start_us = first ? track->start_us : MIN(all.start_us, track->start_us);
        all.end_us = first ? track->end_us : MAX(all.end_us, track->end_us);
    }
    return all;
}
