/* SPDX-License-Identifier: MIT */
/* worker path */
/* A worker's thread: turns, and sleep. Before it sleeps a worker goes offline for RCU (it holds no session across
 * turns), says so to its mailbox's senders, looks once more, and waits on its sockets and the mailbox's eventfd. */
#include "dataplane/run.h"

#include <poll.h>
#include <rte_rcu_qsbr.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/util.h"
#include "dataplane/frame.h"
#include "dataplane/worker.h"

#define EMPTY_TURNS_MAX 64     /* before it sleeps */
#define BLIND_US        500    /* a port that cannot wake us is looked at so often */
#define WAITING_US      1000   /* packets or mails wait for others */
#define SESSIONS_US     5000   /* timers of sessions: reports, consent */
#define IDLE_US         500000 /* no session at all */

int64_t run_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 + 1;
}

static int poll_fds_of(const struct worker *w, struct pollfd *fds, int max, bool *blind)
{
    int n = 0;

    fds[n++] = (struct pollfd){.fd = w->mailbox.event_fd, .events = POLLIN};
    for (uint32_t i = 0; i < w->n_ports; i++) {
        struct port *port = w->ports[i].port;
        int added = port->ops->poll_fds(port, w->ports[i].queue, fds + n, max - n);
        *blind |= added < 0;
        n += MAX(added, 0);
    }
    return n;
}

static int64_t patience_us(const struct worker *w, bool blind)
{
    if (blind)
        return BLIND_US;
    if (w->n_held > 0 || w->unsent_head || w->token || frame_waits(w))
        return WAITING_US;
    return w->n_sessions > 0 ? SESSIONS_US : IDLE_US;
}

static void nap(struct worker *w)
{
    struct pollfd fds[1 + 2 * WORKER_PORTS_MAX];
    bool blind = false;

    int n = poll_fds_of(w, fds, ARRAY_SIZE(fds), &blind);
    int64_t us = patience_us(w, blind);
    struct timespec wait = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    if (!mailbox_sleep(&w->mailbox))
        return;
    meter_enter(&w->meter, STAGE_POLL);
    rte_rcu_qsbr_thread_offline(w->rcu, w->index);
    ppoll(fds, (nfds_t)n, &wait, NULL);
    rte_rcu_qsbr_thread_online(w->rcu, w->index);
    mailbox_woken(&w->mailbox);
    meter_slept(&w->meter);
    w->stats.sleeps++;
}

/* Of this thread, as far as permitted. What shares the CPU would otherwise take whole time slices: milliseconds, in
 * which a NIC's queue overflows. */
static void raise_priority(enum conf_priority priority)
{
    const struct sched_param lowest = {.sched_priority = 1};

    if (priority == CONF_PRIORITY_REALTIME && sched_setscheduler(0, SCHED_RR, &lowest) == 0)
        return;
    if (priority != CONF_PRIORITY_NORMAL)
        setpriority(PRIO_PROCESS, 0, -20);
}

int run_worker(void *arg)
{
    struct run *run = arg;
    struct worker *w = run->worker;
    uint32_t empty = 0;

    raise_priority(run->priority);
    meter_init(&w->meter);
    rte_rcu_qsbr_thread_register(w->rcu, w->index);
    rte_rcu_qsbr_thread_online(w->rcu, w->index);
    while (!atomic_load_explicit(&run->stop, memory_order_relaxed)) {
        empty = worker_turn(w, run_now_us()) > 0 ? 0 : empty + 1;
        if (run->sleep && empty >= EMPTY_TURNS_MAX)
            nap(w);
    }
    rte_rcu_qsbr_thread_offline(w->rcu, w->index);
    rte_rcu_qsbr_thread_unregister(w->rcu, w->index);
    return 0;
}

void run_stop(struct run *run)
{
    uint64_t one = 1;

    atomic_store_explicit(&run->stop, true, memory_order_relaxed);
    ssize_t n = write(run->worker->mailbox.event_fd, &one, sizeof(one));
    (void)n;
}
