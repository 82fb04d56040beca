/* SPDX-License-Identifier: MIT */
/* worker path */
/* RTCP from peers. A publisher's sender reports go on to its subscribers; a subscriber's reports, NACKs and key frame
 * requests end here. Whatever speaks of an SSRC that the session neither plays nor publishes is counted and ignored. */
#include "common/ntp.h"
#include "common/rtcp.h"
#include "dataplane/report.h"
#include "dataplane/resend.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

#define NACK_SEQS_MAX  512    /* of one packet: a subscriber that asks for more at once is past repair */
#define SR_INTERVAL_US 100000 /* relayed at most so often: each goes to every subscriber */

static struct subscription *find_played(struct worker *w, const struct session *s, uint32_t ssrc)
{
    struct subscription *sub;

    LIST_FOREACH (sub, &s->subs, of_session)
        if (sub->rtp.ssrc == ssrc)
            return sub;
    w->stats.drops[DROP_FEEDBACK_SSRC]++;
    return NULL;
}

static bool plays_rtx(const struct session *s, uint32_t ssrc)
{
    const struct subscription *sub;

    LIST_FOREACH (sub, &s->subs, of_session)
        if (ssrc && sub->rtp.rtx_ssrc == ssrc)
            return true;
    return false;
}

static struct stream *find_published(const struct session *s, uint32_t ssrc, bool *rtx)
{
    for (uint32_t i = 0; i < s->n_streams; i++) {
        *rtx = s->streams[i]->rtx.ssrc == ssrc;
        if (*rtx || s->streams[i]->primary.ssrc == ssrc)
            return s->streams[i];
    }
    return NULL;
}

static void on_sr(struct worker *w, struct rte_mbuf *m, const struct rtcp_packet *packet, int64_t now_us)
{
    struct rtcp_sr sr;
    bool rtx;

    if (!rtcp_read_sr(packet, &sr))
        return;
    struct stream *st = find_published(pkt(m)->session, sr.ssrc, &rtx);
    if (!st)
        w->stats.drops[DROP_FEEDBACK_SSRC]++;
    if (!st || rtx)
        return;
    st->primary.sr_ntp = sr.ntp;
    st->primary.sr_rtp = sr.rtp_ts;
    st->primary.sr_us = now_us;
    tap_sr(w, st, &sr, pkt(m)->rx_us);
    if (st->sr_relayed_us && now_us - st->sr_relayed_us < SR_INTERVAL_US)
        return;
    st->sr_relayed_us = now_us;
    report_sr_relay(w, st, now_us);
}

static void on_report(struct subscription *sub, const struct rtcp_report *report, int64_t now_us)
{
    sub->lost_q8 = report->fraction_lost;
    if (!report->lsr || report->lsr != sub->sr_ntp_mid)
        return;
    int64_t rtt_us = now_us - sub->sr_sent_us - (int64_t)ntp_short_to_us(report->dlsr);
    rtt_us = MAX(rtt_us, 0);
    sub->rtt_us = sub->rtt_us < 0 ? rtt_us : sub->rtt_us + (rtt_us - sub->rtt_us) / 8;
}

static void on_reports(struct worker *w, struct session *s, const struct rtcp_packet *packet, int64_t now_us)
{
    struct rtcp_report report;

    for (size_t i = 0; rtcp_read_report(packet, i, &report); i++) {
        if (plays_rtx(s, report.ssrc))
            continue;
        struct subscription *sub = find_played(w, s, report.ssrc);
        if (sub)
            on_report(sub, &report, now_us);
    }
}

static void on_nack(struct worker *w, struct session *s, const struct rtcp_packet *packet, int64_t now_us)
{
    struct rtcp_feedback fb;
    struct rtcp_nack_iter it;
    uint16_t seq;

    struct subscription *sub = rtcp_read_feedback(packet, &fb) ? find_played(w, s, fb.media) : NULL;
    if (!sub)
        return;
    w->stats.nacks_received++;
    rtcp_nack_begin(&it, packet);
    for (uint32_t i = 0; i < NACK_SEQS_MAX && rtcp_nack_next(&it, &seq); i++)
        resend_packet(w, sub, seq, now_us);
}

static void on_keyframe_request(struct worker *w, struct session *s, uint32_t ssrc, int64_t now_us)
{
    struct subscription *sub = find_played(w, s, ssrc);

    if (!sub)
        return;
    w->stats.plis_received++;
    stream_want_keyframe(w, sub->stream, now_us);
}

static void on_pli(struct worker *w, struct session *s, const struct rtcp_packet *packet, int64_t now_us)
{
    struct rtcp_feedback fb;

    if (rtcp_read_feedback(packet, &fb))
        on_keyframe_request(w, s, fb.media, now_us);
}

static void on_fir(struct worker *w, struct session *s, const struct rtcp_packet *packet, int64_t now_us)
{
    struct rtcp_fir fir;

    for (size_t i = 0; rtcp_read_fir(packet, i, &fir); i++)
        on_keyframe_request(w, s, fir.ssrc, now_us);
}

static void on_remb(struct session *s, const struct rtcp_packet *packet)
{
    struct rtcp_remb remb;

    if (rtcp_read_remb(packet, &remb))
        s->remb_kbps = (uint32_t)MIN(remb.bitrate_bps / 1000, (uint64_t)UINT32_MAX);
}

static void on_packet(struct worker *w, struct rte_mbuf *m, const struct rtcp_packet *packet, int64_t now_us)
{
    struct session *s = pkt(m)->session;

    switch (packet->kind) {
    case RTCP_SR:
        on_sr(w, m, packet, now_us);
        on_reports(w, s, packet, now_us);
        break;
    case RTCP_RR:
        on_reports(w, s, packet, now_us);
        break;
    case RTCP_NACK:
        on_nack(w, s, packet, now_us);
        break;
    case RTCP_PLI:
        on_pli(w, s, packet, now_us);
        break;
    case RTCP_FIR:
        on_fir(w, s, packet, now_us);
        break;
    case RTCP_REMB:
        on_remb(s, packet);
        break;
    case RTCP_SDES: /* we name our streams ourselves */
    case RTCP_BYE:  /* signalling ends streams: a BYE may be followed by more of the same SSRC */
    case RTCP_TWCC: /* we send no transport-wide sequence numbers */
    case RTCP_OTHER:
        break;
    }
}

/* Compound or reduced-size (RFC 5506); all of it or nothing. */
void feedback_rtcp(struct worker *w, struct rte_mbuf *m, size_t len, int64_t now_us)
{
    const uint8_t *rtcp = pkt_payload(m);
    struct rtcp_iter it;
    struct rtcp_packet packet;

    if (!rtcp_check(rtcp, len)) {
        w->stats.drops[DROP_RTCP_MALFORMED]++;
        return;
    }
    rtcp_begin(&it, rtcp, len);
    while (rtcp_next(&it, &packet))
        on_packet(w, m, &packet, now_us);
}
