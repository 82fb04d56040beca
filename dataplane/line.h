/* SPDX-License-Identifier: MIT */
/* Memory in cache lines of its own: what one worker writes never shares a line with what another thread does. */
#ifndef ROOMLINE_DATAPLANE_LINE_H
#define ROOMLINE_DATAPLANE_LINE_H

#include <rte_common.h>
#include <stdlib.h>
#include <string.h>

/* Zeroed; NULL: out of memory. free() takes it. */
static inline void *line_alloc(size_t bytes)
{
    size_t lines = RTE_ALIGN_CEIL(bytes, (size_t)RTE_CACHE_LINE_SIZE);
    void *p = aligned_alloc(RTE_CACHE_LINE_SIZE, lines);

    return p ? memset(p, 0, lines) : NULL;
}

/* Does the field of a struct whose instances begin a cache line begin one too? For _Static_assert. */
#define LINE_BEGINS(type, field) (offsetof(type, field) % RTE_CACHE_LINE_SIZE == 0)

#endif
