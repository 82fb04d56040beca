/* SPDX-License-Identifier: MIT */
/* worker path */
/* SRTP and SRTCP of own sessions become clear packets: source by SSRC, index, replay, decryption in one batch, then
 * what each packet tells about its stream. Leaves clear RTP of primary SSRCs; RTX is restored, RTCP goes to feedback.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/codec.h"
#include "common/rtp.h"
#include "dataplane/arrivals.h"
#include "dataplane/rewrite.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

struct item {
    struct rte_mbuf *m;
    struct stream *stream;
    struct rx_source *src;
    struct rtp_view view;
};

struct batch {
    uint32_t n;
    struct item item[PKT_BURST];
    struct srtp_job job[PKT_BURST];
};

/* ---- What an authentic packet tells ---- */

static void update_session(struct worker *w, struct session *s, const struct item *it, const uint8_t *p, int64_t now_us)
{
    struct rtp_ext_elem seq;

    ice_on_authenticated(w, s, pkt(it->m)->tuple, now_us);
    s->rx_packets++;
    s->rx_bytes += pkt(it->m)->payload_len;
    if (s->arrivals && rtp_ext_find(&it->view, p, it->stream->rtp.ext[RTP_EXT_TRANSPORT_CC], &seq) && seq.len >= 2)
        arrivals_add(s->arrivals, get_be16(seq.data), pkt(it->m)->rx_us);
    if (!s->media_seen) {
        s->media_seen = true;
        session_event(w, s, DP_SESSION_MEDIA);
    }
}

/* What lies between two packets is asked for. */
static void lose(struct worker *w, struct stream *st, int64_t highest, int64_t index, int64_t now_us)
{
    if (!nack_gap(&st->nack, highest, index, now_us))
        stream_want_keyframe(w, st, now_us);
    session_due(w, st->session, TIMER_REPORT);
}

/* The packet is new to the primary source whose highest index was highest. */
static void update_stream(struct worker *w, struct stream *st, const struct pkt *p, uint32_t ts, int64_t highest,
                          int64_t now_us)
{
    if (p->keyframe && (st->keyframes == 0 || ts != st->keyframe_ts)) {
        st->keyframes++; /* one per frame: with H.264, its SPS and each of its slices begins one */
        st->keyframe_ts = ts;
        st->keyframe_index = p->index;
        st->keyframe_wanted = false;
    }
    if (st->shed) { /* it comes back: what was shed is not asked for again */
        st->shed = false;
        stream_want_keyframe(w, st, now_us);
        return;
    }
    if (!(st->rtp.feedback & DP_FB_NACK))
        return;
    if (p->index < highest)
        nack_found(&st->nack, p->index, now_us);
    else if (highest >= 0 && p->index > highest + 1)
        lose(w, st, highest, p->index, now_us);
}

/* RFC 4588 4: the original packet back in place, two bytes further on. DROP_COUNT, or why not. */
static enum drop restore_rtx(struct item *it)
{
    struct stream *st = it->stream;
    struct rtp_view *v = &it->view;
    uint8_t *p = pkt_payload(it->m);

    if (v->payload_bytes < 2)
        return DROP_RTX_EMPTY;
    if (st->primary.replay.highest < 0)
        return DROP_RTX_EARLY;
    v->seq = get_be16(p + v->payload);
    v->ssrc = st->primary.ssrc;
    v->pt = st->rtp.pt;
    v->payload_bytes -= 2;
    memmove(p + 2, p, v->payload);
    p += 2;
    p[1] = (uint8_t)((p[1] & 0x80) | v->pt);
    put_be16(p + 2, v->seq);
    put_be32(p + 8, v->ssrc);
    pkt(it->m)->payload_off += 2;
    return DROP_COUNT;
}

/* Authentic, its padding off, in the primary's terms: takes it into the stream. DROP_COUNT: it is new. */
static enum drop take_primary(struct worker *w, struct item *it, int64_t index, int64_t highest, int64_t now_us)
{
    struct pkt *p = pkt(it->m);
    uint8_t *rtp = pkt_payload(it->m);

    rtp[0] &= (uint8_t)~0x20;
    p->stream = it->stream;
    p->index = index;
    p->rtp_hdr_len = it->view.payload;
    p->payload_len = it->view.payload + it->view.payload_bytes;
    p->keyframe = codec_is_keyframe_start(it->stream->codec, rtp + it->view.payload, it->view.payload_bytes);
    update_stream(w, it->stream, p, it->view.ts, highest, now_us);
    return DROP_COUNT;
}

static enum drop take_rtx(struct worker *w, struct item *it, int64_t now_us)
{
    struct replay *replay = &it->stream->primary.replay;
    int64_t highest = replay->highest;
    enum drop why = restore_rtx(it);

    if (why != DROP_COUNT)
        return why;
    int64_t index = replay_estimate(highest, it->view.seq);
    if (!replay_take(replay, index))
        return DROP_RTX_DUPLICATE;
    source_restored(&it->stream->primary, index);
    return take_primary(w, it, index, highest, now_us);
}

static enum drop refusal(int error)
{
    return error == -EBADMSG ? DROP_AUTH : error == -EALREADY ? DROP_REPLAY : DROP_RTP_MALFORMED;
}

/* DROP_COUNT: the packet goes on. */
static enum drop take(struct worker *w, struct item *it, const struct srtp_job *job, int64_t now_us)
{
    struct rx_source *src = it->src;
    int64_t highest = src->replay.highest, index = (int64_t)job->index;
    const uint8_t *p = pkt_payload(it->m);

    if (job->error)
        return refusal(job->error);
    if (!replay_take(&src->replay, index)) /* twice in one burst */
        return DROP_REPLAY;
    pkt(it->m)->payload_len = job->len;
    it->view.payload_bytes = job->len - it->view.payload;
    source_take(src, it->view.ssrc, index, job->len, pkt(it->m)->rx_us);
    update_session(w, pkt(it->m)->session, it, p, now_us);
    w->stats.rtp_received++;
    if (rtp_parse_padding(&it->view, p))
        return DROP_RTP_MALFORMED;
    if (src == &it->stream->rtx)
        return take_rtx(w, it, now_us);
    source_jitter(src, it->view.ts, it->stream->clock_hz, pkt(it->m)->rx_us);
    return take_primary(w, it, index, highest, now_us);
}

/* ---- Batches ---- */

static void finish_packet(struct worker *w, struct item *it, const struct srtp_job *job, struct burst *out,
                          int64_t now_us)
{
    enum drop why = take(w, it, job, now_us);

    if (why == DROP_COUNT)
        out->m[out->n++] = it->m;
    else
        worker_drop(w, it->m, why);
}

static void finish_rtp(struct worker *w, struct batch *batch, struct burst *out, int64_t now_us)
{
    meter_enter(&w->meter, STAGE_UNPROTECT);
    srtp_unprotect_burst(w->srtp, batch->job, batch->n);
    meter_enter(&w->meter, STAGE_RECEIVE);
    for (uint32_t i = 0; i < batch->n; i++)
        finish_packet(w, &batch->item[i], &batch->job[i], out, now_us);
    batch->n = 0;
}

static struct srtp_job job_of(const struct item *it, int64_t index)
{
    const struct pkt *p = pkt(it->m);

    return (struct srtp_job){
        .ctx = p->session->srtp_rx,
        .dst = pkt_payload(it->m),
        .hdr_len = it->view.payload,
        .len = p->payload_len,
        .index = (uint64_t)index,
    };
}

static void add(struct batch *batch, const struct item *it, int64_t index)
{
    batch->item[batch->n] = *it;
    batch->job[batch->n++] = job_of(it, index);
}

/* What will be written when the packet has proved authentic. */
static void look_behind(const struct item *it, int64_t index)
{
    const struct session *s = pkt(it->m)->session;

    replay_prefetch(&it->src->replay, index);
    if (s->arrivals)
        arrivals_prefetch(s->arrivals);
}

/* With one guess after the other. Alone: where the first packets of a source stand side by side, each must
 * know what the one before it proved. */
static void try_in_doubt(struct worker *w, struct item *it, struct burst *out, int64_t now_us)
{
    uint8_t copy[PKT_DATAROOM]; /* a failed attempt spoils the packet */
    uint16_t len = pkt(it->m)->payload_len;
    int64_t guesses[SOURCE_GUESSES];
    uint32_t n = source_guess(it->src, it->view.seq, guesses);
    struct srtp_job job;

    memcpy(copy, pkt_payload(it->m), len);
    for (uint32_t i = 0; i < n; i++) {
        memcpy(pkt_payload(it->m), copy, len);
        job = job_of(it, guesses[i]);
        srtp_unprotect_burst(w->srtp, &job, 1);
        if (job.error != -EBADMSG)
            break;
    }
    finish_packet(w, it, &job, out, now_us);
}

static void add_rtp(struct worker *w, struct batch *batch, struct burst *out, struct rte_mbuf *m, int64_t now_us)
{
    struct item it = {.m = m};
    const uint8_t *p = pkt_payload(m);

    if (rtp_parse_header(&it.view, p, pkt(m)->payload_len)) {
        worker_drop(w, m, DROP_RTP_MALFORMED);
        return;
    }
    it.src = source_find(pkt(m)->session, &it.view, p, &it.stream);
    if (!it.src) {
        worker_drop(w, m, DROP_UNKNOWN_SSRC);
        return;
    }
    if (!source_takes_pt(it.src, it.stream, it.view.pt)) {
        worker_drop(w, m, DROP_UNKNOWN_PT);
        return;
    }
    if (it.stream->shed_rank < w->shed.level) {
        it.stream->shed = true;
        source_pass(it.src, it.view.seq);
        worker_drop(w, m, DROP_OVERLOAD);
        return;
    }
    int64_t index = replay_estimate(it.src->replay.highest, it.view.seq);
    if (source_in_doubt(it.src, now_us)) {
        finish_rtp(w, batch, out, now_us);
        try_in_doubt(w, &it, out, now_us);
    } else if (replay_check(&it.src->replay, index)) {
        add(batch, &it, index);
        look_behind(&it, index);
    } else {
        worker_drop(w, m, DROP_REPLAY);
    }
}

static void add_rtcp(struct worker *w, struct batch *batch, struct rte_mbuf *m)
{
    struct item it = {.m = m, .view.payload = 8};

    if (pkt(m)->payload_len < 8)
        worker_drop(w, m, DROP_RTCP_MALFORMED);
    else
        add(batch, &it, 0);
}

static void finish_rtcp(struct worker *w, struct batch *batch, int64_t now_us)
{
    srtcp_unprotect_burst(w->srtp, batch->job, batch->n);
    for (uint32_t i = 0; i < batch->n; i++) {
        struct rte_mbuf *m = batch->item[i].m;
        int error = batch->job[i].error;
        if (error) {
            worker_drop(w, m, error == -EINVAL ? DROP_RTCP_MALFORMED : refusal(error));
            continue;
        }
        w->stats.rtcp_received++;
        ice_on_authenticated(w, pkt(m)->session, pkt(m)->tuple, now_us);
        w->cause_tsc = pkt(m)->rx_tsc;
        feedback_rtcp(w, m, batch->job[i].len, now_us);
        w->cause_tsc = 0;
        rte_pktmbuf_free(m);
    }
}

/* What the burst will read of its sessions; those themselves are on their way since classify. */
static void look_ahead(const struct burst *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        const struct session *s = pkt(b->m[i])->session;
        if (s->arrivals)
            rte_prefetch0(s->arrivals);
        if (s->n_streams > 0)
            stream_prefetch(s->streams[0]);
    }
}

void receive_burst(struct worker *w, struct burst *b, int64_t now_us)
{
    struct burst out;
    struct batch rtp, rtcp;

    look_ahead(b);
    out.n = rtp.n = rtcp.n = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        struct rte_mbuf *m = b->m[i];
        enum rtp_demux demux = rtp_demux(pkt_payload(m), pkt(m)->payload_len);
        if (demux != RTP_DEMUX_RTP && demux != RTP_DEMUX_RTCP)
            worker_drop(w, m, DROP_DEMUX);
        else if (!pkt(m)->session->srtp_rx)
            worker_drop(w, m, DROP_NO_KEYS);
        else if (demux == RTP_DEMUX_RTCP)
            add_rtcp(w, &rtcp, m);
        else
            add_rtp(w, &rtp, &out, m, now_us);
    }
    finish_rtp(w, &rtp, &out, now_us);
    finish_rtcp(w, &rtcp, now_us);
    b->n = out.n;
    memcpy(b->m, out.m, out.n * sizeof(out.m[0]));
}

/* ---- Streams ---- */

static void write_ext_of(struct stream *st)
{
    static const bool forwarded[RTP_EXT_COUNT] = {
#define X(id, uri, forwarded) [RTP_EXT_##id] = forwarded,
        RTP_EXT_LIST(X)
#undef X
    };

    memset(st->ext_of, REWRITE_EXT_NONE, sizeof(st->ext_of));
    for (uint8_t e = 0; e < RTP_EXT_COUNT; e++)
        if (forwarded[e] && st->rtp.ext[e] != DP_EXT_NONE)
            st->ext_of[st->rtp.ext[e]] = e;
}

void stream_attach(struct worker *w, struct stream *st, int64_t now_us)
{
    assert(stream_n_subs(st) == 0);
    source_init(&st->primary, st->rtp.ssrc);
    source_init(&st->rtx, st->rtp.rtx_ssrc);
    write_ext_of(st);
    st->shed_rank = (uint8_t)shed_rank(st);
    session_stream_add(w, st->session, st);
}

void stream_detach(struct worker *w, struct stream *st)
{
    while (stream_n_subs(st) > 0)
        subscription_detach(w, st->fan->subs[0]);
    tap_detach(w, st);
    egress_flush(w);
    history_clear(w, &st->history);
    session_stream_del(w, st->session, st);
}
