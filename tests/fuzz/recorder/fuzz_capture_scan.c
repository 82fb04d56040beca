/* SPDX-License-Identifier: MIT */
/* Any bytes as a capture file: what is whole does not depend on the pieces in which it comes. */
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "recorder/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed_in_pieces(struct scan *s, const uint8_t *data, size_t size, size_t piece)
{
    size_t held = 0;
    while (!s->end && !s->broken && s->whole + held < size) {
        held = MIN(held + piece, size - s->whole);
        uint8_t *copy = malloc(held);
        memcpy(copy, data + s->whole, held);
        size_t used = scan_feed(s, copy, held);
        if (used > held)
            abort();
        held -= used;
        free(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {7, 100};
    struct scan all = {0};
    scan_feed(&all, data, size);
    if (all.whole > size || (all.whole && memcmp(data, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES) != 0) ||
        (all.end && !all.meta))
        abort();
    for (size_t i = 0; i < ARRAY_SIZE(pieces) && size < 1 << 16; i++) {
        struct scan s = {0};
        feed_in_pieces(&s, data, size, pieces[i]);
        if (s.whole != all.whole || s.end != all.end || s.records != all.records)
            abort();
    }
    return 0;
}
