/* SPDX-License-Identifier: MIT */
/* worker path */
/* One to many: each clear packet gets one header per subscriber, and its payload is encrypted for each of them straight
 * from where it lies. The egress is flushed as it fills, so that a thousand subscribers need no larger buffer than one
 * burst. */
#include <assert.h>

#include "dataplane/report.h"
#include "dataplane/rewrite.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

/* RFC 3711 3.3.1: a subscriber that loses the first packets must not lose a wrap with them. */
#define FIRST_SEQ_MAX 0x3fff

/* Nor may it lose count of the wraps when the publisher or it was away: a jump of more than JUMP_MAX becomes one of
 * JUMP, which still tells of a loss that retransmission cannot mend. */
#define JUMP_MAX 0x4000
#define JUMP     0x1000

#define AHEAD 4 /* subscribers whose memory is on its way */

/* Fixes how the stream looks to the subscriber, at the first packet that a decoder can start with. */
static bool start(struct worker *w, struct leg *leg, struct subscription *sub, const struct pkt *p, int64_t now_us)
{
    if (!leg->path->srtp) {
        w->stats.drops[DROP_SUBSCRIBER_NOT_READY]++;
        return false;
    }
    if (!p->keyframe) {
        w->stats.drops[DROP_WAIT_KEYFRAME]++;
        return false;
    }
    leg->running = true;
    leg->first_index = p->index;
    leg->seq_offset = (worker_random(w) & FIRST_SEQ_MAX) - p->index;
    leg->newest = p->index + leg->seq_offset;
    leg->ts_offset = worker_random(w);
    report_sr_start(w, sub, now_us);
    return true;
}

/* Every out index from here on is above all that were ever used, and what came before is not sent again. */
static void bound_jump(struct leg *leg, int64_t index)
{
    if (index + leg->seq_offset - leg->newest <= JUMP_MAX)
        return;
    leg->first_index = index;
    leg->seq_offset = leg->newest + JUMP - index;
}

static void forward_one(struct worker *w, struct leg *leg, const struct pkt *p, struct rewrite_in *in)
{
    bound_jump(leg, p->index);
    int64_t index = p->index + leg->seq_offset;
    const struct rewrite_out to = {
        .ssrc = leg->ssrc,
        .ts = in->view.ts + leg->ts_offset,
        .seq = (uint16_t)index,
        .pt = leg->pt,
        .ext = leg->ext,
    };
    uint16_t room, payload_len = p->payload_len - p->rtp_hdr_len;
    uint8_t *rtp;
    enum drop why;

    struct rte_mbuf *out = egress_begin(w, leg->path, &rtp, &room, &why);
    if (!out) {
        w->stats.drops[why]++;
        return;
    }
    int hdr_len = rewrite_header(rtp, room, in, &to);
    if (hdr_len < 0 || hdr_len + payload_len > room) {
        worker_drop(w, out, DROP_OVERSIZE);
        return;
    }
    leg->packets++;
    leg->octets += payload_len;
    leg->newest = RTE_MAX(leg->newest, index);
    w->stats.rtp_forwarded++;
    pkt(out)->rx_tsc = p->rx_tsc;
    pkt(out)->traffic = p->stream->kind == MEDIA_AUDIO ? TRAFFIC_AUDIO : TRAFFIC_VIDEO;
    egress_rtp(w, leg->path, out, (uint16_t)hdr_len, in->packet + p->rtp_hdr_len, payload_len, index);
}

static inline void prefetch_path(const struct path *path)
{
    rte_prefetch0(path);
    rte_prefetch0((const char *)path + RTE_CACHE_LINE_SIZE);
}

static void forward_packet(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    const struct pkt *p = pkt(m);
    struct stream *st = p->stream;
    struct rewrite_in in;

    if (stream_n_subs(st) == 0) {
        worker_drop(w, m, DROP_NO_SUBSCRIBER);
        return;
    }
    if (rewrite_read(&in, st->ext_of, pkt_payload(m), p->payload_len)) {
        worker_drop(w, m, DROP_RTP_MALFORMED);
        return;
    }
    for (uint32_t i = 0; i < st->fan->n; i++) {
        struct leg *leg = &st->fan->legs[i];
        rte_prefetch0(leg + 2 * AHEAD);
        if (i + AHEAD < st->fan->n)
            prefetch_path(leg[AHEAD].path);
        if (!leg->running && !start(w, leg, st->fan->subs[i], p, now_us))
            continue;
        if (p->index < leg->first_index)
            w->stats.drops[DROP_BEFORE_START]++;
        else
            forward_one(w, leg, p, &in);
    }
    history_add(w, &st->history, m);
}

/* What the packets behind this one will read, one look further for each packet nearer. */
static inline void look_ahead(const struct burst *b, uint32_t i)
{
    if (i + 3 < b->n)
        rte_prefetch0(&pkt(b->m[i + 3])->stream->fan);
    if (i + 2 < b->n) {
        const struct pkt *p = pkt(b->m[i + 2]);
        for (uint32_t k = 0; p->stream->fan && k <= 2 * AHEAD; k++) /* itself, and the legs before the loop's first */
            rte_prefetch0((const char *)p->stream->fan + k * RTE_CACHE_LINE_SIZE);
        history_prefetch(&p->stream->history, p->index);
    }
    if (i + 1 < b->n) {
        const struct stream *st = pkt(b->m[i + 1])->stream;
        for (uint32_t k = 0; k < AHEAD && k < stream_n_subs(st); k++)
            prefetch_path(st->fan->legs[k].path);
        history_prefetch_oldest(&st->history);
    }
}

void forward_burst(struct worker *w, struct burst *b, int64_t now_us)
{
    for (uint32_t i = 0; i < b->n; i++) {
        look_ahead(b, i);
        forward_packet(w, b->m[i], now_us);
    }
    b->n = 0;
}

/* ---- Subscriptions ---- */

void subscription_attach(struct worker *w, struct subscription *sub, int64_t now_us)
{
    assert(!sub->attached && sub->rtp.ssrc != 0);
    sub->attached = true;
    sub->rtt_us = -1;
    fan_add(sub->stream->fan, sub);
    LIST_INSERT_HEAD(&sub->session->subs, sub, of_session);
    if (sub->session->path.srtp) /* otherwise when it is: session_route */
        stream_want_keyframe(w, sub->stream, now_us);
}

void subscription_detach(struct worker *w, struct subscription *sub)
{
    if (!sub->attached)
        return;
    egress_flush(w); /* jobs hold the keys of its session */
    sub->attached = false;
    fan_del(sub->stream->fan, sub);
    LIST_REMOVE(sub, of_session);
    if (sub->stream->fan->n == 0 && !sub->stream->tapped)
        sub->stream->keyframe_wanted = false;
}
