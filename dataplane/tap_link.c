/* SPDX-License-Identifier: MIT */
/* The link to the recorder: greets one, refuses others, notices its end. */
#include "dataplane/tap_link.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/tap.h"
#include "dataplane/tap_memory.h"

static void drop(struct tap_link *l, const char *why)
{
    LOG_INFO(REC, "recorder gone reason=%s", why);
    close(l->recorder_fd);
    l->recorder_fd = -1;
}

void tap_link_init(struct tap_link *l, int listen_fd, const struct tap_memory *memory, uint64_t boot_id)
{
    *l = (struct tap_link){.listen_fd = listen_fd, .recorder_fd = -1, .boot_id = boot_id, .memory = memory};
}

void tap_link_finish(struct tap_link *l)
{
    if (l->recorder_fd >= 0)
        drop(l, "stop");
}

/* It has nothing to say. */
static void look(struct tap_link *l)
{
    char byte;
    int n = ipc_recv(l->recorder_fd, &byte, sizeof(byte), NULL, NULL);

    if (n != -EAGAIN)
        drop(l, n == 0 ? "closed" : n < 0 && n != -EMSGSIZE ? strerror(-n) : "it speaks");
}

static void greet(struct tap_link *l)
{
    const struct tap_hello hello = {.version = TAP_VERSION,
                                    .n_rings = l->memory->n_rings,
                                    .ring_bytes = l->memory->ring_bytes,
                                    .boot_id = l->boot_id};
    const int fds[] = {l->memory->slab_fd, l->memory->tails_fd};
    int err = ipc_send(l->recorder_fd, &hello, sizeof(hello), fds, 2);

    if (err)
        drop(l, strerror(-err));
    else
        LOG_INFO(REC, "recorder connected");
}

void tap_link_serve(struct tap_link *l)
{
    if (l->recorder_fd >= 0)
        look(l); /* first: one that has just died makes room */
    int fd = ipc_accept(l->listen_fd);
    if (fd < 0)
        return;
    if (l->recorder_fd >= 0) {
        LOG_RL(WARN, REC, "second recorder refused");
        close(fd);
        return;
    }
    l->recorder_fd = fd;
    greet(l);
}
