/* SPDX-License-Identifier: MIT */
/* Local links between our processes: AF_UNIX SOCK_SEQPACKET, one record per message, descriptors by SCM_RIGHTS. Every
 * socket is non-blocking and close-on-exec. Both ends refuse a peer that is neither root nor of their own user. */
#ifndef ROOMLINE_COMMON_IPC_H
#define ROOMLINE_COMMON_IPC_H

#include <stddef.h>

#define IPC_FDS_MAX 8 /* descriptors in one record */

/* A listening socket of mode 0600 at path, or -errno. Takes the place of a socket that nobody listens on any more;
 * -EADDRINUSE: somebody does, or path is something else than a socket. */
int ipc_listen(const char *path);

/* The next connection or -errno. -EAGAIN: none waits. -EPERM: one was refused and closed. */
int ipc_accept(int listen_fd);

/* A connection or -errno. -ENOENT, -ECONNREFUSED: nobody listens (yet). -EAGAIN: the backlog is full. */
int ipc_connect(const char *path);

/* Sends one record whole or not at all: 0, -EAGAIN when the socket is full, -EPIPE or -ECONNRESET when the peer has
 * gone, -EINVAL for len 0 or too many descriptors. The descriptors stay the caller's. */
int ipc_send(int fd, const void *msg, size_t len, const int *fds, size_t n_fds);

/* Receives one record. Bytes, 0 when the peer has closed, -EAGAIN when none waits, -EMSGSIZE when it was longer than
 * size or held more than *n_fds descriptors: it is then lost, and its descriptors are closed.
 * n_fds: in: capacity of fds; out: how many came, owned by the caller from here on. NULL: none are taken. */
int ipc_recv(int fd, void *msg, size_t size, int *fds, size_t *n_fds);

#endif
