/* SPDX-License-Identifier: MIT */
/* wire: clocks, sender reports, chance. */
#include "tests/film/wire.h"

#include <string.h>

#include "common/ntp.h"

static uint32_t clock_of(enum codec codec)
{
    static const uint32_t clocks[] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = clock,
        CODEC_LIST(X)
#undef X
    };
    return clocks[codec];
}

void wire_init(struct wire *w, const struct wire_options *options, struct reel *reel, enum codec audio,
               enum codec video)
{
    *w = (struct wire){.options = *options,
                       .reel = reel,
                       .rng = {options->seed},
                       .clock_hz = {clock_of(audio), clock_of(video)},
                       .next_report_us = {options->report_first_us, options->report_first_us}};
    memcpy(w->index, options->first_index, sizeof(w->index));
}

double wire_chance(struct wire *w)
{
    return (double)(rng_next(&w->rng) >> 11) / (double)(UINT64_C(1) << 53);
}

/* Time of the sender's clock at a scene time, and back. */
static double sender_us(const struct wire *w, double at_us)
{
    const struct wire_options *o = &w->options;
    double rate = 1 + o->sender_ppm / 1e6, bend_us = (double)o->bend_us;
    if (!o->bend_us || at_us < bend_us)
        return at_us * rate;
    return bend_us * rate + (at_us - bend_us) * (1 + o->bend_ppm / 1e6);
}

static double scene_us(const struct wire *w, double sender)
{
    const struct wire_options *o = &w->options;
    double rate = 1 + o->sender_ppm / 1e6, bend_us = (double)o->bend_us;
    if (!o->bend_us || sender < bend_us * rate)
        return sender / rate;
    return bend_us + (sender - bend_us * rate) / (1 + o->bend_ppm / 1e6);
}

static double ticks_per_us(const struct wire *w, enum media_kind kind)
{
    return w->clock_hz[kind] / 1e6 * (kind == MEDIA_AUDIO ? 1 + w->options.sound_ppm / 1e6 : 1);
}

int64_t wire_ticks(const struct wire *w, enum media_kind kind, double at_us)
{
    return (int64_t)(sender_us(w, at_us) * ticks_per_us(w, kind) + 0.5);
}

double wire_us(const struct wire *w, enum media_kind kind, int64_t ticks)
{
    return scene_us(w, (double)ticks / ticks_per_us(w, kind));
}

void wire_shift(struct wire *w, enum media_kind kind, int64_t ticks)
{
    w->shift[kind] += ticks;
}

static uint32_t stamp(const struct wire *w, enum media_kind kind, int64_t ticks)
{
    return w->options.first_ts[kind] + (uint32_t)(uint64_t)(ticks + w->shift[kind]);
}

static int64_t arrival(struct wire *w, int64_t at_us)
{
    return WIRE_EPOCH_US + at_us + w->options.delay_us + (int64_t)(wire_chance(w) * (double)w->options.jitter_us);
}

static void report(struct wire *w, enum media_kind kind, int64_t at_us)
{
    const struct wire_options *o = &w->options;
    double unix_us = (double)WIRE_UNIX_US + (double)o->ntp_offset_us + sender_us(w, (double)at_us);
    if (o->ntp_step_at_us && at_us >= o->ntp_step_at_us)
        unix_us += (double)o->ntp_step_us;
    unix_us += (2 * wire_chance(w) - 1) * (double)o->report_jitter_us;
    uint64_t ntp = ntp_from_unix_us((uint64_t)unix_us);
    uint32_t ts = stamp(w, kind, wire_ticks(w, kind, (double)at_us));
    if (wire_chance(w) < o->report_wrong) {
        static const uint64_t absurd[] = {0, 1, UINT64_MAX, UINT64_C(3) << 40};
        uint64_t which = rng_next(&w->rng) % 6;
        ntp = which < 4 ? absurd[which] : which == 4 ? ntp + rng_next(&w->rng) % (UINT64_C(1) << 36) : ntp;
        ts += which == 5 ? (uint32_t)rng_next(&w->rng) : 0;
    }
    reel_sr(w->reel, kind, arrival(w, at_us), ntp, ts);
}

static void report_due(struct wire *w, enum media_kind kind, int64_t at_us)
{
    if (!w->options.report_period_us || at_us < w->next_report_us[kind])
        return;
    report(w, kind, at_us);
    w->next_report_us[kind] = at_us + (int64_t)((0.5 + wire_chance(w)) * (double)w->options.report_period_us);
}

bool wire_send(struct wire *w, enum media_kind kind, int64_t at_us, int64_t ticks, bool marker, const uint8_t *payload,
               size_t bytes)
{
    const struct wire_options *o = &w->options;
    report_due(w, kind, at_us);
    int64_t index = w->index[kind]++, rx_us = arrival(w, at_us);
    w->sent[kind].packets++;
    if (wire_chance(w) < o->loss) {
        if (wire_chance(w) >= o->resent) {
            w->sent[kind].lost++;
            return false;
        }
        rx_us += o->rtt_us;
    }
    reel_rtp(w->reel, kind, rx_us, index, stamp(w, kind, ticks), marker, payload, bytes);
    if (wire_chance(w) < o->duplicate)
        reel_rtp(w->reel, kind, arrival(w, at_us), index, stamp(w, kind, ticks), marker, payload, bytes);
    return true;
}
