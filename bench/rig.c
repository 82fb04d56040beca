/* SPDX-License-Identifier: MIT */
/* Daemons, pins, wires. */
#include "bench/rig.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/blast.h"
#include "common/log.h"
#include "dataplane/srtp.h"

#define RELAY_CPU    0
#define LOAD_CPU     1
#define ANY_CPU      (-1)
#define HIGHEST      (-20)
#define PENDING_MAX  64
#define MEMIF        "socket-abstract=no,socket=%s/memif"
#define RING         ",rsize=13" /* log2: what comes while a neighbour has the CPU, 3 ms at a time */
#define DEVICE_BYTES 256
#define VETH                                                                                                   \
    "ip link add relay numrxqueues 1 numtxqueues 1 type veth peer name client numrxqueues 1 numtxqueues 1 && " \
    "sysctl -qw net.ipv6.conf.relay.disable_ipv6=1 net.ipv6.conf.client.disable_ipv6=1 && "                    \
    "ip addr add 10.0.0.1/8 dev relay && ip link set relay up && ip link set client up"

/* Both sides of each wire, %s: the folder, %u: a number of its own, since no name of a device is used twice. Bare ones
 * are for a blast, which starts our side first: a memif's server. NULL: kernel sockets. */
static const struct {
    const char *relay, *load, *announce, *bare_relay, *bare_load;
} wires[RIG_OVER_COUNT] = {
    [RIG_OVER_MEMIF] = {"net_memif0,role=server," MEMIF, "net_memif%u,role=client," MEMIF RING, "192.0.2.1",
                        "net_memif0,role=client," MEMIF RING, "net_memif%u,role=server," MEMIF},
    [RIG_OVER_SOCKETS] = {"socket", NULL, "127.0.0.1", NULL, NULL},
    [RIG_OVER_XDP] = {"xdp", "net_af_packet%u,iface=client", "10.0.0.1", "net_af_xdp0,iface=relay",
                      "net_af_packet%u,iface=client"},
};

/* A socket for each of thousands, here and in the controlplane, which inherits the limit. */
static void raise_limits(void)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

bool rig_enter(const char *program)
{
    raise_limits();
    log_set_level(LOG_LEVEL_WARN);
    return world_enter(program) && srtp_global_init(CONF_SRTP_BACKEND_AUTO) == 0;
}

static void run(const char *command)
{
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    char *said = NULL;

    if (process_run(argv, &said) != 0) {
        fprintf(stderr, "bench: %s: %s\n", command, said);
        exit(1);
    }
    free(said);
}

static void pin(pid_t pid, int cpu) /* 0: ourselves */
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (cpu == ANY_CPU || i == cpu)
            CPU_SET((unsigned)i, &set);
    sched_setaffinity(pid, sizeof(set), &set);
}

static struct wire *open_wire(const char *pattern, const char *dir, uint32_t max_ends)
{
    static unsigned serial;
    char device[DEVICE_BYTES];

    if (!pattern)
        return wire_socket_create(max_ends);
    snprintf(device, sizeof(device), pattern, ++serial, dir);
    return wire_eth_create(device, max_ends);
}

/* ---- The relay ---- */

/* Memory for all of them, and nothing refused: finding the limit is our business. A device is polled, since it is there
 * for the load alone. */
static void start_world(struct rig *rig, uint32_t n_sessions)
{
    const struct rig_conf *c = &rig->conf;
    struct world *w = rig->world;
    char port[DEVICE_BYTES + 32], device[DEVICE_BYTES], announce[64], sessions[64];

    snprintf(device, sizeof(device), wires[c->over].relay, w->dir);
    snprintf(port, sizeof(port), "dataplane.port=%s", device);
    snprintf(announce, sizeof(announce), "media.announce=%s", wires[c->over].announce);
    snprintf(sessions, sizeof(sessions), "dataplane.max_sessions=%u", MAX(10000, n_sessions));
    world_set(w, c->controlplane_alone ? "workers.cores=1" : "workers.cores=0");
    world_set(w, "rtp.activity_timeout=600000"); /* those who are through wait for the last */
    world_set(w, c->over == RIG_OVER_MEMIF ? "dataplane.idle=poll" : "dataplane.idle=sleep");
    if (c->over == RIG_OVER_XDP)
        world_set(w, "dataplane.interfaces=relay");
    world_start(w, port, announce, sessions, "dataplane.mbufs=65536", "workers.max_busy_percent=0", c->setting, NULL);
}

void rig_open(struct rig *rig, const struct rig_conf *conf)
{
    struct people_conf people = {.profile = conf->profile,
                                 .rooms = conf->rooms,
                                 .people = conf->people,
                                 .publishers = conf->publishers,
                                 .codecs = conf->codecs,
                                 .pending_max = PENDING_MAX};
    uint32_t n = people_sessions(&people);
    void *state;

    *rig = (struct rig){.conf = *conf};
    if (conf->over == RIG_OVER_XDP)
        run(VETH);
    pin(0, ANY_CPU); /* the daemons inherit it, and the priority */
    setpriority(PRIO_PROCESS, 0, 0);
    if (world_setup(&state) != 0)
        fail_msg("no folder");
    rig->world = people.world = state;
    start_world(rig, n);
    if (conf->controlplane_alone)
        pin(rig->world->controlplane.pid, RELAY_CPU);
    pin(0, LOAD_CPU);
    if (!conf->modest)
        setpriority(PRIO_PROCESS, 0, HIGHEST); /* what a late receiver misses would count as lost */
    rig->wire = open_wire(wires[conf->over].load, rig->world->dir, n);
    if (rig->wire && conf->impair)
        rig->wire = impair_create(rig->wire, conf->impair);
    WORLD_CHECK(rig->world, rig->wire);
    people.wire = rig->wire;
    int64_t start_us = loop_now_us(), start_cpu_us = process_cpu_us(&rig->world->controlplane);
    rig->people = people_create(&people);
    rig->gather_us = loop_now_us() - start_us;
    rig->controlplane_us = process_cpu_us(&rig->world->controlplane) - start_cpu_us;
    rig->engine = engine_create(rig->wire);
    WORLD_CHECK(rig->world, rig->engine);
    people_hand_over(rig->people, rig->engine, conf->shapes);
}

void rig_close(struct rig *rig)
{
    void *state = rig->world;

    engine_destroy(rig->engine);
    people_destroy(rig->people);
    world_close(rig->world);
    wire_destroy(rig->wire);
    world_teardown(&state);
    if (rig->conf.over == RIG_OVER_XDP)
        run("ip link del relay");
}

/* ---- The ceiling ---- */

double rig_bare_pps(enum rig_over over, uint16_t bytes)
{
    char dir[] = "/tmp/roomline-blast-XXXXXX", device[DEVICE_BYTES];
    double pps = 0;

    if (!mkdtemp(dir))
        return 0;
    if (over == RIG_OVER_XDP)
        run(VETH);
    pin(0, LOAD_CPU);
    if (wires[over].bare_relay)
        snprintf(device, sizeof(device), wires[over].bare_relay, dir);
    struct wire *wire = open_wire(wires[over].bare_load, dir, 1);
    if (wire)
        pps = blast_pps(wire, wires[over].bare_relay ? device : NULL, bytes, RELAY_CPU);
    wire_destroy(wire);
    if (over == RIG_OVER_XDP)
        run("ip link del relay");
    rmdir(dir);
    return pps;
}
