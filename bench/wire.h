/* SPDX-License-Identifier: MIT */
/* What carries the datagrams of a load generator: many addresses of ours in one place, each talking to one remote
 * address, bursts of whole UDP datagrams in and out. Below it: kernel sockets, or a DPDK device (a memif, a veth under
 * AF_PACKET, a NIC) with Ethernet, IP and UDP made here. One thread. */
#ifndef ROOMLINE_BENCH_WIRE_H
#define ROOMLINE_BENCH_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dp_proto.h"

#define WIRE_BURST 64   /* datagrams of one call at most */
#define WIRE_BYTES 1500 /* of a datagram: room in each buffer */

struct wire_datagram {
    uint8_t *bytes;
    void *buffer; /* the wire's own */
    uint32_t end; /* which of our ends it came to, or leaves from */
    uint16_t len;
};

struct wire_stats {
    uint64_t sent, received; /* datagrams */
    uint64_t refused;        /* not sent: no room below, or no remote address yet */
    uint64_t foreign;        /* received, but to none of our ends */
};

struct wire;

/* now_ns: any clock that only goes forward, the same in all calls. */
struct wire_ops {
    int (*connect)(struct wire *wire, uint32_t end, uint32_t ip, uint16_t udp_port); /* host order */
    uint32_t (*receive)(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns);
    void (*release)(struct wire *wire, struct wire_datagram *d, uint32_t n);
    uint32_t (*reserve)(struct wire *wire, struct wire_datagram *d, uint32_t n);
    void (*send)(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns);
    void (*destroy)(struct wire *wire);
};

struct wire {
    const struct wire_ops *ops;
    struct wire_stats stats;
    uint32_t n_ends, max_ends;
    uint32_t first_ip;       /* IPv4, host order: end i has first_ip + i */
    uint16_t udp_port;       /* of all ends */
    struct dp_addr *remotes; /* by end; port 0: none yet */
};

/* One more of our addresses, all with the same port: its number, counted from 0, or -ENOSPC. */
int wire_add_end(struct wire *wire);
struct dp_addr wire_local(const struct wire *wire, uint32_t end);

/* Where the end's datagrams go, IPv4. May be called again. 0 or -errno. */
int wire_connect(struct wire *wire, uint32_t end, const struct dp_addr *remote);

/* What has come, at most n <= WIRE_BURST: bytes may be written to, until they are released, all at once and before the
 * next call. */
static inline uint32_t wire_receive(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    return wire->ops->receive(wire, d, n, now_ns);
}

static inline void wire_release(struct wire *wire, struct wire_datagram *d, uint32_t n)
{
    wire->ops->release(wire, d, n);
}

/* Buffers of WIRE_BYTES to write datagrams into, n <= WIRE_BURST: bytes and buffer are set. All that are got are then
 * sent at once, with end and len set; len 0 leaves one out. */
static inline uint32_t wire_reserve(struct wire *wire, struct wire_datagram *d, uint32_t n)
{
    return wire->ops->reserve(wire, d, n);
}

/* What the wire cannot take is dropped and counted. */
static inline void wire_send(struct wire *wire, struct wire_datagram *d, uint32_t n, int64_t now_ns)
{
    wire->ops->send(wire, d, n, now_ns);
}

/* One datagram by copy. */
void wire_send_bytes(struct wire *wire, uint32_t end, const void *bytes, size_t len, int64_t now_ns);

void wire_destroy(struct wire *wire); /* NULL: nothing */

/* For those who make wires: the part that all have. 0 or -ENOMEM. */
int wire_init(struct wire *wire, const struct wire_ops *ops, uint32_t first_ip, uint32_t max_ends);
void wire_finish(struct wire *wire);

/* The kernel's UDP, in this network namespace: one socket for all ends, that have the addresses 127.1.0.0 and up. What
 * goes to one end in a row leaves as one segmented send (UDP_SEGMENT). NULL on error, errno says which. */
struct wire *wire_socket_create(uint32_t max_ends);

/* A DPDK device by its --vdev string, the other side of the relay's: ends have the addresses 10.0.0.0 and up. Remote
 * addresses are resolved by ARP, which may take a while: connect waits. Starts the EAL on this thread's CPU if nobody
 * has. NULL on error, said on stderr. */
struct wire *wire_eth_create(const char *device, uint32_t max_ends);

#endif
