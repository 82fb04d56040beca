/* SPDX-License-Identifier: MIT */
/* picture: a buffer that grows to the largest picture of a track. */
#include "recorder/film/picture.h"

#include <stdlib.h>
#include <string.h>

#include "common/util.h"

void picture_begin(struct picture *p)
{
    *p = (struct picture){.data = p->data, .size = p->size};
}

void picture_finish(struct picture *p)
{
    free(p->data);
    *p = (struct picture){0};
}

static void grow(struct picture *p, size_t bytes)
{
    if (bytes <= p->size)
        return;
    p->size = MAX(bytes, 2 * p->size);
    p->data = realloc(p->data, p->size);
    if (!p->data)
        abort();
}

uint8_t *picture_insert(struct picture *p, size_t at, size_t n)
{
    if (n > PICTURE_BYTES_MAX - p->bytes) {
        p->torn = true;
        return NULL;
    }
    grow(p, p->bytes + n + 1); /* never of 0 bytes */
    memmove(p->data + at + n, p->data + at, p->bytes - at);
    p->bytes += n;
    return p->data + at;
}

void picture_append(struct picture *p, const uint8_t *data, size_t n)
{
    uint8_t *to = picture_insert(p, p->bytes, n);
    if (to)
        memcpy(to, data, n);
}
