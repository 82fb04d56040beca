/* SPDX-License-Identifier: MIT */
/* From the device, or from the kernel's accounts of a socket. */
#include "dataplane/port_stats.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <rte_ethdev.h>
#include <rte_telemetry.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/util.h"
#include "dataplane/port.h"
#include "dataplane/snapshot.h"
#include "dataplane/stats.h"

void port_stats_add_ethdev(struct port_stats *stats, uint16_t ethdev)
{
    struct rte_eth_stats device;

    stats->device = true;
    if (rte_eth_stats_get(ethdev, &device) != 0)
        return;
    stats->rx_packets += device.ipackets;
    stats->tx_packets += device.opackets;
    stats->rx_missed += device.imissed;
    stats->rx_no_mbuf += device.rx_nombuf;
    stats->rx_errors += device.ierrors;
    stats->tx_errors += device.oerrors;
}

/* Datagrams that found a full receive buffer. */
static void add_sockets(struct port_stats *stats, struct port *port)
{
    for (uint16_t q = 0; q < port->n_queues; q++) {
        uint32_t memory[SK_MEMINFO_VARS] = {0};
        socklen_t len = sizeof(memory);
        struct pollfd fd;
        if (port->ops->poll_fds(port, q, &fd, 1) == 1 && getsockopt(fd.fd, SOL_SOCKET, SO_MEMINFO, memory, &len) == 0)
            stats->rx_missed += memory[SK_MEMINFO_DROPS];
    }
}

void port_stats_read(struct port *port, struct port_stats *stats)
{
    *stats = (struct port_stats){0};
    snprintf(stats->name, sizeof(stats->name), "%s", port->name);
    if (port->ops->stats)
        port->ops->stats(port, stats);
    else
        add_sockets(stats, port);
}

/* ---- Telemetry ---- */

static void add_counters(struct rte_tel_data *d, const struct port_stats *stats)
{
    rte_tel_data_add_dict_string(d, "name", stats->name);
    rte_tel_data_add_dict_u64(d, "rx_missed", stats->rx_missed);
    if (!stats->device)
        return;
    rte_tel_data_add_dict_u64(d, "rx_packets", stats->rx_packets);
    rte_tel_data_add_dict_u64(d, "tx_packets", stats->tx_packets);
    rte_tel_data_add_dict_u64(d, "rx_no_mbuf", stats->rx_no_mbuf);
    rte_tel_data_add_dict_u64(d, "rx_errors", stats->rx_errors);
    rte_tel_data_add_dict_u64(d, "tx_errors", stats->tx_errors);
}

int port_stats_on_ports(const char *cmd, const char *params, struct rte_tel_data *d)
{
    const struct snapshot *snap = stats_lock(false);
    char *end = NULL;
    unsigned long i = params ? strtoul(params, &end, 0) : 0;
    int ret = 0;

    if (!snap)
        return -ETIMEDOUT;
    if (!params) {
        rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
        for (i = 0; i < snap->n_ports; i++)
            rte_tel_data_add_array_string(d, snap->ports[i].name);
    } else if (end != params && *end == '\0' && i < snap->n_ports) {
        rte_tel_data_start_dict(d);
        add_counters(d, &snap->ports[i]);
    } else {
        ret = -ENOENT;
    }
    stats_unlock();
    return ret;
}
