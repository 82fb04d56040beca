/* SPDX-License-Identifier: MIT */
/* A capture file being written (common/capture.h): records are appended to chunks of memory, which one hand writes and
 * another syncs. Nothing here waits for the disk. When the disk cannot follow, chunks run out: records are dropped
 * then, and the file says how many (TAP_LOST). After a failed write the file is cut back to its last whole record. */
#ifndef ROOMLINE_RECORDER_CAPTURE_H
#define ROOMLINE_RECORDER_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/capture.h"
#include "common/rec_proto.h"
#include "recorder/hand.h"

#define CAPTURE_CHUNK_BYTES (64u << 10)
#define CAPTURE_CHUNKS      512 /* for all captures, and CAPTURE_CHUNKS_EACH more for each */
#define CAPTURE_CHUNKS_EACH 2

struct capture;
STAILQ_HEAD(chunks, chunk);

struct captures {        /* what all captures share */
    const char *records; /* path of the records folder */
    struct hand *writer, *syncer;
    struct chunks spare;
    uint32_t n_chunks, n_captures;
    /* Set by the owner, called on its thread. error: once for a capture, -errno of opening or writing; only
     * capture_close is of use to it then. closed: all is written and synced that could be, and the capture freed;
     * written: there is a file. */
    void (*on_error)(void *arg, void *capture_arg, int err);
    void (*on_closed)(void *arg, void *capture_arg, bool written);
    void *arg;
};

void captures_init(struct captures *cs, const char *records, struct hand *writer, struct hand *syncer);
void captures_finish(struct captures *cs); /* every capture is closed */

/* A new file, or, again, one to append to: it is cut to its last whole record first. -EALREADY comes as an error where
 * that one was closed. Each begins with what is due: META, and CLOCK. arg: for the callbacks. take and room: borrowed
 * for the call. */
struct capture *capture_create(struct captures *cs, const struct rec_take_put *take, const struct rec_room_put *room,
                               bool again, int64_t now_us, void *arg);

void capture_put(struct capture *c, const struct tap_record *r); /* whole, its body behind it */
void capture_put_lost(struct capture *c, uint64_t records, int64_t now_us);
void capture_put_clock(struct capture *c, int64_t now_us);

void capture_flush(struct capture *c); /* what is in memory goes to the writer; call it a few times a second */
void capture_sync(struct capture *c);  /* what was written reaches the disk; call it once a second */

/* The last call for it. why: for its END, or NULL: none, it is to be gone on with. file: "" or the name that holds. */
void capture_close(struct capture *c, const char *file, const char *why, int64_t now_us);

uint64_t capture_bytes(const struct capture *c); /* of the file, once all is written */

#endif
