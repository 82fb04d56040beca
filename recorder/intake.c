/* SPDX-License-Identifier: MIT */
/* intake: the link, the memory, the rings. */
#include "recorder/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/util.h"

#define RETRY_US   250000
#define BUF_BYTES  (256u << 10)
#define TURN_READS 64 /* of a ring in one poll, so that one that fills as fast as it is emptied does not hold us */

static void drop_memory(struct intake *in)
{
    if (in->slab)
        munmap(in->slab, tap_slab_bytes(in->hello.n_rings, in->hello.ring_bytes));
    if (in->tails)
        munmap(in->tails, tap_tails_bytes(in->hello.n_rings));
    free(in->readers);
    in->slab = in->tails = NULL;
    in->readers = NULL;
    in->up = false;
}

static void drop_link(struct intake *in, const char *reason)
{
    if (in->up) {
        LOG_WARN(REC, "link to the dataplane lost reason=%s", reason);
        intake_poll(in); /* what it left: the memory is still there */
    } else if (!in->unreachable) {
        LOG_WARN(REC, "no link to the dataplane, trying on reason=%s", reason);
        in->unreachable = true;
    }
    drop_memory(in);
    loop_close(in->loop, &in->link);
}

/* A file of at least so many bytes, which it cannot lose under us. NULL: it is none. */
static void *map(int fd, size_t bytes, int protection)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) || st.st_size < 0 || (size_t)st.st_size < bytes)
        return NULL;
    void *memory = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static const char *take_memory(struct intake *in, const int fds[2])
{
    const struct tap_hello *h = &in->hello;
    in->slab = map(fds[0], tap_slab_bytes(h->n_rings, h->ring_bytes), PROT_READ);
    in->tails = map(fds[1], tap_tails_bytes(h->n_rings), PROT_READ | PROT_WRITE);
    if (!in->slab || !in->tails)
        return "its memory is not as it said";
    in->readers = calloc(h->n_rings, sizeof(*in->readers));
    if (!in->readers)
        return "no memory";
    for (uint32_t i = 0; i < h->n_rings; i++)
        tap_reader_init(&in->readers[i], in->slab, in->tails, i, h->ring_bytes);
    return NULL;
}

static const char *on_hello(struct intake *in, const struct tap_hello *hello, const int *fds, size_t n_fds)
{
    if (hello->version != TAP_VERSION)
        return "of another build";
    if (n_fds != 2 || !tap_geometry_ok(hello->n_rings, hello->ring_bytes))
        return "ill hello";
    in->hello = *hello;
    const char *wrong = take_memory(in, fds);
    if (wrong)
        return wrong;
    in->up = true;
    in->unreachable = false;
    LOG_INFO(REC, "link to the dataplane is up rings=%u kbytes=%llu", hello->n_rings,
             (unsigned long long)(hello->ring_bytes >> 10));
    return NULL;
}

static void on_link(struct watch *w, uint32_t events)
{
    struct intake *in = CONTAINER_OF(w, struct intake, link);
    struct tap_hello hello;
    int fds[IPC_FDS_MAX];
    size_t n_fds = ARRAY_SIZE(fds);
    const char *wrong;
    int n = ipc_recv(w->fd, &hello, sizeof(hello), fds, &n_fds);
    if (n == -EAGAIN || n == -EINTR)
        return;
    if (n <= 0)
        wrong = n == 0 ? "closed" : strerror(-n);
    else if (in->up || n != sizeof(hello))
        wrong = "ill record";
    else
        wrong = on_hello(in, &hello, fds, n_fds);
    while (n > 0 && n_fds)
        close(fds[--n_fds]);
    if (wrong)
        drop_link(in, wrong);
}

void intake_tick(struct intake *in, int64_t now_us)
{
    if (in->link.fd >= 0 || now_us - in->attempt_us < RETRY_US)
        return;
    in->attempt_us = now_us;
    in->link.fd = ipc_connect(in->path);
    if (in->link.fd >= 0 && loop_add(in->loop, &in->link, EPOLLIN) == 0)
        return;
    drop_link(in, in->link.fd < 0 ? strerror(-in->link.fd) : "no memory");
}

static void hand_on(struct intake *in, uint32_t ring, const uint8_t *records, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        const struct tap_record *r = (const struct tap_record *)(records + at);
        in->on_record(in->arg, ring, r);
        at += r->bytes;
    }
}

static void empty(struct intake *in, uint32_t ring)
{
    uint64_t lost = 0;
    int64_t n = 1;
    for (int i = 0; i < TURN_READS && n > 0; i++) {
        n = tap_read(&in->readers[ring], in->buf, BUF_BYTES, &lost);
        if (n > 0)
            hand_on(in, ring, in->buf, (size_t)n);
        if (n < 0) {
            LOG_RL(ERROR, REC, "a ring of the dataplane holds what is no record: skipped ring=%u", ring);
            lost = MAX(lost, 1);
        }
        if (lost)
            in->on_lost(in->arg, ring, lost);
    }
}

void intake_poll(struct intake *in)
{
    for (uint32_t i = 0; in->up && i < in->hello.n_rings; i++)
        empty(in, i);
}

int intake_init(struct intake *in, struct loop *loop, const char *run_dir)
{
    *in = (struct intake){.loop = loop, .link = {.fd = -1, .on_ready = on_link}, .attempt_us = -RETRY_US};
    int n = snprintf(in->path, sizeof(in->path), "%s/%s", run_dir, TAP_SOCKET);
    if (n < 0 || (size_t)n >= sizeof(in->path))
        return -ENAMETOOLONG;
    in->buf = aligned_alloc(TAP_RECORD_ALIGN, BUF_BYTES);
    return in->buf ? 0 : -ENOMEM;
}

void intake_finish(struct intake *in)
{
    drop_memory(in);
    loop_close(in->loop, &in->link);
    free(in->buf);
    in->buf = NULL;
}
