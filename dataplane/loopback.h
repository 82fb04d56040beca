/* SPDX-License-Identifier: MIT */
/* What lo refuses unless told. A frame that AF_XDP sends into lo has no route attached, so the kernel judges its source
 * address as if it came from a wire: a local one is not believed (accept_local), nor is one of 127.0.0.0/8
 * (route_localnet). Both settings are of lo alone, and of IPv4. What they were is kept in run_dir until it is put back:
 * when we stop, or when the next one starts. */
#ifndef ROOMLINE_DATAPLANE_LOOPBACK_H
#define ROOMLINE_DATAPLANE_LOOPBACK_H

#include <stdbool.h>

/* localnet: 127.0.0.0/8 too. 0, or -errno with *err; nothing is changed then. */
int loopback_open(const char *run_dir, bool localnet, const char **err);

/* Puts back what is recorded in run_dir, if anything is: by us, or by one that no longer lives. */
void loopback_close(const char *run_dir);

#endif
