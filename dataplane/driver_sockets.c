/* SPDX-License-Identifier: MIT */
/* Found among the process's open files. */
#include "dataplane/driver_sockets.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/socket.h>

static int compare_ints(const void *a, const void *b)
{
    const int *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

int driver_sockets_list(int family, int fds[DRIVER_SOCKETS_MAX])
{
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");

    for (struct dirent *e; dir && n < DRIVER_SOCKETS_MAX && (e = readdir(dir));) {
        int fd = atoi(e->d_name), found = AF_UNSPEC;
        socklen_t len = sizeof(found);
        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &found, &len) == 0 && found == family)
            fds[n++] = fd;
    }
    if (dir)
        closedir(dir);
    qsort(fds, (size_t)n, sizeof(fds[0]), compare_ints);
    return n;
}
