/* SPDX-License-Identifier: MIT */
/* worker path */
/* Which packets of a published stream are missing, and when to ask for each again. */
#include "dataplane/nack.h"

#include <string.h>

#include "common/util.h"

bool nack_gap(struct nack *n, int64_t highest, int64_t index, int64_t now_us)
{
    int64_t gap = index - highest - 1;

    if (gap > (int64_t)(NACK_MISSING_MAX - n->n)) {
        n->n = 0;
        return false;
    }
    for (int64_t i = highest + 1; i < index; i++) {
        n->missing[n->n].index = i;
        n->missing[n->n].asked_us = now_us;
        n->missing[n->n++].tries = 0;
    }
    return true;
}

static void remove_at(struct nack *n, uint32_t at)
{
    n->n--;
    memmove(&n->missing[at], &n->missing[at + 1], (n->n - at) * sizeof(n->missing[0]));
}

/* Only the answer to a first question tells the round trip: that to a second could be either's. */
static void measure(struct nack *n, int64_t sample_us)
{
    uint32_t rtt_us = (uint32_t)MIN(MAX(sample_us, NACK_RTT_MIN_US), NACK_RTT_MAX_US);
    n->rtt_us = n->rtt_us ? n->rtt_us - n->rtt_us / 8 + rtt_us / 8 : rtt_us;
}

void nack_found(struct nack *n, int64_t index, int64_t now_us)
{
    for (uint32_t i = n->n; i-- > 0 && n->missing[i].index >= index;) {
        if (n->missing[i].index > index)
            continue;
        if (n->missing[i].tries == 1)
            measure(n, now_us - n->missing[i].asked_us);
        remove_at(n, i);
    }
}

uint32_t nack_due(struct nack *n, int64_t now_us, uint16_t *seqs, uint32_t max, int64_t *given_up)
{
    int64_t retry_us = n->rtt_us ? n->rtt_us + n->rtt_us / 4 : NACK_RTT_START_US;
    uint32_t asked = 0, kept = 0;

    *given_up = -1;
    for (uint32_t i = 0; i < n->n; i++) {
        int64_t wait_us = n->missing[i].tries ? retry_us : NACK_WAIT_US;
        bool due = now_us - n->missing[i].asked_us >= wait_us;
        if (due && n->missing[i].tries == NACK_TRIES_MAX) {
            *given_up = n->missing[i].index;
            continue;
        }
        if (due && asked < max) {
            seqs[asked++] = (uint16_t)n->missing[i].index;
            n->missing[i].asked_us = now_us;
            n->missing[i].tries++;
        }
        n->missing[kept++] = n->missing[i];
    }
    n->n = kept;
    return asked;
}
