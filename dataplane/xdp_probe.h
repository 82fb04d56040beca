/* SPDX-License-Identifier: MIT */
/* What this kernel lets us do with AF_XDP. Asking changes nothing. */
#ifndef ROOMLINE_DATAPLANE_XDP_PROBE_H
#define ROOMLINE_DATAPLANE_XDP_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#define XDP_NOT_PERMITTED "not permitted: run as root, or with CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF and CAP_IPC_LOCK"

/* May we open AF_XDP sockets and load XDP programs? 0, or -errno with *err: what is missing and what to do about it. */
int xdp_permitted(const char **err);

/* May so much memory be locked? An AF_XDP socket's is. */
bool xdp_may_lock(size_t bytes);

/* Does the interface's driver receive into and send from an AF_XDP socket's own memory? */
bool xdp_can_zero_copy(int ifindex);

#endif
