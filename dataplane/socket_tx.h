/* SPDX-License-Identifier: MIT */
/* Frames out by the kernel's UDP sockets, for port_socket. One system call takes a burst; what goes to one receiver is
 * one message of it, cut into datagrams by the kernel as late as it can (UDP_SEGMENT), since a message costs it more
 * than a microsecond and a datagram of one a fraction: a picture's packets are mostly of one length. */
#ifndef ROOMLINE_DATAPLANE_SOCKET_TX_H
#define ROOMLINE_DATAPLANE_SOCKET_TX_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "dataplane/pkt.h"

#define SOCKET_TX_CMSG_BYTES (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)))
#define SOCKET_TX_SLOTS      (2 * PKT_BURST)

/* One end of a datagram, family-neutral. */
struct socket_end {
    uint8_t ip[16];
    uint16_t port; /* network order */
    uint32_t scope;
};

/* Packets of a burst that leave as one message: from one end to another, of one length but the last, which may be
 * shorter. */
struct socket_run {
    struct socket_end src, dst;
    uint16_t socket;
    uint16_t n, first; /* packets, and where in the burst they then stand */
    uint16_t len;
    bool closed; /* the last was shorter */
};

/* Room for one burst, prepared once. */
struct socket_tx {
    bool v6;
    uint16_t first_udp_port;
    uint16_t n_runs;
    struct socket_run runs[PKT_BURST];
    uint8_t run_of[PKT_BURST];      /* packet */
    uint8_t slots[SOCKET_TX_SLOTS]; /* by destination: 1 + its youngest run */
    struct iovec payload[PKT_BURST];
    struct mmsghdr msgs[PKT_BURST];
    struct iovec iov[PKT_BURST];
    struct sockaddr_in6 addr[PKT_BURST]; /* or sockaddr_in */
    _Alignas(struct cmsghdr) uint8_t cmsg[PKT_BURST][SOCKET_TX_CMSG_BYTES];
};

void socket_tx_init(struct socket_tx *tx, bool v6, uint16_t first_udp_port);

/* port.h's tx_burst, n <= PKT_BURST: the socket is picked by the frame's UDP source port, else own. Packets to one
 * receiver keep their order; m is put in the order in which they leave. */
uint16_t socket_tx_burst(struct socket_tx *tx, const int *fds, uint16_t n_fds, uint16_t own, struct rte_mbuf **m,
                         uint16_t n);

#endif
