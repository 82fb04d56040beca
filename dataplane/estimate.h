/* SPDX-License-Identifier: MIT */
/* How much a publisher may send, for REMB (draft-alvestrand-rmcat-remb-03) where transport-cc was not agreed: additive
 * and multiplicative increase while nothing is lost, decrease by loss, never above a cap. Pure; zeroed = new. */
#ifndef ROOMLINE_DATAPLANE_ESTIMATE_H
#define ROOMLINE_DATAPLANE_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#define ESTIMATE_START_KBPS 1000
#define ESTIMATE_MIN_KBPS   100
#define ESTIMATE_MAX_KBPS   20000 /* where no cap is configured */

struct estimate {
    uint32_t kbps;      /* 0: nothing estimated yet */
    uint32_t rate_kbps; /* received over the last interval */
    bool lossy;         /* loss was seen: growth is slow from here on */
    int64_t since_us;   /* start of the running interval */
    uint64_t bytes;     /* counters at its start */
    uint64_t expected, received;
};

/* Totals of the publisher so far. cap_kbps: 0 = none. Returns the estimate; it moves at most every half second. */
uint32_t estimate_update(struct estimate *e, int64_t now_us, uint64_t bytes, uint64_t expected, uint64_t received,
                         uint32_t cap_kbps);

#endif
