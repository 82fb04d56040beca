/* SPDX-License-Identifier: MIT */
/* Verification, the window of what is missing, feedback and reports of one received stream. */
#include "tests/peer/sink.h"

#include <stdlib.h>
#include <string.h>

#include "common/ntp.h"
#include "tests/peer/loop.h"

#define ASK_AFTER_US  5000  /* first NACK: what is merely out of order comes by itself */
#define ASK_EVERY_US  40000 /* then as often as a round trip may take on a busy machine */
#define ASK_TRIES     10
#define PLI_EVERY_US  500000
#define NACK_SEQS_MAX 64

void sink_init(struct sink *s, const struct sink_conf *conf)
{
    *s = (struct sink){.conf = *conf};
}

static struct sink_slot *slot_of(struct sink *s, int64_t seq)
{
    return &s->window[(uint64_t)seq % SINK_WINDOW];
}

/* New numbers between the highest so far and seq are missing until they come. */
static void advance(struct sink *s, int64_t seq, int64_t now_us)
{
    for (int64_t i = MAX(s->highest + 1, seq - SINK_WINDOW + 1); i <= seq; i++) {
        struct sink_slot *slot = slot_of(s, i);
        if (!slot->here && slot->tries < ASK_TRIES && s->missing)
            s->missing--; /* given up */
        *slot = (struct sink_slot){.seq = (uint32_t)i, .asked_ms = (uint16_t)(now_us / 1000)};
        s->missing++;
    }
    s->highest = seq;
}

/* true: this number has not been here before. */
static bool take(struct sink *s, int64_t seq, bool rtx, int64_t now_us)
{
    if (!s->started) {
        for (size_t i = 0; i < SINK_WINDOW; i++)
            s->window[i] = (struct sink_slot){.here = true};
        s->started = true;
        s->first_rtp = seq;
        s->highest = seq - 1;
    }
    bool behind = seq <= s->highest;
    if (!behind)
        advance(s, seq, now_us);
    struct sink_slot *slot = slot_of(s, seq);
    if (seq < s->first_rtp || slot->seq != (uint32_t)seq || slot->here) {
        s->stats.duplicates++;
        return false;
    }
    slot->here = true;
    if (slot->tries < ASK_TRIES && s->missing)
        s->missing--;
    s->stats.late += behind && !rtx;
    s->stats.repaired += rtx;
    return true;
}

static void check_header(struct sink *s, const struct rtp_view *v, const uint8_t *packet, const struct payload *p)
{
    struct rtp_ext_elem level;
    bool video = s->conf.clock_hz == 90000;
    if (video && v->marker != p->last)
        s->stats.wrong_head++;
    if (!video && s->conf.ext[RTP_EXT_AUDIO_LEVEL] &&
        (!rtp_ext_find(v, packet, s->conf.ext[RTP_EXT_AUDIO_LEVEL], &level) || level.data[0] != (p->seq & 0x7f)))
        s->stats.wrong_head++;
}

static void check_continuity(struct sink *s, int64_t seq, uint32_t ts, const struct payload *p)
{
    int64_t seq_shift = seq - (int64_t)p->seq;
    uint32_t ts_shift = ts - p->ts;
    if (!s->stats.unique || p->source != s->source) {
        s->stats.resourced += s->stats.unique > 0;
        s->source = p->source;
        s->first_seq = p->seq;
    } else if (seq_shift != s->seq_shift || ts_shift != s->ts_shift) {
        s->stats.rebased++;
    }
    s->seq_shift = seq_shift;
    s->ts_shift = ts_shift;
    s->last_seq = MAX(s->last_seq, p->seq);
}

static void count_latency(struct sink *s, int64_t latency_us)
{
    size_t bin = 0;
    while (bin < SINK_LATENCY_BINS - 1 && latency_us >= INT64_C(1) << bin)
        bin++;
    s->stats.latency_max_us = MAX(s->stats.latency_max_us, latency_us);
    s->stats.latency[bin]++;
}

static void count_jitter(struct sink *s, uint32_t ts, int64_t now_us)
{
    int64_t transit = now_us * s->conf.clock_hz / 1000000 - (int64_t)ts;
    int32_t d = (int32_t)(uint32_t)(transit - s->transit);
    if (s->stats.unique > 1)
        s->jitter_q4 += (uint32_t)(abs(d) - (int32_t)((s->jitter_q4 + 8) >> 4)); /* RFC 3550 A.8 */
    s->transit = transit;
}

/* The RTP packet as the sender made it, or what RTX restores of it (RFC 4588 4). */
struct original {
    const uint8_t *payload;
    size_t bytes;
    uint16_t seq;
    bool rtx;
};

/* false: not of this stream, or nothing in it. */
static bool restore(struct sink *s, const struct rtp_view *v, const uint8_t *packet, struct original *o)
{
    *o = (struct original){packet + v->payload, v->payload_bytes, v->seq, false};
    if (v->pt == s->conf.pt && !s->conf.ssrc)
        s->conf.ssrc = v->ssrc;
    if (v->pt == s->conf.pt && v->ssrc == s->conf.ssrc)
        return true;
    if (v->pt != s->conf.rtx_pt || !s->conf.rtx_ssrc || v->ssrc != s->conf.rtx_ssrc || o->bytes < 2)
        return false;
    *o = (struct original){o->payload + 2, o->bytes - 2, get_be16(o->payload), true};
    return true;
}

bool sink_on_rtp(struct sink *s, const uint8_t *packet, size_t len, int64_t now_us)
{
    struct rtp_view v;
    struct original o;
    struct payload p;
    if (rtp_parse(&v, packet, len) || !restore(s, &v, packet, &o))
        return false;
    s->stats.received++;
    if (s->last_us)
        s->stats.gap_us = MAX(s->stats.gap_us, now_us - s->last_us);
    s->last_us = now_us;
    if (!o.bytes) /* padding only: a probe */
        return true;
    if (!payload_read(&p, s->conf.codec, o.payload, o.bytes)) {
        s->stats.corrupt++;
        return true;
    }
    int64_t seq = rtp_unwrap_seq(&s->unwrap, o.seq);
    if (!take(s, seq, o.rtx, now_us))
        return true;
    check_header(s, &v, packet, &p);
    check_continuity(s, seq, v.ts, &p);
    s->has_key |= p.key;
    s->stats.unique++;
    s->stats.bytes += o.bytes;
    s->stats.keys += p.key && p.first;
    s->stats.early += s->conf.clock_hz == 90000 && !s->has_key;
    if (s->stats.srs && !o.rtx)
        s->sync_us = (int64_t)ntp_to_unix_us(s->sr_ntp) +
                     (int64_t)rtp_ts_diff(v.ts, s->sr_ts) * 1000000 / s->conf.clock_hz - p.sent_us;
    if (!o.rtx) {
        count_latency(s, now_us - p.sent_us);
        count_jitter(s, v.ts, now_us);
    }
    return true;
}

void sink_on_sr(struct sink *s, const struct rtcp_sr *sr, int64_t now_us)
{
    if (sr->ssrc != s->conf.ssrc)
        return;
    s->stats.srs++;
    s->sr_ntp = sr->ntp;
    s->sr_ts = sr->rtp_ts;
    s->lsr = ntp_middle(sr->ntp);
    s->sr_us = now_us;
}

static bool ask_due(const struct sink_slot *slot, int64_t now_us)
{
    int64_t since_us = (int64_t)(uint16_t)(now_us / 1000 - slot->asked_ms) * 1000;
    return !slot->here && slot->tries < ASK_TRIES && since_us >= (slot->tries ? ASK_EVERY_US : ASK_AFTER_US);
}

static size_t collect_missing(struct sink *s, uint16_t *seqs, int64_t now_us)
{
    size_t n = 0;
    if (!s->missing)
        return 0;
    for (int64_t i = MAX(s->first_rtp, s->highest - SINK_WINDOW + 1); i < s->highest && n < NACK_SEQS_MAX; i++) {
        struct sink_slot *slot = slot_of(s, i);
        if (!ask_due(slot, now_us))
            continue;
        seqs[n++] = (uint16_t)i;
        slot->asked_ms = (uint16_t)(now_us / 1000);
        if (++slot->tries == ASK_TRIES)
            s->missing--;
    }
    return n;
}

int sink_write_feedback(struct sink *s, uint8_t *out, size_t size, int64_t now_us)
{
    uint16_t seqs[NACK_SEQS_MAX];
    struct rtcp_feedback fb = {.sender = s->conf.own_ssrc, .media = s->conf.ssrc};
    if (s->conf.pli && s->stats.early && !s->has_key && now_us - s->last_pli_us >= PLI_EVERY_US) {
        s->last_pli_us = now_us;
        s->stats.plis++;
        return rtcp_write_pli(out, size, &fb);
    }
    size_t n = s->conf.nack ? collect_missing(s, seqs, now_us) : 0;
    s->stats.nacks += n;
    return n ? rtcp_write_nack(out, size, &fb, seqs, n) : 0;
}

int64_t sink_feedback_us(const struct sink *s, int64_t now_us)
{
    bool wants_key = s->conf.pli && s->stats.early && !s->has_key;
    return (s->conf.nack && s->missing) || wants_key ? now_us + ASK_AFTER_US : LOOP_NEVER;
}

int sink_write_rr(struct sink *s, uint8_t *out, size_t size, int64_t now_us)
{
    if (!s->started)
        return 0;
    struct rtcp_report report = {
        .ssrc = s->conf.ssrc,
        .lost = (int32_t)(s->highest - s->first_rtp + 1 - (int64_t)s->stats.unique),
        .highest_seq = (uint32_t)s->highest,
        .jitter = s->jitter_q4 >> 4,
        .lsr = s->lsr,
        .dlsr = s->lsr ? ntp_short_from_us((uint64_t)(now_us - s->sr_us)) : 0,
    };
    return rtcp_write_rr(out, size, s->conf.own_ssrc, &report, 1);
}

uint64_t sink_lost(const struct sink *s, uint64_t end_seq)
{
    return s->stats.unique ? end_seq - s->first_seq - s->stats.unique : 0;
}

int64_t sink_latency_us(const struct sink *s, unsigned percent)
{
    uint64_t total = 0, sum = 0;
    for (size_t i = 0; i < SINK_LATENCY_BINS; i++)
        total += s->stats.latency[i];
    for (size_t i = 0; i < SINK_LATENCY_BINS; i++)
        if ((sum += s->stats.latency[i]) * 100 >= total * percent)
            return INT64_C(1) << i;
    return INT64_MAX;
}
