/* SPDX-License-Identifier: MIT */
/* lines: a buffer of one line. */
#include "recorder/lines.h"

#include <string.h>

static void keep(struct lines *l, const char *bytes, size_t len)
{
    if (l->skip || len > sizeof(l->text) - l->n) {
        l->skip = true;
        return;
    }
    memcpy(l->text + l->n, bytes, len);
    l->n += len;
}

void lines_end(struct lines *l, void (*on_line)(void *arg, const char *line, size_t len), void *arg)
{
    if (!l->skip && l->n)
        on_line(arg, l->text, l->n);
    l->n = 0;
    l->skip = false;
}

void lines_feed(struct lines *l, const char *bytes, size_t len,
                void (*on_line)(void *arg, const char *line, size_t len), void *arg)
{
    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t n = end ? (size_t)(end - bytes) : len;
        keep(l, bytes, n);
        if (end)
            lines_end(l, on_line, arg);
        n += end ? 1 : 0;
        bytes += n;
        len -= n;
    }
}
