/* SPDX-License-Identifier: MIT */
/* copied: memcpy and write. */
#include "bench/copied.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"

#define CHUNK_BYTES (64u << 10)

double copied_ns(uint64_t bytes)
{
    static uint8_t from[CHUNK_BYTES], to[CHUNK_BYTES];
    char path[] = "/tmp/roomline-ceiling-XXXXXX";
    int fd = mkstemp(path);
    memset(from, 1, sizeof(from));
    double start_ns = bench_now_ns();
    for (uint64_t i = 0; i < bytes / CHUNK_BYTES; i++) {
        from[0] = (uint8_t)i;
        memcpy(to, from, sizeof(to));
        if (write(fd, to, sizeof(to)) != sizeof(to))
            abort();
    }
    double end_ns = bench_now_ns();
    close(fd);
    unlink(path);
    return end_ns - start_ns;
}
