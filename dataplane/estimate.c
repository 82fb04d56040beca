/* SPDX-License-Identifier: MIT */
/* worker path */
/* A publisher's bandwidth by loss: doubled every second until the first loss, then eight percent a second while less
 * than 2 % is lost, held up to 10 %, below what came through beyond that. */
#include "dataplane/estimate.h"

#include "common/util.h"

#define INTERVAL_US      500000
#define LOSS_LOW_PERMIL  20
#define LOSS_HIGH_PERMIL 100

static uint32_t loss_permil(const struct estimate *e, uint64_t expected, uint64_t received)
{
    uint64_t due = expected - e->expected, came = received - e->received;

    return came >= due ? 0 : (uint32_t)((due - came) * 1000 / due);
}

/* An idle camera proves nothing: no growth beyond what a publisher uses and could soon use. */
static uint32_t grow(const struct estimate *e)
{
    uint32_t grown = e->lossy ? e->kbps + e->kbps / 25 + 5 : e->kbps + e->kbps / 2;
    uint32_t useful = MAX(2 * e->rate_kbps, ESTIMATE_START_KBPS);

    return MAX(MIN(grown, useful), e->kbps);
}

static void step(struct estimate *e, uint32_t permil)
{
    if (permil > LOSS_LOW_PERMIL)
        e->lossy = true;
    if (permil < LOSS_LOW_PERMIL)
        e->kbps = grow(e);
    else if (permil > LOSS_HIGH_PERMIL)
        e->kbps = MIN(e->kbps, e->rate_kbps) * (1000 - permil / 2) / 1000;
}

uint32_t estimate_update(struct estimate *e, int64_t now_us, uint64_t bytes, uint64_t expected, uint64_t received,
                         uint32_t cap_kbps)
{
    uint32_t max_kbps = cap_kbps ? cap_kbps : ESTIMATE_MAX_KBPS;

    if (e->kbps == 0)
        *e = (struct estimate){.kbps = ESTIMATE_START_KBPS, .since_us = now_us};
    else if (now_us - e->since_us >= INTERVAL_US) {
        e->rate_kbps = (uint32_t)((bytes - e->bytes) * 8000 / (uint64_t)(now_us - e->since_us));
        step(e, loss_permil(e, expected, received));
        e->since_us = now_us;
    } else
        return e->kbps;
    e->bytes = bytes;
    e->expected = expected;
    e->received = received;
    e->kbps = MIN(MAX(e->kbps, ESTIMATE_MIN_KBPS), max_kbps);
    return e->kbps;
}
