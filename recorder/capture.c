/* SPDX-License-Identifier: MIT */
/* capture: chunks on their way, opening, syncing, closing. Fields under "writer" belong to the writer's thread while
 * it works on one of the capture's jobs; they are read here after the job that set them was answered. */
#include "recorder/capture.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/util.h"
#include "recorder/folder.h"
#include "recorder/label.h"
#include "recorder/scan.h"

struct chunk {
    struct hand_job job; /* first: the hand's pointer is ours */
    STAILQ_ENTRY(chunk) entry;
    struct capture *capture;
    uint32_t used;
    int err;         /* of writing it */
    bool last_words; /* END: tried even after an error, for room may have come free */
    _Alignas(TAP_RECORD_ALIGN) uint8_t data[CAPTURE_CHUNK_BYTES];
};

_Static_assert(SCAN_RECORD_BYTES_MAX + CAPTURE_MAGIC_BYTES + 256 <= CAPTURE_CHUNK_BYTES, "META and what goes with it");

struct capture {
    struct captures *all;
    void *arg;
    uint64_t take, room;
    char *room_text;     /* of room.json; NULL: the file is there already */
    struct chunk *chunk; /* being filled; NULL: none */
    uint64_t lost;       /* records dropped and not yet told in the file */
    uint64_t bytes;
    unsigned n_jobs; /* with the hands */
    bool failed, closing, syncing, dirty;
    struct hand_job open, sync;
    int open_err;          /* of opening */
    uint64_t opened_bytes; /* that the file had then */
    int fd;                /* writer; -1: not open */
    int folder;            /* writer, then the syncer's: its room's, to be synced once; -1: it was */
    int err;               /* writer: of the first failure; 0 */
    uint64_t file_bytes;   /* writer */
};

void captures_init(struct captures *cs, const char *records, struct hand *writer, struct hand *syncer)
{
    *cs = (struct captures){.records = records, .writer = writer, .syncer = syncer};
    STAILQ_INIT(&cs->spare);
}

void captures_finish(struct captures *cs)
{
    struct chunk *chunk;
    assert(!cs->n_captures);
    while ((chunk = STAILQ_FIRST(&cs->spare))) {
        STAILQ_REMOVE_HEAD(&cs->spare, entry);
        free(chunk);
    }
}

/* ---- Chunks ---- */

static uint32_t chunks_max(const struct captures *cs)
{
    return CAPTURE_CHUNKS + CAPTURE_CHUNKS_EACH * cs->n_captures;
}

/* NULL: all are on their way to the disk. force: make one more. */
static struct chunk *grab(struct capture *c, bool force)
{
    struct captures *cs = c->all;
    struct chunk *chunk = STAILQ_FIRST(&cs->spare);
    if (chunk) {
        STAILQ_REMOVE_HEAD(&cs->spare, entry);
    } else if (force || cs->n_chunks < chunks_max(cs)) {
        chunk = malloc(sizeof(*chunk));
        if (!chunk)
            abort();
        cs->n_chunks++;
    } else {
        return NULL;
    }
    chunk->capture = c;
    chunk->used = 0;
    chunk->err = 0;
    chunk->last_words = false;
    return chunk;
}

static void release(struct captures *cs, struct chunk *chunk)
{
    STAILQ_INSERT_HEAD(&cs->spare, chunk, entry); /* the one that is warm */
}

/* Gives back what captures that are gone have needed. */
static void trim(struct captures *cs)
{
    struct chunk *chunk;
    while (cs->n_chunks > chunks_max(cs) && (chunk = STAILQ_FIRST(&cs->spare))) {
        STAILQ_REMOVE_HEAD(&cs->spare, entry);
        cs->n_chunks--;
        free(chunk);
    }
}

static void append(struct capture *c, const void *bytes, size_t n)
{
    memcpy(c->chunk->data + c->chunk->used, bytes, n);
    c->chunk->used += (uint32_t)n;
    c->bytes += n;
}

static void append_record(struct capture *c, enum tap_type type, const void *body, size_t body_bytes, int64_t now_us)
{
    static const uint8_t zeros[TAP_RECORD_ALIGN];
    struct tap_record r = {.bytes = tap_record_bytes((uint32_t)body_bytes),
                           .body_bytes = (uint16_t)body_bytes,
                           .type = type,
                           .rx_us = now_us};
    append(c, &r, sizeof(r));
    append(c, body, body_bytes);
    append(c, zeros, r.bytes - sizeof(r) - body_bytes);
}

/* Room for so many bytes in c->chunk, and what was lost is told before. false: none, or of no use any more. */
static bool reserve(struct capture *c, size_t bytes, bool force, int64_t now_us)
{
    size_t lost_bytes = tap_record_bytes(sizeof(struct tap_lost));
    if (c->failed && !force)
        return false;
    if (c->chunk && c->chunk->used + bytes + lost_bytes > CAPTURE_CHUNK_BYTES)
        capture_flush(c);
    if (!c->chunk && !(c->chunk = grab(c, force)))
        return false;
    if (c->lost) {
        struct tap_lost lost = {.records = c->lost};
        c->lost = 0;
        append_record(c, TAP_LOST, &lost, sizeof(lost), now_us);
    }
    return true;
}

void capture_put(struct capture *c, const struct tap_record *r)
{
    if (reserve(c, r->bytes, false, r->rx_us))
        append(c, r, r->bytes);
    else
        c->lost++;
}

void capture_put_lost(struct capture *c, uint64_t records, int64_t now_us)
{
    c->lost += records;
    reserve(c, 0, false, now_us); /* else with what comes next */
}

static int64_t read_clock_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void capture_put_clock(struct capture *c, int64_t now_us)
{
    /* The two together, whenever this turn began. */
    struct tap_clock clock = {.monotonic_us = read_clock_us(CLOCK_MONOTONIC), .unix_us = read_clock_us(CLOCK_REALTIME)};
    if (reserve(c, tap_record_bytes(sizeof(clock)), false, now_us))
        append_record(c, TAP_CLOCK, &clock, sizeof(clock), now_us);
}

/* ---- On the writer's thread ---- */

static void write_chunk(struct hand_job *job)
{
    struct chunk *chunk = (struct chunk *)job;
    struct capture *c = chunk->capture;
    if (c->fd < 0 || (c->err && !chunk->last_words))
        return;
    chunk->err = folder_write_all(c->fd, chunk->data, chunk->used);
    if (!chunk->err)
        c->file_bytes += chunk->used;
    else if (ftruncate(c->fd, (off_t)c->file_bytes) || lseek(c->fd, 0, SEEK_END) < 0)
        chunk->err = -errno;
    if (chunk->err && !c->err)
        c->err = chunk->err;
}

static int open_again(struct capture *c, int room, const char *name)
{
    struct scan s;
    c->fd = openat(room, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (c->fd < 0)
        return -errno;
    int err = scan_file(c->fd, &s, NULL);
    if (!err && s.end)
        err = -EALREADY;
    if (!err && !s.meta)
        err = -EBADMSG;
    if (!err && (ftruncate(c->fd, (off_t)s.whole) || lseek(c->fd, 0, SEEK_END) < 0))
        err = -errno;
    c->file_bytes = s.whole;
    return err;
}

static int open_new(struct capture *c, int room, const char *name)
{
    bool first = faccessat(room, FOLDER_ROOM_FILE, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    int err = first ? folder_write(room, FOLDER_ROOM_FILE, c->room_text, strlen(c->room_text)) : 0;
    if (err)
        return err;
    c->fd = openat(room, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    return c->fd < 0 ? -errno : 0;
}

static void open_file(struct hand_job *job)
{
    struct capture *c = CONTAINER_OF(job, struct capture, open);
    char name[FOLDER_TAKE_BYTES];
    folder_take_name(name, c->take);
    int room = folder_make_room(c->all->records, c->room);
    c->open_err = room < 0 ? room : c->room_text ? open_new(c, room, name) : open_again(c, room, name);
    c->opened_bytes = c->file_bytes;
    c->err = c->open_err;
    c->folder = room;
    if (c->err && c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
}

/* ---- On the syncer's ---- */

static void sync_file(struct hand_job *job)
{
    struct capture *c = CONTAINER_OF(job, struct capture, sync);
    if (c->folder >= 0) {
        fsync(c->folder); /* a file that is in no folder is lost */
        close(c->folder);
        c->folder = -1;
    }
    if (c->fd >= 0)
        fdatasync(c->fd); /* what fails here, the next write tells or nobody can mend */
}

static void close_file(struct hand_job *job)
{
    struct capture *c = CONTAINER_OF(job, struct capture, sync);
    sync_file(job);
    if (c->fd >= 0)
        close(c->fd);
}

/* ---- Answers ---- */

static void on_file_closed(struct hand_job *job)
{
    struct capture *c = CONTAINER_OF(job, struct capture, sync);
    struct captures *cs = c->all;
    void *arg = c->arg;
    bool written = c->fd >= 0 || c->open_err == -EALREADY;
    cs->n_captures--;
    trim(cs);
    free(c->room_text);
    free(c);
    cs->on_closed(cs->arg, arg, written);
}

/* Once closing, when no hand has anything of it any more. */
static void close_if_idle(struct capture *c)
{
    if (!c->closing || c->n_jobs)
        return;
    c->n_jobs++;
    c->sync = (struct hand_job){.work = close_file, .done = on_file_closed};
    hand_give(c->all->syncer, &c->sync);
}

static void fail(struct capture *c, int err)
{
    c->failed = true;
    if (c->chunk)
        c->chunk->used = 0; /* where the disk is full, all of it would take the END along */
    if (!c->closing)
        c->all->on_error(c->all->arg, c->arg, err); /* may close it */
}

static void answer(struct capture *c, int err)
{
    c->n_jobs--;
    if (err && !c->failed)
        fail(c, err);
    close_if_idle(c);
}

static void on_open(struct hand_job *job)
{
    struct capture *c = CONTAINER_OF(job, struct capture, open);
    c->bytes += c->opened_bytes;
    answer(c, c->open_err);
}

static void on_written(struct hand_job *job)
{
    struct chunk *chunk = (struct chunk *)job;
    struct capture *c = chunk->capture;
    int err = chunk->err;
    release(c->all, chunk);
    c->dirty = true;
    answer(c, err);
}

static void on_synced(struct hand_job *job)
{
    struct capture *c = CONTAINER_OF(job, struct capture, sync);
    c->syncing = false;
    answer(c, 0);
}

/* ---- Life ---- */

struct capture *capture_create(struct captures *cs, const struct rec_take_put *take, const struct rec_room_put *room,
                               bool again, int64_t now_us, void *arg)
{
    struct capture *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    *c = (struct capture){
        .all = cs, .arg = arg, .take = take->id, .room = room->id, .fd = -1, .folder = -1, .n_jobs = 1};
    c->open = (struct hand_job){.work = open_file, .done = on_open};
    cs->n_captures++;
    c->chunk = grab(c, true);
    if (!again) {
        char *meta = label_meta(take, room);
        c->room_text = label_room(room);
        append(c, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
        append_record(c, TAP_META, meta, strlen(meta), now_us);
        free(meta);
    }
    capture_put_clock(c, now_us);
    hand_give(cs->writer, &c->open);
    return c;
}

void capture_flush(struct capture *c)
{
    struct chunk *chunk = c->chunk;
    if (!chunk || !chunk->used)
        return;
    c->chunk = NULL;
    c->n_jobs++;
    chunk->job = (struct hand_job){.work = write_chunk, .done = on_written};
    hand_give(c->all->writer, &chunk->job);
}

void capture_sync(struct capture *c)
{
    if (c->syncing || !c->dirty || c->failed)
        return;
    c->syncing = true;
    c->dirty = false;
    c->n_jobs++;
    c->sync = (struct hand_job){.work = sync_file, .done = on_synced};
    hand_give(c->all->syncer, &c->sync);
}

void capture_close(struct capture *c, const char *file, const char *why, int64_t now_us)
{
    assert(!c->closing);
    if (why) {
        char *end = label_end(file, why);
        reserve(c, tap_record_bytes((uint32_t)strlen(end)), true, now_us);
        append_record(c, TAP_END, end, strlen(end), now_us);
        free(end);
        c->chunk->last_words = true;
    }
    capture_flush(c);
    c->closing = true;
    if (c->chunk)
        release(c->all, c->chunk); /* empty */
    c->chunk = NULL;
    close_if_idle(c);
}

uint64_t capture_bytes(const struct capture *c)
{
    return c->bytes;
}
