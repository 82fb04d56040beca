/* SPDX-License-Identifier: MIT */
/* {"progress": thousandths} */
#include "recorder/film/progress.h"
#include "common/util.h"

#define EACH_US INT64_C(100000)
#define WHOLE   1000

void progress_say(struct progress *p, int64_t done_us, int64_t length_us)
{
    if (!p->out || length_us <= 0)
        return;
    int64_t here = MIN(MAX(done_us, 0), length_us) * WHOLE / length_us;
    int all = (int)((p->part * (int64_t)WHOLE + here) / MAX(p->parts, 1u));
    if (all <= p->said)
        return;
    int64_t now_us = p->now_us();
    if (now_us - p->said_us < EACH_US)
        return;
    p->said = all;
    p->said_us = now_us;
    fprintf(p->out, "{\"progress\": %d}\n", all);
    fflush(p->out);
}
