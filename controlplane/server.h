/* SPDX-License-Identifier: MIT */
/* The server: the process's event loop and its listeners. One libwebsockets context on one thread drives HTTP,
 * WebSocket, the links to dataplane and recorder, the hub's timers and signals. */
#ifndef ROOMLINE_CONTROLPLANE_SERVER_H
#define ROOMLINE_CONTROLPLANE_SERVER_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "controlplane/hub.h"
#include "controlplane/sources.h"

struct cert;

struct server {
    const struct conf *conf;
    struct hub *hub;
    struct lws_context *lws;
    struct lws_vhost *plain, *secure; /* NULL: off */
    int www_fd, static_fd;            /* folders of pages; -1: none */
    int events_fd;                    /* epoll: the links and signals, inside libwebsockets' own poll */
    int signals_fd;
    lws_sorted_usec_list_t wake; /* when the hub's next timer is due */
    struct timer links_tick;
    uint32_t n_websockets;
    struct sources sources;  /* of them */
    uint64_t n_slow_readers; /* closed for it */
    bool stopping;
    void (*on_hangup)(void *arg); /* SIGHUP */
    void *arg;
};

/* cert: for wss.port; borrowed, its files are read here. 0 or -errno, logged. */
int server_init(struct server *s, const struct conf *conf, struct hub *hub, const struct cert *cert);

/* Runs until SIGINT or SIGTERM, then says goodbye to the clients. */
void server_run(struct server *s);
void server_finish(struct server *s); /* the hub's clients are gone afterwards */

#endif
