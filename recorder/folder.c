/* SPDX-License-Identifier: MIT */
/* folder: component by component, and files in place at once. */
#include "recorder/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/capture.h"

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

void folder_hex(char out[FOLDER_HEX_BYTES], uint64_t id)
{
    snprintf(out, FOLDER_HEX_BYTES, "%016" PRIx64, id);
}

int folder_parse_hex(const char *text, size_t len, uint64_t *id)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = 0;
    if (len != FOLDER_HEX_BYTES - 1)
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return -EINVAL;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *id = value;
    return 0;
}

void folder_take_name(char out[FOLDER_TAKE_BYTES], uint64_t take)
{
    folder_hex(out, take);
    strcpy(out + FOLDER_HEX_BYTES - 1, CAPTURE_SUFFIX);
}

int folder_open(const char *records)
{
    if (mkdir(records, 0755) && errno != EEXIST)
        return -errno;
    int fd = open(records, OPEN_FOLDER); /* itself it may be a link: its place is the operator's choice */
    return fd < 0 ? -errno : fd;
}

int folder_open_in(int parent, const char *name)
{
    int fd = openat(parent, name, OPEN_FOLDER | O_NOFOLLOW);
    return fd < 0 ? -errno : fd;
}

int folder_make_in(int parent, const char *name)
{
    int made = mkdirat(parent, name, 0755);
    if (made && errno != EEXIST)
        return -errno;
    int fd = folder_open_in(parent, name);
    if (!made && fd >= 0)
        fsync(parent); /* a folder that is lost takes its files along */
    return fd;
}

/* fd of parent is closed. */
static int step(int parent, const char *name, int (*into)(int parent, const char *name))
{
    if (parent < 0)
        return parent;
    int fd = into(parent, name);
    close(parent);
    return fd;
}

int folder_captures(const char *records)
{
    return step(folder_open(records), CAPTURE_FOLDER, folder_make_in);
}

int folder_room(const char *records, uint64_t room)
{
    char name[FOLDER_HEX_BYTES];
    folder_hex(name, room);
    return step(folder_captures(records), name, folder_open_in);
}

int folder_make_room(const char *records, uint64_t room)
{
    char name[FOLDER_HEX_BYTES];
    folder_hex(name, room);
    return step(folder_captures(records), name, folder_make_in);
}

int folder_write_all(int fd, const void *bytes, size_t n)
{
    for (const uint8_t *at = bytes; n > 0;) {
        ssize_t written = write(fd, at, n);
        if (written < 0 && errno != EINTR)
            return -errno;
        at += written > 0 ? written : 0;
        n -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

int folder_write(int parent, const char *name, const char *text, size_t len)
{
    char part[NAME_MAX + 1];
    int n = snprintf(part, sizeof(part), "%s.part", name);
    if (n < 0 || (size_t)n >= sizeof(part))
        return -ENAMETOOLONG;
    int fd = openat(parent, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    int err = folder_write_all(fd, text, len);
    if (!err && fsync(fd))
        err = -errno;
    close(fd);
    if (!err && renameat(parent, part, parent, name))
        err = -errno;
    if (err)
        unlinkat(parent, part, 0);
    else
        fsync(parent);
    return err;
}

int64_t folder_read(int parent, const char *name, char *text, size_t size)
{
    struct stat st;
    size_t len = 0;
    ssize_t n = 1;
    int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return -EINVAL;
    }
    while (len < size && n != 0) {
        n = read(fd, text + len, size - len);
        if (n < 0 && errno != EINTR)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    int err = n < 0 ? -errno : len == size ? -EFBIG : 0;
    close(fd);
    if (err)
        return err;
    text[len] = '\0';
    return (int64_t)len;
}
