/* SPDX-License-Identifier: MIT */
/* Pools of mbufs with room for struct pkt. */
#include "dataplane/pkt.h"

#include "dataplane/session.h"

#define PRIV_BYTES RTE_ALIGN(sizeof(struct pkt), RTE_MBUF_PRIV_ALIGN)

_Static_assert(sizeof(struct mail_keys) <= MAIL_BYTES && sizeof(struct mail_event) <= MAIL_BYTES,
               "a command holds each kind of mail");

struct rte_mempool *pkt_pool_create(const char *name, uint32_t n, uint32_t cache, int socket)
{
    return rte_pktmbuf_pool_create(name, n, cache, PRIV_BYTES, PKT_HEADROOM + PKT_DATAROOM, socket);
}

struct rte_mempool *pkt_mail_pool_create(const char *name, uint32_t n, uint32_t cache, int socket)
{
    return rte_pktmbuf_pool_create(name, n, cache, PRIV_BYTES, PKT_HEADROOM + MAIL_BYTES, socket);
}
