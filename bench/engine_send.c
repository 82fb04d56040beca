/* SPDX-License-Identifier: MIT */
/* What the engine sends: media by the pace of its flows, a burst encrypted at once, and now and then what a session
 * owes. */
#include <string.h>

#include "bench/engine_private.h"
#include "common/rtp.h"
#include "common/util.h"

#define STUN_BYTES_MAX (STUN_USERNAME_MAX + 128)
#define RTCP_BYTES_MAX 512
#define CHORES_MAX     16 /* of each kind in one turn */
#define NACKS_MAX      64 /* of one feedback packet */
#define OWN_SSRC       1  /* of who only receives, as browsers do */

/* ---- Media ---- */

struct burst {
    uint32_t n, reserved;
    struct wire_datagram d[WIRE_BURST];
    struct srtp_job jobs[WIRE_BURST];
    int64_t *sent_ns[WIRE_BURST];
};

/* Header and extension of a packet of our own making. */
static uint16_t header_bytes(const uint8_t *packet)
{
    return (uint16_t)(RTP_HDR_BYTES + (packet[0] & 0x10 ? 4 + 4 * get_be16(packet + RTP_HDR_BYTES + 2) : 0));
}

static void add_job(struct engine *e, struct burst *b, const struct flow *f, uint64_t index, int len)
{
    struct wire_datagram *d = &b->d[b->n];
    uint16_t hdr_len = header_bytes(d->bytes);

    d->end = e->sessions[f->session].end;
    b->jobs[b->n++] = (struct srtp_job){.ctx = e->sessions[f->session].tx,
                                        .dst = d->bytes,
                                        .hdr_len = hdr_len,
                                        .len = (uint16_t)(len - hdr_len),
                                        .index = index};
}

/* What of the frame fits into the burst. */
static void add_frame(struct engine *e, struct burst *b, struct flow_class *c, int64_t now_ns)
{
    struct flow *f = c->open;

    do {
        uint64_t seq = f->source.seq;
        int len = source_write(&f->source, b->d[b->n].bytes, WIRE_BYTES - SRTP_TRAILER_MAX, now_ns / 1000);
        if (len <= 0)
            break;
        b->sent_ns[b->n] = &f->sent_ns[seq % FLOW_SENT];
        add_job(e, b, f, seq, len);
    } while (f->source.left > 0 && b->n < b->reserved);
    if (f->source.left == 0)
        c->open = NULL;
}

static void add_class(struct engine *e, struct burst *b, struct flow_class *c, int64_t now_ns)
{
    uint32_t member;

    while (b->n < b->reserved) {
        int64_t due_ns = pace_due_ns(&c->pace);
        if (!c->open && pace_take(&c->pace, now_ns, &member)) {
            c->open = e->flows[c->flows[member]];
            c->open->source.due_us = due_ns / 1000;
            e->result->late_ns = MAX(e->result->late_ns, now_ns - due_ns);
        }
        if (!c->open)
            return;
        add_frame(e, b, c, now_ns);
    }
}

static bool is_due(const struct engine *e, int64_t now_ns)
{
    for (uint32_t i = 0; i < e->n_classes; i++)
        if (e->classes[i].open || pace_due_ns(&e->classes[i].pace) <= now_ns)
            return true;
    return false;
}

/* Time is taken once the burst is encrypted: what is measured is what the relay can do something about. */
bool engine_send_flows(struct engine *e, int64_t now_ns)
{
    struct burst b = {0};

    if (!is_due(e, now_ns) || (b.reserved = wire_reserve(e->wire, b.d, WIRE_BURST)) == 0)
        return false;
    for (uint32_t i = 0; i < e->n_classes; i++)
        add_class(e, &b, &e->classes[i], now_ns);
    srtp_protect_burst(e->srtp, b.jobs, b.n);
    int64_t sent_ns = engine_now_ns();
    for (uint32_t i = 0; i < b.n; i++) {
        b.d[i].len = b.jobs[i].len;
        *b.sent_ns[i] = sent_ns;
    }
    wire_send(e->wire, b.d, b.reserved, sent_ns);
    return b.n > 0;
}

static void send_one(struct engine *e, struct session *s, struct srtp_job *job, const uint8_t *packet, bool rtcp,
                     int64_t now_ns)
{
    struct wire_datagram d;

    if (wire_reserve(e->wire, &d, 1) != 1)
        return;
    memcpy(d.bytes, packet, job->hdr_len + job->len);
    job->ctx = s->tx;
    job->dst = d.bytes;
    (rtcp ? srtcp_protect_burst : srtp_protect_burst)(e->srtp, job, 1);
    d.end = s->end;
    d.len = job->error ? 0 : job->len;
    wire_send(e->wire, &d, 1, now_ns);
}

void engine_send_rtx(struct engine *e, struct flow *f, uint16_t seq, int64_t now_ns)
{
    uint8_t packet[WIRE_BYTES];
    int len = source_write_rtx(&f->source, seq, packet, sizeof(packet) - SRTP_TRAILER_MAX, now_ns / 1000);

    if (len <= 0)
        return;
    uint16_t hdr_len = header_bytes(packet);
    struct srtp_job job = {.hdr_len = hdr_len, .len = (uint16_t)(len - hdr_len), .index = f->rtx_index++};
    send_one(e, &e->sessions[f->session], &job, packet, false, now_ns);
}

/* ---- Chores ---- */

void engine_send_rtcp(struct engine *e, struct session *s, uint64_t index, const uint8_t *packet, size_t len,
                      int64_t now_ns)
{
    struct srtp_job job = {.hdr_len = 8, .len = (uint16_t)(len - 8), .index = index};

    send_one(e, s, &job, packet, true, now_ns);
}

static void send_check(struct engine *e, struct session *s, int64_t now_ns)
{
    uint8_t bytes[STUN_BYTES_MAX];
    int len = s->agent ? ice_agent_write_check(s->agent, bytes, sizeof(bytes), now_ns / 1000) : 0;

    if (len > 0)
        wire_send_bytes(e->wire, s->end, bytes, (size_t)len, now_ns);
}

/* Every report says that all is well: what a relay does about loss is for lossy runs to find out. */
static void send_receiver_report(struct engine *e, struct session *s, int64_t now_ns)
{
    struct rtcp_report reports[RTCP_REPORTS_MAX];
    uint8_t bytes[RTCP_BYTES_MAX];
    size_t n = 0;

    for (uint32_t i = s->first_leg; i < s->first_leg + s->n_legs && n < 8; i++)
        if (e->legs[i].leg.mapped)
            reports[n++] =
                (struct rtcp_report){.ssrc = e->legs[i].ssrc, .highest_seq = (uint32_t)e->legs[i].leg.replay.highest};
    int rr = rtcp_write_rr(bytes, sizeof(bytes), OWN_SSRC, reports, n);
    int sdes = rtcp_write_sdes(bytes + rr, sizeof(bytes) - (size_t)rr, OWN_SSRC, "load");
    engine_send_rtcp(e, s, ++s->rtcp_index, bytes, (size_t)(rr + sdes), now_ns);
}

static void send_sender_report(struct engine *e, struct flow *f, int64_t now_ns)
{
    uint8_t bytes[RTCP_BYTES_MAX];
    int sr = source_write_sr(&f->source, bytes, sizeof(bytes), now_ns / 1000);

    if (sr <= 0)
        return;
    int sdes = rtcp_write_sdes(bytes + sr, sizeof(bytes) - (size_t)sr, f->source.conf.ssrc, "load");
    engine_send_rtcp(e, &e->sessions[f->session], ++f->rtcp_index, bytes, (size_t)(sr + sdes), now_ns);
}

static void send_nack(struct engine *e, const struct engine_leg *leg, int64_t now_ns)
{
    struct session *s = &e->sessions[leg->session];
    const struct rtcp_feedback fb = {.sender = OWN_SSRC, .media = leg->ssrc};
    uint16_t seqs[NACKS_MAX];
    uint8_t bytes[RTCP_BYTES_MAX];
    uint32_t n = leg->rtx_ssrc && leg->leg.mapped ? leg_missing(&leg->leg, seqs, NACKS_MAX) : 0;
    int len = n > 0 ? rtcp_write_nack(bytes, sizeof(bytes), &fb, seqs, n) : 0;

    if (len > 0)
        engine_send_rtcp(e, s, ++s->rtcp_index, bytes, (size_t)len, now_ns);
}

/* One of each kind; a report is owed by who receives. */
static bool do_chores(struct engine *e, int64_t now_ns)
{
    uint32_t member;
    bool any = false;

    if (pace_take(&e->checks, now_ns, &member)) {
        send_check(e, &e->sessions[member], now_ns);
        any = true;
    }
    if (pace_take(&e->receiver_reports, now_ns, &member)) {
        if (e->sessions[member].n_legs > 0)
            send_receiver_report(e, &e->sessions[member], now_ns);
        any = true;
    }
    if (pace_take(&e->sender_reports, now_ns, &member)) {
        send_sender_report(e, e->flows[member], now_ns);
        any = true;
    }
    if (pace_take(&e->nacks, now_ns, &member)) {
        send_nack(e, &e->legs[member], now_ns);
        any = true;
    }
    return any;
}

/* More than one of ten thousand sessions may be due, and none may wait until it has lost its consent. */
bool engine_send_chores(struct engine *e, int64_t now_ns)
{
    uint32_t n = 0;

    while (n < CHORES_MAX && do_chores(e, now_ns))
        n++;
    return n > 0;
}
