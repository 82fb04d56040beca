/* SPDX-License-Identifier: MIT */
/* From dataplane.port to ports. */
#include "dataplane/ports.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <stdio.h>

#include "common/log.h"
#include "dataplane/eal.h"
#include "dataplane/pools.h"
#include "dataplane/xdp.h"
#include "dataplane/xdp_link.h"

static char text[256]; /* of *err */

static const char *fail(const char *format, const char *detail)
{
    snprintf(text, sizeof(text), format, detail);
    return text;
}

static int add(struct ports *ports, struct port *port)
{
    if (!port)
        return -ENODEV;
    port->id = ports->n;
    ports->v[ports->n++] = port;
    return 0;
}

/* ---- AF_XDP ---- */

static struct port *make_xdp(const struct conf *conf, const struct xdp *xdp, uint32_t interface,
                             struct rte_mempool **pools, const char **err)
{
    const struct xdp_interface *itf = &xdp->interfaces[interface];
    uint16_t ethdevs[PORT_CHANNELS_MAX];
    char name[XDP_DEVICE_NAME_BYTES];

    for (uint16_t c = 0; c < itf->n_channels; c++) {
        xdp_device_name(name, interface, c);
        if (rte_eth_dev_get_port_by_name(name, &ethdevs[c]) != 0) { /* a failed probe does not stop the EAL */
            *err = fail("AF_XDP on %s did not start: what its driver says is above", itf->name);
            return NULL;
        }
    }
    struct port *port =
        port_xdp_create(itf->name, itf->index, ethdevs, itf->n_channels, (uint16_t)conf->workers_count, pools, err);
    if (port)
        LOG_INFO(PORT, "AF_XDP interface=%s channels=%u mode=%s", itf->name, itf->n_channels,
                 xdp_link_mode(itf->index));
    return port;
}

/* What comes by other interfaces, and by lo where it is the kernel's, finds sockets. They also hold the media ports, so
 * that a second one is told. */
static struct port *make_sockets_beside(const struct conf *conf, struct rte_mempool **pools, const char **err)
{
    struct port *sockets = port_socket_create((uint16_t)conf->workers_count, NULL, conf->media_port, pools, err);
    if (!sockets)
        return NULL;
    *err = "out of memory";
    return port_aside_create(sockets);
}

static int add_xdp(struct ports *ports, const struct conf *conf, const struct xdp *xdp, struct rte_mempool **pools,
                   const char **err)
{
    int ret = 0;

    for (uint32_t i = 0; i < xdp->n && ret == 0; i++)
        ret = add(ports, make_xdp(conf, xdp, i, pools, err));
    if (ret == 0 && conf->dataplane_same_host != CONF_SAME_HOST_OFF)
        ret = add(ports, make_sockets_beside(conf, pools, err));
    return ret;
}

/* ---- One port ---- */

static struct port *make(const struct conf *conf, struct pools *pools, const char **err)
{
    uint16_t n = (uint16_t)conf->workers_count, ethdev;
    char name[RTE_ETH_NAME_MAX_LEN];

    if (eal_port_is_socket(conf) || eal_port_is_auto(conf))
        return port_socket_create(n, NULL, conf->media_port, pools->rx, err);
    eal_port_name(conf, name, sizeof(name));
    if (rte_eth_dev_get_port_by_name(name, &ethdev) != 0) { /* a failed probe does not stop the EAL */
        *err =
            fail(eal_port_is_pci(conf)
                     ? "dataplane.port: DPDK found no network device at %s: does it exist, and is it bound to vfio-pci?"
                     : "dataplane.port: %s did not start: what its driver says is above",
                 name);
        return NULL;
    }
    struct port_eth_conf eth = {.n_queues = n,
                                .n_rxd = (uint16_t)conf->dataplane_rx_descriptors,
                                .n_txd = (uint16_t)conf->dataplane_tx_descriptors,
                                .rx_pools = pools->rx,
                                .tx_pools = pools->tx,
                                .steering = (enum conf_steering)conf->dataplane_steering,
                                .media_port = conf->media_port};
    return port_eth_create(ethdev, &eth, err);
}

int ports_init(struct ports *ports, const struct conf *conf, const struct xdp *xdp, struct pools *pools,
               const char **err)
{
    *ports = (struct ports){0};
    int ret = xdp ? add_xdp(ports, conf, xdp, pools->rx, err) : -ENODEV;
    if (ret == 0 || (xdp && !eal_port_is_auto(conf)))
        return ret;
    if (xdp) {
        ports_finish(ports);
        LOG_WARN(PORT, "kernel sockets in place of AF_XDP reason=%s", *err);
    }
    return add(ports, make(conf, pools, err));
}

void ports_finish(struct ports *ports)
{
    while (ports->n > 0) {
        struct port *port = ports->v[--ports->n];
        port->ops->destroy(port);
    }
}

void ports_names(const struct ports *ports, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < ports->n && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " " : "", ports->v[i]->name);
}
