/* SPDX-License-Identifier: MIT */
/* META and END of a capture file: any text. */
#include <stdlib.h>

#include "recorder/film/meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct meta meta;
    struct meta_end end;
    if (meta_parse(&meta, (const char *)data, size) == 0) {
        for (int kind = 0; kind < MEDIA_KINDS; kind++)
            if (meta.tracks[kind].codec && (!meta.tracks[kind].clock_hz || !meta.tracks[kind].stream))
                abort();
        if (!meta.room || !meta.login || !meta.stream_name || !meta.media_session_id || !meta.file)
            abort();
        meta_finish(&meta);
    }
    if (meta_end_parse(&end, (const char *)data, size) == 0) {
        if (!end.file || !end.why)
            abort();
        meta_end_finish(&end);
    }
    return 0;
}
