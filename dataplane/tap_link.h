/* SPDX-License-Identifier: MIT */
/* The link to the recorder (common/tap.h), ctl's: one at a time gets the descriptors of the rings. */
#ifndef ROOMLINE_DATAPLANE_TAP_LINK_H
#define ROOMLINE_DATAPLANE_TAP_LINK_H

#include <stdint.h>

struct tap_memory;

struct tap_link {
    int listen_fd;   /* the caller's; -1: there is no tee */
    int recorder_fd; /* -1: none */
    uint64_t boot_id;
    const struct tap_memory *memory;
};

/* boot_id: that of struct dp_hello. */
void tap_link_init(struct tap_link *l, int listen_fd, const struct tap_memory *memory, uint64_t boot_id);
void tap_link_finish(struct tap_link *l);

/* One of the descriptors is readable. */
void tap_link_serve(struct tap_link *l);

#endif
