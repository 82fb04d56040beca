/* SPDX-License-Identifier: MIT */
/* What the XDP program is told: written into its read-only data before it is loaded. Included by both sides. */
#ifndef ROOMLINE_DATAPLANE_STEER_H
#define ROOMLINE_DATAPLANE_STEER_H

#include <linux/types.h>

#define STEER_MARK "roomline steer" /* where it stands in the object file */

struct steer_media {
    char mark[16];
    __u32 first_port; /* UDP, host order */
    __u32 n_ports;
};

#endif
