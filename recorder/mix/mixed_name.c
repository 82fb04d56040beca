/* SPDX-License-Identifier: MIT */
/* What the mix of a recording is called. */
#include "recorder/mix/mixed_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/util.h"

#define SUFFIX "-mixed.mp4"

/* At most max bytes of the text, of len, without a part of a character at the end. */
static size_t cut_between_characters(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

int mixed_name_write(char *path, size_t size, const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file, *dot = strrchr(base, '.');
    size_t stem = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    stem = cut_between_characters(base, stem, MIXED_NAME_BYTES - strlen(SUFFIX));
    size_t all = (size_t)(base - file) + stem;
    if (all + sizeof(SUFFIX) > size)
        return -ENAMETOOLONG;
    memcpy(path, file, all);
    strcpy(path + all, SUFFIX);
    return 0;
}
