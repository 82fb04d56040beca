/* SPDX-License-Identifier: MIT */
/* First byte: the codec. Then packets: flags, length in two bytes, payload. */
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "recorder/film/depay.h"

enum { MARKER = 1, AFTER_LOSS = 2, NEXT_TS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum codec codec, const struct unit *u)
{
    bool sound = codec == CODEC_OPUS || codec == CODEC_PCMU || codec == CODEC_PCMA;
    free(memcpy(malloc(u->bytes), u->data, u->bytes)); /* all of it can be read */
    if (!u->bytes || (sound && (u->duration_us <= 0 || (u->flags & (UNIT_KEY | UNIT_BROKEN)))))
        abort();
    if ((u->flags & UNIT_KEY) && ((u->flags & UNIT_BROKEN) || !u->width || !u->height))
        abort();
    if (codec == CODEC_H264 && (u->bytes < 5 || memcmp(u->data, "\0\0\0\1", 4) != 0))
        abort();
}

static void take_all(struct depay *d, bool ended)
{
    struct unit u;
    while (depay_get(d, ended, &u))
        check(d->codec, &u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct depay d;
    if (!size)
        return 0;
    enum codec codec = (enum codec)(data[0] % CODEC_COUNT);
    bool can = depay_init(&d, codec, 48000, 2);
    uint32_t ts = 0;
    for (size_t at = 1; can && size - at >= 3;) {
        uint8_t flags = data[at];
        size_t bytes = MIN((size_t)get_be16(data + at + 1), size - at - 3);
        ts += flags & NEXT_TS ? 1 : 0;
        struct packet p = {.ts = ts,
                           .marker = flags & MARKER,
                           .after_loss = flags & AFTER_LOSS,
                           .payload = data + at + 3,
                           .bytes = bytes};
        depay_put(&d, &p);
        take_all(&d, false);
        at += 3 + bytes;
    }
    if (can)
        take_all(&d, true);
    depay_finish(&d);
    return 0;
}
