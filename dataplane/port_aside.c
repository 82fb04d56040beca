/* SPDX-License-Identifier: MIT */
/* A port at the side: an empty look at the kernel's sockets costs a system call, which a turn spares that has other
 * ports to read. */
#include <stdlib.h>
#include <string.h>

#include "common/util.h"
#include "dataplane/port.h"

#define PASSED_BY 16 /* turns, after an empty look; fewer than before a worker sleeps */

struct pause { /* of one worker */
    _Alignas(RTE_CACHE_LINE_SIZE) uint16_t turns;
};

struct port_aside {
    struct port port;
    struct port *behind;
    struct pause pauses[]; /* by queue */
};

static struct port_aside *self(struct port *port)
{
    return CONTAINER_OF(port, struct port_aside, port);
}

static uint16_t rx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct port *behind = self(port)->behind;
    struct pause *pause = &self(port)->pauses[queue];

    if (pause->turns > 0) {
        pause->turns--;
        return 0;
    }
    uint16_t got = behind->ops->rx_burst(behind, queue, m, n);
    if (got == 0)
        pause->turns = PASSED_BY;
    return got;
}

static uint16_t tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct port *behind = self(port)->behind;
    return behind->ops->tx_burst(behind, queue, m, n);
}

static int rx_fill(struct port *port, uint16_t queue)
{
    struct port *behind = self(port)->behind;
    return behind->ops->rx_fill(behind, queue);
}

static int poll_fds(struct port *port, uint16_t queue, struct pollfd *fds, int n)
{
    struct port *behind = self(port)->behind;
    return behind->ops->poll_fds(behind, queue, fds, n);
}

static void destroy(struct port *port)
{
    struct port *behind = self(port)->behind;
    behind->ops->destroy(behind);
    free(self(port));
}

static const struct port_ops ops = {
    .rx_burst = rx_burst, .tx_burst = tx_burst, .rx_fill = rx_fill, .poll_fds = poll_fds, .destroy = destroy};

struct port *port_aside_create(struct port *behind)
{
    size_t size = sizeof(struct port_aside) + behind->n_queues * sizeof(struct pause);
    struct port_aside *pa = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE));

    if (!pa) {
        behind->ops->destroy(behind);
        return NULL;
    }
    memset(pa, 0, size);
    pa->port = *behind;
    pa->port.ops = &ops;
    pa->behind = behind;
    return &pa->port;
}
