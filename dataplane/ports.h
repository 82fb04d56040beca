/* SPDX-License-Identifier: MIT */
/* The ports of the configuration: one of DPDK's, the kernel's sockets, or the host's interfaces under AF_XDP. */
#ifndef ROOMLINE_DATAPLANE_PORTS_H
#define ROOMLINE_DATAPLANE_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "dataplane/port.h"

struct pools;
struct xdp;

struct ports {
    uint16_t n;
    struct port *v[PORTS_MAX]; /* port.id is the index */
};

/* xdp: its devices are known to the EAL; NULL: none. Where dataplane.port is auto and AF_XDP does not start, kernel
 * sockets take its place. 0, or -errno with *err. */
int ports_init(struct ports *ports, const struct conf *conf, const struct xdp *xdp, struct pools *pools,
               const char **err);
void ports_finish(struct ports *ports);

/* As in "xdp:eth0 xdp:lo". */
void ports_names(const struct ports *ports, char *out, size_t size);

#endif
