/* SPDX-License-Identifier: MIT */
/* A sender without thought, and a receiver that counts. */
#include "bench/blast.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/engine.h"
#include "common/util.h"
#include "tests/peer/loop.h"
#include "tests/proc/process.h"

#define MARK    "--blast"
#define WARM_NS INT64_C(1500000000)
#define TIME_NS INT64_C(300000000)
#define STOP_US INT64_C(5000000)

struct order {          /* of the sender, by its arguments */
    const char *device; /* "": kernel sockets */
    uint32_t ip;
    uint16_t udp_port, bytes;
};

static void send_for_ever(const struct order *o)
{
    struct wire *wire = o->device[0] ? wire_eth_create(o->device, 1) : wire_socket_create(1);
    struct dp_addr to = {.ip = {[10] = 0xff, [11] = 0xff}, .port = o->udp_port};
    struct wire_datagram d[WIRE_BURST];

    put_be32(to.ip + 12, o->ip);
    if (!wire || wire_add_end(wire) != 0 || wire_connect(wire, 0, &to) != 0)
        return;
    while (1) {
        uint32_t n = wire_reserve(wire, d, WIRE_BURST);
        for (uint32_t i = 0; i < n; i++)
            d[i].len = o->bytes;
        wire_send(wire, d, n, 0);
    }
}

void blast_main(int argc, char **argv)
{
    cpu_set_t one;

    if (argc != 7 || strcmp(argv[1], MARK) != 0)
        return;
    CPU_ZERO(&one);
    CPU_SET((unsigned)atoi(argv[6]), &one);
    sched_setaffinity(0, sizeof(one), &one);
    send_for_ever(&(struct order){.device = argv[2],
                                  .ip = (uint32_t)strtoul(argv[3], NULL, 10),
                                  .udp_port = (uint16_t)atoi(argv[4]),
                                  .bytes = (uint16_t)atoi(argv[5])});
    exit(1);
}

/* Datagrams until then. */
static uint64_t count(struct wire *wire, int64_t until_ns)
{
    uint64_t before = wire->stats.received;
    struct wire_datagram d[WIRE_BURST];
    int64_t now_ns;

    while ((now_ns = loop_now_us() * 1000) < until_ns)
        wire_release(wire, d, wire_receive(wire, d, WIRE_BURST, now_ns));
    return wire->stats.received - before;
}

double blast_pps(struct wire *wire, const char *device, uint16_t bytes, int cpu)
{
    struct dp_addr addr = wire_local(wire, 0);
    struct process sender = {0};
    char ip[16], port[8], size[8], on[8];
    const char *argv[] = {"/proc/self/exe", MARK, device ? device : "", ip, port, size, on, NULL};

    snprintf(ip, sizeof(ip), "%u", get_be32(addr.ip + 12));
    snprintf(port, sizeof(port), "%u", addr.port);
    snprintf(size, sizeof(size), "%u", bytes);
    snprintf(on, sizeof(on), "%d", cpu);
    if ((wire->n_ends == 0 && wire_add_end(wire) != 0) || process_start(&sender, "/dev/null", argv) != 0)
        return 0;
    count(wire, loop_now_us() * 1000 + WARM_NS);
    uint64_t n = count(wire, loop_now_us() * 1000 + TIME_NS);
    process_stop(&sender, SIGKILL, STOP_US);
    return (double)n * 1e9 / (double)TIME_NS;
}
