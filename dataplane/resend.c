/* SPDX-License-Identifier: MIT */
/* worker path */
/* Retransmissions. They are rare, so their payload is copied behind the header: the packet may leave the history before
 * the flush. */
#include "dataplane/resend.h"

#include <string.h>

#include "dataplane/rewrite.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

#define BUDGET_MAX      256  /* packets at once */
#define BUDGET_FILL_US  1000 /* one more packet each */
#define RTT_DEFAULT_US  50000
#define RTT_MIN_US      5000
#define FIRST_INDEX_MAX 0x3fff

static bool in_budget(struct resend_budget *b, int64_t now_us)
{
    int64_t fill = (now_us - b->filled_us) / BUDGET_FILL_US;

    if (fill > 0) {
        b->tokens = (uint32_t)RTE_MIN(b->tokens + fill, (int64_t)BUDGET_MAX);
        b->filled_us = now_us;
    }
    return b->tokens > 0;
}

static uint32_t now_ms(int64_t now_us)
{
    return (uint32_t)(now_us / 1000) | 1; /* not 0 */
}

static bool too_soon(const struct subscription *sub, int64_t index, int64_t now_us)
{
    int64_t rtt_us = sub->rtt_us < 0 ? RTT_DEFAULT_US : RTE_MAX(sub->rtt_us, (int64_t)RTT_MIN_US);
    uint32_t slot = (uint32_t)index % RESENT_SLOTS;

    return sub->resent[slot].index == (uint32_t)index && sub->resent[slot].ms &&
           (uint32_t)(now_ms(now_us) - sub->resent[slot].ms) < rtt_us / 1000;
}

static int64_t next_rtx_index(struct worker *w, struct subscription *sub)
{
    if (sub->rtx_index == 0)
        sub->rtx_index = worker_random(w) & FIRST_INDEX_MAX;
    return ++sub->rtx_index;
}

static bool write_packet(struct worker *w, struct subscription *sub, struct rte_mbuf *m)
{
    const struct pkt *p = pkt(m);
    struct leg *leg = subscription_leg(sub);
    bool rtx = sub->rtp.rtx_pt != DP_PT_NONE && sub->rtp.rtx_ssrc;
    int64_t out_index = p->index + leg->seq_offset;
    uint16_t room, payload_len = p->payload_len - p->rtp_hdr_len, osn = rtx ? 2 : 0;
    struct rewrite_in in;
    uint8_t *rtp;
    enum drop why;

    if (rewrite_read(&in, sub->stream->ext_of, pkt_payload(m), p->payload_len))
        return false;
    struct rte_mbuf *out = egress_begin(w, leg->path, &rtp, &room, &why);
    if (!out) {
        w->stats.drops[why]++;
        return false;
    }
    int64_t index = rtx ? next_rtx_index(w, sub) : out_index;
    const struct rewrite_out to = {
        .ssrc = rtx ? sub->rtp.rtx_ssrc : sub->rtp.ssrc,
        .ts = in.view.ts + leg->ts_offset,
        .seq = (uint16_t)index,
        .pt = rtx ? sub->rtp.rtx_pt : sub->rtp.pt,
        .ext = leg->ext,
    };
    int hdr_len = rewrite_header(rtp, room, &in, &to);
    if (hdr_len < 0 || hdr_len + osn + payload_len > room) {
        worker_drop(w, out, DROP_OVERSIZE);
        return false;
    }
    if (rtx)
        put_be16(rtp + hdr_len, (uint16_t)out_index);
    memcpy(rtp + hdr_len + osn, in.packet + p->rtp_hdr_len, payload_len);
    if (!rtx)
        leg->newest = RTE_MAX(leg->newest, index);
    egress_rtp(w, leg->path, out, (uint16_t)hdr_len, NULL, osn + payload_len, index);
    return true;
}

bool resend_packet(struct worker *w, struct subscription *sub, uint16_t seq, int64_t now_us)
{
    const struct history *h = &sub->stream->history;
    const struct leg *leg = subscription_leg(sub);

    if (!leg->running || h->used == 0)
        return false;
    int64_t newest = h->highest + leg->seq_offset;
    int64_t index = newest + rtp_seq_diff(seq, (uint16_t)newest) - leg->seq_offset;
    struct rte_mbuf *m = index < leg->first_index ? NULL : history_find(h, index);
    if (!m || too_soon(sub, index, now_us) || !in_budget(&sub->session->resend, now_us))
        return false;
    if (!write_packet(w, sub, m))
        return false;
    sub->resent[(uint32_t)index % RESENT_SLOTS].index = (uint32_t)index;
    sub->resent[(uint32_t)index % RESENT_SLOTS].ms = now_ms(now_us);
    sub->session->resend.tokens--;
    w->stats.retransmitted++;
    return true;
}
