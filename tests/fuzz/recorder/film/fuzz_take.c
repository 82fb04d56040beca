/* SPDX-License-Identifier: MIT */
/* A whole capture file, of any bytes: what was counted when it was opened comes out, twice, in rising time. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recorder/film/take.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct take *t, enum media_kind kind)
{
    struct unit u;
    uint64_t n = 0;
    int64_t before_us = INT64_MIN;
    while (take_next(t, kind, &u)) {
        if (u.at_us <= before_us || !u.bytes)
            abort();
        before_us = u.at_us;
        n++;
    }
    if (n != take_track(t, kind)->units)
        abort();
    take_rewind(t, kind);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    const char *why = NULL;
    int fd = memfd_create("capture", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct take *t = take_open(path, &why);
    close(fd);
    if (!t != !!why)
        abort();
    for (int round = 0; t && round < 2; round++)
        for (enum media_kind kind = 0; kind < MEDIA_KINDS; kind++)
            check(t, kind);
    if (t)
        take_close(t);
    return 0;
}
