/* SPDX-License-Identifier: MIT */
/* worker path */
/* Sources: found by SSRC, judged by time, counted for reports. */
#include "dataplane/source.h"

#include <string.h>

#include "common/ntp.h"
#include "dataplane/stream.h"

#define PASSED_FAR 0x4000 /* packets shed after which the obvious index may be wrong */
#define ROC_ONE    INT64_C(0x10000)
#define DOUBT_US   1000000 /* silence after which a wrap may have been missed */

void source_init(struct rx_source *src, uint32_t ssrc)
{
    *src = (struct rx_source){.ssrc = ssrc};
    replay_init(&src->replay);
}

static bool takes_pt(const struct stream *st, bool rtx, uint8_t pt)
{
    return pt == (rtx ? st->rtp.rtx_pt : st->rtp.pt);
}

static bool mid_differs(const struct stream *st, const struct rtp_view *v, const uint8_t *p)
{
    struct rtp_ext_elem mid;

    if (!st->put.mid[0] || !rtp_ext_find(v, p, st->rtp.ext[RTP_EXT_MID], &mid))
        return false;
    size_t len = strnlen(st->put.mid, sizeof(st->put.mid));
    return mid.len != len || memcmp(mid.data, st->put.mid, len) != 0;
}

static struct rx_source *find_unlatched(const struct session *s, const struct rtp_view *v, const uint8_t *p,
                                        struct stream **st)
{
    for (uint32_t i = 0; i < s->n_streams; i++) {
        *st = s->streams[i];
        if (mid_differs(*st, v, p))
            continue;
        if ((*st)->primary.ssrc == 0 && takes_pt(*st, false, v->pt))
            return &(*st)->primary;
        if ((*st)->rtx.ssrc == 0 && takes_pt(*st, true, v->pt))
            return &(*st)->rtx;
    }
    return NULL;
}

struct rx_source *source_find(const struct session *s, const struct rtp_view *v, const uint8_t *p, struct stream **st)
{
    for (uint32_t i = 0; i < s->n_streams; i++) {
        *st = s->streams[i];
        if (v->ssrc == (*st)->primary.ssrc)
            return &(*st)->primary;
        if (v->ssrc == (*st)->rtx.ssrc)
            return &(*st)->rtx;
    }
    return find_unlatched(s, v, p, st);
}

bool source_takes_pt(const struct rx_source *src, const struct stream *st, uint8_t pt)
{
    return takes_pt(st, src == &st->rtx, pt);
}

bool source_in_doubt(const struct rx_source *src, int64_t now_us)
{
    return src->replay.highest < 0 || now_us - src->last_us > DOUBT_US ||
           src->passed - src->replay.highest > PASSED_FAR;
}

void source_pass(struct rx_source *src, uint16_t seq)
{
    src->passed = RTE_MAX(src->passed, replay_estimate(RTE_MAX(src->passed, src->replay.highest), seq));
}

uint32_t source_guess(const struct rx_source *src, uint16_t seq, int64_t guesses[SOURCE_GUESSES])
{
    int64_t near = replay_estimate(src->replay.highest, seq), passed = replay_estimate(src->passed, seq);
    uint32_t n = 0;

    if (src->passed > src->replay.highest && passed > near)
        guesses[n++] = passed;
    if (replay_check(&src->replay, near))
        guesses[n++] = near;
    guesses[n++] = near + ROC_ONE;
    return n;
}

void source_take(struct rx_source *src, uint32_t ssrc, int64_t index, uint16_t bytes, int64_t rx_us)
{
    src->base = src->packets ? RTE_MIN(src->base, index) : index;
    src->ssrc = ssrc;
    src->packets++;
    src->bytes += bytes;
    src->last_us = rx_us;
}

void source_restored(struct rx_source *src, int64_t index)
{
    src->base = RTE_MIN(src->base, index);
}

void source_jitter(struct rx_source *src, uint32_t ts, uint32_t clock_hz, int64_t rx_us)
{
    uint32_t arrival = (uint32_t)((uint64_t)rx_us * (clock_hz / 100) / 10000);
    uint32_t transit = arrival - ts;

    if (src->packets > 1) {
        int32_t diff = (int32_t)(transit - src->transit);
        uint32_t d = diff < 0 ? -(uint32_t)diff : (uint32_t)diff;
        src->jitter_q4 += d - ((src->jitter_q4 + 8) >> 4);
    }
    src->transit = transit;
}

int64_t source_expected(const struct rx_source *src)
{
    return src->replay.highest < 0 ? 0 : src->replay.highest - src->base + 1;
}

struct rtcp_report source_report(struct rx_source *src, int64_t now_us)
{
    int64_t expected = source_expected(src);
    int64_t lost = expected - (int64_t)src->packets;
    int64_t expected_now = expected - src->expected_prior;
    int64_t lost_now = expected_now - (int64_t)(src->packets - src->received_prior);

    src->expected_prior = expected;
    src->received_prior = src->packets;
    return (struct rtcp_report){
        .ssrc = src->ssrc,
        .lost = (int32_t)RTE_MIN(RTE_MAX(lost, -INT64_C(0x800000)), INT64_C(0x7fffff)),
        .highest_seq = (uint32_t)src->replay.highest,
        .jitter = src->jitter_q4 >> 4,
        .lsr = src->sr_us ? ntp_middle(src->sr_ntp) : 0,
        .dlsr = src->sr_us ? ntp_short_from_us((uint64_t)(now_us - src->sr_us)) : 0,
        .fraction_lost = expected_now > 0 && lost_now > 0 ? (uint8_t)RTE_MIN(lost_now * 256 / expected_now, 255) : 0,
    };
}
