/* SPDX-License-Identifier: MIT */
/* salvage: through the folders, and to the end of a file. */
#include "recorder/salvage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "recorder/erase.h"
#include "recorder/folder.h"
#include "recorder/label.h"
#include "recorder/loop.h"

struct search {
    void (*on_room)(void *arg, const struct rec_room_put *room);
    void (*on_take)(void *arg, const struct rec_take_put *take, enum told told);
    void *arg;
    uint64_t id; /* of the room whose folder is being looked through */
    bool known;  /* room is as its room.json says */
    struct rec_room_put room;
    size_t n_captures;
    char text[CAPTURE_TEXT_MAX + 1];
};

static int open_capture(int folder, const char *name)
{
    struct stat st;
    int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (!fstat(fd, &st) && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return -EINVAL;
}

static bool is_capture(const char *name, uint64_t *take)
{
    size_t len = strlen(name);
    return len == FOLDER_TAKE_BYTES - 1 && !strcmp(name + FOLDER_HEX_BYTES - 1, CAPTURE_SUFFIX) &&
           folder_parse_hex(name, FOLDER_HEX_BYTES - 1, take) == 0;
}

static void find_take(struct search *s, int folder, const char *name, uint64_t id)
{
    struct rec_take_put take;
    struct rec_room_put room;
    int fd = open_capture(folder, name);
    if (fd < 0)
        return;
    int64_t len = scan_meta(fd, s->text, sizeof(s->text));
    close(fd);
    if (len == -EBADMSG) {
        LOG_WARN(REC, "a capture without a beginning is deleted name=%s", name);
        unlinkat(folder, name, 0);
        return;
    }
    s->n_captures++;
    if (len < 0 || label_parse_meta(s->text, (size_t)len, &take, &room) || take.id != id || room.id != s->id) {
        LOG_WARN(REC, "a capture that is not as it should be is left alone name=%s", name);
        return;
    }
    s->on_room(s->arg, s->known ? &s->room : &room);
    s->on_take(s->arg, &take, told_read(folder, id));
}

static void find_room_file(struct search *s, int folder)
{
    int64_t len = folder_read(folder, FOLDER_ROOM_FILE, s->text, sizeof(s->text));
    s->known = len >= 0 && label_parse_room(s->text, (size_t)len, &s->room) == 0 && s->room.id == s->id;
}

/* Calls for each name in the folder, which it closes. */
static void each_name(int folder, struct search *s, void (*visit)(struct search *s, int folder, const char *name))
{
    DIR *dir = fdopendir(folder);
    if (!dir) {
        close(folder);
        return;
    }
    for (struct dirent *e; (e = readdir(dir));)
        visit(s, folder, e->d_name);
    closedir(dir);
}

static void visit_take(struct search *s, int folder, const char *name)
{
    uint64_t take;
    if (is_capture(name, &take))
        find_take(s, folder, name, take);
}

static void visit_room(struct search *s, int captures, const char *name)
{
    if (strncmp(name, ERASE_PREFIX, strlen(ERASE_PREFIX)) == 0)
        erase_folder(captures, name);
    int folder = folder_parse_hex(name, strlen(name), &s->id) ? -1 : folder_open_in(captures, name);
    if (folder < 0)
        return;
    find_room_file(s, folder);
    s->n_captures = 0;
    each_name(folder, s, visit_take);
    if (!s->n_captures)
        erase_folder(captures, name);
}

int salvage_list(const char *records, void (*on_room)(void *arg, const struct rec_room_put *room),
                 void (*on_take)(void *arg, const struct rec_take_put *take, enum told told), void *arg)
{
    int captures = folder_captures(records);
    if (captures < 0)
        return captures;
    struct search *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    *s = (struct search){.on_room = on_room, .on_take = on_take, .arg = arg};
    each_name(captures, s, visit_room);
    free(s);
    return 0;
}

/* ---- Closing one ---- */

static int append_end(int fd, off_t at, int64_t now_us)
{
    char *text = label_end("", "salvaged");
    uint32_t len = (uint32_t)strlen(text), bytes = tap_record_bytes(len);
    struct tap_record *r = calloc(1, bytes);
    if (!r)
        abort();
    *r = (struct tap_record){.bytes = bytes, .body_bytes = (uint16_t)len, .type = TAP_END, .rx_us = now_us};
    memcpy(r + 1, text, len);
    ssize_t n = pwrite(fd, r, bytes, at);
    int err = n < 0 ? -errno : n < (ssize_t)bytes ? -ENOSPC : 0;
    free(r);
    free(text);
    return err;
}

int salvage_file(int fd, struct scan *s, const atomic_bool *stop, int64_t now_us)
{
    int err = scan_file(fd, s, stop);
    if (err)
        return err;
    if (!s->meta)
        return -EBADMSG;
    if (ftruncate(fd, (off_t)s->whole))
        return -errno;
    if (!s->end)
        err = append_end(fd, (off_t)s->whole, now_us);
    if (err == -ENOSPC && ftruncate(fd, (off_t)s->whole) == 0)
        err = 0; /* it is taken for salvaged without an END too */
    return err ? err : fsync(fd) ? -errno : 0;
}

static void work(struct hand_job *job)
{
    struct salvage *s = (struct salvage *)job;
    char name[FOLDER_TAKE_BYTES];
    folder_take_name(name, s->take);
    int folder = folder_room(s->records, s->room);
    int fd = folder < 0 ? folder : open_capture(folder, name);
    s->err = fd < 0 ? fd : salvage_file(fd, &s->scan, s->stop, loop_now_us());
    if (folder >= 0)
        close(folder);
    if (fd >= 0)
        close(fd);
}

static void done(struct hand_job *job)
{
    struct salvage *s = (struct salvage *)job;
    s->on_done(s->arg, s);
    free(s);
}

void salvage_start(struct hand *hand, const char *records, const atomic_bool *stop, uint64_t room, uint64_t take,
                   void (*on_done)(void *arg, const struct salvage *s), void *arg)
{
    struct salvage *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    *s = (struct salvage){.records = records, .stop = stop, .room = room, .take = take, .on_done = on_done, .arg = arg};
    s->job = (struct hand_job){.work = work, .done = done};
    hand_give(hand, &s->job);
}
