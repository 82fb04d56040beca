/* SPDX-License-Identifier: MIT */
/* erase: unlink, or rename into the folder of what failed. */
#include "recorder/erase.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/capture.h"
#include "common/log.h"
#include "recorder/folder.h"

struct erase {
    struct hand_job job; /* first */
    const char *records;
    uint64_t room, take; /* take 0: the room */
    bool keep;           /* the take */
    size_t n_kept;       /* of the room's takes */
    uint64_t kept[];
};

/* .captures/failed/<room>, made; or -errno. */
static int make_aside(int captures, const char *room)
{
    int failed = folder_make_in(captures, FOLDER_FAILED);
    if (failed < 0)
        return failed;
    int aside = folder_make_in(failed, room);
    close(failed);
    return aside;
}

static int put_aside(int captures, int folder, const char *room, const char *name)
{
    int aside = make_aside(captures, room);
    if (aside < 0)
        return aside;
    int err = renameat(folder, name, aside, name) ? -errno : 0;
    close(aside);
    return err;
}

static int delete_one(const struct erase *e, int captures, const char *room)
{
    char name[FOLDER_TAKE_BYTES];
    folder_take_name(name, e->take);
    int folder = folder_open_in(captures, room);
    if (folder < 0)
        return folder;
    int err = e->keep ? put_aside(captures, folder, room, name) : unlinkat(folder, name, 0) ? -errno : 0;
    close(folder);
    return err;
}

int erase_folder(int captures, const char *name)
{
    int folder = folder_open_in(captures, name);
    DIR *dir = folder < 0 ? NULL : fdopendir(folder);
    if (!dir) {
        int err = folder < 0 ? folder : -errno;
        if (folder >= 0)
            close(folder);
        return err;
    }
    for (struct dirent *e; (e = readdir(dir));)
        unlinkat(folder, e->d_name, 0); /* what it cannot, the folder's own end tells */
    closedir(dir);
    return unlinkat(captures, name, AT_REMOVEDIR) ? -errno : 0;
}

static int keep_some(const struct erase *e, int captures, const char *room, const char *gone)
{
    char name[FOLDER_TAKE_BYTES];
    int folder = folder_open_in(captures, gone), err = 0;
    if (folder < 0)
        return folder;
    for (size_t i = 0; i < e->n_kept && !err; i++) {
        folder_take_name(name, e->kept[i]);
        err = put_aside(captures, folder, room, name);
        err = err == -ENOENT ? 0 : err; /* it never was */
    }
    if (e->n_kept && !err)
        err = put_aside(captures, folder, room, FOLDER_ROOM_FILE);
    close(folder);
    return err;
}

/* With its new name it is no room any more. */
static int delete_all(const struct erase *e, int captures, const char *room)
{
    char gone[sizeof(ERASE_PREFIX) + FOLDER_HEX_BYTES];
    snprintf(gone, sizeof(gone), ERASE_PREFIX "%s", room);
    if (renameat(captures, room, captures, gone))
        return -errno;
    int err = keep_some(e, captures, room, gone);
    return err ? err : erase_folder(captures, gone);
}

static void work(struct hand_job *job)
{
    const struct erase *e = (const struct erase *)job;
    char room[FOLDER_HEX_BYTES];
    folder_hex(room, e->room);
    int captures = folder_captures(e->records), err = captures;
    if (captures >= 0) {
        err = e->take ? delete_one(e, captures, room) : delete_all(e, captures, room);
        close(captures);
    }
    if (err && err != -ENOENT)
        LOG_WARN(REC, "cannot clear away room=%s error=%s", room, strerror(-err));
}

static void done(struct hand_job *job)
{
    free(job);
}

static void give(struct hand *hand, const struct erase *what, const uint64_t *kept, size_t n_kept)
{
    struct erase *e = malloc(sizeof(*e) + n_kept * sizeof(*kept));
    if (!e)
        abort();
    *e = *what;
    e->job = (struct hand_job){.work = work, .done = done};
    e->n_kept = n_kept;
    if (n_kept)
        memcpy(e->kept, kept, n_kept * sizeof(*kept));
    hand_give(hand, &e->job);
}

void erase_take(struct hand *hand, const char *records, uint64_t room, uint64_t take, bool keep)
{
    give(hand, &(struct erase){.records = records, .room = room, .take = take, .keep = keep}, NULL, 0);
}

void erase_room(struct hand *hand, const char *records, uint64_t room, const uint64_t *kept, size_t n_kept)
{
    give(hand, &(struct erase){.records = records, .room = room}, kept, n_kept);
}
