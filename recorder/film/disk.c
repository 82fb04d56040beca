/* SPDX-License-Identifier: MIT */
/* Crash-safe files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/util.h"
#include "recorder/film/disk.h"

char *disk_path(const char *dir, const char *name, const char *suffix)
{
    char *path;
    return asprintf(&path, "%s/%s%s", dir, name, suffix) < 0 ? NULL : path;
}

char *disk_url(const char *path)
{
    char *url;
    return asprintf(&url, "file:%s", path) < 0 ? NULL : url;
}

int disk_open(AVIOContext **pb, const char *path)
{
    char *url = disk_url(path);
    int r = url ? avio_open(pb, url, AVIO_FLAG_WRITE) : -ENOMEM;
    free(url);
    return MIN(r, 0);
}

int disk_close(AVIOContext **pb)
{
    if (!*pb)
        return 0;
    avio_flush(*pb);
    int error = (*pb)->error;
    int r = avio_closep(pb);
    return error < 0 ? error : MIN(r, 0);
}

static int sync_path(const char *path, int flags, uint64_t *bytes)
{
    struct stat st;
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) || fstat(fd, &st) ? -errno : 0;
    if (!r && bytes)
        *bytes = (uint64_t)st.st_size;
    close(fd);
    return r;
}

int disk_settle(const char *path, const char *dir, const char *name, uint64_t *bytes)
{
    char *final = disk_path(dir, name, "");
    if (!final)
        return -ENOMEM;
    int r = sync_path(path, O_RDWR, bytes);
    if (!r && rename(path, final))
        r = -errno;
    if (!r)
        r = sync_path(dir, O_RDONLY | O_DIRECTORY, NULL);
    free(final);
    return r;
}

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    size_t bytes = strlen(text);
    ssize_t n = write(fd, text, bytes);
    int r = n < 0 ? -errno : (size_t)n < bytes ? -ENOSPC : 0; /* a short write to a file: the disk is full */
    if (close(fd) && !r)
        r = -errno;
    return r;
}

int disk_put(const char *dir, const char *name, const char *text)
{
    char *part = disk_path(dir, name, ".part");
    if (!part)
        return -ENOMEM;
    int r = write_text(part, text);
    if (!r)
        r = disk_settle(part, dir, name, NULL);
    if (r)
        unlink(part);
    free(part);
    return r;
}

char *disk_get(const char *dir, const char *name)
{
    char *path = disk_path(dir, name, ""), *text = NULL;
    FILE *f = path ? fopen(path, "re") : NULL;
    size_t size = 0;
    if (f && getdelim(&text, &size, '\0', f) < 0) {
        free(text);
        text = NULL;
    }
    if (f)
        fclose(f);
    free(path);
    return text;
}

void disk_remove(const char *dir, const char *name)
{
    char *path = disk_path(dir, name, "");
    if (path)
        unlink(path);
    free(path);
}
