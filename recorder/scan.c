/* SPDX-License-Identifier: MIT */
/* scan: from record to record by their lengths. */
#include "recorder/scan.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/util.h"

#define READ_BYTES (512u << 10)

_Static_assert(CAPTURE_TEXT_MAX <= UINT16_MAX && SCAN_RECORD_BYTES_MAX < READ_BYTES, "a record fits");

static bool is_record(const struct tap_record *r, bool first)
{
    bool text = r->type == TAP_META || r->type == TAP_END;
    return r->type > TAP_PAD && r->type < TAP_TYPE_COUNT && (r->type == TAP_META) == first &&
           r->body_bytes <= (text ? CAPTURE_TEXT_MAX : TAP_BODY_MAX) && r->bytes == tap_record_bytes(r->body_bytes);
}

static void note(struct scan *s, const struct tap_record *r)
{
    s->records++;
    s->meta = true; /* is_record: the first one was it */
    s->end = r->type == TAP_END;
    if (r->type != TAP_RTP && r->type != TAP_SR)
        return;
    if (!s->first_us)
        s->first_us = r->rx_us;
    s->last_us = MAX(s->last_us, r->rx_us);
}

/* Bytes of the file's first eight: 0 when they have not all come. */
static size_t feed_magic(struct scan *s, const uint8_t *bytes, size_t len)
{
    if (memcmp(bytes, CAPTURE_MAGIC, MIN(len, CAPTURE_MAGIC_BYTES)) != 0)
        s->broken = true;
    if (s->broken || len < CAPTURE_MAGIC_BYTES)
        return 0;
    s->whole = CAPTURE_MAGIC_BYTES;
    return CAPTURE_MAGIC_BYTES;
}

size_t scan_feed(struct scan *s, const uint8_t *bytes, size_t len)
{
    struct tap_record r;
    size_t at = 0;
    if (!s->whole && (at = feed_magic(s, bytes, len)) == 0)
        return 0;
    while (!s->end && !s->broken && len - at >= sizeof(r)) {
        memcpy(&r, bytes + at, sizeof(r));
        s->broken = !is_record(&r, !s->records);
        if (s->broken || r.bytes > len - at)
            break;
        note(s, &r);
        at += r.bytes;
        s->whole += r.bytes;
    }
    return at;
}

int scan_file(int fd, struct scan *s, const atomic_bool *stop)
{
    uint8_t *buf = malloc(READ_BYTES);
    size_t held = 0;
    ssize_t n = 1;
    *s = (struct scan){0};
    if (!buf)
        return -ENOMEM;
    bool stopped = false;
    while (n != 0 && !s->end && !s->broken && !stopped) {
        stopped = stop && atomic_load_explicit(stop, memory_order_relaxed);
        n = pread(fd, buf + held, READ_BYTES - held, (off_t)(s->whole + held));
        if (n < 0 && errno != EINTR)
            break;
        held += n > 0 ? (size_t)n : 0;
        size_t used = scan_feed(s, buf, held);
        held -= used;
        memmove(buf, buf + used, held);
    }
    int err = n < 0 ? -errno : stopped ? -ECANCELED : 0;
    free(buf);
    return err;
}

int64_t scan_meta(int fd, char *text, size_t size)
{
    struct {
        char magic[CAPTURE_MAGIC_BYTES];
        struct tap_record r;
    } start;
    assert(size > CAPTURE_TEXT_MAX);
    ssize_t n = pread(fd, &start, sizeof(start), 0);
    if (n < 0)
        return -errno;
    if (n < (ssize_t)sizeof(start) || memcmp(start.magic, CAPTURE_MAGIC, sizeof(start.magic)) != 0 ||
        !is_record(&start.r, true))
        return -EBADMSG;
    n = pread(fd, text, start.r.body_bytes, sizeof(start));
    if (n < 0)
        return -errno;
    if (n < start.r.body_bytes)
        return -EBADMSG;
    text[n] = '\0';
    return n;
}
