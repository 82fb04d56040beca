/* SPDX-License-Identifier: MIT */
/* The link, the mappings, the rings in turn. */
#include "tests/peer/tap_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/ipc.h"

#define BUF_BYTES (1u << 20)

int tap_client_open(struct tap_client *c, const char *run_dir)
{
    char path[128];

    *c = (struct tap_client){.fd = -1};
    snprintf(path, sizeof(path), "%s/" TAP_SOCKET, run_dir);
    c->fd = ipc_connect(path);
    return c->fd < 0 ? c->fd : 0;
}

void tap_client_close(struct tap_client *c)
{
    if (c->slab)
        munmap(c->slab, tap_slab_bytes(c->hello.n_rings, c->hello.ring_bytes));
    if (c->tails)
        munmap(c->tails, tap_tails_bytes(c->hello.n_rings));
    free(c->readers);
    free(c->buf);
    if (c->fd >= 0)
        close(c->fd);
    *c = (struct tap_client){.fd = -1};
}

static uint8_t *map(int fd, size_t bytes, int prot)
{
    void *p = mmap(NULL, bytes, prot, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

static int take_rings(struct tap_client *c, const int fds[2])
{
    const struct tap_hello *h = &c->hello;

    if (h->version != TAP_VERSION || !tap_geometry_ok(h->n_rings, h->ring_bytes))
        return -EPROTO;
    c->slab = map(fds[0], tap_slab_bytes(h->n_rings, h->ring_bytes), PROT_READ);
    c->tails = map(fds[1], tap_tails_bytes(h->n_rings), PROT_READ | PROT_WRITE);
    c->readers = calloc(h->n_rings, sizeof(*c->readers));
    c->buf = malloc(BUF_BYTES);
    if (!c->slab || !c->tails || !c->readers || !c->buf)
        return -EPROTO;
    for (uint32_t i = 0; i < h->n_rings; i++)
        tap_reader_init(&c->readers[i], c->slab, c->tails, i, h->ring_bytes);
    return 0;
}

/* Also notices that the other end has gone. */
static int look(struct tap_client *c)
{
    int fds[IPC_FDS_MAX];
    size_t n_fds = IPC_FDS_MAX;
    struct tap_hello hello;
    int n = ipc_recv(c->fd, &hello, sizeof(hello), fds, &n_fds), err = -EPROTO;

    if (n == -EAGAIN)
        return 0;
    if (n <= 0)
        return n ? n : -ECONNRESET;
    if (n == sizeof(hello) && n_fds == 2 && !c->slab) {
        c->hello = hello;
        err = take_rings(c, fds);
    }
    while (n_fds)
        close(fds[--n_fds]);
    return err;
}

int tap_client_read(struct tap_client *c, void (*on_record)(void *arg, const struct tap_record *r), void *arg)
{
    int err = look(c), n = 0;

    for (uint32_t i = 0; !err && c->readers && i < c->hello.n_rings; i++) {
        uint64_t lost;
        int64_t bytes = tap_read(&c->readers[i], c->buf, BUF_BYTES, &lost);
        c->lost += lost;
        if (bytes < 0)
            return (int)bytes;
        for (int64_t at = 0; at < bytes; n++) {
            const struct tap_record *r = (const struct tap_record *)(c->buf + at);
            on_record(arg, r);
            at += r->bytes;
        }
    }
    return err ? err : n;
}
