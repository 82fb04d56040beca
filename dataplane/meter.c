/* SPDX-License-Identifier: MIT */
/* worker path */
/* Names, and the clock's rate. */
#include "dataplane/meter.h"

const char *stage_name(enum stage stage)
{
    static const char *const names[] = {
#define X(id, text) [STAGE_##id] = #id,
        STAGE_LIST(X)
#undef X
    };
    return names[stage];
}

const char *stage_text(enum stage stage)
{
    static const char *const texts[] = {
#define X(id, text) [STAGE_##id] = text,
        STAGE_LIST(X)
#undef X
    };
    return texts[stage];
}

const char *traffic_name(enum traffic traffic)
{
    static const char *const names[TRAFFIC_COUNT] = {"other", "audio", "video", "rtcp"};
    return names[traffic];
}

void meter_init(struct meter *m)
{
    *m = (struct meter){.ns_q22 = (UINT64_C(1000000000) << 22) / rte_get_tsc_hz(), .mark = rte_rdtsc()};
}
