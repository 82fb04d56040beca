/* SPDX-License-Identifier: MIT */
/* AF_XDP: the host's own interfaces as ports, for the media UDP ports only; everything else on them stays the kernel's,
 * and the media address is the host's own. What of it is decided before the EAL starts: whether we may, which
 * interfaces, which channels of them, the XDP program. */
#ifndef ROOMLINE_DATAPLANE_XDP_H
#define ROOMLINE_DATAPLANE_XDP_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "dataplane/port.h"

#define XDP_DEVICE_NAME_BYTES 32

struct xdp_interface {
    char name[IF_NAMESIZE];
    int index;           /* the kernel's */
    uint16_t n_channels; /* each is an ethdev: xdp_device_name */
    bool zero_copy;      /* its driver reads and writes our buffers itself; false: the kernel copies */
};

struct xdp {
    uint32_t n;
    struct xdp_interface interfaces[PORT_INTERFACES_MAX];
    int program_fd; /* object file of the XDP program, in memory; open until xdp_finish */
};

/* 0, or -errno with *err: what is missing and what to do about it. Changes nothing on the machine. */
int xdp_init(struct xdp *xdp, const struct conf *conf, const char **err);
void xdp_finish(struct xdp *xdp);

/* lo, if it is among the interfaces; else NULL. */
const struct xdp_interface *xdp_loopback(const struct xdp *xdp);

/* The EAL's name of a channel's device. */
void xdp_device_name(char out[XDP_DEVICE_NAME_BYTES], uint32_t interface, uint16_t channel);

/* Channels that a worker serves, over all interfaces; xdp may be NULL. */
uint32_t xdp_channels_of(const struct xdp *xdp, uint16_t worker, uint16_t n_workers);

#endif
