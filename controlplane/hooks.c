/* SPDX-License-Identifier: MIT */
/* hooks: queues of runs, and the child of each that runs. */
#include "controlplane/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"

#define LINE_BYTES 512     /* of output; longer lines go to the log in pieces */
#define KILL_US    5000000 /* from SIGTERM to SIGKILL */
#define READ_BURST 16      /* reads per call, so that a talkative hook does not starve the loop */

extern char **environ;

struct run {
    char *args[HOOKS_ARGS_MAX + 1];
    int64_t timeout_us;
    STAILQ_ENTRY(run) entry;
};

struct runner { /* of one kind */
    enum hook hook;
    STAILQ_HEAD(, run) queue; /* the first one runs if pid is set */
    size_t n_queued;
    pid_t pid; /* 0: none */
    int fd;    /* its output; -1: none */
    int64_t deadline_us;
    bool terminated;
    char line[LINE_BYTES];
    size_t line_bytes;
    struct hooks_count count;
};

struct hooks {
    int64_t now_us;
    struct runner runners[HOOK_COUNT];
};

static const struct {
    const char *name;
    int nice;
} kinds[HOOK_COUNT] = {
#define X(id, name, nice) [HOOK_##id] = {name, nice},
    HOOK_LIST(X)
#undef X
};

struct hooks *hooks_create(void)
{
    struct hooks *h = calloc(1, sizeof(*h));
    for (enum hook hook = 0; h && hook < HOOK_COUNT; hook++) {
        h->runners[hook].hook = hook;
        h->runners[hook].fd = -1;
        STAILQ_INIT(&h->runners[hook].queue);
    }
    return h;
}

static void free_run(struct run *run)
{
    for (size_t i = 0; run->args[i]; i++)
        free(run->args[i]);
    free(run);
}

static void drop_first(struct runner *r)
{
    struct run *run = STAILQ_FIRST(&r->queue);
    STAILQ_REMOVE_HEAD(&r->queue, entry);
    r->n_queued--;
    free_run(run);
}

static void close_output(struct runner *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

void hooks_destroy(struct hooks *h)
{
    if (!h)
        return;
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        struct runner *r = &h->runners[hook];
        if (r->pid)
            LOG_WARN(HOOK, "left running hook=%s about=%s pid=%d waiting=%zu", kinds[hook].name,
                     STAILQ_FIRST(&r->queue)->args[1], (int)r->pid, r->n_queued - 1);
        close_output(r);
        while (!STAILQ_EMPTY(&r->queue))
            drop_first(r);
    }
    free(h);
}

struct hooks_count hooks_count(const struct hooks *h, enum hook hook)
{
    return h->runners[hook].count;
}

const char *hooks_name(enum hook hook)
{
    return kinds[hook].name;
}

int hooks_fd(const struct hooks *h, enum hook hook)
{
    return h->runners[hook].fd;
}

/* Output */

static void log_line(struct runner *r)
{
    if (r->line_bytes)
        LOG_EVENT(INFO, HOOK, "hook=%s says=%.*s", kinds[r->hook].name, (int)r->line_bytes, r->line);
    r->line_bytes = 0;
}

static void log_output(struct runner *r, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n' || r->line_bytes == sizeof(r->line))
            log_line(r);
        if (bytes[i] != '\n')
            r->line[r->line_bytes++] = bytes[i];
    }
}

static void read_output(struct runner *r)
{
    char buf[1024];
    for (int i = 0; i < READ_BURST && r->fd >= 0; i++) {
        ssize_t n = read(r->fd, buf, sizeof(buf));
        if (n > 0)
            log_output(r, buf, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
            close_output(r);
        else
            return;
    }
}

void hooks_on_readable(struct hooks *h, enum hook hook)
{
    read_output(&h->runners[hook]);
}

/* Children */

/* Our signal mask and what we ignore would be inherited, and with them a script that cannot be terminated. */
static int spawn_as(pid_t *pid, char *const *args, int output, posix_spawnattr_t *attr,
                    posix_spawn_file_actions_t *actions)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setsigdefault(attr, &all);
    posix_spawnattr_setpgroup(attr, 0);
    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO);
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    return error ? error : posix_spawn(pid, args[0], actions, attr, args, environ);
}

/* 0 or an errno. */
static int spawn(pid_t *pid, char *const *args, int output)
{
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t actions;
    int error = posix_spawnattr_init(&attr);
    if (error)
        return error;
    error = posix_spawn_file_actions_init(&actions);
    if (!error) {
        error = spawn_as(pid, args, output, &attr, &actions);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attr);
    return error;
}

static int start(struct hooks *h, struct runner *r, const struct run *run)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    int error = spawn(&r->pid, run->args, ends[1]);
    close(ends[1]);
    if (error) {
        r->pid = 0;
        close(ends[0]);
        return error;
    }
    close_output(r); /* of an earlier one, whose children keep it open */
    r->fd = ends[0];
    r->line_bytes = 0;
    r->terminated = false;
    r->deadline_us = h->now_us + run->timeout_us;
    if (kinds[r->hook].nice)
        setpriority(PRIO_PGRP, (id_t)r->pid, kinds[r->hook].nice);
    return 0;
}

static void start_next(struct hooks *h, struct runner *r)
{
    const struct run *run;
    while (!r->pid && (run = STAILQ_FIRST(&r->queue))) {
        int error = start(h, r, run);
        if (!error) {
            LOG_EVENT(INFO, HOOK, "started hook=%s program=%s about=%s pid=%d", kinds[r->hook].name, run->args[0],
                      run->args[1], (int)r->pid);
            return;
        }
        LOG_EVENT(ERROR, HOOK, "cannot run hook=%s program=%s error=%s", kinds[r->hook].name, run->args[0],
                  strerror(error));
        r->count.failed++;
        drop_first(r);
    }
}

void hooks_run(struct hooks *h, enum hook hook, const char *const *args, int64_t timeout_ms)
{
    struct runner *r = &h->runners[hook];
    if (r->n_queued >= HOOKS_QUEUE_MAX) {
        LOG_RL(ERROR, HOOK, "too many wait, one is dropped hook=%s about=%s", kinds[hook].name, args[1]);
        r->count.dropped++;
        return;
    }
    struct run *run = calloc(1, sizeof(*run));
    if (!run)
        abort();
    for (size_t i = 0; args[i] && i < HOOKS_ARGS_MAX; i++) {
        if (!(run->args[i] = strdup(args[i])))
            abort();
    }
    run->timeout_us = timeout_ms * 1000;
    STAILQ_INSERT_TAIL(&r->queue, run, entry);
    r->n_queued++;
    start_next(h, r);
}

static void on_exit_status(struct hooks *h, struct runner *r, int status)
{
    bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const char *about = STAILQ_FIRST(&r->queue)->args[1];
    read_output(r);
    log_line(r);
    if (ok)
        LOG_EVENT(INFO, HOOK, "done hook=%s about=%s", kinds[r->hook].name, about);
    else if (WIFSIGNALED(status))
        LOG_EVENT(WARN, HOOK, "failed hook=%s about=%s signal=%s too_long=%d", kinds[r->hook].name, about,
                  strsignal(WTERMSIG(status)), r->terminated);
    else
        LOG_EVENT(WARN, HOOK, "failed hook=%s about=%s status=%d", kinds[r->hook].name, about, WEXITSTATUS(status));
    if (ok)
        r->count.ok++;
    else
        r->count.failed++;
    r->pid = 0;
    drop_first(r);
    start_next(h, r);
}

void hooks_on_child(struct hooks *h)
{
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        struct runner *r = &h->runners[hook];
        siginfo_t info = {0};
        int status;
        if (!r->pid || waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
            continue;
        if (r->terminated)
            kill(-r->pid, SIGKILL); /* what it has left; until it is reaped the group cannot be another's */
        if (waitpid(r->pid, &status, 0) == r->pid)
            on_exit_status(h, r, status);
    }
}

static void watch_time(struct hooks *h, struct runner *r)
{
    if (!r->pid || h->now_us < r->deadline_us)
        return;
    LOG_EVENT(WARN, HOOK, "runs for too long hook=%s about=%s signal=%s", kinds[r->hook].name,
              STAILQ_FIRST(&r->queue)->args[1], r->terminated ? "KILL" : "TERM");
    kill(-r->pid, r->terminated ? SIGKILL : SIGTERM);
    r->terminated = true;
    r->deadline_us = h->now_us + KILL_US;
}

void hooks_tick(struct hooks *h, int64_t now_us)
{
    h->now_us = now_us;
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++)
        watch_time(h, &h->runners[hook]);
}
