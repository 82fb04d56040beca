/* SPDX-License-Identifier: MIT */
/* erase: unlink, or rename into the folder of what failed. */
#include "recorder/erase.h"

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
    bool keep;
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

static int erase(const struct erase *e, int captures, const char *room)
{
    char name[FOLDER_TAKE_BYTES] = FOLDER_ROOM_FILE;
    if (e->take)
        folder_take_name(name, e->take);
    int folder = folder_open_in(captures, room);
    if (folder < 0)
        return folder;
    int err = e->keep ? put_aside(captures, folder, room, name) : unlinkat(folder, name, 0) ? -errno : 0;
    close(folder);
    if (!e->take && unlinkat(captures, room, AT_REMOVEDIR))
        err = -errno;
    return err;
}

static void work(struct hand_job *job)
{
    const struct erase *e = (const struct erase *)job;
    char room[FOLDER_HEX_BYTES];
    folder_hex(room, e->room);
    int captures = folder_captures(e->records);
    int err = captures < 0 ? captures : erase(e, captures, room);
    if (captures >= 0)
        close(captures);
    if (err && err != -ENOENT)
        LOG_WARN(REC, "cannot clear away room=%s error=%s", room, strerror(-err));
}

static void done(struct hand_job *job)
{
    free(job);
}

static void give(struct hand *hand, const struct erase *what)
{
    struct erase *e = malloc(sizeof(*e));
    if (!e)
        abort();
    *e = *what;
    e->job = (struct hand_job){.work = work, .done = done};
    hand_give(hand, &e->job);
}

void erase_take(struct hand *hand, const char *records, uint64_t room, uint64_t take, bool keep)
{
    give(hand, &(struct erase){.records = records, .room = room, .take = take, .keep = keep});
}

void erase_room(struct hand *hand, const char *records, uint64_t room, bool keep)
{
    give(hand, &(struct erase){.records = records, .room = room, .keep = keep});
}
