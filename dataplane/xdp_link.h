/* SPDX-License-Identifier: MIT */
/* How our XDP program is attached. DPDK's AF_XDP driver loads the program of its argument xdp_prog, attaches it by
 * libbpf's bpf_xdp_attach, and enters its socket into the program's map by bpf_map_update_elem. The executable defines
 * these two and bpf_xdp_detach itself and exports them, so that the driver finds ours first. Ours
 *   - attach by a link, which the kernel takes away with the process, however that ends;
 *   - attach natively, and generically where the driver of the interface refuses;
 *   - share one program and one map among the devices of an interface: each of its channels is a device of its own. */
#ifndef ROOMLINE_DATAPLANE_XDP_LINK_H
#define ROOMLINE_DATAPLANE_XDP_LINK_H

#include <stdbool.h>

/* Is our program attached to it, and how? NULL: no. */
const char *xdp_link_mode(int ifindex);

/* What the last attachment failed with: -errno, 0 if it did not. */
int xdp_link_error(void);

/* Detaches from the interface, if attached. */
void xdp_link_drop(int ifindex);

#endif
