/* SPDX-License-Identifier: MIT */
/* server: listeners and the loop. */
#include "controlplane/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"
#include "controlplane/cert.h"
#include "controlplane/client.h"
#include "controlplane/files.h"
#include "controlplane/hooks.h"
#include "controlplane/http.h"
#include "controlplane/ws.h"

#define LINKS_TICK_UP_US   (500 * MS_US)
#define LINKS_TICK_DOWN_US (100 * MS_US)
#define GOODBYE_US         SECOND_US
#define WAKE_MAX_US        (60 * SECOND_US)

static int64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * SECOND_US + ts.tv_nsec / 1000;
}

/* Descriptors of the link come and go, and a number may come back as another file: so each turn says anew what is
 * watched. Closing one takes it out of the set by itself. */
static void watch(const struct server *s, int fd, bool write)
{
    struct epoll_event ev = {.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.fd = fd};
    if (fd >= 0 && epoll_ctl(s->events_fd, EPOLL_CTL_MOD, fd, &ev) && errno == ENOENT)
        epoll_ctl(s->events_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void on_signal(struct server *s)
{
    struct signalfd_siginfo info;
    while (read(s->signals_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            hooks_on_child(s->hub->hooks);
            continue;
        }
        LOG_INFO(MAIN, "caught signal=%s", strsignal((int)info.ssi_signo));
        if (info.ssi_signo != SIGHUP)
            s->stopping = true;
        else if (s->on_hangup)
            s->on_hangup(s->arg);
    }
}

static void on_events(struct server *s)
{
    struct dp *dp = s->hub->dp;
    struct rec *rec = s->hub->rec;
    struct epoll_event events[8];
    int n = epoll_wait(s->events_fd, events, ARRAY_SIZE(events), 0);
    for (int i = 0; i < n; i++) {
        int fd = events[i].data.fd;
        if (fd == s->signals_fd)
            on_signal(s);
        if (events[i].events & EPOLLOUT && fd == dp_ctl_fd(dp))
            dp_on_writable(dp, fd);
        if (events[i].events & ~(uint32_t)EPOLLOUT && (fd == dp_ctl_fd(dp) || fd == dp_punt_fd(dp)))
            dp_on_readable(dp, fd);
        if (events[i].events & EPOLLOUT && fd == rec_fd(rec))
            rec_on_writable(rec);
        if (events[i].events & ~(uint32_t)EPOLLOUT && fd == rec_fd(rec))
            rec_on_readable(rec);
        for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
            if (fd == hooks_fd(s->hub->hooks, hook))
                hooks_on_readable(s->hub->hooks, hook);
        }
    }
}

static int serve(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct server *s = lws_context_user(lws_get_context(wsi));
    struct conn *conn = user;
    s->hub->now_us = now_us();
    switch ((int)reason) {
    case LWS_CALLBACK_RAW_RX_FILE:
        on_events(s);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return ws_on_upgrade(s, wsi);
    case LWS_CALLBACK_ESTABLISHED:
        return ws_on_open(s, wsi, conn);
    case LWS_CALLBACK_RECEIVE:
        return ws_on_receive(conn->ws, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return ws_on_writable(conn->ws);
    case LWS_CALLBACK_CLOSED:
        ws_on_closed(conn);
        return 0;
    case LWS_CALLBACK_HTTP:
        return http_on_request(s, wsi, &conn->page, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return answer_on_writable(wsi, &conn->page);
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED_HTTP:
        if (conn)
            answer_finish(&conn->page);
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "roomline", .callback = serve, .per_session_data_size = sizeof(struct conn), .rx_buffer_size = 16384},
    {0},
};

static void log_lws(int level, const char *line)
{
    size_t len = strcspn(line, "\n");
    if (level & LLL_ERR)
        LOG_RL(WARN, WS, "libwebsockets says=%.*s", (int)len, line);
    else
        LOG_RL(DEBUG, WS, "libwebsockets says=%.*s", (int)len, line);
}

static int open_folder(const char *path, int *fd)
{
    *fd = -1;
    if (!*path)
        return 0;
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd >= 0)
        return 0;
    LOG_ERROR(HTTP, "cannot open folder=%s error=%s", path, strerror(errno));
    return -errno;
}

static int open_www(const char *path, int *fd)
{
    char own[PATH_MAX];
    int err = *path ? 0 : files_find_own("www", own);
    if (!err)
        return open_folder(*path ? path : own, fd);
    LOG_ERROR(HTTP, "no pages came with the program: set www.dir error=%s", strerror(-err));
    return err;
}

/* libwebsockets listens on IPv6 with IPv4 mapped into it, whatever IPv4 address it is given. */
static bool wants_ipv6(const char *address)
{
    struct in_addr ip;
    int fd = inet_pton(AF_INET, address, &ip) == 1 ? -1 : socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0; /* neither without IPv6 in the kernel */
}

static int add_vhost(struct server *s, const char *name, int port, const struct cert *cert, struct lws_vhost **out)
{
    struct lws_context_creation_info info = {
        .port = port,
        .vhost_name = name,
        .protocols = protocols,
        .iface = *s->conf->listen_address ? s->conf->listen_address : NULL,
        .options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
        .alpn = "http/1.1",
        .keepalive_timeout = 30,
        .server_string = "roomline",
    };
    if (!wants_ipv6(s->conf->listen_address))
        info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    if (cert) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = cert_path(cert);
        info.ssl_private_key_filepath = cert_key_path(cert);
        info.ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
    }
    *out = lws_create_vhost(s->lws, &info);
    if (*out)
        return 0;
    LOG_ERROR(WS, "cannot listen name=%s address=%s port=%d", name, s->conf->listen_address, port);
    return -EADDRINUSE;
}

static int init_events(struct server *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    s->signals_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    s->events_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->signals_fd < 0 || s->events_fd < 0)
        return -errno;
    watch(s, s->signals_fd, false);
    struct lws_vhost *inside;
    int err = add_vhost(s, "inside", CONTEXT_PORT_NO_LISTEN, NULL, &inside);
    if (err)
        return err;
    lws_sock_file_fd_type fd = {.filefd = s->events_fd};
    return lws_adopt_descriptor_vhost(inside, LWS_ADOPT_RAW_FILE_DESC, fd, protocols[0].name, NULL) ? 0 : -ENOMEM;
}

static int init_listeners(struct server *s, const struct cert *cert)
{
    int err = 0;
    if (s->conf->ws_port)
        err = add_vhost(s, "plain", s->conf->ws_port, NULL, &s->plain);
    if (!err && s->conf->wss_port)
        err = add_vhost(s, "secure", s->conf->wss_port, cert, &s->secure);
    return err;
}

static void on_links_tick(struct timer *t)
{
    struct server *s = CONTAINER_OF(t, struct server, links_tick);
    struct hub *hub = s->hub;
    dp_tick(hub->dp, hub->now_us);
    rec_tick(hub->rec, hub->now_us);
    hooks_tick(hub->hooks, hub->now_us);
    timers_set(&hub->timers, t, hub->now_us + (dp_is_up(hub->dp) ? LINKS_TICK_UP_US : LINKS_TICK_DOWN_US),
               on_links_tick);
}

int server_init(struct server *s, const struct conf *conf, struct hub *hub, const struct cert *cert)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .timeout_secs = 20,
        .user = s,
    };
    *s = (struct server){.conf = conf, .hub = hub, .www_fd = -1, .static_fd = -1, .events_fd = -1, .signals_fd = -1};
    lws_set_log_level(LLL_ERR | LLL_WARN, log_lws);
    int err = open_www(conf->www_dir, &s->www_fd);
    if (!err)
        err = open_folder(conf->static_dir, &s->static_fd);
    if (err)
        goto fail;
    s->lws = lws_create_context(&info);
    if (!s->lws) {
        err = -ENOMEM;
        goto fail;
    }
    err = init_events(s);
    if (!err)
        err = init_listeners(s, cert);
    if (err)
        goto fail;
    timers_set(&hub->timers, &s->links_tick, 0, on_links_tick);
    return 0;

fail:
    server_finish(s);
    return err;
}

static void prepare(struct server *s);

static void on_wake(lws_sorted_usec_list_t *wake)
{
    prepare(CONTAINER_OF(wake, struct server, wake));
}

/* Before each wait, also when libwebsockets finds the wake-up due on its way there: it would wait for ever without one.
 * It rounds down to milliseconds, so one more keeps it from spinning through the last. */
static void prepare(struct server *s)
{
    hub_tick(s->hub, now_us());
    watch(s, dp_ctl_fd(s->hub->dp), dp_wants_write(s->hub->dp));
    watch(s, dp_punt_fd(s->hub->dp), false);
    watch(s, rec_fd(s->hub->rec), rec_wants_write(s->hub->rec));
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++)
        watch(s, hooks_fd(s->hub->hooks, hook), false);
    int64_t wait_us = MIN(timers_next_us(&s->hub->timers) - now_us(), WAKE_MAX_US);
    lws_sul_schedule(s->lws, 0, &s->wake, on_wake, MAX(wait_us, 0) + MS_US);
}

static void turn(struct server *s)
{
    prepare(s);
    lws_service(s->lws, 0);
}

static void say_goodbye(struct server *s)
{
    struct hub *hub = s->hub;
    struct client *c;
    int64_t until_us = now_us() + GOODBYE_US;
    LIST_FOREACH (c, &hub->clients, entry)
        client_close(c, 1001, "server is stopping");
    while (hub->n_clients && now_us() < until_us)
        turn(s);
}

void server_run(struct server *s)
{
    while (!s->stopping)
        turn(s);
    say_goodbye(s);
}

void server_finish(struct server *s)
{
    if (s->hub)
        timers_cancel(&s->hub->timers, &s->links_tick);
    if (s->lws)
        lws_context_destroy(s->lws); /* and events_fd, which it adopted */
    if (s->www_fd >= 0)
        close(s->www_fd);
    if (s->static_fd >= 0)
        close(s->static_fd);
    if (s->signals_fd >= 0)
        close(s->signals_fd);
    *s = (struct server){.www_fd = -1, .static_fd = -1, .events_fd = -1, .signals_fd = -1};
}
