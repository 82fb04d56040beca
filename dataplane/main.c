/* SPDX-License-Identifier: MIT */
/* roomline-dataplane: checks the configuration, starts the EAL and the workers, and is ctl until a signal comes. */
#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "conf/args.h"
#include "dataplane/ctl.h"
#include "dataplane/eal.h"
#include "dataplane/loopback.h"
#include "dataplane/plane.h"
#include "dataplane/srtp.h"
#include "dataplane/stats.h"
#include "dataplane/xdp.h"
#include "dataplane/xdp_link.h"

enum status { /* exit status */
              STATUS_OK = 0,
              STATUS_FAILED = 1,
              STATUS_CONF = 2, /* as of args_parse */
              STATUS_EAL = 3,
              STATUS_PORT = 4, /* port, memory or sockets */
};

#define CTL_NICE (-19) /* a step behind the workers */

#define ROLE "relays media between the peers of a room (DPDK)"

struct program {
    int argc;
    char **argv;
    struct conf conf;
    int signal_fd;
    struct xdp xdp; /* n is 0 without */
    struct eal_args eal;
    char *eal_argv[EAL_ARGS_MAX]; /* the EAL permutes it, and keeps pointers to the texts */
    struct plane plane;
};

static int block_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN); /* some ports write to sockets of their own */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL); /* inherited by every thread */
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Where workers take precedence (run.c), ctl must not be who waits for them: its commands are what relieves an
 * overload. Telemetry's threads inherit it. As far as permitted. */
static void raise_priority(const struct conf *conf)
{
    if (conf->workers_priority != CONF_PRIORITY_NORMAL)
        setpriority(PRIO_PROCESS, 0, CTL_NICE);
}

/* The EAL puts its telemetry socket into dpdk/roomline/ below RUNTIME_DIRECTORY. */
static int set_run_dir(const struct conf *conf)
{
    char path[4096];

    if (mkdir(conf->run_dir, 0700) != 0 && errno != EEXIST)
        return -errno;
    if (!realpath(conf->run_dir, path) || setenv("RUNTIME_DIRECTORY", path, 1) != 0)
        return -errno;
    return 0;
}

/* 127.0.0.0/8 is announced, as it is unless told otherwise. */
static bool announces_loopback(const struct conf *conf)
{
    for (size_t i = 0; i < conf->media_announce.n; i++)
        if (strncmp(conf->media_announce.items[i], "127.", 4) == 0)
            return true;
    return conf->media_announce.n == 0;
}

/* 0, or -errno with *why. */
static int prepare_xdp(struct program *p, const char **why)
{
    int err = xdp_init(&p->xdp, &p->conf, why);
    if (err || !xdp_loopback(&p->xdp))
        return err;
    err = loopback_open(p->conf.run_dir, announces_loopback(&p->conf), why);
    if (err)
        xdp_finish(&p->xdp);
    return err;
}

/* false: AF_XDP is asked for and is not to be had. */
static bool choose_port(struct program *p)
{
    const char *why;

    loopback_close(p->conf.run_dir); /* one that was killed may have left them */
    if (!eal_port_is_xdp(&p->conf) || prepare_xdp(p, &why) == 0)
        return true;
    if (eal_port_is_auto(&p->conf)) {
        LOG_WARN(PORT, "kernel sockets in place of AF_XDP reason=%s", why);
        return true;
    }
    LOG_ERROR(PORT, "no AF_XDP reason=%s; dataplane.port=socket does without", why);
    return false;
}

static int start_eal(struct program *p)
{
    char cpus[4096];
    struct eal_host host;

    eal_host_read(&host, cpus, sizeof(cpus));
    host.xdp = p->xdp.n > 0 ? &p->xdp : NULL;
    int err = eal_args_make(&p->eal, &p->conf, &host);
    if (err)
        return err;
    memcpy(p->eal_argv, p->eal.v, sizeof(p->eal_argv));
    for (int i = 1; i < p->eal.n; i++)
        LOG_DEBUG(EAL, "argument text=%s", p->eal.v[i]);
    return rte_eal_init(p->eal.n, p->eal_argv) < 0 ? -rte_errno : 0;
}

static void say_hello(const struct plane *p, struct dp_hello *hello)
{
    *hello = (struct dp_hello){.head = {.type = DP_HELLO, .len = sizeof(*hello)},
                               .version = DP_PROTO_VERSION,
                               .n_workers = p->conf.n_workers,
                               .srtp_profiles = srtp_profiles()};
    for (uint16_t i = 0; i < p->conf.n_workers; i++)
        hello->media_port[i] = (uint16_t)(p->conf.media_port + i);
    if (getrandom(&hello->boot_id, sizeof(hello->boot_id), 0) != sizeof(hello->boot_id))
        abort();
}

static void on_reloaded_key(void *arg, const char *key, bool applied)
{
    if (!applied)
        LOG_WARN(CONF, "not changed before a restart key=%s", key);
}

/* Only the log's keys are ours and reloadable; the controlplane tells which others are not. */
static void reload(struct program *p)
{
    struct conf fresh;

    if (args_parse(&fresh, p->argc, p->argv, ROLE) == ARGS_GO_ON) {
        conf_reload(&p->conf, &fresh, on_reloaded_key, NULL);
        conf_apply_log(&p->conf);
        LOG_INFO(CONF, "reloaded");
    } else {
        LOG_ERROR(CONF, "reload refused: the old configuration stays");
    }
    conf_finish(&fresh);
}

/* The plane is made: run until a signal. */
static enum status serve(struct program *p, struct ctl *ctl, const struct dp_hello *hello)
{
    struct plane *plane = &p->plane;
    struct stats *stats = stats_create(&plane->objects, hello->boot_id);
    int signal_number;
    char ports[256];

    if (!stats || plane_start(plane) != 0) {
        LOG_ERROR(MAIN, "workers do not start");
        return STATUS_FAILED;
    }
    ctl_attach(ctl, &plane->objects, stats);
    ports_names(&plane->ports, ports, sizeof(ports));
    LOG_INFO(MAIN, "ready port=%s workers=%u media.port=%u srtp=%s", ports, (unsigned)plane->conf.n_workers,
             (unsigned)plane->conf.media_port, srtp_backend());
    while ((signal_number = ctl_run(ctl, p->signal_fd)) == SIGHUP)
        reload(p);
    LOG_INFO(MAIN, "stopping signal=%s", strsignal(signal_number));
    return STATUS_OK;
}

static enum status run(struct program *p)
{
    struct dp_hello hello;
    const char *why;

    struct ctl *ctl = ctl_create();
    if (!ctl || plane_init(&p->plane, &p->conf, p->xdp.n > 0 ? &p->xdp : NULL, &ctl_ops, ctl, &why) != 0) {
        LOG_ERROR(MAIN, "cannot start reason=%s", ctl ? why : "out of memory");
        ctl_destroy(ctl);
        return STATUS_PORT;
    }
    const struct xdp_interface *lo = xdp_loopback(&p->xdp);
    if (lo && !xdp_link_mode(lo->index)) /* kernel sockets took its place */
        loopback_close(p->conf.run_dir);
    say_hello(&p->plane, &hello);
    enum status status = STATUS_PORT;
    if (ctl_listen(ctl, p->conf.run_dir, &hello, &p->plane.tap, &why) == 0)
        status = serve(p, ctl, &hello);
    else
        LOG_ERROR(MAIN, "cannot start reason=%s", why);
    plane_stop(&p->plane);
    ctl_destroy(ctl);
    plane_finish(&p->plane);
    return status;
}

static enum status start(struct program *p)
{
    const char *wrong = plane_validate(&p->conf);
    if (wrong) {
        LOG_ERROR(CONF, "cannot run with this configuration reason=%s", wrong);
        return STATUS_CONF;
    }
    int err = set_run_dir(&p->conf);
    if (err) {
        LOG_ERROR(CONF, "run_dir cannot be used path=%s error=%s", p->conf.run_dir, strerror(-err));
        return STATUS_CONF;
    }
    p->signal_fd = block_signals();
    if (!choose_port(p))
        return STATUS_PORT;
    raise_priority(&p->conf);
    err = start_eal(p);
    if (err) {
        LOG_ERROR(EAL,
                  "DPDK does not start port=%s error=%s; it refused dataplane.port or a word of dataplane.eal, see "
                  "above; --set log.level=debug shows all arguments",
                  p->conf.dataplane_port, rte_strerror(-err));
        return STATUS_EAL;
    }
    enum status status = STATUS_CONF;
    err = srtp_global_init((enum conf_srtp_backend)p->conf.srtp_backend);
    if (err == 0) {
        status = run(p);
        srtp_global_finish();
    } else {
        LOG_ERROR(CONF, "srtp.backend does not start here error=%s", strerror(-err));
    }
    rte_eal_cleanup();
    return status;
}

int main(int argc, char **argv)
{
    static struct program p;
    p.argc = argc;
    p.argv = argv;
    int status = args_parse(&p.conf, argc, argv, ROLE);
    if (status == ARGS_GO_ON) {
        conf_apply_log(&p.conf);
        status = (int)start(&p);
        loopback_close(p.conf.run_dir);
        xdp_finish(&p.xdp);
    }
    eal_args_finish(&p.eal);
    conf_finish(&p.conf);
    return status;
}
