/* SPDX-License-Identifier: MIT */
/* The packet buffers: a pool to receive into and one to send from for each worker, on the NUMA node of its core, and
 * one each for mails and for what the controlplane sends. dataplane.mbufs are shared by the workers; what AF_XDP's
 * driver holds of the pool, for as long as it runs, comes on top. */
#ifndef ROOMLINE_DATAPLANE_POOLS_H
#define ROOMLINE_DATAPLANE_POOLS_H

#include <stdint.h>

#include "common/dp_proto.h"
#include "conf/conf.h"

struct rte_mempool;
struct xdp;

struct pools {
    struct rte_mempool *rx[DP_WORKERS_MAX], *tx[DP_WORKERS_MAX], *mail, *dtls;
};

/* NULL, or what dataplane.mbufs is too small for. */
const char *pools_validate(const struct conf *conf);

/* After the EAL has started. xdp: the interfaces, NULL: none. 0 or -errno; what was made is for pools_finish. */
int pools_init(struct pools *p, const struct conf *conf, const struct xdp *xdp);
void pools_finish(struct pools *p);

/* Of one worker's pool, without what drivers hold. */
uint32_t pools_rx_mbufs(const struct conf *conf);

/* Bytes of memory that the pools of packets take. */
uint64_t pools_bytes(const struct conf *conf, const struct xdp *xdp);

#endif
