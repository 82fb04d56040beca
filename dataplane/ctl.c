/* SPDX-License-Identifier: MIT */
/* The control thread. Messages are read only while there is room for their acknowledgements and the workers keep up, so
 * a flood waits in the socket; events are taken from the objects only when the socket takes them. */
#include "dataplane/ctl.h"

#include <errno.h>
#include <poll.h>
#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/tap.h"
#include "common/util.h"
#include "dataplane/load.h"
#include "dataplane/mailbox.h"
#include "dataplane/objects.h"
#include "dataplane/run.h"
#include "dataplane/stats.h"
#include "dataplane/tap_link.h"
#include "dataplane/tap_memory.h"

#define ACKS_MAX        1024 /* waiting for the socket; one more is kept for a move */
#define READ_BURST      64   /* messages before the others have their turn */
#define BUSY_POLL_MS    2    /* something waits for the workers */
#define SESSIONS_MS     1000 /* old sessions are looked through */
#define MSG_BYTES_MAX   4096
#define SOCKET_PATH_MAX 108

struct ctl {
    struct objects *objects;
    struct stats *stats;
    struct dp_hello hello;
    char ctl_path[SOCKET_PATH_MAX], punt_path[SOCKET_PATH_MAX], tap_path[SOCKET_PATH_MAX];
    int ctl_listen, punt_listen, tap_listen;
    int client, punt; /* -1: none */
    bool greeted;     /* the client's HELLO has come */
    bool blocked;     /* the client's socket is full */
    uint32_t first_ack, n_acks;
    struct dp_ack acks[ACKS_MAX + 1]; /* ring */
    bool event_waits;                 /* taken from the objects, not sent yet */
    struct dp_session_event event;
    struct load load;
    struct tap_link tap;
    size_t msg_len; /* a message that waits for the workers; 0: none */
    _Alignas(8) uint8_t msg[MSG_BYTES_MAX];
};

/* ---- To the controlplane ---- */

static void on_ack(void *arg, const struct dp_ack *ack)
{
    struct ctl *ctl = arg;
    if (ctl->client < 0 || ctl->n_acks > ACKS_MAX)
        return;
    ctl->acks[(ctl->first_ack + ctl->n_acks++) % ARRAY_SIZE(ctl->acks)] = *ack;
    if (ack->error)
        LOG_RL(WARN, CTL, "refused type=%s id=%#lx error=%s", dp_msg_name(ack->type), (unsigned long)ack->id,
               strerror(-ack->error));
}

static void on_punt(void *arg, const struct dp_punt *punt)
{
    const struct ctl *ctl = arg;
    if (ctl->punt >= 0)
        ipc_send(ctl->punt, punt, punt->head.len, NULL, 0); /* full: DTLS sends again */
}

const struct objects_ops ctl_ops = {.on_ack = on_ack, .on_punt = on_punt};

static void drop_client(struct ctl *ctl, const char *why)
{
    if (ctl->client < 0)
        return;
    LOG_INFO(CTL, "controlplane gone reason=%s", why);
    close(ctl->client);
    ctl->client = -1;
    ctl->n_acks = 0;
    ctl->event_waits = false; /* told again by objects_set_epoch */
    explicit_bzero(ctl->msg, ctl->msg_len);
    ctl->msg_len = 0;
}

static void drop_punt(struct ctl *ctl)
{
    if (ctl->punt >= 0)
        close(ctl->punt);
    ctl->punt = -1;
}

/* true: sent. The socket is full or broken else. */
static bool send_client(struct ctl *ctl, const void *msg, size_t len)
{
    int err = ipc_send(ctl->client, msg, len, NULL, 0);
    ctl->blocked = err == -EAGAIN;
    if (err && err != -EAGAIN)
        drop_client(ctl, strerror(-err));
    return err == 0;
}

static void send_acks(struct ctl *ctl)
{
    while (ctl->n_acks > 0 && send_client(ctl, &ctl->acks[ctl->first_ack], sizeof(ctl->acks[0]))) {
        ctl->first_ack = (ctl->first_ack + 1) % ARRAY_SIZE(ctl->acks);
        ctl->n_acks--;
    }
}

static void send_events(struct ctl *ctl)
{
    while (ctl->client >= 0 && ctl->greeted && !ctl->blocked) {
        if (!ctl->event_waits && !objects_next_event(ctl->objects, &ctl->event))
            return;
        ctl->event_waits = true;
        bool ours = ctl->event.id >> 32 == ctl->objects->epoch;
        if (ours && !send_client(ctl, &ctl->event, sizeof(ctl->event)))
            return;
        ctl->event_waits = false;
    }
}

/* The sign of life as well. One that finds no room is lost: the next one follows soon. */
static void send_load(struct ctl *ctl, int64_t now_us)
{
    static struct dp_load report;

    if (ctl->client < 0 || !ctl->greeted || ctl->blocked || now_us - ctl->load.since_us < DP_LOAD_MS * 1000)
        return;
    load_report(&ctl->load, ctl->objects, now_us, rte_rdtsc(), &report);
    send_client(ctl, &report, sizeof(report));
}

/* ---- From the controlplane ---- */

static void accept_client(struct ctl *ctl)
{
    int fd = ipc_accept(ctl->ctl_listen);
    if (fd == -EPERM)
        LOG_RL(WARN, CTL, "connection of another user refused socket=%s", ctl->ctl_path);
    if (fd < 0)
        return;
    drop_client(ctl, "replaced");
    ctl->client = fd;
    ctl->greeted = ctl->blocked = false;
    ctl->first_ack = 0;
    send_client(ctl, &ctl->hello, sizeof(ctl->hello));
}

static void accept_punt(struct ctl *ctl)
{
    int fd = ipc_accept(ctl->punt_listen);
    if (fd < 0)
        return;
    drop_punt(ctl);
    ctl->punt = fd;
}

static int greet(struct ctl *ctl)
{
    const struct dp_hello *hello = (const struct dp_hello *)ctl->msg;

    if (dp_msg_check(ctl->msg, ctl->msg_len) != 0 || hello->head.type != DP_HELLO)
        return -EBADMSG;
    if (hello->version != DP_PROTO_VERSION || hello->epoch == 0) {
        LOG_ERROR(CTL, "controlplane speaks another version theirs=%u ours=%u", hello->version, DP_PROTO_VERSION);
        return -EBADMSG;
    }
    LOG_INFO(CTL, "controlplane connected epoch=%#x", hello->epoch);
    objects_set_epoch(ctl->objects, hello->epoch);
    load_start(&ctl->load, ctl->objects, run_now_us(), rte_rdtsc());
    ctl->greeted = true;
    return 0;
}

/* Handles the message in the buffer. false: it waits, or the client is gone. */
static bool handle(struct ctl *ctl)
{
    int err = ctl->greeted ? objects_on_message(ctl->objects, ctl->msg, ctl->msg_len) : greet(ctl);
    if (err == -EAGAIN)
        return false;
    if (err) {
        drop_client(ctl, "malformed message");
        return false;
    }
    ctl->msg_len = 0;
    return true;
}

static bool read_message(struct ctl *ctl)
{
    int n = ipc_recv(ctl->client, ctl->msg, sizeof(ctl->msg), NULL, NULL);
    if (n == -EAGAIN)
        return false;
    if (n <= 0) {
        drop_client(ctl, n == 0 ? "closed" : strerror(-n));
        return false;
    }
    ctl->msg_len = (size_t)n;
    return true;
}

static bool may_read(const struct ctl *ctl)
{
    return ctl->client >= 0 && ctl->n_acks < ACKS_MAX;
}

static void on_client(struct ctl *ctl)
{
    for (int i = 0; i < READ_BURST && may_read(ctl); i++)
        if ((ctl->msg_len == 0 && !read_message(ctl)) || !handle(ctl))
            return;
}

static void on_punt_readable(struct ctl *ctl)
{
    _Alignas(8) uint8_t record[sizeof(struct dp_punt)];

    for (int i = 0; i < READ_BURST; i++) {
        int n = ipc_recv(ctl->punt, record, sizeof(record), NULL, NULL);
        if (n == -EAGAIN)
            return;
        if (n <= 0 || objects_on_punt(ctl->objects, record, (size_t)n) != 0) {
            drop_punt(ctl);
            return;
        }
    }
}

/* ---- The loop ---- */

enum {
    FD_SIGNAL,
    FD_MAILBOX,
    FD_STATS,
    FD_CTL_LISTEN,
    FD_PUNT_LISTEN,
    FD_TAP_LISTEN,
    FD_CLIENT,
    FD_PUNT,
    FD_RECORDER,
    FD_COUNT
};

static void set_fds(const struct ctl *ctl, struct pollfd *fds, int signal_fd)
{
    short client_events = (short)((may_read(ctl) && ctl->msg_len == 0 ? POLLIN : 0) | (ctl->blocked ? POLLOUT : 0));

    fds[FD_SIGNAL] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
    fds[FD_MAILBOX] = (struct pollfd){.fd = ctl->objects->mailbox->event_fd, .events = POLLIN};
    fds[FD_STATS] = (struct pollfd){.fd = stats_fd(ctl->stats), .events = POLLIN};
    fds[FD_CTL_LISTEN] = (struct pollfd){.fd = ctl->ctl_listen, .events = POLLIN};
    fds[FD_PUNT_LISTEN] = (struct pollfd){.fd = ctl->punt_listen, .events = POLLIN};
    fds[FD_CLIENT] = (struct pollfd){.fd = ctl->client, .events = client_events};
    fds[FD_PUNT] = (struct pollfd){.fd = ctl->punt, .events = POLLIN};
    fds[FD_TAP_LISTEN] = (struct pollfd){.fd = ctl->tap.listen_fd, .events = POLLIN};
    fds[FD_RECORDER] = (struct pollfd){.fd = ctl->tap.recorder_fd, .events = POLLIN};
}

static int patience_ms(struct ctl *ctl)
{
    if (ctl->msg_len > 0 || !STAILQ_EMPTY(&ctl->objects->graves) || !post_flush(&ctl->objects->post))
        return BUSY_POLL_MS;
    return ctl->client >= 0 ? DP_LOAD_MS : ctl->objects->sessions ? SESSIONS_MS : -1;
}

static void wait_for_work(struct ctl *ctl, struct pollfd *fds, int signal_fd)
{
    struct mailbox *mailbox = ctl->objects->mailbox;

    set_fds(ctl, fds, signal_fd);
    bool may_sleep = mailbox_sleep(mailbox);
    poll(fds, FD_COUNT, may_sleep ? patience_ms(ctl) : 0);
    if (may_sleep)
        mailbox_woken(mailbox);
}

int ctl_run(struct ctl *ctl, int signal_fd)
{
    struct pollfd fds[FD_COUNT] = {0};

    for (;;) {
        wait_for_work(ctl, fds, signal_fd);
        if (fds[FD_SIGNAL].revents) {
            struct signalfd_siginfo info;
            if (read(signal_fd, &info, sizeof(info)) == sizeof(info))
                return (int)info.ssi_signo;
        }
        int64_t now_us = run_now_us();
        objects_poll(ctl->objects, now_us);
        if (fds[FD_STATS].revents)
            stats_serve(ctl->stats);
        if (fds[FD_PUNT].revents && ctl->punt >= 0)
            on_punt_readable(ctl);
        if (fds[FD_CLIENT].revents & POLLOUT)
            ctl->blocked = false;
        if ((fds[FD_CLIENT].revents & ~POLLOUT || ctl->msg_len > 0) && ctl->client >= 0)
            on_client(ctl);
        if (!ctl->blocked)
            send_acks(ctl);
        send_events(ctl);
        send_load(ctl, now_us);
        if (fds[FD_CTL_LISTEN].revents)
            accept_client(ctl);
        if (fds[FD_PUNT_LISTEN].revents)
            accept_punt(ctl);
        if (fds[FD_TAP_LISTEN].revents || fds[FD_RECORDER].revents)
            tap_link_serve(&ctl->tap);
    }
}

/* ---- Life ---- */

static int listen_at(char *path, const char *run_dir, const char *name, const char **err)
{
    static char text[256];

    int n = snprintf(path, SOCKET_PATH_MAX, "%s/%s", run_dir, name);
    int fd = n < SOCKET_PATH_MAX ? ipc_listen(path) : -ENAMETOOLONG;
    if (fd < 0) {
        snprintf(text, sizeof(text), "listen on %s/%s: %s", run_dir, name, strerror(-fd));
        *err = text;
    }
    return fd;
}

static void stop_listening(int fd, const char *path)
{
    if (fd < 0)
        return;
    close(fd);
    unlink(path);
}

struct ctl *ctl_create(void)
{
    struct ctl *ctl = calloc(1, sizeof(*ctl));
    if (!ctl)
        return NULL;
    ctl->client = ctl->punt = ctl->ctl_listen = ctl->punt_listen = ctl->tap_listen = -1;
    tap_link_init(&ctl->tap, -1, NULL, 0);
    return ctl;
}

int ctl_listen(struct ctl *ctl, const char *run_dir, const struct dp_hello *hello, const struct tap_memory *tap,
               const char **err)
{
    ctl->hello = *hello;
    if (tap->slab && (ctl->tap_listen = listen_at(ctl->tap_path, run_dir, TAP_SOCKET, err)) < 0)
        return ctl->tap_listen;
    tap_link_init(&ctl->tap, ctl->tap_listen, tap, hello->boot_id);
    ctl->punt_listen = listen_at(ctl->punt_path, run_dir, DP_PUNT_SOCKET, err);
    if (ctl->punt_listen < 0)
        return ctl->punt_listen;
    ctl->ctl_listen = listen_at(ctl->ctl_path, run_dir, DP_CTL_SOCKET, err);
    return MIN(ctl->ctl_listen, 0);
}

void ctl_attach(struct ctl *ctl, struct objects *objects, struct stats *stats)
{
    ctl->objects = objects;
    ctl->stats = stats;
}

void ctl_destroy(struct ctl *ctl)
{
    if (!ctl)
        return;
    drop_client(ctl, "stop");
    drop_punt(ctl);
    tap_link_finish(&ctl->tap);
    stop_listening(ctl->ctl_listen, ctl->ctl_path);
    stop_listening(ctl->punt_listen, ctl->punt_path);
    stop_listening(ctl->tap_listen, ctl->tap_path);
    free(ctl);
}
