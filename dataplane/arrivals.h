/* SPDX-License-Identifier: MIT */
/* When the packets of a publisher's transport came, by transport-wide sequence number, until its congestion control is
 * told (common/twcc.h writes that). Bounded; pure but for create and destroy. */
#ifndef ROOMLINE_DATAPLANE_ARRIVALS_H
#define ROOMLINE_DATAPLANE_ARRIVALS_H

#include <rte_prefetch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRIVALS_WINDOW     1024 /* packets remembered */
#define ARRIVALS_REPORT_MAX 256  /* packets told in one feedback packet */

struct arrivals {
    bool started;
    uint8_t fb_count;                  /* of the next feedback packet */
    int64_t next;                      /* first sequence number not yet told, unwrapped */
    int64_t highest;                   /* newest that came */
    uint64_t time_us[ARRIVALS_WINDOW]; /* ring by sequence number; TWCC_MISSING: has not come */
};

struct arrivals *arrivals_create(void); /* ctl */
void arrivals_destroy(struct arrivals *a);

/* A packet that comes late, after its neighbours were told, is told with them once more. */
void arrivals_add(struct arrivals *a, uint16_t seq, int64_t now_us);

/* Soon a packet will be added, most likely the next one. */
static inline void arrivals_prefetch(const struct arrivals *a)
{
    rte_prefetch0(&a->time_us[(uint64_t)(a->highest + 1) % ARRIVALS_WINDOW]);
}

bool arrivals_pending(const struct arrivals *a);

/* Writes one feedback packet; what it tells is no longer pending. Returns its length; 0: nothing to tell. size: at
 * least 700 bytes. */
size_t arrivals_report(struct arrivals *a, uint8_t *out, size_t size, uint32_t sender_ssrc, uint32_t media_ssrc);

#endif
