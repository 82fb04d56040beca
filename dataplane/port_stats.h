/* SPDX-License-Identifier: MIT */
/* What a port itself counts, beside the workers' counters: above all what it lost before a worker saw it. */
#ifndef ROOMLINE_DATAPLANE_PORT_STATS_H
#define ROOMLINE_DATAPLANE_PORT_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct port;
struct rte_tel_data;

struct port_stats {
    char name[64];
    bool device;                     /* else the kernel's sockets, which count rx_missed only */
    uint64_t rx_packets, tx_packets; /* of the device */
    uint64_t rx_missed;              /* no room: the worker is too slow, or a packet larger than a buffer (AF_XDP) */
    uint64_t rx_no_mbuf;             /* no buffer to receive into */
    uint64_t rx_errors, tx_errors;
};

/* ctl. */
void port_stats_read(struct port *port, struct port_stats *stats);

/* For a port's stats: adds a device's. */
void port_stats_add_ethdev(struct port_stats *stats, uint16_t ethdev);

/* Telemetry: /roomline/ports. */
int port_stats_on_ports(const char *cmd, const char *params, struct rte_tel_data *d);

#endif
