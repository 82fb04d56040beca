/* SPDX-License-Identifier: MIT */
/* One worker on a port made of the fuzzer's input. */
#include "plain.h"

#include <rte_eal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/tap_ring.h"
#include "common/util.h"
#include "dataplane/eal.h"

#define MBUFS 2047

static const uint8_t addresses[2][16] = {
    {[10] = 0xff, 0xff, 192, 0, 2, 1},
    {0xfd, 0x01, [15] = 1},
};

static struct plain *plain_of(struct port *port)
{
    return CONTAINER_OF(port, struct plain, port);
}

static uint16_t rx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    struct plain *p = plain_of(port);
    uint16_t i;

    for (i = 0; i < n && p->left >= 2; i++) {
        size_t len = MIN(get_be16(p->input), MIN(p->left - 2, (size_t)PKT_DATAROOM));
        m[i] = rte_pktmbuf_alloc(p->pool);
        if (!m[i])
            abort();
        memcpy(rte_pktmbuf_append(m[i], (uint16_t)len), p->input + 2, len);
        p->input += 2 + len;
        p->left -= 2 + len;
    }
    return i;
}

static uint16_t tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
    rte_pktmbuf_free_bulk(m, n);
    return n;
}

static const struct port_ops port_ops = {.rx_burst = rx_burst, .tx_burst = tx_burst};

static void on_ack(void *arg, const struct dp_ack *ack) {}

static void on_punt(void *arg, const struct dp_punt *punt) {}

static const struct objects_ops objects_ops = {.on_ack = on_ack, .on_punt = on_punt};

static void make(struct plain *p)
{
    static _Alignas(TAP_PAGE_BYTES) uint8_t slab[TAP_PAGE_BYTES + TAP_RING_BYTES_MIN], tails[TAP_PAGE_BYTES];

    p->conf = (struct dataplane_conf){.consent_us = 30000000,
                                      .history_age_us = 1000000,
                                      .history_packets = 64,
                                      .history_mbufs = 256,
                                      .mtu = 1500,
                                      .max_sessions = 64,
                                      .media_port = 31001,
                                      .n_workers = 1,
                                      .n_addresses = 2,
                                      .addresses = addresses};
    p->pool = pkt_pool_create("pool", MBUFS, 0, SOCKET_ID_ANY);
    p->mails = pkt_mail_pool_create("mails", MBUFS, 0, SOCKET_ID_ANY);
    p->port = (struct port){.ops = &port_ops, .n_queues = 1, .n_tx = 1, .checksum = true, .link_layer = true};
    struct worker *w = p->worker = calloc(1, sizeof(*w));
    if (!p->pool || !p->mails || !w || tables_init(&p->tables, 64, 1, 1, SOCKET_ID_ANY) != 0 ||
        mailbox_init(&w->mailbox, "w", 1024, p->mails, false, SOCKET_ID_ANY) != 0 ||
        mailbox_init(&p->ctl, "c", 1024, p->mails, false, SOCKET_ID_ANY) != 0)
        abort();
    w->n_ports = 1;
    w->ports[0].port = &p->port;
    w->conf = &p->conf;
    w->tables = &p->tables;
    w->tx_pool = p->pool;
    w->ctl_mailbox = &p->ctl;
    w->peers = &p->worker;
    w->seats = calloc(64, sizeof(*w->seats));
    w->srtp = srtp_engine_create();
    w->random = 1;
    tap_writer_init(&w->tap, slab, tails, 0, TAP_RING_BYTES_MIN);
    objects_init(&p->objects, &p->conf, &p->tables, &p->worker, &p->ctl, p->pool, 1, &objects_ops, NULL);
    p->now_us = 1000000;
}

struct plain *plain_get(void)
{
    static struct plain p;
    static char cpus[1024], lcores[sizeof(cpus) + 16];
    char *argv[] = {"fuzz",        "--no-huge",     "-m", "64", "--no-pci", "--no-telemetry", "--no-shconf", lcores,
                    "--log-level", "lib.eal:error", NULL};
    struct eal_host host;

    if (p.worker)
        return &p;
    eal_host_read(&host, cpus, sizeof(cpus));
    snprintf(lcores, sizeof(lcores), "--lcores=0@(%s)", cpus);
    if (rte_eal_init(ARRAY_SIZE(argv) - 1, argv) < 0 || srtp_global_init(CONF_SRTP_BACKEND_AUTO) != 0)
        abort();
    make(&p);
    return &p;
}

static void turn(struct plain *p)
{
    worker_turn(p->worker, p->now_us);
    objects_poll(&p->objects, p->now_us);
    p->now_us += 1000;
}

void plain_run(struct plain *p, const uint8_t *input, size_t len)
{
    p->input = input;
    p->left = len;
    do
        turn(p);
    while (p->left >= 2);
    for (int i = 0; i < 4; i++)
        turn(p);
    uint32_t used = MBUFS - rte_mempool_avail_count(p->pool);
    if (used != p->worker->n_held + p->worker->history_used) {
        fprintf(stderr, "%u mbufs lost\n", used);
        abort();
    }
}
