/* SPDX-License-Identifier: MIT */
/* The relay on AF_XDP: people on this host over lo, and people on another host, which is a second network namespace
 * behind a veth pair; and what becomes of it where AF_XDP is not to be had. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/proc/world.h"

#define NIC_V4     "10.79.0.1"
#define NIC_V6     "fd00:79::1"
#define MEDIA_PORT 31001

static int here = -1; /* the relay's namespace */

/* ---- The network ---- */

static void run(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void run(struct world *w, const char *format, ...)
{
    char command[1024], *output = NULL;
    va_list ap;
    va_start(ap, format);
    vsnprintf(command, sizeof(command), format, ap);
    va_end(ap);
    int status = process_run((const char *const[]){"/bin/sh", "-c", command, NULL}, &output);
    if (status != 0)
        printf("# %s: %s\n", command, output ? output : "");
    free(output);
    WORLD_CHECK(w, status == 0);
}

static bool says(const char *command, const char *text)
{
    char *output = NULL;
    bool found = process_run((const char *const[]){"/bin/sh", "-c", command, NULL}, &output) == 0 && output &&
                 strstr(output, text);
    free(output);
    return found;
}

static int setting(const char *name)
{
    char path[128];
    int value = -1;
    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/lo/%s", name);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%d", &value) != 1)
        value = -1;
    if (f)
        fclose(f);
    return value;
}

static int add_namespace(void)
{
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    int there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    assert_int_equal(setns(here, CLONE_NEWNET), 0);
    return there;
}

/* Another host behind nic0, and the default route. Its namespace; we stay in ours. */
static int add_host(struct world *w, unsigned queues)
{
    int there = add_namespace();
    run(w, "ip link del nic0 2>/dev/null || true"); /* of a test that failed */
    run(w, "ip link add nic0 numrxqueues %u numtxqueues %u type veth peer name c0 numrxqueues %u numtxqueues %u",
        queues, queues, queues, queues);
    run(w, "ip link set c0 netns /proc/%d/fd/%d", (int)getpid(), there);
    run(w, "ip addr add " NIC_V4 "/24 dev nic0; ip addr add " NIC_V6 "/64 dev nic0 nodad; ip link set nic0 up; "
           "ip route add default via 10.79.0.9");
    assert_int_equal(setns(there, CLONE_NEWNET), 0);
    run(w, "ip link set lo up; ip addr add 10.79.0.9/24 dev c0; ip addr add fd00:79::9/64 dev c0 nodad; "
           "ip link set c0 up");
    assert_int_equal(setns(here, CLONE_NEWNET), 0);
    return there;
}

static void del_host(struct world *w, int there)
{
    run(w, "ip link del nic0");
    close(there);
}

/* A datagram to a socket of the kernel, and its way back. port 0: any that is not media's. */
static bool kernel_echoes(int server_ns, int client_ns, const char *address, uint16_t port)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port)}, from;
    socklen_t len = sizeof(to), from_len = sizeof(from);
    struct timeval patience = {.tv_sec = 2};
    char byte = 'x';
    assert_int_equal(inet_pton(AF_INET6, address, &to.sin6_addr), 1);
    assert_int_equal(setns(server_ns, CLONE_NEWNET), 0);
    int server = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&to, sizeof(to)), 0);
    getsockname(server, (struct sockaddr *)&to, &len);
    assert_int_equal(setns(client_ns, CLONE_NEWNET), 0);
    int client = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    bool ok = sendto(client, &byte, 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1 &&
              recvfrom(server, &byte, 1, 0, (struct sockaddr *)&from, &from_len) == 1 &&
              sendto(server, &byte, 1, 0, (struct sockaddr *)&from, from_len) == 1 && recv(client, &byte, 1, 0) == 1;
    close(server);
    close(client);
    assert_int_equal(setns(here, CLONE_NEWNET), 0);
    return ok;
}

static void send_oversize(int n)
{
    static const uint8_t bytes[3000];
    struct sockaddr_in6 to = world_address(true, MEDIA_PORT);
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (int i = 0; i < n; i++)
        assert_int_equal(sendto(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(bytes));
    close(fd);
}

/* ---- People ---- */

static struct person *join(struct world *w, const char *login, int ns, const char *address, bool ipv6)
{
    struct person_conf conf = {.login = login, .room = "r", .publish = AV(OPUS, VP8), .play = ANY_CODEC, .ipv6 = ipv6};
    conf.socket.addr = world_address(ipv6, 8080);
    assert_int_equal(inet_pton(AF_INET6, address, &conf.socket.addr.sin6_addr), 1);
    assert_int_equal(setns(ns, CLONE_NEWNET), 0); /* its sockets stay there */
    return world_person(w, &conf);
}

static bool all_hear(struct person **people, unsigned n, uint64_t packets)
{
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = 0; j < n; j++)
            if (i != j && !world_hears(people[i], people[j]->login, packets))
                return false;
    return true;
}

/* Every packet of everybody has come to everybody else, and they leave. */
static void check_room(struct world *w, struct person **people, unsigned n)
{
    WORLD_AWAIT(w, 10000, all_hear(people, n, 60));
    for (unsigned i = 0; i < n; i++)
        peer_pause(person_published(people[i])->peer);
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = 0; j < n; j++)
            if (i != j)
                world_check_complete(w, people[i], people[j], 0);
    for (unsigned i = 0; i < n; i++)
        world_forget(w, people[i]);
    assert_int_equal(setns(here, CLONE_NEWNET), 0);
}

/* ---- Tests ---- */

/* One channel, two workers: what is the second's reaches it from the first. No socket of the kernel has the media
 * ports: what arrives came through the XDP program. */
static void test_loopback(void **state)
{
    struct world *w = *state;
    WORLD_CHECK(w, setting("accept_local") == 0 && setting("route_localnet") == 0);
    world_start(w, "dataplane.port=xdp", "dataplane.interfaces=lo", "dataplane.same_host=off", "workers.count=2", NULL);
    WORLD_CHECK(w, says("ip link show lo", "xdpgeneric"));
    WORLD_CHECK(w, setting("accept_local") == 1 && setting("route_localnet") == 1);
    WORLD_CHECK(w, !says("cat /proc/net/udp /proc/net/udp6", ":7919")); /* 31001 */
    struct person *people[] = {join(w, "a", here, "::ffff:127.0.0.1", false), join(w, "b", here, "::1", true),
                               join(w, "c", here, "::ffff:127.0.0.1", false)};
    WORLD_AWAIT(w, 10000, all_hear(people, 3, 20));
    WORLD_CHECK(w, kernel_echoes(here, here, "::ffff:127.0.0.1", 0));
    WORLD_CHECK(w, kernel_echoes(here, here, "::1", 0));
    check_room(w, people, 3);
    send_oversize(10); /* the kernel has no buffer for them */
    WORLD_AWAIT(w, 2000, world_counter(w, "/roomline/ports,0", "rx_missed") == 10);
    world_close(w);
    WORLD_CHECK(w, !says("ip link show lo", "xdp"));
    WORLD_CHECK(w, setting("accept_local") == 0 && setting("route_localnet") == 0);
}

static bool log_has(const struct process *p, const char *text)
{
    char *log = process_output(p);
    bool found = strstr(log, text);
    free(log);
    return found;
}

static void kill_dataplane(struct world *w)
{
    w->may_die = true;
    process_stop(&w->dataplane, SIGKILL, SECOND_US);
    w->dataplane.status = 0; /* as it was meant */
    w->may_die = false;
}

/* Nothing of a killed one is in the way of the next, which also puts back what the first has changed. */
static void test_killed(void **state)
{
    struct world *w = *state;
    world_start(w, "dataplane.port=xdp", "dataplane.interfaces=lo", NULL);
    for (int i = 0; i < 2; i++) {
        kill_dataplane(w);
        WORLD_CHECK(w, !says("ip link show lo", "xdp"));
        WORLD_CHECK(w, setting("accept_local") == 1);
        world_start_dataplane(w);
        WORLD_CHECK(w, setting("accept_local") == 1);
        WORLD_AWAIT(w, 5000, log_has(&w->dataplane, "controlplane connected"));
        struct person *people[] = {join(w, i ? "a" : "c", here, "::ffff:127.0.0.1", false),
                                   join(w, i ? "b" : "d", here, "::ffff:127.0.0.1", false)};
        check_room(w, people, 2);
    }
    kill_dataplane(w);
    WORLD_CHECK(w, setting("accept_local") == 1 && setting("route_localnet") == 1);
    world_set(w, "dataplane.port=socket");
    world_start_dataplane(w);
    WORLD_CHECK(w, setting("accept_local") == 0 && setting("route_localnet") == 0);
    world_close(w);
}

/* As it is by default: the interface of the default route for others, lo for this host, one relay between them. */
static void check_nic(struct world *w, unsigned queues, const char *workers, const char *same_host)
{
    int there = add_host(w, queues);
    world_start(w, "media.announce=" NIC_V4 " " NIC_V6, workers, same_host, NULL);
    WORLD_CHECK(w, says("ip link show nic0", " xdp ")); /* native */
    WORLD_CHECK(w, says("ip link show lo", "xdpgeneric") == !strstr(same_host, "kernel"));
    struct person *far[4], *near[2];
    char login[8];
    for (unsigned i = 0; i < ARRAY_SIZE(far); i++) {
        snprintf(login, sizeof(login), "far%u", i);
        far[i] = join(w, login, there, i % 2 ? NIC_V6 : "::ffff:" NIC_V4, i % 2);
    }
    check_room(w, far, ARRAY_SIZE(far));
    for (unsigned i = 0; i < ARRAY_SIZE(near); i++) {
        snprintf(login, sizeof(login), "near%u", i);
        near[i] = join(w, login, here, i % 2 ? NIC_V6 : "::ffff:" NIC_V4, i % 2);
    }
    check_room(w, near, ARRAY_SIZE(near));
    WORLD_CHECK(w, kernel_echoes(here, there, "::ffff:" NIC_V4, 0));
    WORLD_CHECK(w, kernel_echoes(here, there, NIC_V6, 0));
    WORLD_CHECK(w, kernel_echoes(here, here, "::ffff:" NIC_V4, 0));
    world_close(w);
    WORLD_CHECK(w, !says("ip link show nic0", "xdp"));
    del_host(w, there);
}

#define NIC_TEST(name, queues, workers, same_host)                                              \
    static void name(void **state)                                                              \
    {                                                                                           \
        check_nic(*state, queues, "workers.count=" #workers, "dataplane.same_host=" same_host); \
    }
NIC_TEST(test_one_channel, 1, 1, "xdp")
NIC_TEST(test_four_channels_one_worker, 4, 1, "xdp")
NIC_TEST(test_four_channels_two_workers, 4, 2, "xdp")
NIC_TEST(test_four_channels_three_workers, 4, 3, "xdp")
NIC_TEST(test_four_channels_four_workers, 4, 4, "xdp")
NIC_TEST(test_sockets_for_this_host, 1, 2, "kernel")

/* From one interface to the other. */
static void test_between_interfaces(void **state)
{
    struct world *w = *state;
    int there = add_host(w, 1);
    world_start(w, "media.announce=" NIC_V4 " " NIC_V6, NULL);
    struct person *far = join(w, "far", there, "::ffff:" NIC_V4, false);
    WORLD_AWAIT(w, 10000, world_source(far, MEDIA_VIDEO) && world_source(far, MEDIA_VIDEO)->stats.frames > 5);
    struct person *near = join(w, "near", here, "::ffff:" NIC_V4, false);
    WORLD_AWAIT(w, 10000, world_hears(near, "far", 60));
    peer_pause(person_published(far)->peer);
    world_check_complete(w, far, near, 0);
    world_forget(w, far);
    world_forget(w, near);
    world_close(w);
    del_host(w, there);
}

/* An interface that nobody has named: kernel sockets are at the side. */
static void test_other_interface(void **state)
{
    struct world *w = *state;
    int there = add_host(w, 1);
    world_start(w, "dataplane.interfaces=lo", "media.announce=" NIC_V4 " " NIC_V6, NULL);
    WORLD_CHECK(w, says("ip link show lo", "xdpgeneric") && !says("ip link show nic0", "xdp"));
    struct person *people[] = {join(w, "far4", there, "::ffff:" NIC_V4, false), join(w, "far6", there, NIC_V6, true),
                               join(w, "near", here, "::ffff:" NIC_V4, false)};
    check_room(w, people, ARRAY_SIZE(people));
    world_close(w);
    del_host(w, there);
}

/* We are a router too: what only passes through is not ours, media port or not. */
static void test_router(void **state)
{
    struct world *w = *state;
    int there = add_host(w, 1), beyond = add_namespace();
    run(w,
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1;"
        "ip link add nic1 type veth peer name c1; ip link set c1 netns /proc/%d/fd/%d; sysctl -qw "
        "net.ipv6.conf.nic1.accept_dad=0;"
        "ip addr add 10.80.0.1/24 dev nic1; ip addr add fd00:80::1/64 dev nic1 nodad; ip link set nic1 up",
        (int)getpid(), beyond);
    assert_int_equal(setns(beyond, CLONE_NEWNET), 0);
    run(w, "sysctl -qw net.ipv6.conf.c1.accept_dad=0; ip addr add 10.80.0.9/24 dev c1; ip addr add fd00:80::9/64 dev "
           "c1 nodad; ip link set c1 up;"
           "ip route add default via 10.80.0.1; ip route add default via fd00:80::1");
    assert_int_equal(setns(there, CLONE_NEWNET), 0);
    run(w, "ip route add default via " NIC_V4 "; ip route add default via " NIC_V6);
    assert_int_equal(setns(here, CLONE_NEWNET), 0);
    world_start(w, "dataplane.port=xdp", "media.announce=" NIC_V4 " " NIC_V6, NULL);
    WORLD_CHECK(w, kernel_echoes(beyond, there, "::ffff:10.80.0.9", MEDIA_PORT));
    WORLD_CHECK(w, kernel_echoes(beyond, there, "fd00:80::9", MEDIA_PORT));
    struct person *far[] = {join(w, "a", there, "::ffff:" NIC_V4, false), join(w, "b", there, NIC_V6, true)};
    check_room(w, far, ARRAY_SIZE(far));
    world_close(w);
    run(w, "ip link del nic1; sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0");
    close(beyond);
    del_host(w, there);
}

/* ---- Where it is not to be had ---- */

/* Kernel sockets in its place, and the reason in the log; asked for by name, no start. */
static void check_refusal(struct world *w, const char *prefix, const char *reason)
{
    const char *build = getenv("ROOMLINE_BUILD");
    char command[1024], log[128];
    struct process p = {0};
    run(w, "chmod 755 %s; rm -rf %s/other; mkdir -m 777 %s/other", w->dir, w->dir, w->dir);
    snprintf(log, sizeof(log), "%s/other.log", w->dir);
    for (int i = 0; i < 2; i++) {
        snprintf(command, sizeof(command),
                 "%s %s/dataplane/roomline-dataplane --set run_dir=%s/other/run --set dataplane.port=%s", prefix,
                 build ? build : "build", w->dir, i ? "xdp" : "auto");
        unlink(log);
        assert_int_equal(process_start(&p, log, (const char *const[]){"/bin/sh", "-c", command, NULL}), 0);
        w->may_die = true;
        WORLD_AWAIT(w, 20000, !process_runs(&p) || log_has(&p, "main: ready"));
        bool ok = log_has(&p, reason) && (i == 1 || log_has(&p, "kernel sockets in place of AF_XDP")) &&
                  log_has(&p, "main: ready port=\"socket\"") == (i == 0) && setting("accept_local") == 0;
        int status = process_stop(&p, SIGTERM, 10 * SECOND_US);
        if (!ok)
            process_print_log(&p, command, 20);
        WORLD_CHECK(w, ok);
        WORLD_CHECK(w, WIFEXITED(status) && WEXITSTATUS(status) == (i ? 4 : 0));
    }
    WORLD_CHECK(w, !says("ip link show lo", "xdp") && setting("accept_local") == 0);
}

#define DROP_CAPS(caps) "exec setpriv --inh-caps=" caps " --bounding-set=" caps

static void test_refusals(void **state)
{
    static const struct {
        const char *prefix, *reason;
    } refusals[] = {
        {"exec setpriv --reuid=65534 --regid=65534 --clear-groups", "not permitted: run as root"},
        {DROP_CAPS("-bpf,-sys_admin"), "not permitted: run as root"}, /* as containers do */
        {DROP_CAPS("-net_raw"), "not permitted: run as root"},
        {DROP_CAPS("-net_admin"), "not permitted: run as root"},
        {"ulimit -l 64; " DROP_CAPS("-ipc_lock"), "RLIMIT_MEMLOCK, CAP_IPC_LOCK"},
        {"exec unshare --propagation unchanged -m sh -c "
         "'mount --make-private /proc && mount -o bind,ro /proc/sys /proc/sys && exec \"$@\"' -", /* in a chroot too */
         "sysctl net.ipv4.conf.lo.accept_local=1 and net.ipv4.conf.lo.route_localnet=1: Read-only file system"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        check_refusal(w, refusals[i].prefix, refusals[i].reason);
    w->closed = true;
}

/* Somebody else's program, on an interface that people come by. */
static void test_taken(void **state)
{
    struct world *w = *state;
    const char *build = getenv("ROOMLINE_BUILD");
    run(w, "ip link set lo xdpgeneric obj %s/dataplane/steer.bpf sec xdp.frags",
        build ? build : "build"); /* somebody else's */
    world_start(w, "dataplane.interfaces=lo", NULL);
    WORLD_CHECK(w, log_has(&w->dataplane, "kernel sockets in place of AF_XDP"));
    WORLD_CHECK(w, log_has(&w->dataplane, "another XDP program is attached"));
    struct person *people[] = {join(w, "a", here, "::ffff:127.0.0.1", false), join(w, "b", here, "::1", true)};
    check_room(w, people, 2);
    world_close(w);
    WORLD_CHECK(w, setting("accept_local") == 0);
    run(w, "ip link set lo xdpgeneric off");
}

static bool is_supported(void)
{
    const char *build = getenv("ROOMLINE_BUILD");
    char program[256];
    snprintf(program, sizeof(program), "%s/dataplane/steer.bpf", build ? build : "build");
    if (access(program, R_OK) != 0) {
        printf("ok - xdp # SKIP %s is not there: it is built with clang\n", program);
        return false;
    }
    int fd = socket(AF_XDP, SOCK_RAW, 0);
    if (fd < 0) {
        printf("ok - xdp # SKIP this kernel has no AF_XDP: %s\n", strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_loopback),
        WORLD_TEST(test_killed),
        WORLD_TEST(test_one_channel),
        WORLD_TEST(test_four_channels_one_worker),
        WORLD_TEST(test_four_channels_two_workers),
        WORLD_TEST(test_four_channels_three_workers),
        WORLD_TEST(test_four_channels_four_workers),
        WORLD_TEST(test_sockets_for_this_host),
        WORLD_TEST(test_between_interfaces),
        WORLD_TEST(test_router),
        WORLD_TEST(test_other_interface),
        WORLD_TEST(test_refusals),
        WORLD_TEST(test_taken),
    };
    if (!world_enter("xdp") || !is_supported())
        return 0;
    here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    return cmocka_run_group_tests_name("xdp", tests, NULL, NULL);
}
