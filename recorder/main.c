/* SPDX-License-Identifier: MIT */
/* roomline-recorder: writes down what the dataplane copies for it, as the controlplane says. Understands no media,
 * holds no keys, speaks to no network. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "conf/args.h"
#include "recorder/recorder.h"

#define ROLE "writes recordings of rooms and streams to disk"

struct program {
    int argc;
    char **argv;
    struct conf conf;
    struct recorder recorder;
    struct watch signals;
    const char *finisher; /* of --finisher PATH; NULL: not given */
    bool stopping;
};

/* Takes --finisher PATH, which is no key since nobody but a developer wants another, out of the arguments that all
 * programs share. */
static void take_own_arguments(struct program *p)
{
    for (int i = 1; i + 1 < p->argc; i++) {
        if (strcmp(p->argv[i], "--finisher") != 0)
            continue;
        p->finisher = p->argv[i + 1];
        memmove(p->argv + i, p->argv + i + 2, (size_t)(p->argc - i - 1) * sizeof(char *));
        p->argc -= 2;
        return;
    }
}

static void on_reloaded_key(void *arg, const char *key, bool applied)
{
    if (!applied)
        LOG_WARN(CONF, "not changed before a restart key=%s", key);
}

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

static void on_signal(struct watch *w, uint32_t events)
{
    struct program *p = CONTAINER_OF(w, struct program, signals);
    struct signalfd_siginfo info;
    while (read(w->fd, &info, sizeof(info)) == sizeof(info)) {
        LOG_INFO(MAIN, "caught signal=%s", strsignal((int)info.ssi_signo));
        if (info.ssi_signo == SIGHUP)
            reload(p);
        else
            p->stopping = true;
    }
}

/* Before any thread starts, which inherits it. */
static int block_signals(struct program *p)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    p->signals = (struct watch){.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), .on_ready = on_signal};
    return p->signals.fd < 0 ? -errno : 0;
}

/* Each capture takes one; the usual soft limit would end at a thousand. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        LOG_WARN(MAIN, "descriptors stay few error=%s", strerror(errno));
}

static int run(struct program *p)
{
    struct recorder *rec = &p->recorder;
    if (mkdir(p->conf.run_dir, 0755) == 0)
        LOG_INFO(MAIN, "made folder=%s", p->conf.run_dir);
    umask(022);
    raise_descriptor_limit();
    int err = block_signals(p);
    if (!err)
        err = recorder_init(rec, &p->conf, p->finisher);
    if (!err)
        err = loop_add(&rec->loop, &p->signals, EPOLLIN);
    if (!err) {
        LOG_INFO(MAIN, "ready records=%s run=%s", rec->records, p->conf.run_dir);
        while (!p->stopping)
            recorder_turn(rec);
    }
    recorder_finish(rec);
    if (!err)
        LOG_INFO(MAIN, "stopped");
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct program p;
    p.argc = argc;
    p.argv = argv;
    take_own_arguments(&p);
    int status = args_parse(&p.conf, p.argc, p.argv, ROLE);
    if (status == ARGS_GO_ON) {
        conf_apply_log(&p.conf);
        status = run(&p);
    }
    conf_finish(&p.conf);
    return status;
}
