/* SPDX-License-Identifier: MIT */
/* worker path */
/* Arrival times of a transport: a ring by transport-wide sequence number, told in order. */
#include "dataplane/arrivals.h"

#include <stdlib.h>

#include "common/rtp.h"
#include "common/twcc.h"
#include "common/util.h"
#include "dataplane/line.h"

struct arrivals *arrivals_create(void)
{
    return line_alloc(sizeof(struct arrivals));
}

void arrivals_destroy(struct arrivals *a)
{
    free(a);
}

static uint64_t *slot(struct arrivals *a, int64_t seq)
{
    return &a->time_us[(uint64_t)seq % ARRIVALS_WINDOW];
}

static void restart(struct arrivals *a, int64_t seq)
{
    for (uint32_t i = 0; i < ARRIVALS_WINDOW; i++)
        a->time_us[i] = TWCC_MISSING;
    a->started = true;
    a->next = a->highest = seq;
}

void arrivals_add(struct arrivals *a, uint16_t seq16, int64_t now_us)
{
    /* Far from 0, so that what is older than the first packet stays positive. */
    int64_t seq = a->started ? a->highest + rtp_seq_diff(seq16, (uint16_t)a->highest) : 0x10000 + seq16;

    if (!a->started || seq >= a->highest + ARRIVALS_WINDOW)
        restart(a, seq);
    else if (seq <= a->highest - ARRIVALS_WINDOW)
        return;
    while (a->highest < seq)
        *slot(a, ++a->highest) = TWCC_MISSING;
    *slot(a, seq) = (uint64_t)now_us;
    a->next = MAX(MIN(a->next, seq), a->highest - ARRIVALS_WINDOW + 1);
}

bool arrivals_pending(const struct arrivals *a)
{
    return a->started && a->next <= a->highest;
}

size_t arrivals_report(struct arrivals *a, uint8_t *out, size_t size, uint32_t sender_ssrc, uint32_t media_ssrc)
{
    uint64_t time_us[ARRIVALS_REPORT_MAX];
    size_t n = 0, told = 0;

    if (!arrivals_pending(a))
        return 0;
    for (int64_t seq = a->next; seq <= a->highest && n < ARRIVALS_REPORT_MAX; seq++)
        time_us[n++] = *slot(a, seq);
    const struct twcc_head head = {
        .sender = sender_ssrc, .media = media_ssrc, .base_seq = (uint16_t)a->next, .fb_count = a->fb_count};
    int len = twcc_write(out, size, &head, time_us, n, &told);
    a->next += (int64_t)(len > 0 ? told : n); /* nothing but losses: an outage, which the next one shows too */
    if (len <= 0)
        return 0;
    a->fb_count++;
    return (size_t)len;
}
