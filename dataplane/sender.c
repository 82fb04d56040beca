/* SPDX-License-Identifier: MIT */
/* worker path */
/* Sender reports to subscribers. */
#include "common/ntp.h"
#include "common/rtcp.h"
#include "dataplane/report.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

static void send_sr(struct worker *w, struct subscription *sub, uint64_t ntp, uint32_t rtp_ts, int64_t now_us)
{
    const struct leg *leg = subscription_leg(sub);
    const struct rtcp_sr sr = {
        .ntp = ntp,
        .ssrc = leg->ssrc,
        .rtp_ts = rtp_ts + leg->ts_offset,
        .packets = leg->packets,
        .bytes = leg->octets,
    };
    uint8_t out[128];

    int sr_len = rtcp_write_sr(out, sizeof(out), &sr, NULL, 0);
    int sdes_len = rtcp_write_sdes(out + sr_len, sizeof(out) - (size_t)sr_len, sr.ssrc, sub->put.cname);
    if (sdes_len < 0 || !leg->path->srtp)
        return;
    egress_rtcp(w, leg->path, out, (size_t)(sr_len + sdes_len), ++sub->srtcp_index);
    sub->sr_sent_us = now_us;
    sub->sr_ntp_mid = ntp_middle(ntp);
}

void report_sr_relay(struct worker *w, struct stream *st, int64_t now_us)
{
    for (uint32_t i = 0; i < stream_n_subs(st); i++)
        if (st->fan->legs[i].running)
            send_sr(w, st->fan->subs[i], st->primary.sr_ntp, st->primary.sr_rtp, now_us);
}

void report_sr_start(struct worker *w, struct subscription *sub, int64_t now_us)
{
    const struct rx_source *src = &sub->stream->primary;
    uint64_t elapsed_us = (uint64_t)(now_us - src->sr_us);

    if (!src->sr_us)
        return;
    uint64_t ntp = src->sr_ntp + (elapsed_us / 1000000 << 32) + ((elapsed_us % 1000000) << 32) / 1000000;
    send_sr(w, sub, ntp, src->sr_rtp + (uint32_t)(elapsed_us * sub->stream->clock_hz / 1000000), now_us);
}
