/* SPDX-License-Identifier: MIT */
/* Pools of mbufs with room for struct pkt. */
#include "dataplane/pkt.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "dataplane/session.h"

#define PRIV_BYTES RTE_ALIGN(sizeof(struct pkt), RTE_MBUF_PRIV_ALIGN)

_Static_assert(sizeof(struct mail_keys) <= MAIL_BYTES && sizeof(struct mail_event) <= MAIL_BYTES,
               "a command holds each kind of mail");

/* As rte_pktmbuf_pool_create, but dense: that one lets no object cross a page, which on pages of 4 KB makes one packet
 * a page, and the AF_XDP driver counts on objects side by side. Where devices see virtual addresses it has no reason.
 */
static struct rte_mempool *create(const char *name, uint32_t n, uint32_t cache, uint16_t data_bytes, int socket)
{
    struct rte_pktmbuf_pool_private room = {.mbuf_data_room_size = data_bytes, .mbuf_priv_size = PRIV_BYTES};
    unsigned size = (unsigned)(sizeof(struct rte_mbuf) + PRIV_BYTES + data_bytes);
    unsigned flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
    struct rte_mempool *mp = rte_mempool_create_empty(name, n, size, cache, sizeof(room), socket, flags);

    if (!mp)
        return NULL;
    int ret = rte_mempool_set_ops_byname(mp, rte_mbuf_best_mempool_ops(), NULL);
    if (ret == 0) {
        rte_pktmbuf_pool_init(mp, &room);
        ret = rte_mempool_populate_default(mp);
    }
    if (ret < 0) {
        rte_mempool_free(mp);
        rte_errno = -ret;
        return NULL;
    }
    rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
    return mp;
}

struct rte_mempool *pkt_pool_create(const char *name, uint32_t n, uint32_t cache, int socket)
{
    return create(name, n, cache, PKT_HEADROOM + PKT_DATAROOM, socket);
}

struct rte_mempool *pkt_mail_pool_create(const char *name, uint32_t n, uint32_t cache, int socket)
{
    return create(name, n, cache, PKT_HEADROOM + MAIL_BYTES, socket);
}
