/* SPDX-License-Identifier: MIT */
/* What the workers share with the recorder (common/tap.h): the slab, which only we can write, and the tails, which only
 * the recorder does. Both are memfds that nobody can resize; the slab cannot be mapped for writing any more, whoever
 * holds its descriptor. All pages are there from the start, so that no worker ever faults for one. */
#ifndef ROOMLINE_DATAPLANE_TAP_MEMORY_H
#define ROOMLINE_DATAPLANE_TAP_MEMORY_H

#include <stdint.h>

struct tap_memory {
    uint32_t n_rings;
    uint64_t ring_bytes;
    void *slab; /* NULL: there is none, and so no tee */
    const void *tails;
    int slab_fd, tails_fd;
};

/* ring_bytes: a power of two in tap_ring.h's range. 0 or -errno: then there is none, and tap_memory_finish does
 * nothing. */
int tap_memory_init(struct tap_memory *memory, uint32_t n_rings, uint64_t ring_bytes);
void tap_memory_finish(struct tap_memory *memory); /* no worker runs any more */

#endif
