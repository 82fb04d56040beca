/* SPDX-License-Identifier: MIT */
/* The slab and the tails: made, mapped, sealed. */
#include "dataplane/tap_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/tap_ring.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Maps a new memfd and then seals it: the mapping keeps the rights that it was made with. 0 or -errno. */
static int make(const char *name, size_t bytes, int prot, int seals, int *fd, void **map)
{
    *fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0)
        return -errno;
    *map = ftruncate(*fd, (off_t)bytes) ? MAP_FAILED : mmap(NULL, bytes, prot, MAP_SHARED | MAP_POPULATE, *fd, 0);
    if (*map != MAP_FAILED && fcntl(*fd, F_ADD_SEALS, seals) == 0) {
        mlock(*map, bytes); /* where permitted: a ring that nobody records into must not be swapped out */
        return 0;
    }
    int err = -errno;
    if (*map != MAP_FAILED)
        munmap(*map, bytes);
    close(*fd);
    return err;
}

int tap_memory_init(struct tap_memory *memory, uint32_t n_rings, uint64_t ring_bytes)
{
    struct tap_memory made = {.n_rings = n_rings, .ring_bytes = ring_bytes};
    size_t bytes = tap_slab_bytes(n_rings, ring_bytes);
    void *tails;

    *memory = (struct tap_memory){.slab_fd = -1, .tails_fd = -1};
    int err =
        make("roomline-tap", bytes, PROT_READ | PROT_WRITE, SEALS | F_SEAL_FUTURE_WRITE, &made.slab_fd, &made.slab);
    if (err)
        return err;
    err = make("roomline-tails", tap_tails_bytes(n_rings), PROT_READ, SEALS, &made.tails_fd, &tails);
    if (err) {
        munmap(made.slab, bytes);
        close(made.slab_fd);
        return err;
    }
    made.tails = tails;
    *memory = made;
    return 0;
}

void tap_memory_finish(struct tap_memory *memory)
{
    if (!memory->slab)
        return;
    munmap(memory->slab, tap_slab_bytes(memory->n_rings, memory->ring_bytes));
    munmap((void *)memory->tails, tap_tails_bytes(memory->n_rings));
    close(memory->slab_fd);
    close(memory->tails_fd);
    *memory = (struct tap_memory){.slab_fd = -1, .tails_fd = -1};
}
