/* SPDX-License-Identifier: MIT */
/* files: one component at a time, and the content types of what pages are made of. */
#include "controlplane/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/util.h"

static const struct {
    const char *suffix, *type;
    bool page;
} types[] = {
    {".html", "text/html; charset=utf-8", true},
    {".htm", "text/html; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".mjs", "text/javascript; charset=utf-8", true},
    {".css", "text/css; charset=utf-8", true},
    {".json", "application/json", true},
    {".map", "application/json", false},
    {".txt", "text/plain; charset=utf-8", false},
    {".md", "text/plain; charset=utf-8", false},
    {".svg", "image/svg+xml", false},
    {".png", "image/png", false},
    {".jpg", "image/jpeg", false},
    {".jpeg", "image/jpeg", false},
    {".gif", "image/gif", false},
    {".webp", "image/webp", false},
    {".ico", "image/x-icon", false},
    {".woff", "font/woff", false},
    {".woff2", "font/woff2", false},
    {".ttf", "font/ttf", false},
    {".eot", "application/vnd.ms-fontobject", false},
    {".wasm", "application/wasm", false},
    {".mp3", "audio/mpeg", false},
    {".ogg", "audio/ogg", false},
    {".wav", "audio/wav", false},
    {".mp4", "video/mp4", false},
    {".webm", "video/webm", false},
    {".mkv", "video/x-matroska", false},
    {".swf", "application/x-shockwave-flash", false},
};

void files_set_type(struct files_found *f, const char *name)
{
    const char *suffix = strrchr(name, '.');
    f->type = "application/octet-stream";
    f->page = false;
    for (size_t i = 0; suffix && i < ARRAY_SIZE(types); i++) {
        if (!strcasecmp(suffix, types[i].suffix)) {
            f->type = types[i].type;
            f->page = types[i].page;
        }
    }
}

/* Goes from the folder *fd to what it holds under path[0..len). *fd is then that, or closed. */
static int enter(int *fd, const char *path, size_t len)
{
    char name[NAME_MAX + 1];
    int next = -1, err = ENOENT;
    if (*path != '.' && len <= NAME_MAX) {
        memcpy(name, path, len);
        name[len] = 0;
        next = openat(*fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        err = errno;
    }
    close(*fd);
    *fd = next;
    return next < 0 ? -err : 0;
}

int files_open(int root, const char *path, struct files_found *out)
{
    static const char index[] = "index.html";
    const char *name = path;
    struct stat st;
    int fd = fcntl(root, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    for (bool last = false; !last;) {
        path += strspn(path, "/");
        size_t len = strcspn(path, "/");
        last = !path[len];
        name = len ? path : index;
        int err = enter(&fd, name, len ? len : sizeof(index) - 1);
        if (err)
            return err;
        path += len;
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return S_ISDIR(st.st_mode) ? -EISDIR : -ENOENT;
    }
    *out = (struct files_found){.fd = fd,
                                .bytes = (size_t)st.st_size,
                                .inode = st.st_ino,
                                .mtime_ns = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec};
    files_set_type(out, name);
    return 0;
}

int files_find_own(const char *name, char path[PATH_MAX])
{
    static const char *const folders[] = {"", "../share/roomline/"};
    char exe[PATH_MAX], candidate[2 * PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe));
    while (len > 0 && exe[len - 1] != '/')
        len--;
    for (size_t i = 0; len > 0 && i < ARRAY_SIZE(folders); i++) {
        snprintf(candidate, sizeof(candidate), "%.*s%s%s", (int)len, exe, folders[i], name);
        if (realpath(candidate, path))
            return 0;
    }
    return -errno;
}
