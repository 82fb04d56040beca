/* SPDX-License-Identifier: MIT */
/* worker path */
/* How much to let go of: judged once a window. */
#include "dataplane/shed.h"

#include <errno.h>

#include "dataplane/stream.h"
#include "dataplane/worker.h"

#define WINDOW_US      2000
#define WINDOW_TURNS   8   /* at least: with a large fan-out one turn is longer than a window */
#define FILL_PERMILLE  850 /* of the worker's time, by what comes back */
#define BACK_MAX       2u  /* ranks a window near the limit, where it goes step by step */
#define SPARE_PERMILLE 250 /* enough for one stream in SHED_VIDEO at least */
#define HELP_WINDOWS   4   /* until a queue that gets longer does so no more, a quarter less each */
#define ALMOST_FULL    950

uint32_t shed_next(uint32_t level, bool backlog, uint32_t idle_permille)
{
    bool video = level <= SHED_VIDEO; /* audio is little work: how much is kept is told by video alone */
    uint32_t kept = (video ? SHED_VIDEO : SHED_LEVEL_MAX) - level;
    bool spare = idle_permille >= SPARE_PERMILLE;

    if (backlog && !spare) /* what came in is not known; a quarter less is soon enough */
        return RTE_MIN(level + RTE_MAX(kept / 4, 1u), (uint32_t)SHED_LEVEL_MAX);
    uint32_t could = RTE_MAX(kept * FILL_PERMILLE / (1000 - RTE_MIN(idle_permille, 999u)), kept + spare);
    uint32_t most = spare ? RTE_MAX(level / 4, BACK_MAX) : BACK_MAX; /* an idle window may be a pause of who sends */
    return level - RTE_MIN(RTE_MIN(could - kept, most), level);
}

bool shed_overflows(int before, int now)
{
    return now >= before && (now >= ALMOST_FULL || now + HELP_WINDOWS * (now - before) >= 1000);
}

uint32_t shed_rank(const struct stream *st)
{
    uint32_t hash = (uint32_t)((st->id * UINT64_C(0x9e3779b97f4a7c15)) >> 32); /* Fibonacci hashing: ids are counted */

    return hash % SHED_VIDEO + (st->kind == MEDIA_VIDEO ? 0 : SHED_VIDEO);
}

void shed_polled(struct worker *w, uint32_t port_id, uint32_t n)
{
    if (n < worker_burst(w))
        w->shed.full &= ~(1u << port_id);
}

/* -1: one of them cannot be seen. */
static int fullest(const struct worker *w)
{
    int fill = 0;

    for (uint32_t i = 0; i < w->n_ports; i++) {
        struct port *port = w->ports[i].port;
        if (!(w->shed.full & 1u << i))
            continue;
        int one = port->ops->rx_fill ? port->ops->rx_fill(port, w->ports[i].queue) : -ENOTSUP;
        if (one < 0)
            return -1;
        fill = RTE_MAX(fill, one);
    }
    return fill;
}

static void judge(struct worker *w, int64_t now_us)
{
    struct shed *s = &w->shed;

    meter_enter(&w->meter, STAGE_POLL); /* books what was idle until now */
    uint64_t tsc = w->meter.mark, idle = w->meter.cycles[STAGE_POLL] + w->meter.asleep;

    int fill = s->full ? fullest(w) : 0;
    bool compared = s->waited > 0 && s->fill >= 0 && fill >= 0;
    s->waited = s->full ? s->waited + 1 : 0;
    if (s->level > 0 || (fill < 0 ? s->waited > SHED_PATIENCE : compared && shed_overflows(s->fill, fill)))
        s->level = shed_next(s->level, s->full && !(compared && fill < s->fill),
                             (uint32_t)((idle - s->began_idle) * 1000 / (tsc - s->began_tsc + 1)));
    *s = (struct shed){.level = s->level,
                       .waited = s->waited,
                       .fill = fill,
                       .full = (1u << w->n_ports) - 1,
                       .began_us = now_us,
                       .began_tsc = tsc,
                       .began_idle = idle};
}

void shed_turned(struct worker *w, int64_t now_us)
{
    if (++w->shed.turns >= WINDOW_TURNS && now_us - w->shed.began_us >= WINDOW_US)
        judge(w, now_us);
}
