/* SPDX-License-Identifier: MIT */
/* worker path */
/* RTCP to publishers: receiver reports, NACKs, key frame requests, transport-wide feedback and REMB, gathered into one
 * compound packet per tick of a session (RFC 3550 6.1: a report and a CNAME first). */
#include "dataplane/report.h"

#include "common/rtcp.h"
#include "dataplane/arrivals.h"
#include "dataplane/stream.h"
#include "dataplane/worker.h"

#define RR_INTERVAL_US      1000000 /* halved or half as much again at random (RFC 3550 6.3.1) */
#define TWCC_INTERVAL_US    50000
#define REMB_INTERVAL_US    1000000
#define REMB_GROWTH_US      250000 /* while the estimate moves */
#define KEYFRAME_FIRST_US   300000 /* between requests; longer with each that goes unheard */
#define KEYFRAME_MAX_US     1000000
#define QUIET_US            TWCC_INTERVAL_US /* nothing is due more often while nothing is missing */
#define NACK_SEQS_MAX       64
#define COMPOUND_BYTES      1200
#define COMPOUND_ITEM_BYTES 800 /* no single item is longer */

struct compound {
    size_t len;
    bool worth; /* more in it than an empty report */
    uint8_t bytes[COMPOUND_BYTES];
};

/* ---- The compound packet ---- */

/* A writer's result: appended if it fitted. */
static void append(struct compound *c, int len)
{
    if (len <= 0)
        return;
    c->len += (size_t)len;
    c->worth = true;
}

static uint8_t *tail(struct compound *c)
{
    return c->bytes + c->len;
}

static size_t room(const struct compound *c)
{
    return sizeof(c->bytes) - c->len;
}

static void begin(struct compound *c, const struct session *s, const struct rtcp_report *reports, size_t n)
{
    c->len = 0;
    append(c, rtcp_write_rr(tail(c), room(c), s->rtcp_ssrc, reports, n));
    append(c, rtcp_write_sdes(tail(c), room(c), s->rtcp_ssrc, s->ice.local_ufrag));
    c->worth = n > 0;
}

static void send_compound(struct worker *w, struct session *s, struct compound *c)
{
    if (c->worth && s->path.srtp)
        egress_rtcp(w, &s->path, c->bytes, c->len, ++s->srtcp_index);
}

/* Room for one more item, if need be in a new packet. */
static void make_room(struct worker *w, struct session *s, struct compound *c)
{
    if (room(c) >= COMPOUND_ITEM_BYTES)
        return;
    send_compound(w, s, c);
    begin(c, s, NULL, 0);
}

/* ---- Receiver reports (RFC 3550 6.4.2) ---- */

static size_t read_sources(struct worker *w, struct session *s, struct rtcp_report *reports, int64_t now_us)
{
    size_t n = 0;

    if (now_us < s->report.rr_due_us)
        return 0;
    s->report.rr_due_us = now_us + RR_INTERVAL_US / 2 + worker_random(w) % RR_INTERVAL_US;
    for (uint32_t i = 0; i < s->n_streams; i++)
        if (s->streams[i]->primary.replay.highest >= 0)
            reports[n++] = source_report(&s->streams[i]->primary, now_us);
    return n;
}

/* ---- Key frames ---- */

static int64_t keyframe_interval_us(const struct stream *st)
{
    int64_t interval_us = (int64_t)KEYFRAME_FIRST_US * RTE_MAX(st->keyframe_tries, 1u);

    return RTE_MIN(interval_us, (int64_t)KEYFRAME_MAX_US);
}

static bool keyframe_due(const struct stream *st, int64_t now_us)
{
    return st->keyframe_wanted && st->primary.ssrc &&
           (!st->keyframe_asked_us || now_us - st->keyframe_asked_us >= keyframe_interval_us(st));
}

static void append_keyframe_request(struct worker *w, struct stream *st, struct compound *c, int64_t now_us)
{
    const struct rtcp_feedback fb = {.sender = st->session->rtcp_ssrc, .media = st->primary.ssrc};

    if (st->rtp.feedback & DP_FB_PLI)
        append(c, rtcp_write_pli(tail(c), room(c), &fb));
    else if (st->rtp.feedback & DP_FB_FIR) {
        const struct rtcp_fir fir = {.ssrc = fb.media, .seq = st->fir_seq++};
        append(c, rtcp_write_fir(tail(c), room(c), fb.sender, &fir, 1));
    } else
        return;
    st->keyframe_asked_us = now_us;
    st->keyframe_tries++;
    w->stats.plis_sent++;
}

void stream_want_keyframe(struct worker *w, struct stream *st, int64_t now_us)
{
    struct compound c;

    if (st->kind != MEDIA_VIDEO || st->keyframe_wanted)
        return;
    st->keyframe_wanted = true;
    st->keyframe_tries = 0;
    session_due(w, st->session, TIMER_REPORT);
    if (!keyframe_due(st, now_us) || !st->session->path.srtp)
        return;
    begin(&c, st->session, NULL, 0);
    append_keyframe_request(w, st, &c, now_us);
    send_compound(w, st->session, &c);
}

/* ---- What is missing ---- */

static void append_nack(struct worker *w, struct stream *st, struct compound *c, int64_t now_us)
{
    const struct rtcp_feedback fb = {.sender = st->session->rtcp_ssrc, .media = st->primary.ssrc};
    uint16_t seqs[NACK_SEQS_MAX];
    int64_t given_up;
    uint32_t n = nack_due(&st->nack, now_us, seqs, NACK_SEQS_MAX, &given_up);

    if (given_up >= 0 && given_up >= st->keyframe_index) /* no key frame since */
        stream_want_keyframe(w, st, now_us);
    if (n == 0)
        return;
    append(c, rtcp_write_nack(tail(c), room(c), &fb, seqs, n));
    w->stats.nacks_sent++;
}

static void report_stream(struct worker *w, struct stream *st, struct compound *c, int64_t now_us)
{
    make_room(w, st->session, c);
    append_nack(w, st, c, now_us);
    if (keyframe_due(st, now_us))
        append_keyframe_request(w, st, c, now_us);
}

/* ---- How much may come ---- */

static uint32_t any_ssrc(const struct session *s)
{
    for (uint32_t i = 0; i < s->n_streams; i++)
        if (s->streams[i]->primary.ssrc)
            return s->streams[i]->primary.ssrc;
    return 0;
}

static void append_arrivals(struct worker *w, struct session *s, struct compound *c, int64_t now_us)
{
    if (!s->arrivals || now_us - s->report.twcc_us < TWCC_INTERVAL_US)
        return;
    s->report.twcc_us = now_us;
    while (arrivals_pending(s->arrivals)) {
        make_room(w, s, c);
        append(c, (int)arrivals_report(s->arrivals, tail(c), room(c), s->rtcp_ssrc, any_ssrc(s)));
    }
}

/* Sum of what the streams may use; 0: a video stream has no cap. */
static uint32_t cap_kbps(const struct session *s)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < s->n_streams; i++) {
        if (s->streams[i]->kind == MEDIA_VIDEO && !s->streams[i]->put.max_kbps)
            return 0;
        sum += s->streams[i]->put.max_kbps;
    }
    return sum;
}

static uint32_t estimate(struct session *s, uint32_t cap, int64_t now_us)
{
    uint64_t bytes = 0, expected = 0, received = 0;

    for (uint32_t i = 0; i < s->n_streams; i++) {
        const struct rx_source *src = &s->streams[i]->primary;
        bytes += src->bytes + s->streams[i]->rtx.bytes;
        expected += (uint64_t)source_expected(src);
        received += src->packets;
    }
    return estimate_update(&s->report.estimate, now_us, bytes, expected, received, cap);
}

/* The SSRCs that REMB was agreed for and that send. */
static size_t remb_ssrcs(const struct session *s, uint32_t *ssrcs)
{
    size_t n = 0;

    for (uint32_t i = 0; i < s->n_streams; i++)
        if (s->streams[i]->rtp.feedback & DP_FB_REMB && s->streams[i]->primary.replay.highest >= 0)
            ssrcs[n++] = s->streams[i]->primary.ssrc;
    return n;
}

/* With transport-cc the publisher estimates by itself, and REMB only carries the cap: it takes the lower. */
static void append_remb(struct worker *w, struct session *s, struct compound *c, int64_t now_us)
{
    uint32_t ssrcs[DP_STREAMS_MAX], cap = cap_kbps(s);
    size_t n = remb_ssrcs(s, ssrcs);

    if (n == 0 || (s->arrivals && !cap))
        return;
    uint32_t kbps = s->arrivals ? cap : estimate(s, cap, now_us);
    int64_t interval_us = kbps == s->report.remb_kbps ? REMB_INTERVAL_US : REMB_GROWTH_US;
    if (s->report.remb_kbps && now_us - s->report.remb_us < interval_us)
        return;
    s->report.remb_us = now_us;
    s->report.remb_kbps = kbps;
    make_room(w, s, c);
    append(c, rtcp_write_remb(tail(c), room(c), s->rtcp_ssrc, (uint64_t)kbps * 1000, ssrcs, n));
}

/* ---- The tick ---- */

static void report_to_publisher(struct worker *w, struct session *s, int64_t now_us)
{
    struct rtcp_report reports[DP_STREAMS_MAX];
    struct compound c;

    begin(&c, s, reports, read_sources(w, s, reports, now_us));
    for (uint32_t i = 0; i < s->n_streams; i++)
        report_stream(w, s->streams[i], &c, now_us);
    append_arrivals(w, s, &c, now_us);
    append_remb(w, s, &c, now_us);
    send_compound(w, s, &c);
}

/* Something must be asked for, once or again. */
static bool is_missing(const struct session *s)
{
    for (uint32_t i = 0; i < s->n_streams; i++)
        if (s->streams[i]->nack.n > 0 || s->streams[i]->keyframe_wanted)
            return true;
    return false;
}

int64_t report_tick(struct worker *w, struct session *s, int64_t now_us)
{
    for (uint32_t i = 0; i < s->n_streams; i++)
        history_expire(w, &s->streams[i]->history, now_us - w->conf->history_age_us);
    if (s->n_streams && s->path.srtp)
        report_to_publisher(w, s, now_us);
    return is_missing(s) ? now_us : now_us + QUIET_US;
}
