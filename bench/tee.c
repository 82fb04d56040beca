/* SPDX-License-Identifier: MIT */
/* Rings and tails. */
#include "bench/tee.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "dataplane/worker.h"

#define RING_BYTES (8u << 20) /* as record.ring_kbytes is by itself */

static void die(const char *why)
{
    fprintf(stderr, "bench: %s\n", why);
    exit(1);
}

void tee_init(struct tee *tee, struct worker *const *workers, uint32_t n_workers)
{
    if (tap_memory_init(&tee->memory, n_workers, RING_BYTES) != 0)
        die("no memory to share");
    tee->tails = mmap(NULL, tap_tails_bytes(n_workers), PROT_READ | PROT_WRITE, MAP_SHARED, tee->memory.tails_fd, 0);
    if (tee->tails == MAP_FAILED)
        die("no tails");
    for (uint32_t i = 0; i < n_workers; i++)
        tap_writer_init(&workers[i]->tap, tee->memory.slab, tee->memory.tails, i, RING_BYTES);
}

void tee_finish(struct tee *tee)
{
    if (tee->tails)
        munmap(tee->tails, tap_tails_bytes(tee->memory.n_rings));
    tap_memory_finish(&tee->memory);
}

void tee_follow(struct tee *tee, const struct worker *w)
{
    if (!tee->tails)
        return;
    if (w->tap.lost)
        die("copies were lost");
    atomic_store_explicit(&tee->tails[w->index].tail, w->tap.head, memory_order_release);
}
