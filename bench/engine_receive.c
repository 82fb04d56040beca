/* SPDX-License-Identifier: MIT */
/* What comes to the engine: told apart (RFC 7983), media counted by sequence number and now and then opened. */
#include <string.h>

#include "bench/engine_private.h"
#include "common/rtp.h"
#include "common/util.h"

/* ---- RTCP: what a publisher is asked for ---- */

static struct flow *flow_of(struct engine *e, const struct session *s, uint32_t ssrc)
{
    for (uint32_t i = s->first_flow; i < s->first_flow + s->n_flows; i++)
        if (e->flows[i]->source.conf.ssrc == ssrc)
            return e->flows[i];
    return NULL;
}

static void on_nack(struct engine *e, struct flow *f, const struct rtcp_packet *packet, int64_t now_ns)
{
    struct rtcp_nack_iter it;
    uint16_t seq;

    rtcp_nack_begin(&it, packet);
    while (rtcp_nack_next(&it, &seq)) {
        e->result->nacked++;
        engine_send_rtx(e, f, seq, now_ns);
    }
}

static void on_feedback(struct engine *e, struct session *s, const struct rtcp_packet *packet, int64_t now_ns)
{
    struct rtcp_feedback fb = {0};
    struct rtcp_fir fir = {0};

    if (packet->kind == RTCP_FIR)
        rtcp_read_fir(packet, 0, &fir);
    else if (packet->kind == RTCP_PLI || packet->kind == RTCP_NACK)
        rtcp_read_feedback(packet, &fb);
    else
        return;
    struct flow *f = flow_of(e, s, packet->kind == RTCP_FIR ? fir.ssrc : fb.media);
    if (f && packet->kind == RTCP_NACK) {
        on_nack(e, f, packet, now_ns);
    } else if (f) {
        source_request_key(&f->source);
        e->result->key_requests++;
    }
}

static void on_rtcp(struct engine *e, struct session *s, const struct wire_datagram *d, int64_t now_ns)
{
    struct srtp_job job = {.ctx = s->rx, .dst = d->bytes, .len = d->len};
    struct rtcp_iter it;
    struct rtcp_packet packet;

    if (s->n_flows == 0) /* a subscriber's: the reports of senders */
        return;
    srtcp_unprotect_burst(e->srtp, &job, 1);
    if (job.error)
        return;
    rtcp_begin(&it, d->bytes, job.len);
    while (rtcp_next(&it, &packet))
        on_feedback(e, s, &packet, now_ns);
}

/* ---- RTP ---- */

struct arrival {
    struct engine_leg *leg;
    int64_t index;
    uint32_t job; /* 1 + its number; 0: stays closed */
    bool rtx;     /* then index is that of the stream of retransmissions */
};

static struct engine_leg *leg_of(struct engine *e, const struct session *s, const uint8_t *bytes)
{
    uint32_t ssrc = get_be32(bytes + 8);
    uint8_t pt = bytes[1] & 0x7f;

    for (struct engine_leg *leg = e->legs + s->first_leg; leg < e->legs + s->first_leg + s->n_legs; leg++) {
        if (leg->ssrc == ssrc || (leg->rtx_ssrc && leg->rtx_ssrc == ssrc))
            return leg;
        if (leg->ssrc == 0 && leg->pt == pt) {
            leg->ssrc = ssrc;
            return leg;
        }
    }
    return NULL;
}

static bool is_to_open(const struct engine *e, struct engine_leg *leg, int64_t index)
{
    if (leg->leg.mapped && ++leg->unopened < e->verify_every && !leg_jumps(&leg->leg, index))
        return false;
    leg->unopened = 0;
    return true;
}

/* false: not authentic, or not what was sent. A leg is mapped by the first packet that is opened. */
static bool verify(struct engine *e, struct engine_leg *leg, int64_t index, const uint8_t *bytes, size_t len)
{
    const struct source_conf *conf = &e->flows[leg->flow]->source.conf;
    struct payload payload;

    if (!payload_read(&payload, conf->codec, bytes, len) || payload.source != conf->ssrc)
        return false;
    if (!leg->leg.mapped || leg_jumps(&leg->leg, index))
        leg_map(&leg->leg, index, payload.seq);
    return payload.seq == leg_sender_seq(&leg->leg, index);
}

static bool count(struct engine *e, struct engine_leg *leg, int64_t index, int64_t now_ns)
{
    if (!leg_take(&leg->leg, index))
        return false;
    const struct flow *f = e->flows[leg->flow];
    uint64_t seq = leg_sender_seq(&leg->leg, index);
    if (f->source.seq - seq <= FLOW_SENT)
        leg_time(&leg->leg, now_ns - f->sent_ns[seq % FLOW_SENT], &e->result->kinds[f->kind].latency,
                 &e->result->jitter);
    return true;
}

/* The original sequence number stands before the payload (RFC 4588 4). */
static void take_rtx(struct engine *e, const struct arrival *a, const struct srtp_job *job, int64_t now_ns)
{
    const uint8_t *bytes = job->dst + job->hdr_len;
    struct engine_leg *leg = a->leg;
    bool right = job->error == 0 && job->len >= job->hdr_len + 2;

    if (right) {
        int64_t index = leg_index(&leg->leg, get_be16(bytes));
        leg->rtx_highest = MAX(leg->rtx_highest, a->index);
        right = verify(e, leg, index, bytes + 2, (size_t)job->len - job->hdr_len - 2);
        e->result->repaired += right && count(e, leg, index, now_ns);
    }
    e->result->corrupt += !right;
    e->result->verified += right;
}

static void take_rtp(struct engine *e, const struct arrival *a, const struct srtp_job *job, int64_t now_ns)
{
    bool right = !job || (job->error == 0 &&
                          verify(e, a->leg, a->index, job->dst + job->hdr_len, (size_t)job->len - job->hdr_len));

    e->result->verified += job && right;
    e->result->corrupt += !right;
    if (right && a->leg->leg.mapped)
        count(e, a->leg, a->index, now_ns);
}

struct media {
    uint32_t n, n_jobs;
    struct arrival arrivals[WIRE_BURST];
    struct srtp_job jobs[WIRE_BURST];
};

static void add_media(struct engine *e, struct media *m, const struct session *s, const struct wire_datagram *d)
{
    struct engine_leg *leg = d->len >= RTP_HDR_BYTES ? leg_of(e, s, d->bytes) : NULL;
    struct rtp_view view;

    if (!leg) {
        e->result->unknown++;
        return;
    }
    struct arrival *a = &m->arrivals[m->n++];
    uint16_t seq = get_be16(d->bytes + 2);
    *a = (struct arrival){.leg = leg, .rtx = get_be32(d->bytes + 8) != leg->ssrc};
    a->index = a->rtx ? replay_estimate(leg->rtx_highest, seq) : leg_index(&leg->leg, seq);
    if ((!a->rtx && !is_to_open(e, leg, a->index)) || rtp_parse_header(&view, d->bytes, d->len) != 0)
        return;
    m->jobs[m->n_jobs++] =
        (struct srtp_job){.ctx = s->rx, .dst = d->bytes, .hdr_len = view.payload, .len = d->len, .index = a->index};
    a->job = m->n_jobs;
}

static void take_media(struct engine *e, struct media *m, int64_t now_ns)
{
    srtp_unprotect_burst(e->srtp, m->jobs, m->n_jobs);
    for (uint32_t i = 0; i < m->n; i++) {
        const struct arrival *a = &m->arrivals[i];
        const struct srtp_job *job = a->job ? &m->jobs[a->job - 1] : NULL;
        if (!a->rtx)
            take_rtp(e, a, job, now_ns);
        else if (job)
            take_rtx(e, a, job, now_ns);
    }
}

static void on_stun(struct engine *e, struct session *s, const struct wire_datagram *d, int64_t now_ns)
{
    uint8_t answer[STUN_RESPONSE_MAX];

    if (!s->agent || ice_agent_on_answer(s->agent, d->bytes, d->len, now_ns / 1000))
        return;
    int len = ice_agent_write_answer(s->agent, d->bytes, d->len, &e->wire->remotes[s->end], answer, sizeof(answer));
    if (len > 0)
        wire_send_bytes(e->wire, s->end, answer, (size_t)len, now_ns);
}

uint32_t engine_receive(struct engine *e, int64_t now_ns)
{
    struct wire_datagram d[WIRE_BURST];
    struct media media;
    uint32_t n = wire_receive(e->wire, d, WIRE_BURST, now_ns);

    media.n = media.n_jobs = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct session *s = engine_session_at(e, d[i].end);
        enum rtp_demux kind = rtp_demux(d[i].bytes, d[i].len);
        if (s && kind == RTP_DEMUX_RTP)
            add_media(e, &media, s, &d[i]);
        else if (s && kind == RTP_DEMUX_RTCP)
            on_rtcp(e, s, &d[i], now_ns);
        else if (s && kind == RTP_DEMUX_STUN)
            on_stun(e, s, &d[i], now_ns);
        else if (e->on_other)
            e->on_other(e->other_arg, &d[i]);
    }
    take_media(e, &media, now_ns);
    wire_release(e->wire, d, n);
    return n;
}
