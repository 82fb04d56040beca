/* SPDX-License-Identifier: MIT */
/* Where packets come from and go to. A port is a DPDK ethdev (ring, memif, NIC, ...) or the kernel's UDP sockets
 * dressed as one: it delivers and takes whole frames (Ethernet, IPv4 or IPv6, UDP), so that nothing above knows the
 * difference.
 *
 * Queue q belongs to worker q. Receive: a device with fewer queues than workers leaves the last workers without one;
 * what is theirs reaches them as strays. Transmit: any worker may send any frame; a kernel-socket port picks the socket
 * by the frame's UDP source port, an ethdev the caller's own tx queue. Where there are fewer of those, frame.c passes
 * the frame to worker q % n_tx. */
#ifndef ROOMLINE_DATAPLANE_PORT_H
#define ROOMLINE_DATAPLANE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "dataplane/pkt.h"

#define PORTS_MAX           8  /* of a dataplane */
#define PORT_INTERFACES_MAX 6  /* of AF_XDP */
#define PORT_CHANNELS_MAX   30 /* of all of them: RTE_MAX_ETHPORTS is 32 */

struct pollfd;
struct port;
struct port_stats;

struct port_ops {
    uint16_t (*rx_burst)(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n);
    /* Puts m in the order in which it sends, each receiver's packets in theirs; takes the first k, returns k; the rest
     * stays the caller's. */
    uint16_t (*tx_burst)(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n);
    /* How full the receive queue is, per thousand; -ENOTSUP: that cannot be seen. May call the kernel. NULL: never. */
    int (*rx_fill)(struct port *port, uint16_t queue);
    /* Descriptors to sleep on for this queue, at most n; -ENOTSUP: none would wake us, this port must be polled. */
    int (*poll_fds)(struct port *port, uint16_t queue, struct pollfd *fds, int n);
    void (*stats)(struct port *port, struct port_stats *stats); /* adds what its devices count; NULL: it has none */
    void (*destroy)(struct port *port);
};

struct port {
    const struct port_ops *ops;
    uint16_t id;       /* index in the dataplane's list of ports */
    uint16_t n_queues; /* one per worker */
    uint16_t n_tx;     /* tx queues, 1 to n_queues */
    bool checksum;     /* frames need UDP and IP checksums from us */
    bool link_layer;   /* ARP, ND and ICMP are ours to answer */
    uint8_t mac[6];    /* of a link_layer port */
    char name[64];
};

/* Kernel UDP sockets: queue i is bound to port first_udp_port + i on every address (IPv4 and IPv6), or on address if
 * not NULL. Each queue receives into its own pool. NULL on error, *err says what failed ("bind [::]:31001: Address in
 * use"). */
struct port *port_socket_create(uint16_t n_queues, const char *address, uint16_t first_udp_port,
                                struct rte_mempool **pools, const char **err);

struct port_eth_conf {
    uint16_t n_queues;             /* one per worker */
    uint16_t n_rxd, n_txd;         /* descriptors of a queue, as far as the device has them; 0: 1024 */
    struct rte_mempool **rx_pools; /* by queue */
    struct rte_mempool **tx_pools; /* by queue: where what we send is from, but for a few; NULL: from anywhere */
    enum conf_steering steering;
    uint16_t media_port; /* of worker 0, for steering; 0: none */
};

/* A configured DPDK port, one rx and tx queue per worker as far as the device has them, started. A memif peer must
 * offer as many queues each way as ours has: the driver would read a foreign ring for one that is missing, and does not
 * tell. NULL on error with *err. */
struct port *port_eth_create(uint16_t ethdev, const struct port_eth_conf *conf, const char **err);

/* An interface under AF_XDP: ethdev i is its channel i. Worker q reads the channels q, q + n_queues, ... and sends on
 * channel q. NULL on error with *err; the devices are closed then. */
struct port *port_xdp_create(const char *interface, int ifindex, const uint16_t *ethdevs, uint16_t n_channels,
                             uint16_t n_queues, struct rte_mempool **pools, const char **err);

/* A port that is there in case, beside those that carry the load: worker q looks at it once in a while only, and sleeps
 * on it as on the others. behind becomes its own, and is destroyed if there is no memory: NULL then. */
struct port *port_aside_create(struct port *behind);

#endif
