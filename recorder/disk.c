/* SPDX-License-Identifier: MIT */
/* disk: statvfs, and words. */
#include "recorder/disk.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

static void look(struct hand_job *job)
{
    struct disk *d = (struct disk *)job;
    struct statvfs st;
    d->err = statvfs(d->records, &st) ? -errno : 0;
    d->seen_bytes = d->err ? 0 : (uint64_t)st.f_bavail * st.f_frsize;
}

static void on_look(struct hand_job *job)
{
    struct disk *d = (struct disk *)job;
    d->looking = false;
    d->known = !d->err;
    d->free_bytes = d->seen_bytes;
}

void disk_init(struct disk *d, struct hand *hand, const char *records)
{
    *d = (struct disk){.job = {.work = look, .done = on_look}, .hand = hand, .records = records};
    look(&d->job);
    on_look(&d->job);
}

void disk_tick(struct disk *d, int64_t now_us)
{
    if (d->looking || now_us < d->due_us)
        return;
    d->due_us = now_us + DISK_LOOK_US;
    d->looking = true;
    hand_give(d->hand, &d->job);
}

bool disk_is_full(const struct disk *d, uint32_t min_free_mbytes)
{
    return d->known && d->free_bytes >> 20 < min_free_mbytes;
}

const char *disk_error(int err)
{
    switch (-err) {
    case ENOSPC:
    case EDQUOT:
        return "disk full";
    case EROFS:
        return "the records folder is read-only";
    case EACCES:
    case EPERM:
        return "the records folder may not be written to";
    case ELOOP:
    case ENOTDIR:
        return "a link or a file stands where a folder of the records should be";
    case ENOENT:
        return "the records folder is not there";
    case EALREADY:
        return "it ended before the recorder was started again";
    default:
        return strerror(-err);
    }
}
