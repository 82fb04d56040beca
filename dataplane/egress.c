/* SPDX-License-Identifier: MIT */
/* worker path */
/* SRTP on its way out: jobs gather until the flush encrypts them together. */
#include "dataplane/egress.h"

#include <assert.h>
#include <string.h>

#include "dataplane/frame.h"
#include "dataplane/worker.h"

struct rte_mbuf *egress_begin(struct worker *w, const struct path *path, uint8_t **rtp, uint16_t *room, enum drop *why)
{
    if (!path->srtp) {
        *why = DROP_SUBSCRIBER_NOT_READY;
        return NULL;
    }
    struct rte_mbuf *m = rte_pktmbuf_alloc(w->tx_pool);
    if (!m) {
        *why = DROP_NO_MBUF;
        return NULL;
    }
    *rtp = frame_begin(w, &path->head, m, room);
    *room -= path->overhead;
    return m;
}

void egress_rtp(struct worker *w, struct path *path, struct rte_mbuf *m, uint16_t hdr_len, const uint8_t *src,
                uint16_t payload_len, int64_t index)
{
    struct egress *e = &w->egress;

    assert(index >= 0);
    e->m[e->n] = m;
    e->job[e->n++] = (struct srtp_job){
        .ctx = path->srtp,
        .src = src,
        .dst = pkt_payload(m),
        .hdr_len = hdr_len,
        .len = payload_len,
        .index = (uint64_t)index,
    };
    path->tx_packets++;
    path->tx_bytes += hdr_len + payload_len;
    if (e->n >= worker_burst(w))
        egress_flush(w);
}

void egress_flush(struct worker *w)
{
    struct egress *e = &w->egress;

    if (e->n == 0)
        return;
    enum stage outer = meter_enter(&w->meter, STAGE_PROTECT);
    srtp_protect_burst(w->srtp, e->job, e->n);
    meter_enter(&w->meter, STAGE_FRAME);
    for (uint32_t i = 0; i < e->n; i++)
        if (e->job[i].error)
            worker_drop(w, e->m[i], DROP_TX_PROTECT);
        else
            frame_send(w, e->m[i], e->job[i].len);
    e->n = 0;
    meter_enter(&w->meter, outer);
}

void egress_rtcp(struct worker *w, const struct path *path, const uint8_t *rtcp, size_t len, uint32_t index)
{
    uint8_t *out;
    uint16_t room;
    enum drop why;
    struct rte_mbuf *m = egress_begin(w, path, &out, &room, &why);

    assert(len >= 8);
    if (!m) {
        w->stats.drops[why]++;
        return;
    }
    if (len + srtcp_overhead(path->srtp) > room) {
        worker_drop(w, m, DROP_OVERSIZE);
        return;
    }
    memcpy(out, rtcp, 8);
    pkt(m)->rx_tsc = w->cause_tsc;
    pkt(m)->traffic = w->cause_tsc ? TRAFFIC_RTCP : TRAFFIC_OTHER;
    struct srtp_job job = {
        .ctx = path->srtp, .src = rtcp + 8, .dst = out, .hdr_len = 8, .len = (uint16_t)(len - 8), .index = index};
    srtcp_protect_burst(w->srtp, &job, 1);
    if (job.error) {
        worker_drop(w, m, DROP_TX_PROTECT);
        return;
    }
    w->stats.rtcp_sent++;
    frame_send(w, m, job.len);
}
