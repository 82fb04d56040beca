/* SPDX-License-Identifier: MIT */
/* capture_read: records out of a mapped file. */
#include "recorder/film/capture_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int capture_read_open(struct capture_read *c, const char *path)
{
    struct stat st;
    int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
    *c = (struct capture_read){0};
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0) {
        err = -errno;
        goto out;
    }
    if (!S_ISREG(st.st_mode) || st.st_size < CAPTURE_MAGIC_BYTES) {
        err = -EBADMSG;
        goto out;
    }
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        err = -errno;
        goto out;
    }
    *c = (struct capture_read){.bytes = bytes, .len = (size_t)st.st_size};
    if (memcmp(c->bytes, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES) != 0) {
        capture_read_close(c);
        err = -EBADMSG;
    }
out:
    close(fd);
    return err;
}

void capture_read_close(struct capture_read *c)
{
    if (c->bytes)
        munmap((void *)(uintptr_t)c->bytes, c->len);
    *c = (struct capture_read){0};
}

static bool is_whole(const struct tap_record *r, size_t left)
{
    return r->bytes == tap_record_bytes(r->body_bytes) && r->bytes <= left && r->type > TAP_PAD &&
           r->type < TAP_TYPE_COUNT && r->rx_us >= 0 && r->rx_us < CAPTURE_READ_US_MAX && r->index >= 0 &&
           r->index < CAPTURE_READ_INDEX_MAX;
}

const struct tap_record *capture_read_next(const struct capture_read *c, size_t *at)
{
    if (*at < CAPTURE_MAGIC_BYTES)
        *at = CAPTURE_MAGIC_BYTES;
    for (; *at < c->len && c->len - *at >= sizeof(struct tap_record); *at += TAP_RECORD_ALIGN) {
        const struct tap_record *r = (const struct tap_record *)(c->bytes + *at);
        if (is_whole(r, c->len - *at)) {
            *at += r->bytes;
            return r;
        }
    }
    return NULL;
}
