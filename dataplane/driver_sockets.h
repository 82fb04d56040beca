/* SPDX-License-Identifier: MIT */
/* Drivers that read a socket of the kernel (AF_PACKET, AF_XDP) keep it to themselves and have no rx interrupts. A
 * worker sleeps on that socket all the same: it is one that this process has and did not have before. */
#ifndef ROOMLINE_DATAPLANE_DRIVER_SOCKETS_H
#define ROOMLINE_DATAPLANE_DRIVER_SOCKETS_H

#define DRIVER_SOCKETS_MAX 64

/* The process's sockets of an address family, in ascending order. Returns how many, at most DRIVER_SOCKETS_MAX. */
int driver_sockets_list(int family, int fds[DRIVER_SOCKETS_MAX]);

#endif
