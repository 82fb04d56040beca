/* SPDX-License-Identifier: MIT */
/* roomline-controlplane: WebSocket rooms, SDP and DTLS; tells the dataplane what to relay. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "common/log.h"
#include "common/util.h"
#include "conf/args.h"
#include "controlplane/cert.h"
#include "controlplane/dtls.h"
#include "controlplane/server.h"
#include "controlplane/ws.h"

#define ROLE              "WebSocket rooms, SDP and DTLS of Roomline"
#define SPARE_DESCRIPTORS 64 /* besides the WebSockets': pages, links, listeners */

struct program {
    int argc;
    char **argv;
    struct conf conf;
    struct cert *dtls_cert, *tls_cert;
    struct dtls_ctx *dtls_ctx;
    struct hub hub;
    struct server server;
};

static void fill_random(void *buf, size_t bytes)
{
    if (getrandom(buf, bytes, 0) != (ssize_t)bytes)
        abort();
}

static enum srtp_profile profile_of(const char *name)
{
#define X(id, ...)          \
    if (!strcmp(name, #id)) \
        return SRTP_PROFILE_##id;
    SRTP_PROFILE_LIST(X)
#undef X
    return SRTP_PROFILE_NONE;
}

static int init_certs(struct program *p)
{
    const struct conf *conf = &p->conf;
    int64_t now_s = time(NULL);
    enum srtp_profile profiles[SRTP_PROFILE_COUNT + 1] = {0};
    for (size_t i = 0; i < conf->srtp_profiles.n && i < SRTP_PROFILE_COUNT; i++)
        profiles[i] = profile_of(conf->srtp_profiles.items[i]);
    p->dtls_cert = cert_load_or_make(conf->state_dir, CERT_DTLS_FILE, NULL, now_s);
    if (!p->dtls_cert)
        return -1;
    p->dtls_ctx = dtls_ctx_create(p->dtls_cert, profiles);
    if (!p->dtls_ctx || !conf->wss_port)
        return p->dtls_ctx ? 0 : -1;
    static const char *const names[] = {"localhost", "127.0.0.1", "::1", NULL};
    p->tls_cert = *conf->tls_cert ? cert_load(conf->tls_cert, conf->tls_key, now_s)
                                  : cert_load_or_make(conf->state_dir, CERT_TLS_FILE, names, now_s);
    return p->tls_cert ? 0 : -1;
}

static int64_t unix_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec * SECOND_US + ts.tv_nsec / 1000;
}

static int init_hub(struct program *p)
{
    uint32_t epoch;
    struct hub_outside out = {.conf = &p->conf,
                              .transport = &ws_transport,
                              .dtls_ctx = p->dtls_ctx,
                              .random = fill_random,
                              .unix_us = unix_us};
    fill_random(&epoch, sizeof(epoch));
    hub_init(&p->hub, &out);
    p->hub.dp = dp_create(p->conf.run_dir, epoch, &hub_dp_ops, &p->hub);
    p->hub.rec = rec_create(p->conf.run_dir, &hub_rec_ops, &p->hub);
    p->hub.hooks = hooks_create();
    return p->hub.dp && p->hub.rec && p->hub.hooks ? 0 : -1;
}

/* Each WebSocket is a descriptor. */
static void raise_descriptor_limit(const struct conf *conf)
{
    rlim_t wanted = conf->limit_connections + SPARE_DESCRIPTORS;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = MIN(wanted, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < wanted)
        LOG_WARN(MAIN, "fewer descriptors than limit.connections asks for max=%llu",
                 (unsigned long long)limit.rlim_max);
}

static void on_reloaded_key(void *arg, const char *key, bool applied)
{
    if (applied)
        LOG_INFO(CONF, "reloaded key=%s", key);
    else
        LOG_WARN(CONF, "not changed before a restart key=%s", key);
}

static void reload(void *arg)
{
    struct program *p = arg;
    struct conf fresh;
    if (args_parse(&fresh, p->argc, p->argv, ROLE) == ARGS_GO_ON) {
        conf_reload(&p->conf, &fresh, on_reloaded_key, NULL);
        conf_apply_log(&p->conf);
        hub_set_codecs(&p->hub);
    } else {
        LOG_ERROR(CONF, "reload refused: the old configuration stays");
    }
    conf_finish(&fresh);
}

static int run(struct program *p)
{
    const struct conf *conf = &p->conf;
    if (mkdir(conf->run_dir, 0755) == 0)
        LOG_INFO(MAIN, "made folder=%s", conf->run_dir);
    raise_descriptor_limit(conf);
    if (init_certs(p) || init_hub(p) || server_init(&p->server, conf, &p->hub, p->tls_cert))
        return EXIT_FAILURE;
    p->server.on_hangup = reload;
    p->server.arg = p;
    LOG_INFO(MAIN, "ready ws=%u wss=%u www=%s run=%s", conf->ws_port, conf->wss_port, conf->www_dir, conf->run_dir);
    server_run(&p->server);
    LOG_INFO(MAIN, "stopped");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct program p = {.server = {.www_fd = -1, .static_fd = -1, .signals_fd = -1}};
    p.argc = argc;
    p.argv = argv;
    int status = args_parse(&p.conf, argc, argv, ROLE);
    if (status == ARGS_GO_ON) {
        conf_apply_log(&p.conf);
        status = run(&p);
    }
    server_finish(&p.server);
    if (p.hub.dp)
        dp_on_writable(p.hub.dp, dp_ctl_fd(p.hub.dp)); /* the deletions of what has just ended */
    hub_finish(&p.hub);
    if (p.hub.rec)
        rec_on_writable(p.hub.rec); /* their ends */
    rec_destroy(p.hub.rec);
    hooks_destroy(p.hub.hooks);
    dp_destroy(p.hub.dp);
    dtls_ctx_destroy(p.dtls_ctx);
    cert_destroy(p.tls_cert);
    cert_destroy(p.dtls_cert);
    conf_finish(&p.conf);
    return status;
}
