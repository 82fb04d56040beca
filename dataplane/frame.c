/* SPDX-License-Identifier: MIT */
/* worker path */
/* Frames on their way out: template, lengths, checksums, one batch per port. */
#include "dataplane/frame.h"

#include <assert.h>
#include <string.h>

#include "common/checksum.h"
#include "common/util.h"
#include "dataplane/worker.h"

uint8_t *frame_begin(const struct worker *w, const struct head *head, struct rte_mbuf *m, uint16_t *room)
{
    assert(m->data_len == 0);
    uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
    memcpy(data, head->bytes, sizeof(head->bytes)); /* of one size: no loop */
    pkt(m)->l4_off = (uint16_t)(head->len - sizeof(struct rte_udp_hdr));
    pkt(m)->payload_off = head->len;
    pkt(m)->port_id = head->port_id;
    pkt(m)->traffic = TRAFFIC_OTHER;
    uint32_t frame_max = MIN(rte_pktmbuf_tailroom(m), w->conf->mtu + RTE_ETHER_HDR_LEN);
    *room = (uint16_t)(frame_max - head->len);
    return data + head->len;
}

static void finish_ipv4(struct rte_ipv4_hdr *ip, struct rte_udp_hdr *udp, uint16_t udp_len, bool checksum)
{
    ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + udp_len));
    if (!checksum)
        return;
    ip->hdr_checksum = 0;
    ip->hdr_checksum = rte_ipv4_cksum(ip);
    udp->dgram_cksum = checksum_udp(udp, udp_len, rte_ipv4_phdr_cksum(ip, 0));
}

static void finish_ipv6(struct rte_ipv6_hdr *ip, struct rte_udp_hdr *udp, uint16_t udp_len, bool checksum)
{
    ip->payload_len = rte_cpu_to_be_16(udp_len);
    if (checksum)
        udp->dgram_cksum = checksum_udp(udp, udp_len, rte_ipv6_phdr_cksum(ip, 0));
}

void frame_send(struct worker *w, struct rte_mbuf *m, uint16_t payload_len)
{
    const struct pkt *p = pkt(m);
    bool checksum = w->ports[p->port_id].port->checksum;
    uint8_t *l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, RTE_ETHER_HDR_LEN);
    struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, p->l4_off);
    uint16_t udp_len = (uint16_t)(sizeof(*udp) + payload_len);

    m->data_len = (uint16_t)(p->payload_off + payload_len);
    m->pkt_len = m->data_len;
    udp->dgram_len = rte_cpu_to_be_16(udp_len);
    udp->dgram_cksum = 0;
    if (l3[0] >> 4 == 4)
        finish_ipv4((struct rte_ipv4_hdr *)l3, udp, udp_len, checksum);
    else
        finish_ipv6((struct rte_ipv6_hdr *)l3, udp, udp_len, checksum);
    frame_send_raw(w, p->port_id, m);
}

/* No tx queue of our own on this port: its owner sends them at the end of its turn. */
static void pass_on(struct worker *w, uint16_t port_id, struct worker *owner)
{
    for (uint16_t i = 0; i < w->ports[port_id].n_tx; i++) {
        struct rte_mbuf *m = w->ports[port_id].tx[i];
        pkt(m)->port_id = port_id;
        if (mailbox_send(&owner->mailbox, m, MAIL_FRAME) != 0)
            worker_drop(w, m, DROP_MAILBOX_FULL);
    }
    w->ports[port_id].n_tx = 0;
}

/* Copies of one packet stand side by side, and have waited as long. sign: -1 takes back what was noted. */
static void note_latency(struct meter *meter, struct rte_mbuf *const *tx, uint16_t n, int sign)
{
    for (uint16_t i = 0, run; i < n; i = (uint16_t)(i + run)) {
        const struct pkt *first = pkt(tx[i]);
        for (run = 1; i + run < n; run++)
            if (pkt(tx[i + run])->rx_tsc != first->rx_tsc || pkt(tx[i + run])->traffic != first->traffic)
                break;
        if (first->traffic != TRAFFIC_OTHER)
            hist_add_n(&meter->latency[first->traffic], meter_ns(meter, meter->mark - first->rx_tsc),
                       (uint64_t)(sign * run));
    }
}

/* How many the port took; the rest stand behind them. It frees what it takes, so all are accounted for before, and the
 * rest taken back. */
static uint16_t transmit(struct worker *w, uint16_t port_id, struct rte_mbuf **m, uint16_t n)
{
    struct port *port = w->ports[port_id].port;
    uint64_t bytes = 0;
    uint16_t sent = 0;

    note_latency(&w->meter, m, n, 1);
    for (uint16_t i = 0; i < n; i++)
        bytes += m[i]->pkt_len;
    for (uint16_t k = 1; sent < n && k > 0; sent += k) /* a port may take a burst in parts */
        k = port->ops->tx_burst(port, w->ports[port_id].queue, m + sent, (uint16_t)(n - sent));
    for (uint16_t i = sent; i < n; i++)
        bytes -= m[i]->pkt_len;
    note_latency(&w->meter, m + sent, (uint16_t)(n - sent), -1);
    w->stats.tx_bytes += bytes;
    w->stats.tx_packets += sent;
    return sent;
}

/* true: nothing waits any more. */
static bool transmit_backlog(struct worker *w, uint16_t port_id)
{
    struct backlog *b = &w->ports[port_id].backlog;
    struct rte_mbuf **m;

    for (uint32_t n; (n = backlog_peek(b, &m, PKT_BURST)) > 0;) {
        uint16_t sent = transmit(w, port_id, m, (uint16_t)n);
        backlog_sent(b, sent);
        if (sent < n)
            return false;
    }
    return true;
}

static void flush_port(struct worker *w, uint16_t port_id)
{
    const struct port *port = w->ports[port_id].port;
    struct rte_mbuf **tx = w->ports[port_id].tx;
    uint16_t n = w->ports[port_id].n_tx, sent = 0;

    if (w->ports[port_id].queue >= port->n_tx) {
        pass_on(w, port_id, w->peers[w->ports[port_id].queue % port->n_tx]);
        return;
    }
    enum stage outer = meter_enter(&w->meter, STAGE_TX);
    if (transmit_backlog(w, port_id))
        sent = transmit(w, port_id, tx, n);
    for (uint16_t i = sent; i < n; i++)
        backlog_add(w, &w->ports[port_id].backlog, tx[i]);
    w->ports[port_id].n_tx = 0;
    meter_enter(&w->meter, outer);
}

void frame_send_raw(struct worker *w, uint16_t port_id, struct rte_mbuf *m)
{
    assert(port_id < w->n_ports);
    if (w->ports[port_id].n_tx == PKT_BURST)
        flush_port(w, port_id);
    w->ports[port_id].tx[w->ports[port_id].n_tx++] = m;
}

void frame_flush(struct worker *w)
{
    for (uint16_t i = 0; i < w->n_ports; i++)
        if (w->ports[i].n_tx > 0 || w->ports[i].backlog.n > 0)
            flush_port(w, i);
}

void frame_finish(struct worker *w)
{
    for (uint16_t i = 0; i < w->n_ports; i++) {
        rte_pktmbuf_free_bulk(w->ports[i].tx, w->ports[i].n_tx);
        w->ports[i].n_tx = 0;
        backlog_finish(&w->ports[i].backlog);
    }
}

bool frame_waits(const struct worker *w)
{
    for (uint16_t i = 0; i < w->n_ports; i++)
        if (w->ports[i].backlog.n > 0)
            return true;
    return false;
}

void frame_datagram(struct worker *w, const struct head *head, const uint8_t *bytes, size_t len)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(w->tx_pool);
    if (!m) {
        w->stats.drops[DROP_NO_MBUF]++;
        return;
    }
    uint16_t room;
    uint8_t *payload = frame_begin(w, head, m, &room);
    if (len > room) {
        worker_drop(w, m, DROP_OVERSIZE);
        return;
    }
    memcpy(payload, bytes, len);
    frame_send(w, m, (uint16_t)len);
}
