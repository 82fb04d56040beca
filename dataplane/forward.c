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

static void write_ext_map(struct subscription *sub)
{
    static const bool forwarded[RTP_EXT_COUNT] = {
#define X(id, uri, forwarded) [RTP_EXT_##id] = forwarded,
        RTP_EXT_LIST(X)
#undef X
    };

    for (int e = 0; e < RTP_EXT_COUNT; e++)
        if (forwarded[e])
            sub->ext_map[sub->stream->rtp.ext[e]] = sub->rtp.ext[e];
    sub->ext_map[DP_EXT_NONE] = DP_EXT_NONE;
}

/* Fixes how the stream looks to the subscriber, at the first packet that a decoder can start with. */
static bool start(struct worker *w, struct subscription *sub, const struct pkt *p, int64_t now_us)
{
    if (!egress_ready(sub->session)) {
        w->stats.drops[DROP_SUBSCRIBER_NOT_READY]++;
        return false;
    }
    if (!p->keyframe) {
        w->stats.drops[DROP_WAIT_KEYFRAME]++;
        return false;
    }
    sub->running = true;
    sub->first_index = p->index;
    sub->seq_offset = (worker_random(w) & FIRST_SEQ_MAX) - p->index;
    sub->newest = p->index + sub->seq_offset;
    sub->ts_offset = worker_random(w);
    report_sr_start(w, sub, now_us);
    return true;
}

/* Every out index from here on is above all that were ever used, and what came before is not sent again. */
static void bound_jump(struct subscription *sub, int64_t index)
{
    if (index + sub->seq_offset - sub->newest <= JUMP_MAX)
        return;
    sub->first_index = index;
    sub->seq_offset = sub->newest + JUMP - index;
}

static void forward_one(struct worker *w, struct subscription *sub, struct rte_mbuf *m, const struct rewrite_in *in)
{
    const struct pkt *p = pkt(m);
    bound_jump(sub, p->index);
    int64_t index = p->index + sub->seq_offset;
    const struct rewrite_out to = {
        .ssrc = sub->rtp.ssrc,
        .ts = in->view.ts + sub->ts_offset,
        .seq = (uint16_t)index,
        .pt = sub->rtp.pt,
        .ext_map = sub->ext_map,
    };
    uint16_t room, payload_len = p->payload_len - p->rtp_hdr_len;
    uint8_t *rtp;
    enum drop why;

    struct rte_mbuf *out = egress_begin(w, sub->session, &rtp, &room, &why);
    if (!out) {
        w->stats.drops[why]++;
        return;
    }
    int hdr_len = rewrite_header(rtp, room, in, &to);
    if (hdr_len < 0 || hdr_len + payload_len > room) {
        worker_drop(w, out, DROP_OVERSIZE);
        return;
    }
    sub->packets++;
    sub->octets += payload_len;
    sub->newest = RTE_MAX(sub->newest, index);
    w->stats.rtp_forwarded++;
    pkt(out)->rx_tsc = p->rx_tsc;
    pkt(out)->traffic = sub->stream->kind == MEDIA_AUDIO ? TRAFFIC_AUDIO : TRAFFIC_VIDEO;
    egress_rtp(w, sub->session, out, (uint16_t)hdr_len, in->packet + p->rtp_hdr_len, payload_len, index);
}

static void forward_packet(struct worker *w, struct rte_mbuf *m, int64_t now_us)
{
    const struct pkt *p = pkt(m);
    struct stream *st = p->stream;
    struct rewrite_in in;
    struct subscription *sub;

    if (LIST_EMPTY(&st->subs)) {
        worker_drop(w, m, DROP_NO_SUBSCRIBER);
        return;
    }
    if (rewrite_read(&in, pkt_payload(m), p->payload_len)) {
        worker_drop(w, m, DROP_RTP_MALFORMED);
        return;
    }
    LIST_FOREACH (sub, &st->subs, of_stream) {
        rte_prefetch0(LIST_NEXT(sub, of_stream));
        if (!sub->running && !start(w, sub, p, now_us))
            continue;
        if (p->index < sub->first_index)
            w->stats.drops[DROP_BEFORE_START]++;
        else
            forward_one(w, sub, m, &in);
    }
    history_add(w, &st->history, m);
}

void forward_burst(struct worker *w, struct burst *b, int64_t now_us)
{
    for (uint32_t i = 0; i < b->n; i++)
        forward_packet(w, b->m[i], now_us);
    b->n = 0;
}

/* ---- Subscriptions ---- */

void subscription_attach(struct worker *w, struct subscription *sub, int64_t now_us)
{
    assert(!sub->attached && sub->rtp.ssrc != 0);
    sub->attached = true;
    sub->rtt_us = -1;
    write_ext_map(sub);
    LIST_INSERT_HEAD(&sub->stream->subs, sub, of_stream);
    LIST_INSERT_HEAD(&sub->session->subs, sub, of_session);
    sub->stream->n_subs++;
    if (egress_ready(sub->session)) /* otherwise when it is: report_tick */
        stream_want_keyframe(w, sub->stream, now_us);
}

void subscription_detach(struct worker *w, struct subscription *sub)
{
    if (!sub->attached)
        return;
    egress_flush(w); /* jobs hold the keys of its session */
    sub->attached = false;
    LIST_REMOVE(sub, of_stream);
    LIST_REMOVE(sub, of_session);
    if (--sub->stream->n_subs == 0)
        sub->stream->keyframe_wanted = false;
}
