/* SPDX-License-Identifier: MIT */
/* Local SOCK_SEQPACKET links: listen, accept, connect, and records with descriptors. */
#include "common/ipc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 8

static int parse_path(struct sockaddr_un *addr, const char *path)
{
    *addr = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (!*path)
        return -EINVAL;
    if (strlen(path) >= sizeof(addr->sun_path))
        return -ENAMETOOLONG;
    memcpy(addr->sun_path, path, strlen(path) + 1);
    return 0;
}

static int open_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

static bool is_trusted(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || len != sizeof(peer))
        return false;
    return peer.uid == 0 || peer.uid == geteuid();
}

/* A socket file that refuses connections is what a killed process left behind. */
static int unlink_stale(const struct sockaddr_un *addr)
{
    struct stat st;
    if (lstat(addr->sun_path, &st))
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EADDRINUSE;
    int fd = open_socket();
    if (fd < 0)
        return fd;
    bool stale = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) && errno == ECONNREFUSED;
    close(fd);
    if (!stale)
        return -EADDRINUSE;
    return unlink(addr->sun_path) && errno != ENOENT ? -errno : 0;
}

int ipc_listen(const char *path)
{
    struct sockaddr_un addr;
    int err = parse_path(&addr, path);
    if (err || (err = unlink_stale(&addr)))
        return err;
    int fd = open_socket();
    if (fd < 0)
        return fd;
    /* bind() makes the file with the mode of the socket, so that it is never open to others, not for a moment */
    if (fchmod(fd, 0600) || bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) || listen(fd, BACKLOG)) {
        err = -errno;
        close(fd);
        return err;
    }
    return fd;
}

int ipc_accept(int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (!is_trusted(fd)) {
        close(fd);
        return -EPERM;
    }
    return fd;
}

int ipc_connect(const char *path)
{
    struct sockaddr_un addr;
    int err = parse_path(&addr, path);
    if (err)
        return err;
    int fd = open_socket();
    if (fd < 0)
        return fd;
    if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
        err = -errno;
    else if (!is_trusted(fd))
        err = -EPERM;
    if (err) {
        close(fd);
        return err;
    }
    return fd;
}

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
};

int ipc_send(int fd, const void *msg, size_t len, const int *fds, size_t n_fds)
{
    if (!len || n_fds > IPC_FDS_MAX)
        return -EINVAL;
    union control control = {0};
    struct iovec iov = {.iov_base = (void *)msg, .iov_len = len};
    struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};
    if (n_fds) {
        hdr.msg_control = control.bytes;
        hdr.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&hdr);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
    }
    return sendmsg(fd, &hdr, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Every descriptor that came, wanted or not: each must be kept or closed. */
static size_t collect_fds(struct msghdr *hdr, int fds[IPC_FDS_MAX])
{
    size_t n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c; c = CMSG_NXTHDR(hdr, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t bytes = c->cmsg_len - CMSG_LEN(0);
        memcpy(fds + n, CMSG_DATA(c), bytes); /* the control buffer has room for IPC_FDS_MAX in all */
        n += bytes / sizeof(int);
    }
    return n;
}

int ipc_recv(int fd, void *msg, size_t size, int *fds, size_t *n_fds)
{
    union control control;
    struct iovec iov = {.iov_base = msg, .iov_len = size};
    struct msghdr hdr = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
    size_t capacity = n_fds ? *n_fds : 0;
    if (n_fds)
        *n_fds = 0;
    ssize_t bytes = recvmsg(fd, &hdr, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (bytes < 0)
        return -errno;
    int came[IPC_FDS_MAX];
    size_t n = collect_fds(&hdr, came);
    if ((hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || n > capacity) {
        while (n)
            close(came[--n]);
        return -EMSGSIZE;
    }
    if (n) {
        memcpy(fds, came, n * sizeof(int));
        *n_fds = n;
    }
    return (int)bytes;
}
